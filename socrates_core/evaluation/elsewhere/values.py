"""Single values of a file that other software wrote: numbers and names, or nothing."""

import math
import re
from collections.abc import Iterable
from typing import Final

_RESPONSE: Final = r"(?:response\s*:\s*)?"
_NUMBER: Final = re.compile(_RESPONSE + r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d{1,3})?)\.?", re.IGNORECASE)
_COMMA: Final = re.compile(_RESPONSE + r"[-+]?\d+,\d+", re.IGNORECASE)
_THOUSANDS: Final = re.compile(_RESPONSE + r"[-+]?\d{1,3},\d{3}", re.IGNORECASE)


def number(value: object, decimal_comma: bool = False) -> float:
    """A number as JSON, CSV or a model may give it; NaN where it is none. `Response: 2` is 2; a sentence is none.

    Args:
        value: Anything.
        decimal_comma: Whether the 2,5 of a text is 2.5.
    """
    if isinstance(value, bool) or value is None:
        return math.nan
    if isinstance(value, int | float):
        try:
            found = float(value)
        except OverflowError:
            return math.nan
        return found if math.isfinite(found) else math.nan
    text = str(value).strip()[:2000]
    match = _NUMBER.fullmatch(text.replace(",", ".") if decimal_comma and _COMMA.fullmatch(text) else text)
    found = float(match[1]) if match else math.nan
    return found if math.isfinite(found) else math.nan


def has_decimal_commas(column: Iterable[object]) -> bool:
    """Whether a column writes 2.5 as 2,5. 1,500 alone could be a thousand and a half as well: then nobody knows."""
    commas = [text for value in column if isinstance(value, str) and _COMMA.fullmatch(text := value.strip())]
    points = any(isinstance(value, str) and re.search(r"\d\.\d", value) for value in column)
    return bool(commas) and not points and not all(_THOUSANDS.fullmatch(text) for text in commas)


def name_of(value: object) -> str:
    """A name as text, 3.0 like 3; empty where there is none."""
    if value is None or isinstance(value, list | dict) or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    return printable(text)


def printable(text: str) -> str:
    """A text that can be written as UTF-8: halves of surrogate pairs, which JSON can hold, are spelt out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def first_line(error: BaseException) -> str:
    """What an error says, in one line."""
    return next(iter(str(error).splitlines()), type(error).__name__)
