"""Whether bytes that are not UTF-8 are text in Windows-1252, the code page of Western Europe.

Nearly every sequence of bytes is some text there: Cyrillic in Windows-1251 becomes words of accented letters, Japanese
in Shift-JIS rows of symbols, and Turkish and Polish words look right but for single letters. Such a text is another
label for an option or an arm, so it is read only where it can be one of a Western European language.
"""

import re
from typing import Final

from socrates_core.errors import shown

WESTERN: Final = "cp1252"

WAYS_OUT: Final = (
    "save it as UTF-8, or name its encoding: --encoding NAME (such as windows-1251, shift_jis, windows-1252)"
)

_LETTER: Final = "A-Za-zÀ-ÖØ-öø-ÿŠšŒœŽžŸƒ"
_ACCENTED: Final = "À-ÖØ-öø-ÿŠšŒœŽžŸƒ"
_ALONE: Final = "àáäæåèéíóöøúüýñÀÁÄÆÅÈÉÍÓÖØÚÜÑ"
"""Accented letters that are words, or the initial of a name."""
_ELSEWHERE: Final = "ÐðÝýÞþŠšŽžŸƒ"
"""Letters that Western European languages other than Icelandic do not need, and which stand for letters of other code
pages: ð, ý and þ for the Turkish ğ, ı and ş; š and ž in Czech, Slovak, Slovenian and Croatian texts, of which other
letters would be wrong."""

_STRANGE: Final = tuple(
    re.compile(pattern)
    for pattern in (
        f"[{_LETTER}]{{0,20}}[{_ELSEWHERE}][{_LETTER}]{{0,20}}",
        # a word without one letter of the Latin alphabet: Cyrillic, Greek, Hebrew, Arabic, Chinese
        f"(?<![{_LETTER}])[{_ACCENTED}]{{2,20}}(?![{_LETTER}])",
        f"(?<![{_LETTER}])(?![{_ALONE}])[{_ACCENTED}](?![{_LETTER}])",
        # a symbol within a word: ö of old DOS and Mac files is a quotation mark; Polish ł is ³ and ą is ¹
        f"[{_LETTER}][^\\x00-\\xa0{_LETTER}’‘–—…·•«»¿¡€][{_LETTER}]{{1,20}}",
        f"[{_LETTER}]{{1,20}}¹|[{_LETTER}]{{0,20}}(?![mM])[{_LETTER}]³",
        # low quotation marks open, so none stands behind a letter
        f"[{_LETTER}]{{1,20}}[‚„]",
        # Japanese, Chinese, Korean: symbols that nobody writes, and rows of others
        "[¤¦¨¬¯¸ˆ˜]",
        "[‚„†‡‰‹›¢-§©-±´-¹×÷]{2,}|[ªº][^\\x00-\\xa0]",
        # õ stands before e in Portuguese; elsewhere it is the Hungarian ő
        f"[{_LETTER}]{{0,20}}[õÕ](?![eE])[{_LETTER}]{{0,20}}",
    )
)
"""What no text of a Western European language has."""


def western(content: bytes) -> str:
    """The text that bytes are in Windows-1252.

    Raises:
        ValueError: If they are none of a Western European language; says what shows it and what to do.
    """
    try:
        text = content.decode(WESTERN)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"is not UTF-8, nor Windows-1252 (byte {error.start:,} is no letter there); {WAYS_OUT}"
        ) from error
    word = strange_word(text)
    if word is not None:
        raise ValueError(f"is not UTF-8, and as Windows-1252 it would have {word!r}; {WAYS_OUT}")
    return text


def strange_word(text: str) -> str | None:
    """What shows that a text is none of a Western European language; None where nothing does."""
    if text.isascii():
        return None
    found = (match for pattern in _STRANGE if (match := pattern.search(text)))
    return next((shown(match[0]) for match in found), None)


def first_accented(text: str, most: int = 40) -> str:
    """The first word of a text that is not ASCII, as an example of how it is read."""
    found = re.search(f'[{_LETTER}0-9]{{0,20}}[^\\x00-\\x7f][^\\s,;|"]{{0,20}}', text)
    return found[0][:most] if found else ""
