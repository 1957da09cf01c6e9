"""Signing in with Hugging Face: the link in the header of every tab, and what a frame of another site shows instead.

The platform shows a Space in a frame of its own page, where most browsers block the cookies that signing in needs; the
visitor would be sent round in a circle. So `assets/sign_in.js` opens a tab of the Space's own address, and takes the
visitor back to the tab and the result that they came from.
"""

from typing import Final

from starlette.responses import HTMLResponse, Response

from socrates_core.ui.access.visitors import Policy, Visitor
from socrates_core.ui.html import SIGN_IN, sign_in_link, text

LOGIN: Final = "/login/huggingface"
"""Gradio's route that leads to the provider."""

OPENED: Final = (
    "<span class='sign-in-opened' role='status' hidden>Signing in goes on in the tab that has just opened. Stay there: "
    "this frame does not learn of it.</span>"
)
"""Shown by the script where the page is in a frame."""


def account_html(visitor: Visitor, policy: Policy) -> str:
    """Who is signed in, with the link that signs them out, or the one that signs in; empty where nobody can."""
    if not policy.sign_in:
        return ""
    if visitor.name is None:
        return f"<p>{sign_in_link(SIGN_IN, 'sign-in')}{OPENED}</p>"
    role = ", the owner of this Space" if visitor.role == "owner" else ""
    out = "<a id='sign-out' class='sign-in' data-way='/logout' href='/logout?_target_url=/'>Sign out</a>"
    return f"<p>Signed in as <b>{text(visitor.name)}</b>{role} {out}</p>"


def in_a_tab(query: str) -> Response:
    """What a frame shows in place of the provider's page: a link that opens it in a tab.

    Args:
        query: The query string of the request, without the question mark.
    """
    return HTMLResponse(
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Sign in</title>"
        "<body style='font: 1rem system-ui, sans-serif; padding: 2rem'><p>In a frame your browser may block what "
        f"signing in needs. <a href='{LOGIN}?{text(query)}' target='_blank' rel='noopener'>Sign in in a tab of its "
        "own</a></p></body></html>"
    )
