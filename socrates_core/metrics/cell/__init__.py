"""Predicted people beside the answers of one cell."""
