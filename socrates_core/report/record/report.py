"""The report of a scored record: what was registered, beside what people answered."""

from socrates_core.report.document import Section, to_html, to_markdown
from socrates_core.report.prediction.compared import comparison_files, comparison_lines
from socrates_core.report.record.opening import OpenedRecord
from socrates_core.report.record.scoring import ScoredRecord
from socrates_core.report.trust.tables import (
    TITLE,
    arms_trust_table,
    effects_trust_table,
    shares_trust_table,
    trust_sentences,
)


def scored_files(record: OpenedRecord, scored: ScoredRecord) -> dict[str, str]:
    """Name → content: report.html and report.md, and for each outcome `compared-…` with every figure."""
    sections = _sections(record, scored)
    title = f"{scored.form.title}: registered and answered"
    return {
        **comparison_files(scored.found),
        "report.md": to_markdown(title, sections),
        "report.html": to_html(title, sections),
    }


def _sections(record: OpenedRecord, scored: ScoredRecord) -> list[Section]:
    about = record.about
    sections = [
        Section(
            "",
            [
                f"Registered {about['made']} by {about['model']}; sha256 of the record {record.digest}. All its files "
                "are as they were made. Predictions were not made anew: everybody who answered is given the "
                "distribution that was registered for the condition.",
            ],
        )
    ]
    for one, said in zip(scored.found, scored.said, strict=True):
        parts = [*(comparison_lines(one) or [f"Not compared: {one.refused or 'nobody answered it'}"])]
        section = Section(one.name, [*parts])
        if said is not None and said.applied:
            others = [made for made in (shares_trust_table(said), effects_trust_table(said)) if made is not None]
            section = Section(one.name, [*parts, f"{TITLE}, as registered.", arms_trust_table(said), *others])
        elif said is not None:
            section = Section(one.name, [*parts, *trust_sentences(said)])
        sections.append(section)
    return sections
