"""Parts of the data suite."""
