import polars as pl
import pytest

from socrates_core.study.sources.personal import masked, personal_id, personal_name, personal_values


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("an e-mail address", "email E-Mail RecipientEmail mail demo_email q12_email emailAdresse"),
        ("a phone number", "phone Phone_Number Telefon Handynummer mobile"),
        ("an IP address", "IPAddress ip ip_adresse"),
        ("a name", "name FirstName recipient_last_name Vorname nachname user_name full.name"),
        ("an address", "address street Strasse Straße PLZ zip_code home_address postcode"),
        ("a place on the map", "LocationLatitude LocationLongitude lat demo_longitude"),
        ("a date of birth", "dob DateOfBirth birthday Geburtsdatum"),
        ("an id of a panel or a person", "PROLIFIC_PID workerId SESSION_ID ExternalReference"),
        ("what people typed", "comments Kommentar feedback Q7_comment Freitext"),
    ],
)
def test_personal_columns_are_known_by_their_names_in_english_and_german(what: str, names: str) -> None:
    assert {name: personal_name(name) for name in names.split()} == dict.fromkeys(names.split(), what)


ATTRIBUTES = """age gender party_name region state country income education birth_year shipping trip vote_by_mail
    platform relationship alter geschlecht bildung bundesland brand_name_known uses_mobile mailing_list"""


@pytest.mark.parametrize("name", ATTRIBUTES.split())
def test_attributes_are_not_taken_for_personal_ones(name: str) -> None:
    assert personal_name(name) is None


@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("an e-mail address", ["none", "write to ann@example.org please", "none"]),
        ("a phone number", ["+49 170 1234567", "030 / 123456", "(212) 555-0147"]),
        ("an IP address", ["192.168.0.1", "10.0.0.255"]),
        ("an IP address", ["2001:0db8:85a3:0000:0000:8a2e:0370:7334"]),
        ("an address", ["12 High Street", "Lange Straße 5", "Am Alten Platz 7a"]),
        ("a place on the map", ["52.5200, 13.4050", "48.1372,11.5756"]),
        ("a date of birth", ["1980-02-03", "1999-12-01"]),
        ("a date of birth", ["3.2.1980", "01.12.1999"]),
        ("an id of a panel or a person", ["5f3c1e2a9b8d7c6e5f4a3b2c", "60a1b2c3d4e5f60718293a4b"]),
        ("what people typed", [f"I think that number {i} is quite right" for i in range(6)]),
    ],
)
def test_personal_columns_are_known_by_their_values(what: str, values: list[str]) -> None:
    assert personal_values(pl.Series(values)) == what


@pytest.mark.parametrize(
    "values",
    [
        ["Male", "Female"],
        ["50000", "120000", "1500000"],
        ["2026-11-01", "2026-11-02"],  # when people answered
        ["01.02.2026", "02.02.2026"],
        ["1.5", "2.25"],
        ["18-24", "25-34", "65+"],
        ["$40000 to 49999", "$90000 to $109999"],
        ["Not a very strong Democrat at all", "Independent and close to neither party"] * 20,  # an answer of many
    ],
)
def test_answers_and_attributes_are_not_taken_for_personal_values(values: list[str]) -> None:
    assert personal_values(pl.Series(values)) is None


def test_the_id_of_a_panel_tells_participants_apart_and_an_address_does_not() -> None:
    assert personal_id("prolific_pid", pl.Series(["5f3c1e2a9b8d7c6e5f4a3b2c"])) is None
    assert personal_id("participant_id", pl.Series(["ann@example.org"])) == "an e-mail address"
    assert personal_id("name", pl.Series(["Ann", "Bob"])) == "a name"


def test_a_message_shows_what_a_personal_value_is_and_not_itself() -> None:
    assert [masked(text) for text in ("ann@example.org", "10.0.0.1", "7", "my " * 12)] == [
        "(an e-mail address)", "(an IP address)", "7", "(12 words that somebody typed)",
    ]  # fmt: skip
