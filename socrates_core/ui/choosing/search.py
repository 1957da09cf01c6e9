"""Search of all sources: titles, questions, what participants read, and topics."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr
from gradio.blocks import Block
from markupsafe import Markup

from socrates_core.report.markup import joined, markup
from socrates_core.study.question import question_of
from socrates_core.study.study_set import Cell, Study, StudySet
from socrates_core.ui.catalogue import Catalogue, Source, StudyEntry
from socrates_core.ui.choosing.guide import Pick, wire_picks
from socrates_core.ui.listeners import LATEST, Updates

FIELDS: Final = ("title", "question", "condition", "topic", "text")
"""Where words are looked for, the most telling place first."""

SHOWN: Final = 8
"""Hits that are listed."""

AROUND: Final = 45
"""Characters shown on each side of the first word that was found."""

LONGEST: Final = 100
"""Characters of a query that are read."""

_INDEX: dict[int, tuple[StudySet, dict[str, tuple["Place", ...]]]] = {}
"""By identity of the studies, which the index keeps alive: they are the app's own, and shared by all models."""


@dataclass(frozen=True)
class Place:
    """A text in which words are looked for."""

    field: str
    """One of `FIELDS`."""
    words: str
    cell_id: int
    """What to show for it."""


@dataclass(frozen=True)
class Hit:
    """A study that holds every word of a query, and the place that holds most of them."""

    source: Source
    entry: StudyEntry
    place: Place


def search(catalogue: Catalogue, query: str) -> list[Hit]:
    """The studies in which every word of the query occurs somewhere, case aside; the most telling places first.

    Args:
        catalogue: Its sources are searched in order.
        query: Words, of which parts suffice: `polic` finds `police`.
    """
    wanted = query[:LONGEST].casefold().split()
    hits = []
    for source in catalogue.sources if wanted else ():
        index = _index(source)
        for entry in source.entries:
            places = index[entry.study.study_id]
            if all(any(word in place.words.casefold() for place in places) for word in wanted):
                hits.append(Hit(source, entry, min(places, key=lambda place: _rank(place, wanted))))
    return sorted(hits, key=lambda hit: _rank(hit.place, wanted))


def _rank(place: Place, wanted: Sequence[str]) -> tuple[int, int]:
    words = place.words.casefold()
    return -sum(word in words for word in wanted), FIELDS.index(place.field)


def _index(source: Source) -> dict[str, tuple[Place, ...]]:
    """Study id → its places; read once for each set of studies."""
    studies = source.studies
    if id(studies) not in _INDEX:
        _INDEX[id(studies)] = studies, {one: tuple(_places(studies, one)) for one in studies.study_ids}
    return _INDEX[id(studies)][1]


def _places(studies: StudySet, study_id: str) -> Iterator[Place]:
    cells = studies.cells_of(study_id)
    if not cells:
        return
    first, study = cells[0].cell_id, studies.study(study_id)
    yield Place("title", _line(study.title), first)
    yield Place("topic", _topics(study), first)
    for cell in cells:
        yield Place("question", question_of(cell), cell.cell_id)
        yield Place("condition", _line(cell.condition_label), cell.cell_id)
        yield Place("text", _read(cell), cell.cell_id)


def _topics(study: Study) -> str:
    """What a study belongs to: its group (`gss-spending` → `gss spending`), kind, source and id."""
    group = study.group.replace("-", " ").replace("_", " ")
    return _line(f"{group} · {study.kind} · {study.source} · {study.study_id}")


def _read(cell: Cell) -> str:
    return _line(f"{cell.stimulus} {' '.join(cell.scale.labels.values())}")


def _line(words: str) -> str:
    return " ".join(words.split())


# -- on the page -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class SearchPanel:
    """The components."""

    query: gr.Textbox
    hits: gr.HTML


def search_panel() -> SearchPanel:
    """Lay it out."""
    query = gr.Textbox(
        label="Search", placeholder="A topic, or words of a question or text", elem_id="search", max_length=LONGEST
    )
    return SearchPanel(query, gr.HTML(elem_id="hits", js_on_load="reading.picks(element, trigger)"))


def wire_search(
    panel: SearchPanel,
    catalogue_of: Callable[[str], Catalogue],
    pick: Pick,
    model: gr.Dropdown,
    outputs: list[Block],
) -> None:
    """List what is found while one types; a click on a hit shows it and runs it.

    Args:
        panel: The panel.
        catalogue_of: Where to search: the studies as marked for a model.
        pick: Makes the choice; the name in the source is the id of a cell.
        model: The menu of models.
        outputs: What `pick` updates.
    """

    def chosen(*named: str) -> Updates:
        made: dict[Any, Any] = pick(*named)
        return {**made, panel.query: "", panel.hits: ""}

    def found(name: str, words: str) -> Markup:
        return hits_html(catalogue_of(name), words)

    panel.query.change(found, [model, panel.query], panel.hits, **LATEST)  # pasted words count too
    wire_picks(panel.hits, chosen, model, [*outputs, panel.query, panel.hits])


def hits_html(catalogue: Catalogue, query: str) -> Markup:
    """The first hits as buttons, with the place of each; or that there are none."""
    words = _line(query[:LONGEST])
    if not words:
        return Markup()
    found = search(catalogue, words)
    if not found:
        studies = sum(len(source.entries) for source in catalogue.sources)
        return markup(
            "<p class='quiet' role='status'>No match for “<bdi>{{ words }}</bdi>” in the titles, questions, texts and "
            "topics of {{ studies }}.</p>",
            words=words, studies=f"{studies:,} {'study' if studies == 1 else 'studies'}",
        )  # fmt: skip
    more = f"; the first {SHOWN} are listed, another word narrows them down" if len(found) > SHOWN else ""
    return markup(
        "<p class='quiet' role='status'>Found in {{ count }}{{ more }}.</p><ul class='hits'>{{ hits }}</ul>",
        count=f"{len(found):,} {'study' if len(found) == 1 else 'studies'}", more=more,
        hits=joined(_hit_html(hit, words.casefold().split()) for hit in found[:SHOWN]),
    )  # fmt: skip


def _hit_html(hit: Hit, wanted: Sequence[str]) -> Markup:
    return markup(
        "<li><button type='button' data-pick='{{ source }} {{ place.cell_id }}'><b>{{ title }}</b> "
        "<span>{{ badges }}</span>{% if place.field != 'title' %}<small>{{ place.field }}: {{ snippet }}</small>"
        "{% endif %}</button></li>",
        source=hit.source.name, place=hit.place, title=hit.entry.title, badges=" · ".join(hit.entry.badges),
        snippet=_snippet(hit.place.words, wanted),
    )  # fmt: skip


def _snippet(words: str, wanted: Sequence[str]) -> Markup:
    """The surroundings of the first word that was found, which is marked."""
    folded = words.casefold()
    at = min((folded.find(word), word) for word in wanted if word in folded)
    start, end = at[0], at[0] + len(at[1])
    before, after = words[max(0, start - AROUND) : start], words[end : end + AROUND]
    return markup(
        "{{ before }}<mark>{{ found }}</mark>{{ after }}",
        before="…" * (start > AROUND) + before, found=words[start:end], after=after + "…" * (end + AROUND < len(words)),
    )  # fmt: skip
