"""The histogram in little, for screens too narrow to show controls and result side by side."""

from socrates_core.report.effect_table import shares_by_option
from socrates_core.simulation.result import ArmResult, Simulation
from socrates_core.ui.html import text


def compact_html(result: Simulation) -> str:
    """Bars of predicted and actual shares under the name of their study, with W where there is one."""
    arm = result.arms[0]
    title = " ".join(result.study.title.split())
    figure = "" if arm.score is None else f"W {arm.score.wasserstein:.3f} · "
    return (
        f"<p><b>{text(title)}</b><span>{figure}{text(arm.cell.condition_label)}</span></p>{_bars(arm)}"
        f"<p class='key'><i class='ours'></i>Predicted{'<i class=theirs></i>Actual' if arm.actual else ''}</p>"
    )


def _bars(arm: ArmResult) -> str:
    """A drawing of 100 by 20 for each option; the table of options is its text alternative."""
    rows = shares_by_option(arm)
    shares = [(ours, theirs or 0.0) for _, _, ours, theirs in rows]
    tallest = max([max(pair) for pair in shares] or [1.0]) or 1.0
    bars = "".join(
        f"<rect class='{name}' x='{20 * place + left}' width='8' y='{100 - height:.1f}' height='{height:.1f}'/>"
        for place, pair in enumerate(shares)
        for name, left, height in zip(("ours", "theirs"), (1, 10), (100 * one / tallest for one in pair), strict=True)
    )
    return f"<svg viewBox='0 0 {20 * len(rows)} 100' preserveAspectRatio='none' aria-hidden='true'>{bars}</svg>"
