"""What files say of their own columns, whichever program wrote them."""

from collections.abc import Mapping
from pathlib import Path

from socrates_core.study.sources.file.labelled import SUFFIXES, labelled_notes
from socrates_core.study.sources.file.notes import ColumnNotes


def column_notes(file: Path, encoding: str | None = None) -> Mapping[str, ColumnNotes]:
    """What a file says of its columns, for those of which it says something; nothing for a plain text table.

    Args:
        file: Any data file.
        encoding: Of its texts, where a map names it; None for the one that it declares.

    Raises:
        SourceError: If it cannot be read.
    """
    if file.suffix.lower() in SUFFIXES:
        return labelled_notes(file, encoding)
    return {}
