"""What moved an estimate, as a page shows it: the parts of the beat as bars, and the beat over simulated ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kalemia.errors import KalemiaError
from kalemia.estimate.known import PAGE_ERROR_MEQ_L
from kalemia.records import Beat, Estimate
from kalemia.report import words
from kalemia.report.curve import Values, curve
from kalemia.report.labels import labels
from kalemia.report.markup import Markup, element, join
from kalemia.report.plots import framed, line, millivolts, panel, telling
from kalemia.report.scales import signed_bar
from kalemia.signal.measure import waves

if TYPE_CHECKING:
    from kalemia.estimate.explain import Explanation
    from kalemia.estimate.predict import Result

LEAST_REACH_MEQ_L = 1.0
"""What a bar's full length stands for at least, so that small changes look small."""
MOST_PANELS = 4
TALL = (440.0, 300.0)


def figures(result: Result) -> list[Markup]:
    """Return what `drawn` does of a result; nothing where there is no estimate, or no explanation of it."""
    if not words.is_estimated(result.estimate) or result.beat is None or result.model is None:
        return []
    from kalemia.estimate.explain import explain  # with the simulator, which nothing else here needs

    error_meq_l = PAGE_ERROR_MEQ_L if result.recording is not None and result.recording.digitized else 0.0
    try:
        why = explain(result.beat, result.model, result.population, error_meq_l=error_meq_l)
    except KalemiaError:  # what cannot be explained must not cost the rest of the page
        return []
    return drawn(result.estimate, result.beat, why)


def drawn(estimate: Estimate, beat: Beat, why: Explanation) -> list[Markup]:
    """Return the bars with what they say, and the beat over simulated ones."""
    return [_occlusion(estimate, why), _comparison(beat, why)]


def _occlusion(estimate: Estimate, why: Explanation) -> Markup:
    caption = (
        "Occlusion: each part of the beat was replaced, in every lead that was used, by that of an ordinary simulated "
        "beat (4.2 mEq/L, this RR interval, QRS as large as here), and the same model was asked again. The RR interval "
        "and the voltages of QRS, which the model is given beside the beat, stayed this patient's. The parts do not "
        "add up: the model weighs them together. And a model's reasons are not a heart's: the bars say what moved "
        "this number, not what potassium did."
    )
    return element(
        "figure",
        element("p", " ".join(part for part in (_offset(estimate, why), sentence(why)) if part), class_="moved"),
        _table(why),
        element("figcaption", " ".join(part for part in (caption, _no_p(why)) if part)),
    )


def sentence(why: Explanation) -> str:
    """Return in one sentence which part moved the estimate most."""
    most = max(why.added_meq_l.values(), key=abs)
    first = [name for name, added in why.added_meq_l.items() if words.change(added) == words.change(most)]
    total = why.potassium_meq_l - why.ordinary_meq_l
    if words.change(most) == "0.0":
        return f"None of the three parts alone moves this estimate by 0.1 {words.UNIT}."
    raise_, above = ("raise", "above") if most > 0 else ("lower", "below")
    added = f"{words.change(most)} {words.UNIT}"
    if len(first) > 1:
        return f"{' and '.join(first)} {raise_} this estimate most ({added} each)."
    if words.change(total) == "0.0" or most * total < 0 or abs(most) <= abs(total) / 2:
        return f"{first[0]} {raise_}s this estimate most ({added})."
    ordinary = f"{words.potassium(why.ordinary_meq_l)} {words.UNIT}, the model's answer to an ordinary beat,"
    return f"Most of what {raise_}s this estimate {above} {ordinary} comes from {first[0]} ({added})."


def _table(why: Explanation) -> Markup:
    total = why.potassium_meq_l - why.ordinary_meq_l
    reach = max(LEAST_REACH_MEQ_L, abs(total), *(abs(added) for added in why.added_meq_l.values()))
    names = (("Part", None), (f"Adds, {words.UNIT}", 2), ("Without it", None))
    head = element("tr", *(element("th", name, scope="col", colspan=span) for name, span in names))
    rows = [_row(name, added, why, reach) for name, added in (*why.added_meq_l.items(), ("All three", total))]
    return element("table", element("thead", head), element("tbody", *rows), class_="parts")


