"""Signing in with Hugging Face: the link in the header of every tab, and what a frame of another site shows instead.

The platform shows a Space in a frame of its own page, where most browsers block the cookies that signing in needs; the
visitor would be sent round in a circle. So `assets/sign_in.js` opens a tab of the Space's own address, and takes the
visitor back to the tab and the result that they came from.
"""

from typing import Final

from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from socrates_core.report.markup import markup
from socrates_core.ui.access.visitors import Policy, Visitor
from socrates_core.ui.html import SIGN_IN, sign_in_link

LOGIN: Final = "/login/huggingface"
"""Gradio's route that leads to the provider."""

OPENED: Final = Markup(
    "<span class='sign-in-opened' role='status' hidden>Signing in goes on in the tab that has just opened. Stay there: "
    "this frame does not learn of it.</span>"
)
"""Shown by the script where the page is in a frame."""


def account_html(visitor: Visitor, policy: Policy) -> Markup:
    """Who is signed in, with the link that signs them out, or the one that signs in; empty where nobody can."""
    if not policy.sign_in:
        return Markup()
    if visitor.name is None:
        return markup("<p>{{ link }}{{ opened }}</p>", link=sign_in_link(SIGN_IN, "sign-in"), opened=OPENED)
    return markup(
        "<p>Signed in as <b>{{ name }}</b>{% if owner %}, the owner of this Space{% endif %} "
        "<a id='sign-out' class='sign-in' data-way='/logout' href='/logout?_target_url=/'>Sign out</a></p>",
        name=visitor.name, owner=visitor.role == "owner",
    )  # fmt: skip


def in_a_tab(query: str) -> Response:
    """What a frame shows in place of the provider's page: a link that opens it in a tab.

    Args:
        query: The query string of the request, without the question mark.
    """
    page = markup(
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Sign in</title>"
        "<body style='font: 1rem system-ui, sans-serif; padding: 2rem'><p>In a frame your browser may block what "
        "signing in needs. <a href='{{ login }}?{{ query }}' target='_blank' rel='noopener'>Sign in in a tab of its "
        "own</a></p></body></html>",
        login=LOGIN, query=query,
    )  # fmt: skip
    return HTMLResponse(page)
