"""Settings side by side on the page: the panel that the tabs Simulate and Your study share."""
