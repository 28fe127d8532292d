"""An Estimate, and the ECG and beat behind it, as one HTML page: no script, and nothing is loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from kalemia import __version__
from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L, Beat, Estimate, ModelName, Recording
from kalemia.report import explanation, paper, pictures, words
from kalemia.report.markup import Markup, element, join

if TYPE_CHECKING:
    from kalemia.estimate.explain import Explanation

STATUS = {"estimated": "Estimated", "refused": "Refused", "failed": "Failed"}
TRUST = "How far to trust a number: the page of that name in the documentation of Kalemia (docs/trust.md)."
"""Said and not linked: a page that is passed on knows no address of the documentation."""
SYMBOL = {"high": "▲", "low": "▼", "normal": "●", "uncertain": "◆"}
"""Shapes, so that color is never the only sign of a level."""


TALL_TABLE = 6
"""With more leads than this the table of quality is about as tall as the picture of a beat."""


def page(
    estimate: Estimate,
    recording: Recording | None = None,
    beat: Beat | None = None,
    scan: bytes | None = None,
    why: Explanation | None = None,
) -> str:
    """Return the whole HTML document for one input.

    Parameters
    ----------
    estimate
        What is reported. A refused one shows its reason where the number would be, a failed one nothing else.
    recording
        The ECG that is drawn, as recorded; left out if None.
    beat
        Where the median beat, the R peaks and the problems of leads come from; left out if None.
    scan
        A PNG of the page that the ECG was printed on, with what was traced drawn on it.
    why
        What moved the estimate, from `kalemia.estimate.explain`; shown with the beat,
        where there is an estimate.
    """
    if estimate.status == "failed":
        recording = beat = scan = None
    return document(
        _title(estimate),
        _header(estimate),
        element(
            "main",
            _answer(estimate),
            _warnings(estimate),
            None if scan is None else _scan(scan),
            None if recording is None else _ecg(recording, beat),
            _moved(estimate, beat, why),
            _behind(estimate, beat),
        ),
        level=estimate.level or estimate.status,
        origin=_origin(estimate),
    )


def _origin(estimate: Estimate) -> str:
    """Say what the page was made from."""
    beside = ["earlier blood draws"] * (estimate.personal_offset_meq_l is not None)
    beside += ["a prevalence"] * (estimate.prevalence is not None)
    return f"from the ECG and {' and '.join(beside)}" if beside else "from the ECG alone"


def document(title: str, *body: str | None, level: str = "", origin: str = "from the ECG alone") -> str:
    """Return a document with the house's style that forbids itself, by its policy, to load or run anything.

    Parameters
    ----------
    title, body
        The name of the page, and what it shows.
    level
        What colors it, such as "high".
    origin
        What the page was made from, for the last line.
    """
    css, digest = _style()
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element(
            "meta",
            http_equiv="Content-Security-Policy",
            content=f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'",
        ),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", css),
    )
    footer = element("footer", f"Made by Kalemia {__version__} {origin}. {TRUST}")
    content = element("body", *body, footer, class_=f"level-{level}" if level else None)
    return f"<!doctype html>\n{element('html', head, content, lang='en')}\n"


@cache
def _style() -> tuple[Markup, str]:
    """Return the style sheet and the digest by which the policy admits it, and only it."""
    css = resources.files("kalemia.report").joinpath("style.css").read_text(encoding="utf-8")
    return Markup(css), base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()


def notice(estimate_notice: str) -> Markup:
    """Return the notice, to stand near the numbers it is about."""
    return element("p", element("strong", estimate_notice), class_="notice", role="note")


def _title(estimate: Estimate) -> str:
    said = STATUS[estimate.status]
    if words.is_estimated(estimate) and estimate.potassium_meq_l is not None:
        said = f"estimated potassium {words.potassium(estimate.potassium_meq_l)} {words.UNIT}"
    return f"{words.file_name(estimate.source)}: {said} – Kalemia"


def _header(estimate: Estimate) -> Markup:
    return element(
        "header",
        element("p", "Kalemia", class_="brand"),
        element("h1", element("bdi", words.file_name(estimate.source))),
        element("p", STATUS[estimate.status], class_=f"status status-{estimate.status}"),
    )


def _section(heading: str, *content: str | None, class_: str | None = None) -> Markup:
    return element("section", element("h2", heading), *content, class_=class_)


def _answer(estimate: Estimate) -> Markup:
    """Return what a reader must grasp in three seconds, and what must not be overlooked beside it."""
    if not words.is_estimated(estimate):
        return element(
            "section",
            element("p", STATUS[estimate.status] + ": no estimate", class_="label"),
            element("p", _why(estimate), class_="reason"),
            notice(estimate.notice),
            class_="answer",
        )
    return element(
        "section",
        element("div", _number(estimate), _probabilities(estimate), class_="result"),
        pictures.scale(estimate),
        _beyond(estimate),
        _validated(estimate),
        notice(estimate.notice),
        class_="answer",
    )


def _why(estimate: Estimate) -> str:
    """Return the reason as a sentence; one that starts with the name of the file keeps its spelling."""
    reason = words.reason(estimate)
    return reason if reason.startswith(words.file_name(estimate.source)) else words.sentence(reason)


def _number(estimate: Estimate) -> Markup:
    assert estimate.potassium_meq_l is not None
    level = words.level(estimate)
    return element(
        "div",
        element("p", "Potassium estimated from the ECG", class_="label"),
        element(
            "p",
            words.potassium(estimate.potassium_meq_l),
            element("span", f" {words.UNIT}", class_="unit"),
            class_="number",
        ),
        element("p", words.interval(estimate), class_="range"),
        None
        if level is None
        else element(
            "p",
            element("span", SYMBOL[str(estimate.level)] + " ", aria_hidden="true"),
            element("strong", level[0]),
            f": {level[1]}",
            _other_side(estimate),
            class_="level",
        ),
    )


def _other_side(estimate: Estimate) -> str | None:
    """Return what the interval adds to a high or low estimate that it does not confirm."""
    if estimate.interval_meq_l is None:
        return None
    low, high = estimate.interval_meq_l
    if estimate.level == "high" and low <= HIGH_MEQ_L:
        return f"; the interval reaches down to {words.potassium(low)}"
    if estimate.level == "low" and high >= LOW_MEQ_L:
        return f"; the interval reaches up to {words.potassium(high)}"
    return None


def _probabilities(estimate: Estimate) -> Markup | None:
    sides = (("above", estimate.probability_above), ("below", estimate.probability_below))
    rows = [
        element(
            "tr",
            element("th", f"{side} {limit}", scope="row"),
            element("td", words.probability(value), class_="figure"),
            element("td", pictures.bar(value), class_="wide"),
        )
        for side, given in sides
        for limit, value in given.items()
    ]
    caption = element("caption", "Probability, given this ECG and this model")
    return element("table", caption, element("tbody", *rows), class_="probabilities") if rows else None


def _beyond(estimate: Estimate) -> Markup | None:
    assert estimate.potassium_meq_l is not None
    low, high = pictures.SCALE_MEQ_L
    values = (estimate.potassium_meq_l, *(estimate.interval_meq_l or ()))
    if low <= min(values) and max(values) <= high:
        return None
    return element("p", f"The scale ends at {low:g} and {high:g}; an arrow marks what lies beyond.", class_="validated")


def _validated(estimate: Estimate) -> Markup | None:
    trained = None if estimate.model is None else f"The model was trained on {words.origin(estimate.model.trained_on)}"
    validated = estimate.interval_validated_on
    checked = None if validated is None else f"the interval was validated on {words.origin(validated)} only"
    said = ", and ".join(part for part in (trained, checked) if part)
    return element("p", f"{words.sentence(said)}.", class_="validated") if said else None


def _warnings(estimate: Estimate) -> Markup | None:
    if not estimate.warnings:
        return None
    items = [element("li", words.without_folder(warning, estimate.source)) for warning in estimate.warnings]
    return _section("Warnings", element("ul", *items), class_="warnings")


def _scan(png: bytes) -> Markup:
    """Return the page, by which a person sees at a glance whether it was read right."""
    said = "The page as it was given, with what was traced drawn on it in color"
    picture = element("img", src=f"data:image/png;base64,{base64.b64encode(png).decode()}", alt=said, class_="scan")
    note = f"{said}. What stands outside the rows of the ECG is left out: names may stand there."
    return _section("The page", element("figure", picture, element("figcaption", note)))


def _ecg(recording: Recording, beat: Beat | None) -> Markup:
    if not recording.leads or not recording.signal.shape[1]:
        return _section("The ECG", element("p", "The recording is empty."))
    drawing = paper.draw(recording, beat)
    facts = [
        f"{len(recording.leads)} leads" if len(recording.leads) > 1 else f"Lead {recording.leads[0]}",
        paper.duration(recording.duration_s),
        f"{recording.rate:g} Hz",
        None if recording.start is None else f"recorded {recording.start:%Y-%m-%d %H:%M}",
    ]
    return _section(
        "The ECG",
        element("p", " · ".join(fact for fact in facts if fact), class_="facts"),
        element(
            "figure",
            # The paper keeps a readable size on a phone, where it scrolls sideways: hence reachable by keyboard.
            element(
                "div", drawing.svg, class_="sheet", tabindex=0, role="region", aria_label="The ECG, scrolls sideways"
            ),
            element("figcaption", " ".join(drawing.remarks)),
        ),
        class_="recording",
    )


def _moved(estimate: Estimate, beat: Beat | None, why: Explanation | None) -> Markup | None:
    if why is None or beat is None or not words.is_estimated(estimate):
        return None
    return _section("What moved the estimate", *explanation.figures(estimate, beat, why))


def _behind(estimate: Estimate, beat: Beat | None) -> Markup:
    """Return the beat, the quality and the model: in two columns where the beat is of one lead."""
    panels = [] if beat is None else pictures.beats(beat, estimate.leads_used)
    shown = None if beat is None or not panels else _beat(estimate, beat, panels)
    quality, model = _quality(estimate, beat), _model(estimate)
    if len(panels) != 1:
        return element("div", shown, quality, model)
    # The model goes below the shorter of the two.
    long = beat is not None and len(beat.leads) > TALL_TABLE
    columns = (join(shown, model), quality) if long else (shown, join(quality, model))
    return element("div", *(element("div", column) for column in columns), class_="pair")


def _beat(estimate: Estimate, beat: Beat, panels: list[Markup]) -> Markup:
    rate = beat.heart_rate_bpm if estimate.heart_rate_bpm is None else estimate.heart_rate_bpm
    facts = f"Median of {beat.count} beats · RR {1000 * beat.rr_s:.0f} ms · {rate:.0f} beats per minute"
    used = words.is_estimated(estimate)
    seen = "What the model saw, after filtering." if used else "Not given to the model."
    return _section(
        "The beat that was used" if used else "The beat that was found",
        element("p", facts, class_="facts"),
        element(
            "figure",
            element("div", *panels, class_="beats beats-one" if len(panels) == 1 else "beats"),
            element("figcaption", f"{seen} Zero is the level of the PR segment; R is at 0 ms."),
        ),
    )


def _quality(estimate: Estimate, beat: Beat | None) -> Markup | None:
    quality = {} if beat is None else {lead: float(q) for lead, q in zip(beat.leads, beat.quality, strict=True)}
    quality |= estimate.quality
    problems = {} if beat is None else dict(zip(beat.leads, beat.problems, strict=True))
    rows = [
        element(
            "tr",
            element("th", lead, scope="row"),
            element("td", f"{value:.2f}", class_="figure"),
            element("td", pictures.bar(value), class_="wide"),
            element("td", _use(lead, estimate, problems.get(lead)), class_="use"),
        )
        for lead, value in quality.items()
    ]
    names = (("Lead", None), ("Quality, 0 to 1", 2), ("Use", None))
    head = element("tr", *(element("th", name, scope="col", colspan=span) for name, span in names))
    table = element("table", element("thead", head), element("tbody", *rows), class_="quality")
    return _section("Signal quality", table) if rows else None


def _use(lead: str, estimate: Estimate, problem: str | None) -> Markup:
    is_used = words.is_estimated(estimate) and lead in estimate.leads_used
    used = element("strong", "used") if is_used else element("span", "not used")
    return join(used, None if problem is None else f": {problem}")


def _model(estimate: Estimate) -> Markup | None:
    if estimate.model is None:
        return None
    return _section("The model", element("dl", *(_fact(*fact) for fact in _facts(estimate.model, estimate))))


def _facts(model: ModelName, estimate: Estimate) -> list[tuple[str, str]]:
    facts = [("Name", f"{model.name} {model.version}"), ("Trained on", words.origin(model.trained_on))]
    if estimate.interval_validated_on is not None:
        facts.append(("Interval validated on", words.origin(estimate.interval_validated_on)))
    return [*facts, ("SHA-256 of its file", f"{model.sha256[:12]}…" if len(model.sha256) > 12 else model.sha256)]


def _fact(term: str, value: str) -> Markup:
    return element("div", element("dt", term), element("dd", value))
