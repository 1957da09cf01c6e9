"""A record of a prediction, scored on the page when people have answered."""
