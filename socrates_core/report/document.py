"""A document of texts, tables and figures that can be rendered as HTML or as Markdown."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go

from socrates_core.report.figures import figure_html

LONG: Final = 6
"""Titled sections from which on a page lists its contents."""

PAGE_HEAD: Final = """<!doctype html>
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
"""
"""What every page begins with, up to its title."""


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

    markup: str
    """Made here, every text in it escaped."""


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


def to_html(title: str, sections: Sequence[Section]) -> str:
    """A self-contained page that includes the plotting library once; a long one begins with a list of its contents."""
    body = [f"<h1>{html.escape(title)}</h1>"]
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
            chooser = ""
        body.append(f'<section data-kind="{html.escape(section.kind)}">')
        if section.title:
            body.append(f'<h2 id="section-{next(headings)}">{html.escape(section.title)}</h2>')
        for part in section.parts:
            pictures += isinstance(part, Picture)
            body.append(part_html(part, pictures))
        body.append("</section>")
    head = f"{PAGE_HEAD}{_STYLE}<title>{html.escape(title)}</title>\n</head>\n<body>\n"
    return head + "\n".join(body) + "\n</body>\n</html>\n"


def _contents(titles: Sequence[str]) -> str:
    """Links to the sections, which stand beside them where there is room."""
    links = "".join(f'<li><a href="#section-{i}">{html.escape(title)}</a></li>' for i, title in enumerate(titles, 1))
    return f'<nav class="contents" aria-labelledby="contents"><h2 id="contents">Contents</h2><ol>{links}</ol></nav>'


def _chooser(kinds: Sequence[str]) -> str:
    """Radio buttons that leave the sections of one kind of studies, the first of them at first, or of all kinds."""
    if len(kinds) < 2:
        return ""
    labels = {**{kind: f"{kind} studies" for kind in kinds}, "all": "all, one below the other"}
    buttons = "".join(
        f'<label><input type="radio" name="kind" value="{html.escape(kind)}"{" checked" if kind == kinds[0] else ""}> '
        f"{html.escape(label)}</label>"
        for kind, label in labels.items()
    )
    hidden = "".join(
        f'body:has(input[value="{html.escape(one)}"]:checked) section[data-kind="{html.escape(other)}"] '
        "{ display: none; }\n"
        for one in kinds
        for other in kinds
        if other != one
    )
    # plotly draws a figure anew, at the width that it now has, when the window changes
    redraw = "window.dispatchEvent(new Event('resize'))"
    return (
        f"<style>@media screen {{ {hidden} }}</style>"
        f'<fieldset class="chooser" onchange="{redraw}"><legend>Show</legend>{buttons}</fieldset>'
    )


def to_markdown(title: str, sections: Sequence[Section]) -> str:
    """The document as Markdown, without figures."""
    lines = [f"# {_inline(title)}"]
    for section in sections:
        if section.title:
            lines.append(f"## {_inline(section.title)}")
        lines += [text for part in section.parts if (text := _markdown(part))]
    return "\n\n".join(lines) + "\n"


_STYLE = """<style>
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
</style>
"""


def part_html(part: Part, picture: int = 0) -> str:
    """A part of a page; `picture` counts the pictures up to it."""
    if isinstance(part, str):
        return f"<p>{html.escape(part)}</p>"
    if isinstance(part, Warned):
        return f'<p class="warned">{html.escape(part.text)}</p>'
    if isinstance(part, Folded):
        return f"<details><summary>{html.escape(part.title)}</summary><pre>{html.escape(part.text)}</pre></details>"
    if isinstance(part, Drawing):
        return f'<p class="drawing">{part.markup}</p>'
    if isinstance(part, Group):
        inside = "".join(map(part_html, part.parts))
        return f'<details class="group"><summary>{html.escape(part.title)}</summary>{inside}</details>'
    if isinstance(part, Picture):
        return f'{figure_html(part.figure, picture)}\n<p class="muted">{html.escape(part.caption)}</p>'
    head = "".join(f"<th>{html.escape(name)}</th>" for name in part.header)
    rows = "\n".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in part.rows)
    return f'<div class="wide"><table><tr>{head}</tr>\n{rows}</table></div>'


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
