"""Which options are taken off the axis by themselves, and which stay and are named."""

import time

import pytest

from socrates_core.scale.answer_scale import AnswerScale
from socrates_core.scale.instruction import instruction_start, parse_scale
from socrates_core.scale.off_axis import codes_for_no_answer, doubtful, is_no_answer, remarks, with_off_axis

NO_ANSWER = """
    DK | D/K | don't know | Don’t know | DONT KNOW | Do not know | I don't know | I do not know. | (Don't know)
    (VOL) Don't know | Don't know (volunteered) | Don't know / not sure | Don't know/refused | Don't know or no opinion
    I really don't know | you don't know
    I don't know enough to say | Can't say | Cannot say | Can't choose | Unable to answer | No idea
    Refused | Refusal | REF | Refused to answer | Refuse to say | Declined | Decline to answer | Decline to state
    Prefer not to say | I prefer not to answer | I'd rather not say | Rather not say | Would rather not answer
    Choose not to respond | Do not wish to answer | I don't want to say | No answer | No response | NO ANSWER GIVEN
    N/A | n.a. | NA | Not applicable | Inapplicable | IAP | Does not apply | Doesn't apply to me
    This does not apply to me
    Weiß nicht | Keine Angabe | Ne sait pas | No sabe | NS/NC | Don´t know
    Ich weiß es nicht | WEISS NICHT / KEINE ANGABE | k. A. | Möchte ich nicht sagen | Je ne sais pas | (NSP)
    Préfère ne pas répondre | PREFERE NE PAS REPONDRE | Ne se prononce pas | No sé | No se | NS/NR
    No sabe / No responde | Prefiero no contestar | Não sei | Nao sabe/Nao responde | Prefiro não responder
    Non so | Non lo so | Non sa / Non risponde | Preferisco non rispondere | Weet ik niet | Wil niet zeggen | n.v.t.
    Vet inte | Vet ikke | Ved ikke | Ønsker ikke å svare | En osaa sanoa | Nie wiem | Trudno powiedzieć | Nevím
    Nem tudom | Не знаю | Затрудняюсь ответить | Δεν ξέρω | Δεν γνωρίζω/Δεν απαντώ | Bilmiyorum | 不知道 | 拒绝回答
    わからない | 無回答 | 모름/무응답 | لا أعرف | לא יודע/ת | पता नहीं | Tidak tahu | Không biết | ไม่ทราบ
    I have no idea | I'm not sure / don't know | DK-NA | IDK | Question skipped
"""
ANSWERS = """
    Not sure | Unsure | Uncertain | No opinion | Undecided | Other | None | Neither agree nor disagree | No | Never
    Refuse to comply | Refuse the vaccine | I would refuse | Prefer not to fly | Rather not | Know a lot
    Don't know him well at all
    Do not support | Don't agree | I do not apply for jobs | Not at all | Can't stand it | No answer is right
    Yes, or refused entry
    Haven't heard of it | Unknown to most people | Declined in number
    Nicht | Weniger | No | Non | Nein | Нет | 不 | 不同意 | Nie | Ikke enig | Keine Meinung | Geen mening | Sans opinion
    Hard to say | Don't remember | No comment | Sé bien | No sabe leer
"""


@pytest.mark.parametrize("label", [one.strip() for line in NO_ANSWER.strip().splitlines() for one in line.split("|")])
def test_no_answer_is_known_in_its_usual_spellings(label: str) -> None:
    assert is_no_answer(label)


@pytest.mark.parametrize("label", [one.strip() for line in ANSWERS.strip().splitlines() for one in line.split("|")])
def test_an_answer_is_not_taken_for_none(label: str) -> None:
    assert not is_no_answer(label)


