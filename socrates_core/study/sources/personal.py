"""Which columns may tell who somebody is: by what they are called, in English and German, and by what is in them.

Such a column is kept only where a map says so. It is better to leave one out by mistake, and to say so, than to keep
one: what is kept goes into prompts, exports and records.
"""

import re
from collections.abc import Mapping
from typing import Final

import polars as pl

from socrates_core.study.sources.table.columns import DEMOGRAPHIC, plain

_LOOKED_AT: Final = 2_000
"""Distinct values of a column that are looked at."""
_MOST: Final = 0.5
"""Share of the values that must look like it."""
_WORDS: Final = 5
"""A value of at least so many words was typed, if it is different for nearly everybody."""
_FEWEST: Final = 5
"""Values below which nothing is said to be typed."""
_LATEST_BIRTH: Final = 2010
"""Dates that are later on the whole are of something else."""
_SHOWN_WORDS: Final = 12
"""Answers of so many words are not quoted; the labels of options have fewer."""
_OF: Final = r"(?:^|.*_)"
_END: Final = r"(?:_\d+|_text|_[ab])*"

_NAMES: Final[Mapping[str, re.Pattern[str]]] = {
    "an e-mail address": re.compile(rf"(?:{_OF}(?:e_?mail|e_?mail_?add?resse?)|mail){_END}"),
    "a phone number": re.compile(
        rf"(?:{_OF}(?:phone|telephone|phone_?number|mobile_?(?:phone|number)|cell_?phone|telefon|telefon_?nummer|"
        rf"handy_?nummer|mobil_?nummer)|mobile|handy|fax){_END}"
    ),
    "an IP address": re.compile(rf"{_OF}(?:ip|ip_?addresse?|ip_?adresse?){_END}"),
    "a name": re.compile(
        rf"(?:{_OF}(?:first|last|full|sur|given|family|middle|user|nick|maiden|recipient|contact)_?name|name|names|"
        rf"your_name|initials|vor_?name|nach_?name|familien_?name|{_OF}vor_?und_?nachname|benutzer_?name){_END}"
    ),
    "an address": re.compile(
        rf"{_OF}(?:address|street|street_?address|home_?address|postal_?address|zip|zip_?code|postal_?code|post_?code|"
        rf"adresse|anschrift|stra(?:ss|ß)e|haus_?nummer|plz|post_?leitzahl|wohn_?adresse){_END}"
    ),
    "a place on the map": re.compile(
        rf"{_OF}(?:latitude|longitude|lat|lng|lon|gps|coordinates?|geo_?location|location_?latitude|"
        rf"location_?longitude|breitengrad|l(?:ä|ae)ngengrad|koordinaten){_END}"
    ),
    "a date of birth": re.compile(
        rf"{_OF}(?:dob|birth_?date|date_?of_?birth|birth_?day|geburts_?datum|geburts_?tag){_END}"
    ),
    "an id of a panel or a person": re.compile(
        rf"{_OF}(?:prolific|prolific_?(?:pid|id)|mturk_?id|worker_?id|turk_?id|assignment_?id|hit_?id|session_?id|"
        r"recipient_?id|external_?(?:data_?)?reference|ssn|social_?security(?:_?number)?|passport(?:_?number)?|"
        rf"iban|student_?id|matrikel_?(?:nr|nummer)|ausweis_?nummer){_END}"
    ),
    "what people typed": re.compile(
        rf"{_OF}(?:comments?|feedback|remarks?|free_?text|open_?text|open_?ended|other_?specify|specify|kommentare?|"
        rf"anmerkung(?:en)?|bemerkung(?:en)?|frei_?text|sonstiges_?text){_END}"
    ),
}
"""What a column holds → names of such columns, as `plain` spells them."""

