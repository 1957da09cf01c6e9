"""Scripts that made the bundled demo model and society."""
