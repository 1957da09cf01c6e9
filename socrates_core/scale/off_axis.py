"""Which options have no place among the others: "don't know", "refused", "prefer not to say", "not applicable".

A mean over "1 Agree, 2 Disagree, 98 Don't know" is the mean of nothing. But an option that is taken off by mistake is
an answer lost, so by itself only what certainly is no answer to the question goes, and only if its code lies outside
the run of the other codes: in "1 Yes, 2 Not sure, 3 No" the middle is a position. What looks like such an option and
stays on the axis is named, and a source can say otherwise.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import Final

from socrates_core.scale.answer_scale import AnswerScale

_NOT: Final = r"(?:do not|don't|dont|does not|doesn't|did not|didn't|can not|cannot|can't|cant)"
_SAY: Final = (
    r"(?:say|answer|respond|reply|disclose|state|share|tell|specify|comment|reveal|report|provide(?: an answer)?"
    r"|choose|decide|judge|rate|self-?identify)"
)
_OBJECT: Final = r"(?: (?:this|that|the|my|question|it|an|answer))*"
_TO_SAY: Final = rf"(?: to {_SAY}{_OBJECT})?"
_WHO: Final = r"(?:i|you|we|he|she|they|respondent|r|i'd|i would|you'd|you would|would)? ?"

_DONT_KNOW: Final = (
    r"dk|d\.k|d/k|dk/na|dk/ref|dk/rf|don't know|unknown"
    rf"|{_WHO}(?:really |just |honestly |simply )?{_NOT} (?:really )?know(?: the answer)?"
    rf"(?: enough(?: about (?:it|this|that))?)?{_TO_SAY}"
    rf"|{_WHO}{_NOT} (?:really )?(?:say|choose|judge|rate|answer){_OBJECT}(?: (?:now|yet|at present|for sure))?"
    r"|(?:unable|not able) to (?:say|answer|judge|rate|choose)|(?:i have )?no idea|dk-na|dnk|idk"
)
_REFUSED: Final = (
    rf"ref|rf|refus(?:ed|al|e|es){_TO_SAY}|(?:i )?declin(?:ed|e|es){_TO_SAY}"
    rf"|{_WHO}(?:rather|prefer(?:red|s)?|choose|chose|wish|want|decide) not (?:to )?{_SAY}{_OBJECT}"
    rf"|{_WHO}{_NOT} (?:wish|want|care|like) to {_SAY}{_OBJECT}"
    r"|no (?:answer|response|reply)(?: given)?|not answered|unanswered"
    r"|skip(?:ped)?(?: (?:this )?question| on web)?|question skipped|missing"
)
_NOT_APPLICABLE: Final = (
    r"n/a|n\. ?a|na|not applicable|non-?applicable|inapplicable|inap|iap"
    rf"|(?:this |it |(?:this|the) question )?(?:{_NOT}) apply(?: to (?:me|you|them)| to my .{{1,30}}| here)?"
    r"|not asked|not ascertained"
)
_NO_ANSWER: Final = re.compile(rf"(?:{_DONT_KNOW}|{_REFUSED}|{_NOT_APPLICABLE})", re.IGNORECASE)
_IN_OTHER_LANGUAGES: Final = """
    weiß nicht, weiß ich nicht, ich weiß nicht, ich weiß es nicht, kann ich nicht sagen, kann ich nicht beurteilen, k.a,
    k. a, keine angabe, keine angaben, keine antwort, verweigert, antwort verweigert, möchte ich nicht sagen,
    möchte ich nicht beantworten, möchte nicht antworten, ich möchte nicht antworten, trifft nicht zu, nicht zutreffend,
    je ne sais pas, ne sait pas, ne sais pas, nsp, nspp, ne se prononce pas, refus, refus de répondre,
    refuse de répondre, préfère ne pas répondre, je préfère ne pas répondre, je préfère ne pas le dire,
    ne souhaite pas répondre, je ne souhaite pas répondre, sans réponse, pas de réponse, sans objet, ne s'applique pas,
    no sé, no lo sé, no sabe, ns, nc, ns/nc, ns/nr, no responde, no contesta, prefiero no contestar, no aplica,
    prefiero no responder, prefiere no contestar, prefiere no responder, prefiero no decirlo, no quiere contestar,
    no quiero contestar, sin respuesta, no procede, não sei, não sabe, não responde, não respondeu, não se aplica,
    prefiro não responder, prefere não responder, prefiro não dizer, sem resposta, non so, non lo so, non saprei,
    non sa, non risponde, preferisco non rispondere, preferisce non rispondere, rifiuta di rispondere, non si applica,
    weet niet, weet ik niet, weet het niet, ik weet het niet, wil niet zeggen, wil ik niet zeggen, zeg ik liever niet,
    wil niet antwoorden, geen antwoord, niet van toepassing, n.v.t, nvt, vet ej, vet inte, vill inte svara, inget svar,
    ej svar, ej tillämpligt, ved ikke, vet ikke, vil ikke svare, ønsker ikke å svare, ønsker ikke at svare,
    en osaa sanoa, ei osaa sanoa, en tiedä, en halua vastata, nie wiem, trudno powiedzieć, odmowa odpowiedzi,
    nie dotyczy, nevím, neviem, ne znam, ne vem, nem tudom, nem tudja, nem válaszol, nu știu, nu răspund, не знаю,
    затрудняюсь ответить, отказ от ответа, нет ответа, важко сказати, не знам, не зная, δεν ξέρω, δεν γνωρίζω,
    δεν απαντώ, δγ/δα, δξ/δα, bilmiyorum, cevap yok, cevap vermek istemiyorum, 不知道, 不清楚, 说不清, 說不清,
    拒绝回答, 拒絕回答, 不愿回答, 不想回答, 不适用, 不適用, 无回答, 無回答, わからない, 分からない, わかりません,
    答えたくない, 回答したくない, 非該当, 모름, 모르겠다, 잘 모르겠다, 잘 모름, 무응답, 응답 거절, 응답 거부, 해당 없음,
    لا أعرف, لا أدري, أرفض الإجابة, رفض الإجابة, لا ينطبق, לא יודע, לא יודעת, לא יודע/ת, מסרב לענות, पता नहीं,
    tidak tahu, tidak menjawab, không biết, không trả lời, từ chối trả lời, ไม่ทราบ, ไม่ตอบ, sijui
