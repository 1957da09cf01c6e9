"""Addresses of the Hub's pages, as people paste them where a name is asked for."""

import re
from typing import Final
from urllib.parse import unquote

KINDS: Final = {"model": "", "dataset": "datasets/"}
"""Kind of repository → what its pages' addresses have before OWNER/NAME."""

NO_OWNERS: Final = ("datasets/", "spaces/", "collections/", "papers/", "docs/", "settings/")
"""What stands where an owner would in addresses of other pages."""

_PAGE: Final = re.compile(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(?P<kind>datasets/)?(?P<repo>[^/?#@:\s]+/[^/?#@:\s]+)"
    r"(?:(?P<rest>[@:][^?#\s]*)|/(?:tree|blob|resolve|raw|commits?)/(?P<revision>[^/?#\s]+)(?:/[^?#\s]*)?"
    r"|/(?:discussions|settings|viewer)(?:/[^?#\s]*)?)?/?(?:[?#]\S*)?",
    re.IGNORECASE,
)


def hub_name(written: str, kind: str = "model") -> str:
    """OWNER/NAME[@REVISION] of a pasted address of the Hub; any other text unchanged.

    >>> hub_name("https://huggingface.co/Qwen/Qwen2.5-14B-Instruct/tree/main")
    'Qwen/Qwen2.5-14B-Instruct@main'

    Args:
        written: A name, a folder, or an address.
        kind: `model` (adapters are models too) or `dataset`; the address of the other kind stays as it is, so that
            it is refused in its own words.
    """
    found = _PAGE.fullmatch(written.strip())
    if found is None or (found["kind"] or "").lower() != KINDS[kind] or found["repo"].lower().startswith(NO_OWNERS):
        return written
    revision = unquote(found["revision"] or "")
    return found["repo"] + (f"@{revision}" if revision else found["rest"] or "")
