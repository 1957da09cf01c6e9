"""A document of texts, tables and figures that can be rendered as HTML or as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go
from markupsafe import Markup

from socrates_core.report.figures import figure_html
from socrates_core.report.markup import joined, markup

LONG: Final = 6
"""Titled sections from which on a page lists its contents."""

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
pre, td, th, p { overflow-wrap: break-word; }
pre { overflow-x: auto; }
pre { white-space: pre-wrap; border: 1px solid #808080; border-radius: 6px; padding: .75rem; font-size: .85rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #80808066; vertical-align: top; }
.verdict { font-size: 1.15rem; border-left: 4px solid #0072B2; padding-left: .75rem; }
.muted { color: #767676; }
</style>
{{ style }}
<title>{{ title }}</title>
</head>
<body>
{{ body }}
</body>
</html>
"""


@dataclass(frozen=True)
class Table:
    """Rows of texts under a header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure with its caption; Markdown omits both."""

    figure: go.Figure
    caption: str


@dataclass(frozen=True)
class Warned:
    """A highlighted warning."""

    text: str


@dataclass(frozen=True)
class Folded:
    """Collapsed text under a title."""

    title: str
    text: str


@dataclass(frozen=True)
class Drawing:
    """A small figure as SVG markup, drawn without the plotting library; Markdown omits it."""

    markup: Markup


@dataclass(frozen=True)
class Group:
    """Parts that are folded under a title; Markdown omits them."""

    title: str
    parts: "tuple[Part, ...]"


Part = str | Table | Picture | Warned | Folded | Drawing | Group


@dataclass(frozen=True, eq=False)
class Section:
    """A heading and its content; a plain string is a paragraph."""

    title: str
    parts: Sequence[Part]
    kind: str = ""
    """The kind of studies that it is about, where a document has sections for several kinds."""


def page_html(title: str, body: Markup, style: Markup | None = None) -> Markup:
    """A whole page; `style` comes after what all pages share."""
    return markup(_PAGE, title=title, body=body, style=style or "") + "\n"


def to_html(title: str, sections: Sequence[Section]) -> Markup:
    """A self-contained page that includes the plotting library once; a long one begins with a list of its contents."""
    body = [markup("<h1>{{ title }}</h1>", title=title)]
    pictures = 0
    titled = [section.title for section in sections if section.title]
    if len(titled) >= LONG:
        body.append(_contents(titled))
    headings = iter(range(1, len(titled) + 1))
    kinds = list(dict.fromkeys(section.kind for section in sections if section.kind))
    chooser = _chooser(kinds)
    for section in sections:
        if section.kind and chooser:
            body.append(chooser)
            chooser = Markup()
        drawn = []
        for part in section.parts:
            pictures += isinstance(part, Picture)
            drawn.append(part_html(part, pictures))
        number = next(headings) if section.title else 0
        body.append(_section(section, number, joined(drawn, "\n")))
    return page_html(title, joined(body, "\n"), _STYLE)


def _section(section: Section, number: int, parts: Markup) -> Markup:
    return markup(
        '<section data-kind="{{ section.kind }}">'
        '{% if section.title %}<h2 id="section-{{ number }}">{{ section.title }}</h2>{% endif %}'
        "{{ parts }}</section>",
        section=section, number=number, parts=parts,
    )  # fmt: skip


def _contents(titles: Sequence[str]) -> Markup:
    """Links to the sections, which stand beside them where there is room."""
    return markup(
        '<nav class="contents" aria-labelledby="contents"><h2 id="contents">Contents</h2><ol>{% for title in titles %}'
        '<li><a href="#section-{{ loop.index }}">{{ title }}</a></li>{% endfor %}</ol></nav>',
        titles=titles,
    )


def _chooser(kinds: Sequence[str]) -> Markup:
    """Radio buttons that leave the sections of one kind of studies, the first of them at first, or of all kinds."""
    if len(kinds) < 2:
        return Markup()
    # plotly draws a figure anew, at the width that it now has, when the window changes
    return markup(
        "<style>@media screen { {% for one in kinds %}{% for other in kinds if other != one %}"
        'body:has(input[value="{{ one }}"]:checked) section[data-kind="{{ other }}"] { display: none; }\n'
        "{% endfor %}{% endfor %} }</style>"
        '<fieldset class="chooser" onchange="window.dispatchEvent(new Event(\'resize\'))"><legend>Show</legend>'
        '{% for kind in kinds %}<label><input type="radio" name="kind" value="{{ kind }}"'
        "{% if loop.first %} checked{% endif %}> {{ kind }} studies</label>{% endfor %}"
        '<label><input type="radio" name="kind" value="all"> all, one below the other</label></fieldset>',
        kinds=kinds,
    )