"""
_MAY_GO_ALONG: Final = re.compile(r"(?:i'm |i am )?(?:not|un) ?sure|no opinion|undecided|uncertain", re.IGNORECASE)
"""What "don't know" is joined with, as in "Don't know / not sure"; alone it stays."""

_MAY_BE_ONE: Final = re.compile(r"unknown|missing|refus|declin(?:ed|e|es)|no (?:answer|response|reply)")
"""No answer where it is coded apart or beside a sure one; among "Found, Stolen, Missing" it is one."""

_APPLIES: Final = re.compile(r"\b(?:appl(?:y|ies)|applicable|zutreffend)\b|\btrifft\b.*\bzu\b")
_APPLIES_NOT: Final = re.compile(
    rf"(?:this |it )?(?:{_NOT}) apply.*|(?:not|non-?) ?applicable|trifft nicht zu|nicht zutreffend"
)
"""The lower end of a scale of how far something applies; alone it is no answer."""

_PARTS: Final = re.compile(r"\s*(?:/|,|;|\bor\b|\boder\b|\bou\b)\s*", re.IGNORECASE)
_ASIDE: Final = re.compile(
    r"\(?\b(?:vol(?:unteered)?|spontaneous|(?:do not|don't) read(?: out)?|not read out|please specify)\b\.?\)?:?",
    re.IGNORECASE,
)
"""Notes for interviewers in a label: "(VOL) Don't know"."""

_LOOKS_LIKE_IT: Final = re.compile(
    r"\b(?:not|un) ?sure\b|\buncertain\b|\bno opinion\b|\bundecided\b|\bother\b|\bnone\b|\bnever heard\b"
    r"|\bhaven't heard\b"
    r"|\bnot heard\b|\bno (?:basis|preference)\b|\bdon't (?:have|know)\b|\bcan't\b|\bcannot\b|\bneither\b.*\bknow\b"
    r"|\brefus|\bprefer not\b|\brather not\b|\bapplicable\b|\bskip|\b(?:hard|difficult) to (?:say|answer)\b"
    r"|\bdon't (?:remember|recall)\b|\bnot (?:stated|provided|available)\b|\bno comment\b"
    r"|\b(?:keine meinung|geen mening|sans opinion|sin opini[oó]n)\b",
    re.IGNORECASE,
)


_CODE: Final = r"[-+]?[0-9]{1,6}"
_VERB: Final = (
    r"(?:return|respond(?: with)?|answer(?: with)?|reply(?: with)?|give|write|enter|type|choose|select|pick|mark|use"
    r"|code|put|record|say)(?: (?:it|this|that) as| as)?(?: (?:the |a )?(?:number|code|value|integer))?"
)
_BEGINS: Final = r"(?:if|when|whenever|where|in case(?: of)?|for|should)"
_CODE_ENDS: Final = r"(?=\s?[.,;:)!?\"”]|\s?$|\s(?:and|or|instead)\b)"
_ASSIGNED: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # "If you don't know, return 6"
        rf"\b{_BEGINS}\s(?P<who>[^.?!;:\n]{{2,60}}?),?\s(?:then |please |just |simply ){{0,3}}{_VERB}"
        rf"\s[\"“'(]?(?P<code>{_CODE})[\"”')]?{_CODE_ENDS}",
        # "Those who refuse should enter 9"
        rf"\b(?:those|people|respondents|participants|anyone) who (?P<who>[^.?!;:\n]{{2,60}}?) (?:should|can|may|must)"
        rf" {_VERB}\s(?P<code>{_CODE}){_CODE_ENDS}",
        # "use 99 for don't know", "code 8 if unsure", "and 6 in case of don't know"
        rf"\b{_VERB}\s[\"“'(]?(?P<code>{_CODE})[\"”')]?,?\s(?:only |to mean |to indicate |to )?(?:{_BEGINS}\s)?"
        r"(?P<who>[^.?!;:,\n]{2,60})(?=[.?!;)\n]|\s?$)",
        rf"\b(?:and|or) (?P<code>{_CODE}) in case (?:of )?(?P<who>[^.?!;:,\n]{{2,60}})(?=[.?!;)\n]|\s?$)",
        # "(9 if unknown)"
        rf"\((?P<code>{_CODE})\s{_BEGINS}\s(?P<who>[^.?!;:()\n]{{2,60}})\)",
        # "Not sure? Return 5."
        rf"(?:^|[.?!;\n])\s{{0,3}}(?P<who>[^\s.?!;:()][^.?!;:()\n]{{1,40}})\?\s(?:please |then ){{0,2}}{_VERB}"
        rf"\s(?P<code>{_CODE}){_CODE_ENDS}",
        # "(DK = 8)", "Don't know: 6."
        rf"(?:^|[(.?!;\n])\s{{0,3}}(?P<who>[^\s.?!;:=()][^.?!;:=()\n]{{1,40}}?)\s?[=:]\s?(?P<code>{_CODE})"
        r"(?=\s?[).;,\n]|\s?$)",
    )
)
"""Sentences that assign a code to those who give no answer."""
_SUBJECT: Final = re.compile(
    r"(?:you|i|they|the respondent|someone|somebody|people)\b"
    r"(?: (?:are|is|am|have|has|would|feel|really|just)\b|'re|'d){0,3}\s*",
    re.IGNORECASE,
)
_HINTS: Final = (
    "know", "sure", "refus", "prefer", "rather", "declin", "opinion", "appl", "undecided", "uncertain", "dk", "n/a",
    "not say", "t say", "want", "care to", "like to",
    "unable", "no idea", "skip", "wish", "no answer", "not answer", "t answer", "missing", "nicht",
    "angabe", "antwort", "sait pas", "sais pas", "répond", "refus", "sab", "contesta", "respond", "no s", "sei",
    "risp", "weet", "zegg", "inte", "ikke", "wiem", "знаю", "не", "不", "わか", "모름", "응답",
)  # fmt: skip
"""Texts without any of these assign no such code: nearly all of them, so that little is searched."""
_SEARCHED: Final = 4000
"""Characters at the end of a text in which such sentences are looked for."""
_BETWEEN_SENTENCES: Final = re.compile(r"(?<=[.?!])[ \t]+|\n+")
_CONNECTIVES: Final = re.compile(r"(?:[\s.,;:()!\"“”']|\b(?:and|or|please|otherwise|but|also)\b)*", re.IGNORECASE)


def codes_for_no_answer(text: str) -> tuple[dict[int, str], str]:
    """The codes that a text assigns to those who give no answer, and the text with these sentences blanked out.

    >>> codes_for_no_answer("From 1 to 5? If you don't know, return 6.")[0]
    {6: "don't know"}
    """
    start = max(0, len(text) - _SEARCHED)
    end = text[start:]
    lowered = end.lower()
    if not any(hint in lowered for hint in _HINTS):
        return {}, text
    codes: dict[int, str] = {}
    spans: list[tuple[int, int]] = []
    for pattern in _ASSIGNED:
        for match in pattern.finditer(end):
            who = _who_gives_none(match["who"])
            if who is not None:
                codes.setdefault(int(match["code"]), who)
                spans.append(match.span())
    return codes, text[:start] + _blanked(end, spans) if spans else text


def _who_gives_none(words: str) -> str | None:
    """Those who give no answer, as a label; None if the words are about anybody else."""
    bare = _SUBJECT.sub("", " ".join(words.split()), count=1).strip(" ,\"“”'")
    given = [one for one in (bare, words) if is_no_answer(one) or _MAY_GO_ALONG.fullmatch(_plain(one))]
    return given[0] if given else None


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with spans in brackets and sentences of nothing but spans blanked, so that the rest keeps its place."""
    for begin, end in spans:
        if text[begin:end].startswith("(") and text[begin:end].endswith(")"):
            text = text[:begin] + " " * (end - begin) + text[end:]
    bounds = [0, *(cut.end() for cut in _BETWEEN_SENTENCES.finditer(text)), len(text)]
    for begin, end in pairwise(bounds):
        inside = [(max(begin, low), min(end, high)) for low, high in spans if low < end and high > begin]
        rest = list(text[begin:end])
        for low, high in inside:
            rest[low - begin : high - begin] = " " * (high - low)
        if inside and _CONNECTIVES.fullmatch("".join(rest)):
            text = text[:begin] + " " * (end - begin) + text[end:]
    return text


