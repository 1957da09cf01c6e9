"""Studies: their tables, sources and splits, and the guard against leaks."""
