"""One HTML document in the house's style: no script but one that is named, and nothing is loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from kalemia import __version__
from kalemia.report.markup import Markup, element

TRUST = "How far to trust a number: docs/trust.md in Kalemia's documentation."
"""Said and not linked: a page that is passed on knows no address of the documentation."""
ANCHOR = "trust"
TO_TRUST = element("a", "How far to trust this", href=f"#{ANCHOR}")
"""The link to what a page itself says of it."""


def document(
    title: str, *body: str | None, level: str = "", origin: str = "from the ECG alone", script: str = ""
) -> str:
    """Return a document with the house's style that forbids itself, by its policy, to load or run anything else.

    Parameters
    ----------
    title, body
        The name of the page, and what it shows.
    level
        What colors it, such as "high".
    origin
        What the page was made from, for the last line.
    script
        The one that it may run, after its end.
    """
    css, digest = _style()
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element(
            "meta",
            http_equiv="Content-Security-Policy",
            content=f"default-src 'none'; img-src data:; style-src '{digest}'{_allowed(script)}",
        ),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", css),
    )
    footer = element("footer", f"Made by Kalemia {__version__} {origin}.")
    run = element("script", Markup(script)) if script else None
    content = element("body", *body, footer, run, class_=f"level-{level}" if level else None)
    return f"<!doctype html>\n{element('html', head, content, lang='en')}\n"


@cache
def _style() -> tuple[Markup, str]:
    """Return the style sheet and the digest by which the policy admits it, and only it."""
    css = resources.files("kalemia.report").joinpath("style.css").read_text(encoding="utf-8")
    return Markup(css), _digest(css)


def _allowed(script: str) -> str:
    """Return the policy's words for one script."""
    return f"; script-src '{_digest(script)}'" if script else ""


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def notice(text: str, where: Markup | str = TRUST) -> Markup:
    """Return the notice, and where to read what the numbers beside it are worth."""
    return element("p", element("strong", text), " ", where, class_="notice", role="note")


def section(heading: str, *content: str | None, class_: str | None = None, id_: str | None = None) -> Markup:
    """Return a part of a page under its heading, with an id where something links to it."""
    return element("section", element("h2", heading), *content, class_=class_, id=id_)
