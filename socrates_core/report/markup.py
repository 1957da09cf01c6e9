"""HTML and SVG from templates, which escape whatever is put into them."""

from collections.abc import Iterable
from functools import cache
from typing import Final

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

_POP: Final = "\u202c"
_POP_ISOLATE: Final = "\u2069"
_TURNS: Final = dict.fromkeys("\u202a\u202b\u202d\u202e", _POP) | dict.fromkeys("\u2066\u2067\u2068", _POP_ISOLATE)
"""Signs that change the direction of what follows → the one that ends it."""


def markup(template: str, /, **values: object) -> Markup:
    """A template of jinja2 filled in.

    >>> markup("<p title='{{ title }}'>{{ inside }}</p>", title="it's", inside=markup("<b>{{ n }}</b>", n="1<2"))
    Markup("<p title='it&#39;s'><b>1&lt;2</b></p>")

    Args:
        template: A constant of the program, never anything that was read or typed in.
        values: What its names stand for. Texts are escaped, in attribute values too; what `markup` has made is not.
            Bytes that are not text, as in a folder's name, become question marks. A text that turns the direction of
            writing is turned back where it ends, so that nothing after it is read backwards.

    Raises:
        jinja2.UndefinedError: If the template uses a name without a value.
    """
    return Markup(_compiled(template).render(values))


def joined(parts: Iterable[object], between: str = "") -> Markup:
    """Pieces of markup one after the other; texts among them are escaped."""
    return Markup(between).join(Markup.escape(_readable(one)) for one in parts)


@cache
def _compiled(template: str) -> Template:
    return _ENVIRONMENT.from_string(template)


def _readable(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, Markup):
        text = value.encode("utf-8", "replace").decode()
        return (
            text
            if _TURNS.keys().isdisjoint(text)
            else "".join(_turned_back(line) for line in text.splitlines(keepends=True))
        )
    return value


def _turned_back(line: str) -> str:
    """A line followed by the closers of what it leaves open, by the rules of Unicode's bidirectional algorithm."""
    ends: list[str] = []
    for sign in line:
        if sign in _TURNS:
            ends.append(_TURNS[sign])
        elif sign == _POP_ISOLATE and sign in ends:
            while ends.pop() != sign:
                pass
        elif sign == _POP and ends and ends[-1] == sign:
            ends.pop()
    text = line.rstrip("\r\n")
    return text + "".join(reversed(ends)) + line[len(text) :]


_ENVIRONMENT = Environment(
    autoescape=True, undefined=StrictUndefined, finalize=_readable, trim_blocks=True, lstrip_blocks=True
)
