"""Addresses of the Hub where a name is asked for."""

import pytest

from socrates_core.study.sources.hub_address import hub_name

PAGE = "https://huggingface.co/me/it"


@pytest.mark.parametrize(
    ("pasted", "name"),
    [
        (PAGE, "me/it"),
        (f" {PAGE}/ ", "me/it"),
        ("huggingface.co/me/it?library=peft#usage", "me/it"),
        ("http://www.huggingface.co/me/it/discussions/3", "me/it"),
        (f"{PAGE}/tree/main", "me/it@main"),
        (f"{PAGE}/tree/refs%2Fpr%2F1", "me/it@refs/pr/1"),
        (f"{PAGE}/blob/{'a' * 40}/adapter_config.json", f"me/it@{'a' * 40}"),
        (f"{PAGE}@v2", "me/it@v2"),
    ],
)
def test_the_address_of_a_page_is_the_name_of_what_it_shows(pasted: str, name: str) -> None:
    assert hub_name(pasted) == name


@pytest.mark.parametrize(
    "other",
    [
        *(
            "me/it@main",
            "demo",
            "",
            "/models/mine",
            "endpoint:it@http://localhost:8000/v1",
            "https://example.org/me/it",
        ),
        *("https://huggingface.co/me", "https://huggingface.co/spaces/me/it", "https://huggingface.co.evil.org/me/it"),
        *("https://huggingface.co/datasets/me/it", f"{PAGE}/anything/else", f"{PAGE} x"),
    ],
)
def test_anything_else_stays_as_it_is(other: str) -> None:
    assert hub_name(other) == other


def test_a_data_set_has_pages_of_its_own() -> None:
    page = "https://huggingface.co/datasets/me/polls"
    assert hub_name(f"{page}/tree/main", "dataset") == "me/polls@main"
    assert hub_name(f"{page}:2024/train", "dataset") == "me/polls:2024/train"
    assert hub_name(PAGE, "dataset") == PAGE