def _row(name: str, added: float, why: Explanation, reach: float) -> Markup:
    return element(
        "tr",
        element("th", name, scope="row"),
        element("td", words.change(added), class_="figure"),
        element("td", signed_bar(added, reach), class_="wide"),
        element("td", words.potassium(why.potassium_meq_l - added)),
    )


def _no_p(why: Explanation) -> str | None:
    if why.has_p:
        return None
    return (
        "No P wave stands out in this beat: the row says what its absence changes, whatever the cause; atrial "
        "fibrillation is one."
    )


def _offset(estimate: Estimate, why: Explanation) -> str | None:
    if not estimate.earlier_ecgs:
        return None
    own = f"{words.potassium(why.potassium_meq_l)} {words.UNIT}"
    return (
        f"Today's ECG and the blood draws alone make it {own}; what the comparison with earlier ECGs changes is in "
        "none of the bars."
    )


def _comparison(beat: Beat, why: Explanation) -> Markup:
    shown = sorted(sorted(why.leads, key=telling)[:MOST_PANELS], key=why.leads.index)
    own = millivolts(beat, tuple(shown))
    panels = [_panel(lead, own_mv, _simulated(why, lead), beat.rr_s) for lead, own_mv in own.items()]
    caption = (
        "Simulated: the middle of the simulator's patients at this RR interval, whose heart answers fully to "
        "potassium, each lead scaled so that QRS at 4.2 mEq/L is as large as here. Hearts differ among each other by "
        "more than potassium changes them: the nearest line is no estimate. The numbers at the waves are mEq/L."
    )
    turned = [lead for lead in own if lead in why.turned]
    notes = [
        f"QRS points the other way here in {', '.join(turned)}: the simulated beats were turned over." * bool(turned),
        f"Shown are {len(own)} of the {len(why.leads)} leads that were used." * (len(own) < len(why.leads)),
    ]
    return element(
        "figure",
        element("p", "This beat over simulated ones of known potassium", class_="facts"),
        _key(why),
        element("div", *panels, class_="beats beats-one" if len(panels) == 1 else "beats beats-large"),
        element("figcaption", " ".join(note for note in (caption, *notes) if note)),
    )


def _simulated(why: Explanation, lead: str) -> dict[float, Values]:
    row = why.leads.index(lead)
    return {level: mv[row].astype(float) for level, mv in why.simulated_mv.items()}


def _panel(lead: str, own_mv: Values, known: dict[float, Values], rr_s: float) -> Markup:
    """Return a lead's beat over the simulated ones, in a frame of its own: T is small beside the R of another lead."""
    frame = framed([own_mv, *known.values()], TALL)
    return panel(
        lead,
        frame,
        *(line(frame, mv, f"known known{level:g}") for level, mv in known.items()),
        line(frame, own_mv, "trace"),
        *labels(frame, known, rr_s),
        summary=_heights(own_mv, known, rr_s),
    )


def _heights(own_mv: Values, known: dict[float, Values], rr_s: float) -> str:
    """Return the heights of T, which those who do not see the lines can compare."""
    simulated = ", ".join(f"{_t_mv(mv, rr_s)} at {level:g}" for level, mv in known.items())
    return f"height of T {_t_mv(own_mv, rr_s)} mV; in simulated beats {simulated} mEq/L"


def _t_mv(beat_mv: Values, rr_s: float) -> str:
    return f"{waves(beat_mv.astype(np.float32), rr_s).t_mv:.2f}"


def _key(why: Explanation) -> Markup:
    lines = [(f"{level:g} {words.UNIT}", f"known known{level:g}") for level in why.simulated_mv]
    return element("ul", *(_entry(*entry) for entry in [*lines, ("this ECG", "trace")]), class_="key")


def _entry(name: str, class_: str) -> Markup:
    stroke = curve(np.array([0.0, 48.0]), np.array([4.0, 4.0]), class_)
    return element("li", join(element("svg", stroke, viewBox="0 0 48 8", aria_hidden="true"), name))
