"""What a reader must grasp in three seconds: the estimate or why there is none, and what must not be overlooked."""

from __future__ import annotations

from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L, Estimate
from kalemia.report import scales, words
from kalemia.report.document import notice, section
from kalemia.report.markup import Markup, element


def answer(estimate: Estimate) -> Markup:
    """Return what a reader must grasp in three seconds, and what must not be overlooked beside it."""
    if not words.is_estimated(estimate):
        return element(
            "section",
            element("p", words.STATUS[estimate.status] + ": no estimate", class_="label"),
            element("p", _why(estimate), class_="reason"),
            notice(estimate.notice),
            class_="answer",
        )
    return element(
        "section",
        element("div", _number(estimate), _probabilities(estimate), class_="result"),
        scales.scale(estimate),
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
        _level(estimate),
    )


def _level(estimate: Estimate) -> Markup | None:
    if (level := words.level(estimate)) is None:
        return None
    return element(
        "p",
        element("span", words.SYMBOL[str(estimate.level)] + " ", aria_hidden="true"),
        element("strong", level[0]),
        f": {level[1]}",
        _other_side(estimate),
        class_="level",
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
            element("td", scales.bar(value), class_="wide"),
        )
        for side, given in sides
        for limit, value in given.items()
    ]
    caption = element("caption", "Probability, given this ECG and this model")
    return element("table", caption, element("tbody", *rows), class_="probabilities") if rows else None


def _beyond(estimate: Estimate) -> Markup | None:
    assert estimate.potassium_meq_l is not None
    low, high = scales.SCALE_MEQ_L
    values = (estimate.potassium_meq_l, *(estimate.interval_meq_l or ()))
    if low <= min(values) and max(values) <= high:
        return None
    return element("p", f"The scale ends at {low:g} and {high:g}; an arrow marks what lies beyond.", class_="validated")


def _validated(estimate: Estimate) -> Markup | None:
    trained = None if estimate.model is None else f"The model was trained on {words.origin(estimate.model.trained_on)}"
    validated = estimate.interval_validated_on
    checked = None if validated is None else f"the interval was validated on {words.origin(validated)} only"
    origins = ", and ".join(part for part in (trained, checked) if part)
    return element("p", f"{words.sentence(origins)}.", class_="validated") if origins else None


def warnings(estimate: Estimate) -> Markup | None:
    """Return what must be known of this ECG before its estimate is believed."""
    if not estimate.warnings:
        return None
    items = [element("li", words.without_folder(warning, estimate.source)) for warning in estimate.warnings]
    return section("Warnings", element("ul", *items), class_="warnings")
