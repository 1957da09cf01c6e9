"""Who takes part in a study file: people of a preset, a study or a table, and shares that they are weighted to."""
