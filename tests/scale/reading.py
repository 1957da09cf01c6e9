"""What the tables of worked instructions share."""

from socrates_core.scale.instruction import parse_scale

Labels = dict[int, str]
Example = tuple[str, list[int], Labels]
"""An instruction, its options, and their labels."""

YES_NO = {1: "Yes", 2: "No"}
ENDS = {1: "Never", 7: "Always"}


def span(first: int, last: int, step: int = 1) -> list[int]:
    return list(range(first, last + 1, step))


def assert_reads(instruction: str, values: list[int], labels: Labels) -> None:
    """The instruction is read as this scale by itself and behind a vignette full of numbers."""
    vignette = 'You read “A 7-1 win in 2019.” and were asked: "How likely is it, 1 to 3?" '
    for stimulus in (instruction, vignette + instruction):
        scale = parse_scale(stimulus)
        assert scale.values is not None
        assert list(scale.options or ()) == values
        assert scale.texts == labels
