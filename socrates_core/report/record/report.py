"""The report of a scored record: what was registered, beside what people answered."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from socrates_core.metrics.uncertainty import Interval
from socrates_core.report.document import Part, Picture, Section, Table, to_html, to_markdown
from socrates_core.report.figures import PREDICTED, arms_figure, lines_of
from socrates_core.report.prediction.compared import comparison_files, comparison_lines
from socrates_core.report.record.findings import finding_lines, finding_parts, scored_json
from socrates_core.report.record.frozen import FrozenClaim
from socrates_core.report.record.judging import Inside, Judged
from socrates_core.report.record.opening import OpenedRecord
from socrates_core.report.record.scoring import ScoredOutcome, ScoredRecord
from socrates_core.report.trust.picture import ErrorMark, mark_means
from socrates_core.report.trust.tables import NOT_TELLING, TITLE
from socrates_core.report.trust.which import raw_words
from socrates_core.report.words import signed

NOT_CLAIMED: Final = "none registered"
HOW_JUDGED: Final = (
    "Intervals are those that the record states; they were not computed anew. They say where the true mean or effect "
    "lies. The last column widens them by the sampling error of these people, whose mean is not the true one."
)

W_OF_RAW: Final = (
    "The means registered here are calibrated: they are not those of the raw distributions, which the model gave and "
    "of which W and means above are where they are called raw."
)
CAPTION: Final = "Means that the model gave, and people's, with 95 % intervals over samples{}."
PALE: Final = "; pale behind them, where the record says that the true mean lies"
OF_OPEN_MARKS: Final = " Pale parts are of the calibrated answers, whose registered means are the open marks."
LEVELS: Final[Mapping[str, Callable[[FrozenClaim], Interval | None]]] = {
    "80 %": lambda claim: claim.inner,
    "95 %": lambda claim: claim.outer,
}
"""Level → what was registered at it."""


def scored_files(record: OpenedRecord, scored: ScoredRecord) -> dict[str, str]:
    """Name → content: report.html, report.md and scored.json, and for each outcome `compared-…` with every figure."""
    sections = scored_sections(record, scored)
    title = f"{scored.form.title}: registered and answered"
    return {
        **comparison_files(scored.found),
        "scored.json": scored_json(record, scored),
        "report.md": to_markdown(title, sections),
        "report.html": to_html(title, sections),
    }


def scored_sections(record: OpenedRecord, scored: ScoredRecord) -> list[Section]:
    """What was registered, and each outcome beside people's answers."""
    about = record.about
    opening = (
        f"Registered {about['made']} by {about['model']}, as the record says. Predictions were not made anew: "
        "everybody who answered is given the distribution that was registered for the condition."
    )
    return [Section("", [opening, record.standing]), *(Section(one.name, _outcome(one)) for one in scored.outcomes)]


def scored_lines(one: ScoredOutcome) -> list[str]:
    """An outcome in sentences: its distance in every condition, and whether what was claimed held."""
    told = _compared(one)
    for what, claims in (("mean", one.means), ("effect", one.effects)):
        told += [
            f"{claim.claim.label}: people's {what} against the registered interval of the true one: "
            f"{place_words(claim.registered)}; with their sampling error: {place_words(claim.sampled)}"
            for claim in claims
            if claim.observed is not None and claim.registered != Inside(None, None)
        ]
    return [*told, *finding_lines(one)]


def _compared(one: ScoredOutcome) -> list[str]:
    told = comparison_lines(one.result) or [f"Not compared: {one.result.refused or 'nobody answered it.'}"]
    if one.said.why and one.result.simulation is not None:
        told.append(f"When it was registered: {one.said.why}")
    return told


def judged_table(what: str, claims: Sequence[Judged], which: str = "") -> Table | None:
    """Registered intervals of the true means (effects) beside what people showed; None without any. A level at which
    nothing was registered has no column. `which` says of which prediction they are, where there are two.
    """
    if not claims:
        return None
    digits = 1 if what == "effect" else 2
    levels = [level for level, at in LEVELS.items() if any(at(one.claim) is not None for one in claims)]
    header = (
        "Condition",
        f"Registered {what}{which}" + (", points" if what == "effect" else ""),
        *(f"True {what}, {level}" for level in levels),
        f"People's {what} (95 % interval)",
        "Inside of the registered",
        "With their sampling error",
    )
    return Table(header, tuple(_row(one, digits, levels) for one in claims))


