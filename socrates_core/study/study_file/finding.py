"""What is wrong or doubtful in a study file, and where."""

from dataclasses import dataclass

from socrates_core.study.incoming.problems import Place, place_text


@dataclass(frozen=True)
class Finding:
    """A sentence about one place of a study file."""

    place: Place
    message: str
    """What is wrong, what was expected, what to do."""
    blocks: bool = True
    """Whether the study cannot be simulated as it stands; otherwise its author should look at the place."""

    def __str__(self) -> str:
        """`conditions[1].label: is empty, expected a text`."""
        where = place_text(self.place)
        return f"{where}: {self.message}" if where else self.message
