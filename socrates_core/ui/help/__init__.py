"""The tab Help."""
