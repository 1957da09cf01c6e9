"""Where studies come from; whatever its form, each source ends in a `StudySet`."""

from socrates_core.sources.opening import open_source, stated_parts, stated_unseen

__all__ = ["open_source", "stated_parts", "stated_unseen"]
