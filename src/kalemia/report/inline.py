"""What a notebook shows of an Estimate and of a Recording: parts of the page, in a style that stays within them."""

from __future__ import annotations

from functools import cache
from importlib import resources
from zlib import crc32

from kalemia.estimate.predict import Result
from kalemia.records import Estimate, Recording
from kalemia.report import answer, words
from kalemia.report.behind import ecg
from kalemia.report.document import TRUST
from kalemia.report.markup import Markup, element


def estimate_html(estimate: Estimate) -> str:
    """Return the first part of the page of an Estimate, and its warnings."""
    name = element("p", element("bdi", words.file_name(estimate.source)), class_="facts")
    said = answer.answer(Result(estimate), TRUST)
    level = f"level-{estimate.level or estimate.status}"
    parts = element("div", name, said, answer.warnings(estimate), class_=level)
    return element("div", _style(), parts, class_="kalemia")


def recording_html(recording: Recording) -> str:
    """Return a Recording on millimetre paper."""
    name = f"ecg{crc32(recording.signal.tobytes()):x}"  # a notebook shows several, each with clip paths of its own
    return element("div", _style(), ecg(recording, None, name), class_="kalemia")


@cache
def _style() -> Markup:
    """Return the house's style nested into a class, so that it reaches nothing else in a notebook."""
    css = resources.files("kalemia.report").joinpath("style.css").read_text(encoding="utf-8")
    # A notebook is as light or dark as its own theme, which a style sheet cannot ask: its parts are light.
    screen = css.partition("@media (prefers-color-scheme: dark)")
    light = screen[0].replace(":root", "&") + screen[2].partition("\n}\n")[2].partition("@media print")[0]
    return element("style", Markup(f".kalemia {{ {light.replace('body {', '& {')} }}"))
