"""Which answers a figure is of: raw ones, as the model gives them, or calibrated ones."""

from socrates_core.trust.statement.record import Statement


def sharpened(found: Statement) -> bool:
    """Whether what is said is of calibrated answers."""
    return found.basis is not None and found.basis.sharpened


def of_which(found: Statement, before: str, after: str = "") -> str:
    """Which prediction a figure is of, where there are two."""
    return f"{before}{'calibrated' if sharpened(found) else 'raw'}{after}" if found.can_sharpen else ""


def raw_words(found: Statement, words: str) -> str:
    """The words by which a figure of the raw answers is told apart from one of calibrated answers; empty where only
    raw ones are shown.
    """
    return words if found.applied and sharpened(found) else ""
