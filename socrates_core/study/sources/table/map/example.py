"""An example table, a row a person, and its map: made up, to be tried and to be copied from.

The table is as a spreadsheet in many countries saves it: semicolons, decimal commas, a code for no answer, and columns
that are nobody's business, which the map does not name.
"""

from pathlib import Path
from typing import Final

from socrates_core.errors import SourceError
from socrates_core.study.files import write_files

TABLE: Final = "answers.csv"
MAP: Final = "map.yaml"
PEOPLE: Final = 60

_HEADER: Final = "ResponseId;arm;age;sex;wt;fair;buy;Email"
_MAP_TEXT: Final = """\
# What the columns of answers.csv are; README.md explains every key. The people and their answers are made up.
study: snack-advertising
participant: ResponseId
condition:
  column: arm
  labels: {a: To everybody, b: To women}
  texts:
    a: A company has made a new snack. It will advertise the snack to everybody.
    b: A company has made a new snack. It will advertise the snack to women only.
  control: a
weight: wt
attributes:
  age: {}
  sex: {name: gender, labels: {1: Male, 2: Female}}
missing: [-99]
decimal: ","
outcomes:
  fair:
    question: How fair is this plan?
    scale: {from: 1, to: 5, labels: {1: Not at all fair, 5: Very fair}}
  buy:
    question: Would you buy the snack?
    scale: {from: 1, to: 2, labels: {1: "Yes", 2: "No"}, off_axis: {8: Don't know}}
"""


def example_table() -> str:
    """The example's table: in each arm half of the people, those in b finding the plan less fair by one point."""
    rows = [_HEADER]
    for person in range(PEOPLE):
        arm = person % 2
        fair = -99 if person % 20 == 19 else max(1, 2 + person // 2 % 4 - arm)
        buy = 8 if person % 15 == 7 else 1 + (person // 3 + arm) % 2
        weight = f"{0.8 + person % 5 * 0.1:.1f}".replace(".", ",")
        age, sex = 18 + person * 7 % 60, 1 + person // 2 % 2
        rows.append(f"R_{person + 1:02};{'ab'[arm]};{age};{sex};{weight};{fair};{buy};person{person + 1}@example.org")
    return "\n".join(rows) + "\n"


def write_example(folder: Path) -> None:
    """Write the table and its map to a folder, which is made where it does not exist.

    Raises:
        SourceError: If one of the two is there already.
        OSError: If they cannot be written.
    """
    there = [name for name in (TABLE, MAP) if (folder / name).exists()]
    if there:
        raise SourceError(f"{folder / there[0]} exists already; name another folder, so that nothing is lost")
    write_files(folder, {TABLE: example_table(), MAP: _MAP_TEXT})
