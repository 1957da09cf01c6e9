"""The map of a table: what its columns are, and how its answers are taken."""
