"""The synthetic society: generated studies whose true answer distributions are known."""
