"""Survey files as people have them, 200 MB each, and what it takes to read them by a map.

A row is a person: an id, an arm, a weight, three attributes, forty answers, and two columns of typed text that the map
does not name. The map names four outcomes.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import pyreadstat

MEGABYTES: Final = 200
WORKBOOK_MEGABYTES: Final = 20
"""A workbook of 200 MB has more cells than a sheet can hold."""

_ITEMS: Final = 40
_BYTES_A_ROW: Final = {"csv": 325, "sav": 640, "xlsx": 148}
"""Measured, of files as these are written here."""
_LABELS: Final = {1.0: "Not at all", 2.0: "A little", 3.0: "Somewhat", 4.0: "Rather", 5.0: "Very much"}

_OUTCOME: Final = '  q{}: {{question: "How much do you agree with statement {}?", scale: {{from: 1, to: 5}}}}'
MAP: Final = "\n".join(
    [
        "participant: ResponseId",
        "condition: arm",
        "weight: weight",
        "attributes: [age, gender, education]",
        "outcomes:",
        *(_OUTCOME.format(item, item) for item in range(1, 5)),
    ]
)
"""As a person would write it."""


def write_survey(folder: Path, kind: str, megabytes: float, rng: np.random.Generator) -> Path:
    """Write one survey file of about this size.

    Args:
        folder: Where.
        kind: `csv`, `sav` or `xlsx`.
        megabytes: Its size, in 10⁶ bytes.
        rng: Makes the answers.
    """
    people = max(10, round(megabytes * 1e6 / _BYTES_A_ROW[kind]))
    frame = _answers(people, rng)
    path = folder / f"answers.{kind}"
    write: dict[str, Callable[[pl.DataFrame, Path], object]] = {
        "csv": lambda rows, file: rows.write_csv(file),
        "sav": _write_sav,
        "xlsx": _write_xlsx,
    }
    write[kind](frame, path)
    return path


def _answers(people: int, rng: np.random.Generator) -> pl.DataFrame:
    words = np.array(["".join(rng.choice(list("aeilnorstu"), size)) for size in rng.integers(2, 9, 2_000)])
    typed = pl.Series([" ".join(words[rng.integers(0, len(words), 16)]) for _ in range(5_000)])
    columns = {
        "ResponseId": pl.Series([f"R_{number:012}" for number in range(people)]),
        "arm": pl.Series(["control", "treatment"]).gather(rng.integers(0, 2, people)),
        "weight": pl.Series(rng.gamma(8, 1 / 8, people).round(3)),
        "age": pl.Series(rng.integers(18, 90, people)),
        "gender": pl.Series(["Female", "Male", "Other"]).gather(rng.integers(0, 3, people)),
        "education": pl.Series(["High school", "College", "Degree"]).gather(rng.integers(0, 3, people)),
        "why": typed.gather(rng.integers(0, len(typed), people)),
        "comments": typed.gather(rng.integers(0, len(typed), people)),
        **{f"q{item}": pl.Series(rng.integers(1, 6, people)) for item in range(1, _ITEMS + 1)},
    }
    return pl.DataFrame(columns)


def _write_sav(rows: pl.DataFrame, path: Path) -> None:
    items = [f"q{item}" for item in range(1, _ITEMS + 1)]
    pyreadstat.write_sav(rows, str(path), variable_value_labels=dict.fromkeys(items, _LABELS))


def _write_xlsx(rows: pl.DataFrame, path: Path) -> None:
    """A workbook of one sheet, written as text, which takes a tenth of the time that a library for it takes."""
    space = "http://schemas.openxmlformats.org"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{space}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{space}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{space}/spreadsheetml/2006/main" '
        f'xmlns:r="{space}/officeDocument/2006/relationships"><sheets><sheet name="Answers" sheetId="1" r:id="r1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship '
        f'Id="r1" Type="{space}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
        with packed.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f'<worksheet xmlns="{space}/spreadsheetml/2006/main"><sheetData>'.encode())
            header = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in rows.columns)
            sheet.write(f"<row>{header}</row>".encode())
            cells = [
                pl.format('<c t="inlineStr"><is><t>{}</t></is></c>' if kind == pl.String else "<c><v>{}</v></c>", name)
                for name, kind in rows.schema.items()
            ]
            for part in rows.iter_slices(20_000):
                lines = part.select(pl.concat_str(pl.lit("<row>"), *cells, pl.lit("</row>"))).to_series()
                sheet.write("".join(lines).encode())
            sheet.write(b"</sheetData></worksheet>")
