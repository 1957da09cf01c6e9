"""The results of an evaluation, as frozen dataclasses and as files."""
