"""The page of one ECG: the estimate of it, and the picture, recording and beat that it was made from."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

from kalemia.records import Estimate
from kalemia.report import explanation, plots, words
from kalemia.report.answer import answer, laboratory, warnings
from kalemia.report.behind import SIDEWAYS, behind, ecg
from kalemia.report.document import document, section
from kalemia.report.markup import Markup, element
from kalemia.report.trust import trust

if TYPE_CHECKING:
    from kalemia.digitize import Digitized
    from kalemia.estimate.predict import Result

MAX_PICTURE_BYTES = 900_000
"""Of the picture of a page, so that the whole stays below 1.5 MB."""


def page(result: Result) -> str:
    """Return the whole HTML document for one input.

    Parameters
    ----------
    result
        From `kalemia.estimate.predict.examine`. A refused one shows its reason where the number would be and draws
        what there is: the recording as it was recorded, the picture it was read from with what was traced on it, the
        beat. A failed one shows its reason alone. What moved the estimate is shown where there is one, and a beat
        and a model that tell it.
    """
    estimate = result.estimate
    if estimate.status == "failed":
        result = replace(result, recording=None, beat=None, page=None)
    return document(
        _title(estimate),
        _header(result),
        element(
            "main",
            answer(result),
            laboratory(estimate),
            warnings(estimate),
            None if result.page is None else _scan(result.page),
            None if result.recording is None else ecg(result.recording, result.beat),
            _moved(result),
            behind(result),
            trust(*([] if estimate.model is None else [estimate.model])),
        ),
        level=estimate.level or estimate.status,
        origin=_origin(estimate),
    )


def _title(estimate: Estimate) -> str:
    outcome = words.STATUS[estimate.status]
    if words.is_estimated(estimate) and estimate.potassium_meq_l is not None:
        outcome = f"estimated potassium {words.potassium(estimate.potassium_meq_l)} {words.UNIT}"
    return f"{words.file_name(estimate.source)}: {outcome} – Kalemia"


def _header(result: Result) -> Markup:
    estimate = result.estimate
    return element(
        "header",
        element("p", "Kalemia", class_="brand"),
        element("h1", element("bdi", words.file_name(estimate.source)), _recorded(estimate)),
        None if result.beat is None else plots.thumb(result.beat, estimate.leads_used),
        element("p", words.STATUS[estimate.status], class_=f"status status-{estimate.status}"),
    )


def _recorded(estimate: Estimate) -> str | None:
    """Return when the ECG was recorded, to the minute."""
    return None if estimate.recorded is None else f" · recorded {words.moment(estimate.recorded)}"


def _scan(scan: Digitized) -> Markup:
    """Return the picture of a page, by which a person sees at a glance whether it was read right."""
    from kalemia.digitize.overlay import drawn, webp  # with OpenCV, which a digital file has no need of

    caption = "The page as it was given, with what was traced drawn on it in color"
    data = base64.b64encode(webp(drawn(scan), MAX_PICTURE_BYTES)).decode()
    picture = element("img", src=f"data:image/webp;base64,{data}", alt=caption, class_="scan")
    note = f"{caption}. What stands around the rows of the ECG is left out: names may stand there."
    sheet = element("div", picture, class_="sheet", tabindex=0, role="region", aria_label="The page, scrolls sideways")
    return section("The page", element("figure", sheet, SIDEWAYS, element("figcaption", note)))


def _moved(result: Result) -> Markup | None:
    figures = explanation.figures(result)
    return section("What moved the estimate", *figures) if figures else None


def _origin(estimate: Estimate) -> str:
    """Say what the page was made from."""
    beside = ["earlier ones with their blood draws"] * bool(estimate.earlier_ecgs)
    beside += [] if estimate.population is None else [f"the population {estimate.population.name}"]
    return f"from the ECG and {' and '.join(beside)}" if beside else "from the ECG alone"
