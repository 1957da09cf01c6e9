import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from socrates_core.errors import SourceError
from socrates_core.study.sources.file.workbook import workbook_columns, workbook_frame

Cells = list[list[object]]


def workbook(file: Path, cells: Cells, other: Cells | None = None) -> Path:
    book = openpyxl.Workbook()
    sheets = [book.active]
    sheets[0].title = "Answers"
    if other is not None:
        sheets.append(book.create_sheet("Notes"))
    for sheet, rows in zip(sheets, [cells, other or []], strict=False):
        for row in rows:
            sheet.append(row)
    book.save(file)
    return file


def repacked(file: Path, part: str, change: tuple[bytes, bytes]) -> Path:
    """The workbook with one of its parts changed, as other programs would have written it."""
    with zipfile.ZipFile(file) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    assert change[0] in parts[part]
    parts[part] = parts[part].replace(*change)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return file


SHEET = "xl/worksheets/sheet1.xml"


def test_cells_are_texts_as_a_csv_would_have_them(tmp_path: Path) -> None:
    file = workbook(tmp_path / "a.xlsx", [[], ["id", "x", "day", "yes"], [1, 2.5, date(2020, 1, 2), True], [2, "a b"]])
    assert workbook_columns(file) == ["id", "x", "day", "yes"]
    rows = workbook_frame(file).rows()
    assert rows == [("1", "2.5", "2020-01-02", "true"), ("2", "a b", None, None)]


def test_the_first_sheet_is_taken_and_named_unless_another_is_stated(tmp_path: Path) -> None:
    file = workbook(tmp_path / "a.xlsx", [["x"], [1]], [["y"], [2]])
    said: list[str] = []
    assert workbook_frame(file, note=said.append).columns == ["x"]
    assert said == ["a.xlsx: the sheet 'Answers' is read; there are also 'Notes' (a map may say `sheet: NAME`)"]
    assert workbook_frame(file, "Notes").columns == ["y"]
    with pytest.raises(SourceError, match="has no sheet 'Note'; it has 'Answers', 'Notes'"):
        workbook_frame(file, "Note")


def test_a_hidden_sheet_is_read_only_where_a_map_names_it(tmp_path: Path) -> None:
    file = workbook(tmp_path / "a.xlsx", [["secret"], [1]], [["y"], [2]])
    book = openpyxl.load_workbook(file)
    book["Answers"].sheet_state = "hidden"
    book.active = 1
    book.save(file)
    said: list[str] = []
    assert workbook_frame(file, note=said.append).columns == ["y"]
    assert said == ["a.xlsx: the sheet 'Notes' is read; there are also 'Answers' (a map may say `sheet: NAME`)"]
    assert workbook_frame(file, "Answers").columns == ["secret"]


def test_formulas_and_html_stay_texts_and_a_formula_counts_as_its_saved_value(tmp_path: Path) -> None:
    file = workbook(tmp_path / "a.xlsx", [["x", "y"], ["=1+1", "<b>7</b>"], ["=2+2", "'=cmd()"]])
    repacked(file, SHEET, (b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>"))
    said: list[str] = []
    assert workbook_frame(file, note=said.append).rows() == [("2", "<b>7</b>"), (None, "'=cmd()")]
    assert said == [
        "a.xlsx: the cells A3 hold a formula without a saved value, so they are empty; open the workbook once in Excel "
        "and save it"
    ]


def test_cells_with_an_error_are_named(tmp_path: Path) -> None:
    file = workbook(tmp_path / "a.xlsx", [["x"], [1], [2]])
    repacked(file, SHEET, (b'<c r="A3" t="n"><v>2</v>', b'<c r="A3" t="e"><f>1/0</f><v>#DIV/0!</v>'))
    said: list[str] = []
    assert workbook_frame(file, note=said.append).rows() == [("1",)]
    assert said == ["a.xlsx: the cells A3 hold an error such as #DIV/0!, so they are empty"]


def test_numbers_get_a_comma_where_the_texts_of_the_table_have_one(tmp_path: Path) -> None:
    # 1.125 as a number, beside a text with a comma: with `decimal: ","` neither may become 1125
    file = workbook(tmp_path / "a.xlsx", [[], ["x", "y"], [1.125, "2,5"], [2, "1.125"]])
    assert workbook_frame(file, decimal_comma=True).rows() == [("1,125", "2,5"), ("2", "1.125")]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(SHEET, bytes(20 * 1024**2))
    with pytest.raises(SourceError, match=r"sheet1.xml unpacks to \d+ times its size, as no sheet of answers does"):
        workbook_columns(file)


def test_broken_and_empty_workbooks_are_refused_in_a_line(tmp_path: Path) -> None:
    file = workbook(tmp_path / "a.xlsx", [["x"], [1]])
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(SourceError, match="is not a workbook that can be read"):
        workbook_columns(file)
    (tmp_path / "b.xls").write_text("x\n1\n")
    with pytest.raises(SourceError, match="is not a workbook that can be read"):
        workbook_columns(tmp_path / "b.xls")
    with pytest.raises(SourceError, match="the sheet 'Answers' is empty; there are also 'Notes'"):
        workbook_columns(workbook(tmp_path / "c.xlsx", [], [["y"], [2]]))


def test_columns_of_one_name_are_refused_and_those_without_a_name_left_out(tmp_path: Path) -> None:
    said: list[str] = []
    file = workbook(tmp_path / "a.xlsx", [["x", None, "y"], [1, 5, 2], [3, None, 4]])
    assert workbook_frame(file, note=said.append).rows() == [("1", "2"), ("3", "4")]
    assert said == [
        "a.xlsx: 1 column with values under no name left out; names are read from the first row that is not "
        "empty, so delete a title above them"
    ]
    with pytest.raises(SourceError, match="more than one column named 'x'"):
        workbook_columns(workbook(tmp_path / "b.xlsx", [["x", "x"], [1, 2]]))


ODS = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:spreadsheet><table:table table:name="S"><table:table-row>
<table:table-cell office:value-type="string"><text:p>q</text:p></table:table-cell></table:table-row>
<table:table-row {rows}><table:table-cell {columns} office:value-type="float" office:value="2"/></table:table-row>
<table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/>
</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"""


def opendocument(file: Path, rows: str = "", columns: str = "") -> Path:
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", "<manifest/>")
        packed.writestr("content.xml", ODS.format(rows=rows, columns=columns).replace("\n", " ").replace("> <", "><"))
    return file


def test_a_workbook_of_libreoffice_is_read_and_one_that_repeats_without_end_refused(tmp_path: Path) -> None:
    assert workbook_frame(opendocument(tmp_path / "a.ods")).rows() == [("2",)]
    bomb = opendocument(
        tmp_path / "b.ods", 'table:number-rows-repeated="1048576"', 'table:number-columns-repeated="16384"'
    )
    with pytest.raises(SourceError, match="repeats its rows and cells 17,180,917,761 times"):
        workbook_columns(bomb)