def to_markdown(title: str, sections: Sequence[Section]) -> str:
    """The document as Markdown, without figures."""
    lines = [f"# {_inline(title)}"]
    for section in sections:
        if section.title:
            lines.append(f"## {_inline(section.title)}")
        lines += [text for part in section.parts if (text := _markdown(part))]
    return "\n\n".join(lines) + "\n"


_STYLE: Final = markup("""<style>
.warned { border: 2px solid #D55E00; border-radius: 6px; padding: .5rem .75rem; font-weight: 600; }
.wide { overflow-x: auto; }
table { margin: .75rem 0; }
td { font-variant-numeric: tabular-nums; }
.contents { border: 1px solid #808080; border-radius: 6px; padding: .5rem 1rem .75rem; font-size: .9rem; }
.contents h2 { font-size: 1rem; margin: .25rem 0; }
.contents ol { margin: 0; padding-left: 1.5rem; columns: 15rem; }
a { color: light-dark(#0a67a3, #63b3e6); }
.chooser { border: 1px solid #808080; border-radius: 6px; display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; }
.group .group, .group details { margin-left: 1.25rem; }
.drawing svg { display: block; max-width: 28rem; }
.drawing path { fill: none; stroke: #808080; }
.drawing .actual { fill: #0072B2; stroke: none; }
.drawing .predicted { fill: #D55E0055; stroke: #D55E00; stroke-dasharray: 3 2; }
.drawing text { font-size: 10px; text-anchor: middle; fill: currentColor; }
.chooser label { padding: .25rem 0; }
h2 { scroll-margin-top: 1rem; }
@media (min-width: 76rem) {
  body:has(.contents) { margin-left: max(19rem, calc(50% - 26rem)); }
  .contents { position: fixed; top: 2rem; left: max(1rem, calc(50% - 44rem)); width: 14rem;
    max-height: calc(100vh - 6rem); overflow-y: auto; }
  .contents ol { columns: auto; }
}
@media print { .contents { position: static; width: auto; } }
</style>""")


def part_html(part: Part, picture: int = 0) -> Markup:
    """A part of a page; `picture` counts the pictures up to it."""
    if isinstance(part, str):
        return markup("<p>{{ part }}</p>", part=part)
    if isinstance(part, Warned):
        return markup('<p class="warned">{{ part.text }}</p>', part=part)
    if isinstance(part, Folded):
        return markup("<details><summary>{{ part.title }}</summary><pre>{{ part.text }}</pre></details>", part=part)
    if isinstance(part, Drawing):
        return markup('<p class="drawing">{{ part.markup }}</p>', part=part)
    if isinstance(part, Group):
        return markup(
            '<details class="group"><summary>{{ title }}</summary>{{ inside }}</details>',
            title=part.title, inside=joined(map(part_html, part.parts)),
        )  # fmt: skip
    if isinstance(part, Picture):
        drawn = figure_html(part.figure, picture)
        return markup('{{ drawn }}\n<p class="muted">{{ caption }}</p>', drawn=drawn, caption=part.caption)
    return markup(
        '<div class="wide"><table><tr>{% for name in part.header %}<th>{{ name }}</th>{% endfor %}</tr>\n'
        "{% for row in part.rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>\n{% endfor %}"
        "</table></div>",
        part=part,
    )


def _markdown(part: Part) -> str:
    if isinstance(part, str):
        return _inline(part)
    if isinstance(part, Warned):
        return f"**{_inline(part.text)}**"
    if isinstance(part, Folded):
        return f"{_inline(part.title)}\n\n" + "\n".join(f"    {line}" for line in part.text.splitlines())
    if isinstance(part, Picture | Drawing | Group):
        return ""
    rows = [part.header, tuple("---" for _ in part.header), *part.rows]
    return "\n".join(f"| {' | '.join(_inline(cell) for cell in row)} |" for row in rows)


def _inline(text: str) -> str:
    """The text on one line, with Markdown characters escaped."""
    flat = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|" else letter for letter in flat)
