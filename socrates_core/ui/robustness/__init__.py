"""A prediction asked in other ways, on the page."""