_EMAIL: Final = r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"
_VALUES: Final[Mapping[str, str]] = {
    "an e-mail address": rf".*\b{_EMAIL}.*",
    "a phone number": r"(?:\+|00)[1-9][\d ()/.-]{6,18}\d|\(?0\d{1,4}\)?[ /.-]\d[\d ./-]{4,14}\d|"
    r"\(?[2-9]\d\d\)?[ .-]\d{3}[ .-]\d{4}",
    "an IP address": r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)|"
    r"(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|(?:[0-9a-fA-F]{1,4}:){2,6}:[0-9a-fA-F:]*",
    "an address": r"\d+[a-z]? (?:\S+ ){1,4}(?i:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|way)\b.*|"
    r"(?:\S+[ -]){0,3}\S*(?i:stra(?:ss|ß)e|str\.|weg|platz|allee|gasse) ?\d+ ?[a-z]?\b.*",
    "a place on the map": r"[+-]?\d{1,2}\.\d{3,}[°NS]?\s*[,;]\s*[+-]?\d{1,3}\.\d{3,}[°EWO]?",
    "an id of a panel or a person": r"[0-9a-f]{24}|A[0-9A-Z]{12,13}",
}
"""What a value is → how it is written."""
_DATE: Final = r"(?:(?P<a>\d{4})-\d\d?-\d\d?|\d\d?[./]\d\d?[./](?P<b>\d{4}))(?:[ T].*)?"

_REPLACED: Final = frozenset(_NAMES) - {"an id of a panel or a person", "what people typed"}
"""What an id of a participant must not be; the id of a panel is what tells people apart."""


def personal_name(name: str) -> str | None:
    """What a column of this name holds that may tell who somebody is, such as "a name"; None for any other.

    >>> [personal_name(name) for name in ("RecipientEmail", "demo_Geburtsdatum", "birth_year", "party_name")]
    ['an e-mail address', 'a date of birth', None, None]
    """
    called = plain(name.removeprefix(DEMOGRAPHIC))
    return next((what for what, pattern in _NAMES.items() if pattern.fullmatch(called)), None)


def personal_values(column: pl.Series) -> str | None:
    """What the values of a column are that may tell who somebody is; None for any others.

    One e-mail address is enough; everything else must hold for most of the distinct values.
    """
    texts = column.cast(pl.String, strict=False).str.strip_chars().drop_nulls()
    texts = texts.filter(texts != "")
    distinct = texts.unique(maintain_order=True).head(_LOOKED_AT)
    if distinct.is_empty() or not column.dtype.is_(pl.String):
        return None
    if distinct.str.contains(_EMAIL).any():
        return "an e-mail address"
    dates = distinct.str.extract_groups(rf"^{_DATE}$").struct.unnest()
    years = dates.select(pl.coalesce("a", "b").cast(pl.Int64, strict=False)).to_series().drop_nulls()
    if len(years) > _MOST * len(distinct):  # written as some phone numbers are
        return "a date of birth" if int(years.median() or 0) <= _LATEST_BIRTH else None  # type: ignore[arg-type]
    for what, pattern in _VALUES.items():
        if distinct.str.contains(rf"^(?:{pattern})$").mean() > _MOST:  # type: ignore[operator]
            return what
    long = distinct.str.count_matches(r"\S+") >= _WORDS
    if len(texts) >= _FEWEST and len(distinct) > _MOST * min(len(texts), _LOOKED_AT) and long.mean() > _MOST:  # type: ignore[operator]
        return "what people typed"
    return None


def personal_id(name: str, column: pl.Series) -> str | None:
    """What ids of participants are that may tell who somebody is; None for any others, such as a panel's."""
    called, held = personal_name(name), personal_values(column)
    return next((what for what in (called, held) if what in _REPLACED), None)


def personal_arms(column: pl.Series) -> str | None:
    """What labels of arms are that may tell who somebody is; None for any others, such as a sentence or a date."""
    held = personal_values(column)
    return None if held in ("what people typed", "a date of birth") else held


def masked(text: str) -> str:
    """A value as a message may show it: what it is in place of itself, where it may tell who somebody is.

    >>> masked("ann@example.org"), masked("strongly agree")
    ('(an e-mail address)', 'strongly agree')
    """
    for what, pattern in _VALUES.items():
        if re.fullmatch(pattern, text.strip()):
            return f"({what})"
    words = len(text.split())
    return f"({words} words that somebody typed)" if words >= _SHOWN_WORDS else text
