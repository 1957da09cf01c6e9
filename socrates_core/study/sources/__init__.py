"""Where studies come from; whatever its form, each source ends in a `StudySet`."""