@pytest.mark.parametrize(
    ("labels", "axis", "off"),
    [
        ({1: "Agree", 2: "Disagree", 98: "Don't know"}, (1, 2), (98,)),
        ({1: "Yes", 2: "No", 3: "Don't know", 4: "Refused"}, (1, 2), (3, 4)),
        ({-8: "Don't know", -1: "Inapplicable", 1: "Low", 2: "High"}, (1, 2), (-8, -1)),
        ({0: "Refused", 1: "Yes", 2: "No"}, (1, 2), (0,)),
        ({1: "Yes", 2: "Not sure", 3: "No"}, (1, 2, 3), ()),
        ({1: "Yes", 2: "Don't know", 3: "No"}, (1, 2, 3), ()),  # within the run: it may be meant as the middle
        ({1: "Car", 2: "Bus", 3: "Other", 9: "N/A"}, (1, 2, 3), (9,)),
        ({1: "trifft zu", 2: "trifft eher zu", 3: "trifft kaum zu", 4: "trifft nicht zu"}, (1, 2, 3, 4), ()),
        ({1: "Fully applies", 2: "Hardly applies", 3: "Does not apply"}, (1, 2, 3), ()),
        ({1: "Ja", 2: "Nein", 3: "Trifft nicht zu"}, (1, 2), (3,)),
        ({1: "Found", 2: "Stolen", 3: "Missing"}, (1, 2, 3), ()),
        ({1: "Busy", 2: "Talked", 3: "No answer"}, (1, 2, 3), ()),
        ({1: "Rose", 2: "Stayed", 3: "Declined"}, (1, 2, 3), ()),
        ({1: "Low", 2: "High", 9: "Missing"}, (1, 2), (9,)),
        ({1: "De acuerdo", 2: "En desacuerdo", 3: "No sé"}, (1, 2), (3,)),
        ({1: "Accord", 2: "Sans avis", 3: "Refus"}, (1, 2, 3), ()),
        ({1: "Low", 2: "High", 3: "No answer", 4: "Don't know"}, (1, 2), (3, 4)),
        ({1: "I blame them", 2: "I pity them", 3: "I don't judge people"}, (1, 2, 3), ()),
        ({1: "A lot", 2: "A little", 3: "Do not know about it"}, (1, 2, 3), ()),
        ({1: "Yes", 2: "Refused"}, (1, 2), ()),  # one option is no scale
    ],
)
def test_only_what_lies_outside_the_run_of_the_others_goes(
    labels: dict[int, str], axis: tuple[int, ...], off: tuple[int, ...]
) -> None:
    scale = with_off_axis(AnswerScale(tuple(labels), labels))
    assert (scale.values, tuple(scale.off_axis)) == (axis, off)
    assert scale.texts == labels
    assert with_off_axis(scale) == scale


@pytest.mark.parametrize(
    ("instruction", "axis", "off"),
    [
        ("Only return 1 for Agree, 2 for Disagree, or 98 for Don't know.", (1, 2), {98: "Don't know"}),
        (
            "Only return an integer from 1 to 3, or 8 for 'Prefer not to answer'.",
            (1, 2, 3),
            {8: "Prefer not to answer"},
        ),
        ("Only return an integer from 1 to 3, or 0 if you don’t know.", (1, 2, 3), {0: "you don’t know"}),
        (
            "Only return an integer from 1 to 3 (8 = Don't know, 9 = Refused).",
            (1, 2, 3),
            {8: "Don't know", 9: "Refused"},
        ),
        ("Only return 1 for Yes, 2 for Not sure, or 3 for No.", (1, 2, 3), {}),
    ],
)
def test_the_reader_of_instructions_takes_them_off(
    instruction: str, axis: tuple[int, ...], off: dict[int, str]
) -> None:
    scale = parse_scale(instruction)
    assert (scale.values, scale.off_axis) == (axis, off)


def test_a_code_within_a_slider_stays_on_it() -> None:
    scale = with_off_axis(AnswerScale(tuple(range(101)), {98: "Don't know"}))
    assert scale.off_axis == {}
    assert doubtful(scale) == {98: "Don't know"}


def test_what_may_be_meant_as_no_answer_and_stays_is_named() -> None:
    assert doubtful(AnswerScale((1, 2, 3), {1: "Yes", 2: "Not sure", 3: "No"})) == {2: "Not sure"}
    assert doubtful(AnswerScale((1, 2, 3), {1: "Car", 2: "Bus", 3: "Other"})) == {3: "Other"}
    for text in ("Hard to say", "Don't remember", "Keine Meinung", "Sin opinión", "Not stated"):
        assert doubtful(AnswerScale((1, 2, 3), {1: "Car", 2: "Bus", 3: text})) == {3: text}
    assert doubtful(AnswerScale((1, 2), {1: "Agree", 2: "Disagree"})) == {}


