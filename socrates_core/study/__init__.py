"""Studies: the tables, where they come from, how they are split, and the guard against leaks."""
