import pytest

from socrates_core.errors import SourceError
from socrates_core.study.study_file.yaml_text import LARGEST, read_yaml


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("No", "No"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("010", 10),
        ("-3", -3),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2026-01-05", "2026-01-05"),
        ("2.50", 2.5),
        ("'2.50'", "2.50"),
        ("<<", "<<"),
        ('"\\ud83d\\ude00"', "\N{GRINNING FACE}"),  # as JSON escapes it
    ],
)
def test_a_value_is_what_yaml_1_2_reads(written: str, value: object) -> None:
    found = read_yaml(f"key: {written}", "study.yaml")["key"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", r"study.yaml, line 3: 'a' occurs twice"),
        ("a: &x [1]\nb: *x", r"study.yaml, line 2: an alias .* is not supported"),
        ("a: [1", "study.yaml, line 1: "),
        ("a: {b: How?, c: 1}", "line 1: .*; put texts with :, [?] or # in quotes"),
        ("a: b: c", "study.yaml, line 1: mapping values are not allowed here"),
        ("? [a]\n: 1", "study.yaml, line 1: a key must be a word"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
        ("a: " + "9" * 5000, "study.yaml: Exceeds the limit"),
        ("a: " + "[" * 5000, "study.yaml: it is nested too deeply"),
        ("a: 1\n---\nb: 2", "study.yaml, line 2: but found another document"),
        ("a: \0", "study.yaml is not YAML"),
        ('a: 1\nb: "\\ud83d"', "study.yaml, line 2: a text holds half of a character"),
        ('"\\ude00\\ud83d": 1', "study.yaml, line 1: a text holds half of a character"),
        ("x" * (LARGEST + 1), "study.yaml has 1,000,001 characters"),
    ],
)
def test_what_a_study_file_has_no_use_for_is_refused_by_line(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_yaml(text, "study.yaml")
