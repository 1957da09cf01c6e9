"""How far off a prediction may be, on the page."""