@pytest.mark.parametrize(
    ("sentence", "codes"),
    [
        ("If you don't know, return 6.", {6: "don't know"}),
        ("If you do not know, please return 9.", {9: "do not know"}),
        ("In case you can't say, return 8.", {8: "can't say"}),
        ("Use 99 for don't know.", {99: "don't know"}),
        ("Code 8 if unsure.", {8: "unsure"}),
        ("Return 0 if you have no opinion.", {0: "no opinion"}),
        ("If you refuse to answer, enter -1.", {-1: "refuse to answer"}),
        ("If not applicable, return 9 and if you refuse, return 8.", {8: "refuse", 9: "not applicable"}),
        ("Those who don't know should return 6.", {6: "don't know"}),
        ("(DK = 8)", {8: "DK"}),
        ("Don't know: 6.", {6: "Don't know"}),
        ("Not sure? Return 6.", {6: "Not sure"}),
        ("Return -1 when you don't want to answer.", {-1: "don't want to answer"}),
        ("Return 6 to skip.", {6: "skip"}),
        ("If the question does not apply to you, use the code 99.", {99: "the question does not apply to you"}),
        ("If you don't know, leave it blank.", {}),
        ("If you don't know him, give 5 dollars.", {}),
        ("If you agree strongly, return 5.", {}),
    ],
)
def test_sentences_that_give_a_code_to_no_answer_are_known(sentence: str, codes: dict[int, str]) -> None:
    assert codes_for_no_answer(f"How warm? {sentence}")[0] == codes
    for text in (f"How warm? Return 1 to 5. {sentence}", f"{sentence} How warm? Only return a number from 1 to 5."):
        assert dict(parse_scale(text).off_axis) == codes
        assert parse_scale(text).values == (1, 2, 3, 4, 5)


def test_a_code_for_no_answer_at_an_end_of_the_range_is_off_the_axis() -> None:
    scale = parse_scale("How warm? Only return an integer from 1 to 6. If you don't know, return 6.")
    assert (scale.values, dict(scale.off_axis)) == ((1, 2, 3, 4, 5), {6: "don't know"})
    hot = parse_scale("How warm? Only return an integer from 1 (cold) to 6 (hot). If you don't know, return 6.")
    assert (hot.values, dict(hot.off_axis)) == ((1, 2, 3, 4, 5, 6), {})  # 6 is hot


def test_a_code_in_brackets_and_a_label_that_assigns_its_own_code_are_read() -> None:
    scale = parse_scale("How warm? Only return an integer from 1 to 4 (9 if unknown).")
    assert (scale.values, dict(scale.off_axis)) == ((1, 2, 3, 4), {9: "unknown"})
    described = with_off_axis(AnswerScale((1, 2, 3), {1: "Yes", 2: "No", 3: "Use 3 for don't know"}))
    assert (described.values, dict(described.off_axis)) == ((1, 2), {3: "Use 3 for don't know"})


def test_a_code_for_no_answer_within_the_run_stays_and_is_named() -> None:
    scale = parse_scale("How warm? Only return an integer from 1 (cold) to 5 (hot). If you are not sure, return 3.")
    assert scale.values == (1, 2, 3, 4, 5)
    assert remarks(scale) == ["on the axis, though it may be meant as no answer: 3 'not sure'; a map can take it off"]


def test_a_sentence_on_no_answer_is_not_where_the_instruction_begins() -> None:
    text = "How warm? Only return an integer from 1 to 5. If you do not know, please return 9."
    assert text[instruction_start(text) :].strip().startswith("Only return")


@pytest.mark.parametrize("part", ["if ", "use 9 for ", " ", "( ", "people who ", "if you know, please then ", "\n"])
def test_long_texts_are_searched_in_no_time(part: str) -> None:
    started = time.perf_counter()
    codes_for_no_answer(part * (4000 // len(part)) + "dk")
    assert time.perf_counter() - started < 1