def place_words(at: Inside) -> str:
    """Where a figure lay."""
    if at.inner is None and at.outer is None:
        return NOT_CLAIMED
    if at.inner:
        return "inside at 80 %"
    if at.outer is None:
        return "outside at 80 %"
    where = "inside at 95 %" if at.outer else "outside at 95 %"
    return where if at.inner is None else f"outside at 80 %, {where}" if at.outer else "outside at 80 and 95 %"


def _outcome(one: ScoredOutcome) -> list[Part]:
    parts: list[Part] = [*_compared(one)]
    which = raw_words(one.said, ", calibrated")
    tables = [judged_table("mean", one.means, which), judged_table("effect", one.effects, which)]
    shown = [table for table in tables if table is not None]
    raw = [W_OF_RAW] if raw_words(one.said, "raw") else []
    raw += [NOT_TELLING] if one.said.basis is not None and not one.said.basis.telling and one.said.applied else []
    judged: list[Part] = [f"{TITLE}, as registered.", HOW_JUDGED, *raw, *shown] if shown else []
    picture = scored_picture(one)
    return [*parts, *([] if picture is None else [picture]), *judged, *finding_parts(one)]


def scored_picture(one: ScoredOutcome) -> Picture | None:
    """Means that the model gave beside people's, on the registered intervals of the true ones; None where the options
    have no order, or nothing was predicted.
    """
    made = one.result.simulation
    if made is None or made.arms[0].cell.scale.nominal:
        return None
    claims = {judged.claim.label: judged.claim for judged in one.means}
    found = [claims.get(arm.label) for arm in made.arms]
    marks = [None if claim is None else ErrorMark(claim.inner, claim.outer, _hover(claim)) for claim in found]
    figure = mark_means(arms_figure(made), marks)
    caption = _caption([claim for claim in found if claim is not None])
    if not raw_words(one.said, "raw"):
        return Picture(figure, caption)
    heights = next(trace.y for trace in figure.data if trace.mode == "markers")
    rows = [(height, claim) for height, claim in zip(heights, found, strict=True) if claim is not None]
    figure.add_scatter(
        name="Registered mean, calibrated",
        mode="markers",
        x=[claim.predicted for _, claim in rows],
        y=[height for height, _ in rows],
        marker={"color": PREDICTED, "symbol": "diamond-open", "size": 11, "line": {"width": 2}},
        hovertext=[_hover(claim) for _, claim in rows],
        hoverinfo="text",
    )
    return Picture(figure, caption + OF_OPEN_MARKS)


def _caption(claims: Sequence[FrozenClaim]) -> str:
    """What is drawn, with no word of levels at which nothing was registered."""
    there = [level for level, at in LEVELS.items() if any(at(claim) is not None for claim in claims)]
    both = ", the broad part at 80 % and the narrow one at 95 %"
    return CAPTION.format(f"{PALE}{both if len(there) > 1 else f' with a probability of {there[0]}'}" if there else "")


def _hover(claim: FrozenClaim) -> str:
    found = (f"{level}: {_ends(at, 2)}" for level, of in LEVELS.items() if (at := of(claim)) is not None)
    told = ", ".join(found) or NOT_CLAIMED
    return lines_of(f"{claim.label}: registered mean {claim.predicted:.2f}", f"true mean, {told}")


def _row(one: Judged, digits: int, levels: Sequence[str]) -> tuple[str, ...]:
    claim = one.claim
    seen = "too few answered"
    if one.observed is not None and one.ends is not None:
        seen = f"{_number(one.observed, digits)} ({_ends(one.ends, digits)})"
    places = ["–", "–"] if one.observed is None else [place_words(one.registered), place_words(one.sampled)]
    registered = [LEVELS[level](claim) for level in levels]
    claimed = [NOT_CLAIMED if at is None else _ends(at, digits) for at in registered]
    return (claim.label, _number(claim.predicted, digits), *claimed, seen, *places)


def _ends(at: Interval, digits: int) -> str:
    return f"{_number(at.low, digits)} to {_number(at.high, digits)}"


def _number(value: float, digits: int) -> str:
    return signed(value) if digits == 1 else f"{value:.{digits}f}"