def with_codes(scale: AnswerScale, codes: Mapping[int, str]) -> AnswerScale:
    """The scale with these codes for no answer off the axis, unless one lies within the run of the options.

    One within stays, labelled so that it is named (see `doubtful`); an option with a text of its own keeps both.
    """
    if scale.values is None:
        return scale
    for code, who in sorted(codes.items()):
        label = scale.labels.get(code)
        others = [value for value in scale.values or () if value != code]
        own = label is not None and not is_no_answer(label) and not _MAY_GO_ALONG.fullmatch(_plain(label))
        if own or len(others) < 2 or code in scale.off_axis:
            continue
        if others[0] < code < others[-1]:
            if code in (scale.values or ()):
                scale = replace(scale, labels=dict(sorted({**scale.labels, code: label or who}.items())))
            continue
        scale = replace(
            scale,
            values=tuple(others),
            labels={value: text for value, text in scale.labels.items() if value != code},
            off_axis={**scale.off_axis, code: label or who},
        )
    return scale


def within_ends(stated: AnswerScale, text: str, found: AnswerScale | None) -> AnswerScale:
    """A scale whose ends are stated, as far as its text does not say which numbers between them are options.

    Args:
        stated: All options from one end to the other.
        text: Of the question.
        found: The scale that the text states; None if it states none. Where its options, those off the axis among them,
            have the same ends, it holds: of "1 Agree, 2 Disagree, 9 Don't know" the ends are 1 and 9, and the axis is
            1 and 2; "a multiple of 10 between 0 and 100" has eleven options. A text that names a few points
            ("1 for never, 4 for sometimes, or 7 for always") may mean those between them too, and then does not.
    """
    codes = codes_for_no_answer(text)[0]
    if found is None or found.values is None:
        return with_codes(stated, codes)
    options, ends = found.options or (), stated.options or ()
    known = set(stated.labels) <= set(options) and not stated.off_axis.keys() - found.off_axis.keys()
    if known and (options[0], options[-1]) == (ends[0], ends[-1]) and not _names_points_alone(found, len(ends)):
        labels = {value: stated.labels.get(value, found.labels.get(value, "")) for value in found.values}
        return with_codes(replace(found, labels={value: label for value, label in labels.items() if label}), codes)
    return with_codes(stated, {**codes, **found.off_axis})


