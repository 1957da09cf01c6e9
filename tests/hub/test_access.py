import httpx2
import pytest
from huggingface_hub.errors import HfHubHTTPError

from socrates_core.errors import HubError
from socrates_core.hub.access import Account, check_repo_id, hub_step, scrub, split_revision, whoami

LONG = "hf_" + "aB3" * 12


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("me/it", ("me/it", None)),
        (" me/it ", ("me/it", None)),
        ("me/it@main", ("me/it", "main")),
        ("a-b/c.d_e@v1.0", ("a-b/c.d_e", "v1.0")),
        ("me/it@refs/pr/1", ("me/it", "refs/pr/1")),
        ("me/it@" + "a" * 40, ("me/it", "a" * 40)),
        ("https://huggingface.co/me/it", ("me/it", None)),
        ("https://hf.co/me/it/tree/v2/", ("me/it", "v2")),
    ],
)
def test_a_name_with_a_revision_is_read(name: str, parts: tuple[str, str | None]) -> None:
    assert split_revision(name) == parts


NO_NAMES = (
    *("", "it", "/it", "me/", "me/it/more", "../it", "me/..", "me/a--b", "me/.it", "me/it.git", "mé/it", "me/it x"),
    *("me/it@", "me/it@../x", "me/it@-x", "me/it@a b", "me/it@a\nb", "me/it@/x", "me/it@a//b", "me/it@x@{1}"),
    *("me/it@" + "a" * 300, "me/it\x00", "https://huggingface.co/datasets/me/it", "@main"),
)


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(HubError, match=r"expected OWNER/NAME|not a valid revision"):
        split_revision(name)


def test_a_refused_name_is_shown_in_quotes_and_cut() -> None:
    with pytest.raises(HubError) as caught:
        check_repo_id("\x1b[2J" * 1000)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "token", "clean"),
    [
        ("nothing here", None, "nothing here"),
        (f"Bearer {LONG}!", None, "Bearer [token]!"),
        ("my short secret", "short secret", "my [token]"),
        ("api_org_" + "x" * 30, None, "[token]"),
        ("eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl and more", None, "[token] and more"),
        ("hf_oauth_eyJhbGciOi.eyJzdWI.c2ln", None, "[token]"),
        ("socrates_core.hub and hf_hub", None, "socrates_core.hub and hf_hub"),
    ],
)
def test_a_text_is_cleaned_of_tokens(text: str, token: str | None, clean: str) -> None:
    assert scrub(text, token) == clean


def fine(*scopes: tuple[str, str, str]) -> Account:
    return Account("me", (), "fineGrained", tuple((kind, name, frozenset({what})) for kind, name, what in scopes))


@pytest.mark.parametrize(
    ("account", "repo_id", "missing"),
    [
        (Account("me", (), "write"), "me/it", None),
        (Account("Me", (), "write"), "me/it", None),
        (Account("me", (), None), "me/it", None),
        (Account("me", (), "read"), "me/it", "may only read"),
        (Account("me", (), "write"), "you/it", "neither the account me nor an organisation"),
        (Account("me", (("lab", "write"),), "write"), "lab/it", None),
        (Account("me", (("lab", "contributor"),), "write"), "lab/it", None),
        (Account("me", (("lab", None),), None), "lab/it", None),
        (Account("me", (("lab", "read"),), "write"), "lab/it", "role read in lab"),
        (fine(), "me/it", "lacks the permission repo.write"),
        (fine(("user", "me", "repo.content.read")), "me/it", "lacks the permission repo.write"),
        (fine(("user", "me", "repo.write")), "me/it", None),
        (fine(("model", "me/it", "repo.write")), "me/it", None),
        (fine(("global", "", "repo.write")), "me/it", None),
        (fine(("global", "", "discussion.write")), "me/it", "lacks the permission repo.write"),
        (fine(("model", "me/other", "repo.write")), "me/it", "lacks the permission repo.write"),
    ],
)
def test_the_missing_permission_is_named(account: Account, repo_id: str, missing: str | None) -> None:
    refusal = account.refusal(repo_id)
    assert refusal is None if missing is None else missing in (refusal or "")


def test_no_token_is_said_before_anything_is_asked() -> None:
    with pytest.raises(HubError, match="hf auth login"):
        whoami(None, "http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("status", "token", "said"),
    [
        (401, None, "me/it cannot be found without a token"),
        (401, LONG, "rejected the token"),
        (403, LONG, "lacks the permission"),
        (404, LONG, "has no access"),
        (404, None, "me/it cannot be found without a token"),
        (409, LONG, "a repository of that name"),
        (412, LONG, "changed in the meantime"),
        (413, LONG, "larger than the Hub accepts"),
        (418, LONG, "HTTP 418"),
        (429, LONG, "too many requests"),
        (500, LONG, "try again later"),
        (503, None, "try again later"),
    ],
)
def test_every_answer_has_words(status: int, token: str | None, said: str) -> None:
    response = httpx2.Response(status, request=httpx2.Request("GET", "https://hub/x"))
    with pytest.raises(HubError) as caught, hub_step("trying", token, "me/it", endpoint="https://hub"):
        raise HfHubHTTPError(f"no {LONG}", response=response, server_message=f"\x1b[31mno {LONG}\nreally")
    assert str(caught.value).startswith("trying: ")
    assert said in str(caught.value)
    assert LONG not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_what_is_no_fault_of_the_hub_goes_through() -> None:
    with pytest.raises(HubError, match=r"^as it is$"), hub_step("trying", None):
        raise HubError("as it is")
    with pytest.raises(OSError, match="disk"), hub_step("trying", None):
        raise OSError("disk")
