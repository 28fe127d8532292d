"""What a reader must grasp in three seconds: the estimate or why there is none, and what must not be overlooked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kalemia.records import Estimate
from kalemia.report import beliefs, scales, words
from kalemia.report.document import TO_TRUST, notice, section
from kalemia.report.markup import Markup, element

if TYPE_CHECKING:
    from kalemia.estimate.predict import Result


def answer(result: Result, trust: str = TO_TRUST) -> Markup:
    """Return what a reader must grasp in three seconds, and what must not be overlooked beside it.

    `trust` says where it is told how far to trust that.
    """
    estimate = result.estimate
    if not words.is_estimated(estimate):
        return element(
            "section",
            element("p", words.STATUS[estimate.status] + ": no estimate", class_="label"),
            element("p", _why(estimate), class_="reason"),
            notice(estimate.notice, trust),
            class_="answer",
        )
    return element(
        "section",
        element("div", _number(estimate), _probabilities(estimate), class_="result"),
        _said(estimate),
        scales.scale(estimate, beliefs.curves(result)),
        beliefs.key(result),
        _validated(estimate),
        notice(estimate.notice, trust),
        class_="answer",
    )


def _why(estimate: Estimate) -> str:
    """Return the reason as a sentence; one that starts with the name of the file keeps its spelling."""
    reason = words.reason(estimate)
    return reason if reason.startswith(words.file_name(estimate.source)) else words.sentence(reason)


def _number(estimate: Estimate) -> Markup:
    assert estimate.potassium_meq_l is not None
    return element(
        "div",
        element("p", _label(estimate), class_="label"),
        element(
            "p",
            words.potassium(estimate.potassium_meq_l),
            element("span", f" {words.UNIT}", class_="unit"),
            class_="number",
        ),
        element("p", words.interval(estimate), class_="range"),
        _level(estimate),
    )


def _label(estimate: Estimate) -> str:
    known = estimate.population
    return "Potassium estimated from the ECG" + (f" and the population {known.name}" if known else "")


def _level(estimate: Estimate) -> Markup | None:
    if (level := words.level(estimate)) is None:
        return None
    return element(
        "p",
        element("span", words.SYMBOL[str(estimate.level)] + " ", aria_hidden="true"),
        element("strong", level[0]),
        f": {level[1]}",
        class_="level",
    )


def _said(estimate: Estimate) -> Markup | None:
    """Return what the ECG says on its own."""
    return None if (sentence := words.evidence(estimate)) is None else element("p", sentence, class_="evidence")


def _probabilities(estimate: Estimate) -> Markup | None:
    """Return how likely each side was before the ECG, and is after it."""
    values = [*estimate.probability_above.values(), *estimate.probability_below.values()]
    rows = [
        element(
            "tr",
            element("th", what, scope="row"),
            element("td", before, class_="figure"),
            element("td", after, class_="figure"),
            element("td", scales.bar(value), class_="wide"),
        )
        for (what, before, after), value in zip(words.chances(estimate), values, strict=True)
    ]
    population = words.population(estimate)
    who = "" if population is None else f" Population: {population}."
    caption = element("caption", f"Probability before and after this ECG.{who}")
    head = element("tr", *(element("th", name, scope="col") for name in ("mEq/L", "before", "after", "")))
    body = element("tbody", *rows)
    return element("table", caption, element("thead", head), body, class_="probabilities") if rows else None


def _validated(estimate: Estimate) -> Markup | None:
    trained = None if estimate.model is None else f"The model was trained on {words.origin(estimate.model.trained_on)}"
    validated = estimate.interval_validated_on
    checked = None if validated is None else f"the interval was validated on {words.origin(validated)} only"
    origins = ", and ".join(part for part in (trained, checked) if part)
    return element("p", f"{words.sentence(origins)}.", class_="validated") if origins else None


def laboratory(estimate: Estimate) -> Markup | None:
    """Return what a doubtful draw and the ECG say together."""
    sentence = words.laboratory(estimate)
    return None if sentence is None else section("The hemolyzed sample", element("p", sentence))


def warnings(estimate: Estimate) -> Markup | None:
    """Return what must be known of this ECG before its estimate is believed."""
    if not estimate.warnings:
        return None
    items = [element("li", words.without_folder(warning, estimate.source)) for warning in estimate.warnings]
    return section("Warnings", element("ul", *items), class_="warnings")
