"""A document of texts, tables and figures that can be rendered as HTML or as Markdown."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go

from socrates_core.report.figures import figure_html

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


Part = str | Table | Picture | Warned | Folded


@dataclass(frozen=True, eq=False)
class Section:
    """A heading and its content; a plain string is a paragraph."""

    title: str
    parts: Sequence[Part]


def to_html(title: str, sections: Sequence[Section]) -> str:
    """A self-contained page that includes the plotting library once."""
    body = [f"<h1>{html.escape(title)}</h1>"]
    pictures = 0
    for section in sections:
        if section.title:
            body.append(f"<h2>{html.escape(section.title)}</h2>")
        for part in section.parts:
            pictures += isinstance(part, Picture)
            body.append(part_html(part, pictures))
    head = f"{PAGE_HEAD}{_STYLE}<title>{html.escape(title)}</title>\n</head>\n<body>\n"
    return head + "\n".join(body) + "\n</body>\n</html>\n"


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
    if isinstance(part, Picture):
        return ""
    rows = [part.header, tuple("---" for _ in part.header), *part.rows]
    return "\n".join(f"| {' | '.join(_inline(cell) for cell in row)} |" for row in rows)


def _inline(text: str) -> str:
    """The text on one line, with Markdown characters escaped."""
    flat = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|" else letter for letter in flat)
