"""Which bytes that are not UTF-8 are read as Windows-1252, and which would become other words."""

import time
from pathlib import Path

import pytest

from socrates_core.errors import PredictionError, SourceError
from socrates_core.evaluation.elsewhere.rows import read_rows
from socrates_core.study.sources.file.delimited import TextForm, read_delimited
from socrates_core.study.sources.file.western import first_accented, western

WESTERN_TEXTS = (
    "Köln, Übermäßig größer", "Zürich; Genève; São Paulo; corações", "¿Qué tal? ¡Hola! niño NIÑO", "É verdade",
    "«Oui» dit-il, à l’été; cœur naïve L'Haÿ", "25°C, 6 m² 3 m³ 1º 2ª nº 5", "„Ja“, ‚so‘ “Yes” £5 €7 5€ ±5 ½ cup",
    "på ö å i Blåbær Ærø", "Hyvää yötä, pää", "col·lecció", "perché così può più È", "Coca-Cola® Foo™ © § µg 3×4",
    "müde—wach – ja…nein • Punkt", "één coördinatie",
)  # fmt: skip

OTHERS = {
    "cp1251": ("Тепло", "Да;Нет", "М,Ж"), "koi8-r": ("да",), "cp866": ("Тепло", "Нет"),
    "shift_jis": ("暖かい", "はい", "いいえ", "男,女", "満足"), "gbk": ("满意", "男,女", "是"),
    "big5": ("滿意", "非常同意", "男,女"), "euc_jp": ("はい",), "euc_kr": ("아니오", "만족"),
    "cp1253": ("Ναι", "Ζέστη"), "cp1255": ("כן", "חם"), "cp1256": ("نعم",), "cp874": ("ใช่",),
    "cp1254": ("sıcak", "şehir", "değil", "İyi"), "cp1250": ("był", "są", "żółty", "příliš", "nő", "ženski"),
    "cp1257": ("šiltas",), "mac_roman": ("Köln", "été", "Málaga"), "cp850": ("Café", "Mädchen", "Köln"),
}  # fmt: skip


@pytest.mark.parametrize("text", WESTERN_TEXTS)
def test_texts_of_western_europe_are_read(text: str) -> None:
    assert western(text.encode("cp1252")) == text


@pytest.mark.parametrize(("coding", "text"), [(coding, text) for coding, texts in OTHERS.items() for text in texts])
def test_texts_of_other_code_pages_are_refused_with_what_shows_it(coding: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"is not UTF-8.*save it as UTF-8, or name its encoding: --encoding NAME"):
        western(f"answer,{text}".encode(coding))


def test_a_table_and_a_file_of_predictions_follow_one_rule(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("study_id,condition\nу,Тепло\n".encode("cp1251"))
    with pytest.raises(SourceError, match="as Windows-1252 it would have 'Òåïëî'"):
        read_delimited(file)
    with pytest.raises(PredictionError, match="as Windows-1252 it would have 'Òåïëî'"):
        read_rows(file, file.read_bytes())
    assert read_delimited(file, TextForm("windows-1251")).rows["condition"].to_list() == ["Тепло"]
    assert read_rows(file, file.read_bytes(), "windows-1251").rows[0]["condition"] == "Тепло"


@pytest.mark.parametrize("named", ["klingon", "hex", "idna", "utf-8", "undefined"])
def test_an_encoding_that_is_none_or_another_is_refused(tmp_path: Path, named: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("a\nТепло.\n\n".encode("cp1251"))
    with pytest.raises(SourceError, match=f"is not text in {named}"):
        read_delimited(file, TextForm(named))
    with pytest.raises(PredictionError, match=f"is not text in {named}"):
        read_rows(file, file.read_bytes(), named)


def test_the_example_is_a_word_as_it_is_read() -> None:
    assert first_accented("room,1,Köln am Rhein") == "Köln"


def test_a_long_row_of_letters_costs_no_more_than_its_length() -> None:
    started = time.perf_counter()
    western(b"a" * 200_000 + " é".encode("cp1252"))
    assert time.perf_counter() - started < 10