def _names_points_alone(found: AnswerScale, between: int) -> bool:
    """Whether a scale is a few points by their names, all on the axis, at most half of the numbers between its ends."""
    values = found.values or ()
    return not found.off_axis and len(values) * 2 <= between and all(value in found.labels for value in values)


@lru_cache(maxsize=4096)
def is_no_answer(label: str) -> bool:
    """Whether a text is "don't know", "refused", "prefer not to say" or "not applicable" in a usual spelling.

    >>> [is_no_answer(text) for text in ("DK", "I don’t know", "N/A", "Rather not say", "Not sure", "Refuse to comply")]
    [True, True, True, True, False, False]
    """
    text = _plain(label)
    if not text:
        return False
    if _is_sure(text):
        return True
    parts = [part for part in _PARTS.split(text) if part]
    sure = [_is_sure(part) for part in parts]
    return any(sure) and all(one or _MAY_GO_ALONG.fullmatch(part) for one, part in zip(sure, parts, strict=True))


def _is_sure(text: str) -> bool:
    return _bare(text) in _BARE or bool(_NO_ANSWER.fullmatch(text))


def with_off_axis(scale: AnswerScale) -> AnswerScale:
    """The scale with its "don't know" and the like off the axis, if their codes lie outside the run of the others.

    Options that are off the axis already stay so. If fewer than two options were left, nothing is taken off.

    >>> with_off_axis(AnswerScale((1, 2, 98), {1: "Agree", 2: "Disagree", 98: "Don't know"})).values
    (1, 2)
    >>> with_off_axis(AnswerScale((1, 2, 3), {1: "Yes", 2: "Don't know", 3: "No"})).values
    (1, 2, 3)
    """
    if scale.values is None:
        return scale
    texts = {value: _plain(label) for value, label in scale.labels.items()}
    named = {value for value, label in scale.labels.items() if is_no_answer(label) or _assigns(label, value)}
    named -= _ends_of_applying(texts)
    others = [value for value in scale.values if value not in named]
    if not named or len(others) < 2:
        return scale
    sure = any(not _MAY_BE_ONE.fullmatch(texts[value]) for value in named)
    gone = {
        value
        for value in named
        if not others[0] < value < others[-1]
        and (sure or not _MAY_BE_ONE.fullmatch(texts[value]) or _apart(value, others))
    }
    return replace(
        scale,
        values=tuple(value for value in scale.values if value not in gone),
        labels={value: label for value, label in scale.labels.items() if value not in gone},
        off_axis={**scale.off_axis, **{value: scale.labels[value] for value in gone}},
    )


