"""Populations: edits of the observed participants, and the edited population that results."""
