"""Numbers as forms, programs and files of strangers send them; the caller words what is said of anything else."""


def whole_in(raw: object, low: int, high: int) -> int | None:
    """A whole number between two, both included, also where it comes as 3.0; None for anything else."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not low <= raw <= high or raw != int(raw):
        return None
    return int(raw)


def number_in(raw: object, low: float, high: float) -> float | None:
    """A finite number between two, both included; None for anything else."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not low <= raw <= high or abs(raw) == float("inf"):
        return None
    return float(raw)
