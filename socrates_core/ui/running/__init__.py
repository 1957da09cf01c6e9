"""Running a simulation from the page: the bar with its buttons, what may run at once, and Stop."""
