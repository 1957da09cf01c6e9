"""HTML and SVG from templates, which escape whatever is put into them."""

from collections.abc import Iterable
from functools import cache

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup


def markup(template: str, /, **values: object) -> Markup:
    """A template of jinja2 filled in.

    >>> markup("<p title='{{ title }}'>{{ inside }}</p>", title="it's", inside=markup("<b>{{ n }}</b>", n="1<2"))
    Markup("<p title='it&#39;s'><b>1&lt;2</b></p>")

    Args:
        template: A constant of the program, never anything that was read or typed in.
        values: What its names stand for. Texts are escaped, in attribute values too; what `markup` has made is not.
            Bytes that are not text, as in a folder's name, become question marks.

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
        return value.encode("utf-8", "replace").decode()
    return value


_ENVIRONMENT = Environment(
    autoescape=True, undefined=StrictUndefined, finalize=_readable, trim_blocks=True, lstrip_blocks=True
)
