"""The tab Simulate."""