def _assigns(label: str, value: int) -> bool:
    """Whether the text of an option says that its code is for no answer: "use 9 for don't know" of 9."""
    return value in codes_for_no_answer(label)[0]


def _ends_of_applying(texts: Mapping[int, str]) -> set[int]:
    """Options such as "trifft nicht zu" beside one that says how far it applies: "trifft eher zu"."""
    negative = {value for value, text in texts.items() if _APPLIES_NOT.fullmatch(text)}
    positive = any(_APPLIES.search(text) for value, text in texts.items() if value not in negative)
    return negative if positive else set()


def _apart(value: int, others: list[int]) -> bool:
    """Whether a code does not go on the run of the others: 9 after 1 to 5, or −1 before them."""
    return value < 0 <= others[0] or value > others[-1] + 1 or value < others[0] - 1


def doubtful(scale: AnswerScale) -> dict[int, str]:
    """Option on the axis → its text, where it may be meant as no answer and was not taken off, such as "Not sure"."""
    return {
        value: label
        for value, label in scale.labels.items()
        if is_no_answer(label) or _LOOKS_LIKE_IT.search(_plain(label))
    }


def remarks(scale: AnswerScale) -> list[str]:
    """What a person should know, and may correct, about a scale: one sentence each, none for an ordinary one."""
    said = []
    if scale.off_axis:
        said.append(f"off the axis: {_named(scale, scale.off_axis)}; distances, means and effects leave them out")
    stay = doubtful(scale)
    if stay:
        said.append(f"on the axis, though it may be meant as no answer: {_named(scale, stay)}; a map can take it off")
    if scale.gaps:
        between = ", ".join(f"{scale.written(a)} and {scale.written(b)}" for a, b in scale.gaps[:5])
        said.append(f"no options between {between}; distances count the numbers as they are")
    return said


def _named(scale: AnswerScale, options: Mapping[int, str]) -> str:
    return ", ".join(
        f"{scale.written(value)} {label!r}" if label else scale.written(value) for value, label in options.items()
    )


def _plain(label: str) -> str:
    """A label without what its spellings differ in: case, curly quotes, blanks, brackets, notes for interviewers."""
    text = re.sub(r"[\u2018\u2019\u201b\u02bc`´]", "'", label)  # before NFKC, which takes ´ apart
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _ASIDE.sub(" ", text)
    return " ".join(text.split()).strip(" .!?:;,-()[]{}\"“”'")


def _bare(text: str) -> str:
    """A plain text without accents, which exports lose."""
    parts = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


_BARE: Final = frozenset(_bare(_plain(phrase)) for phrase in _IN_OTHER_LANGUAGES.split(","))
