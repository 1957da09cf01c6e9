"""Who takes part: edits of the observed participants, and the population that they amount to."""
