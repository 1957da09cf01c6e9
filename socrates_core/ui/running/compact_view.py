"""The histogram in little, for screens too narrow to show controls and result side by side."""

from markupsafe import Markup

from socrates_core.report.effect_table import shares_by_option
from socrates_core.report.markup import markup
from socrates_core.simulation.result import ArmResult, Simulation


def compact_html(result: Simulation) -> Markup:
    """Bars of predicted and actual shares under the name of their study, with W where there is one."""
    arm = result.arms[0]
    figure = "" if arm.score is None else f"W\u00a0{arm.score.wasserstein:.3f}"
    return markup(
        "<p><b>{{ title }}</b><span>{{ condition }}</span><em>{{ figure }}</em></p>{{ bars }}<p class='key'>"
        "<i class='ours'></i>Predicted{% if actual %}<i class=theirs></i>Actual{% endif %}</p>",
        title=" ".join(result.study.title.split()), figure=figure, condition=arm.cell.condition_label,
        bars=_bars(arm), actual=arm.actual,
    )  # fmt: skip


def _bars(arm: ArmResult) -> Markup:
    """A drawing of 100 by 20 for each option; the table of options is its text alternative."""
    rows = shares_by_option(arm)
    shares = [(ours, theirs or 0.0) for _, _, ours, theirs in rows]
    tallest = max([max(pair) for pair in shares] or [1.0]) or 1.0
    bars = [
        (name, 20 * place + left, 100 * share / tallest)
        for place, pair in enumerate(shares)
        for name, left, share in zip(("ours", "theirs"), (1, 10), pair, strict=True)
    ]
    return markup(
        "<svg viewBox='0 0 {{ width }} 100' preserveAspectRatio='none' aria-hidden='true'>"
        "{% for name, x, height in bars %}<rect class='{{ name }}' x='{{ x }}' width='8' "
        "y='{{ '%.1f' % (100 - height) }}' height='{{ '%.1f' % height }}'/>{% endfor %}</svg>",
        width=20 * len(rows), bars=bars,
    )  # fmt: skip
