"""Training: rows that hold shared prefixes once, and what is learned from them."""
