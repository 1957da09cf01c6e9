"""Predicted probabilities judged as probabilities: proper scores, reliability, and differences between groups."""
