"""One simulated patient on the page: the same beats and sheets at every potassium."""

from __future__ import annotations

import numpy as np

from kalemia.errors import BeatError
from kalemia.records import Beat, Recording
from kalemia.report import paper, plots
from kalemia.report.markup import Markup, element
from kalemia.signal.beat import cut
from kalemia.simulate import simulate_one
from kalemia.validate.patients import Patients
from kalemia.validate.table import normal, slope_ratio, tabulate
from kalemia.validate.validation import Validation

SHOWN_MEQ_L = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)


def answering(patients: Patients) -> int:
    """Return a patient who answers clearly: a normal ECG at 4.1, and T steepens by 7.2 more than in four of five."""
    before, after = patients.at[4.1], patients.at[7.2]
    change = slope_ratio(after, "V5") / slope_ratio(before, "V5")
    usable = np.isfinite(change)
    chosen = usable & normal(before) if (usable & normal(before)).any() else usable
    if not chosen.any():
        return 0
    away = np.where(chosen, np.abs(change - np.quantile(change[chosen], 0.8)), np.inf)
    return int(away.argmin())


def beats(validation: Validation) -> Markup:
    """Return the section of the patient's beats in two leads at every potassium, each lead on one scale."""
    index = answering(validation.patients)
    who = (
        f"Patient {index} of seed {validation.seed}, with a normal ECG at 4.1 mEq/L and a T wave that answers more "
        "than in four of five patients. Only potassium differs; noise and rhythm are the same."
    )
    recordings = _recordings(validation)
    drawn = [
        element("div", *plots.beats(beat, beat.leads), class_="beats")
        for beat in (_side_by_side(recordings, lead) for lead in ("V5", "II"))
        if beat is not None
    ]
    return element("section", element("h2", "One patient, beat by beat"), element("p", who, class_="facts"), *drawn)


def sheets(validation: Validation) -> Markup:
    """Return the section of the patient's ECGs on paper."""
    scale = "25 mm/s, 10 mm/mV: a small square is 0.04 s by 0.1 mV. Not filtered; each lead is shifted to its median."
    drawn = [_sheet(k, recording) for k, recording in _recordings(validation).items()]
    return element(
        "section", element("h2", "The same patient, as recorded"), element("p", scale, class_="facts"), *drawn
    )


def _recordings(validation: Validation) -> dict[float, Recording]:
    """Return the patient's ECG at every potassium that is shown, mEq/L."""
    index = answering(validation.patients)
    return {k: simulate_one(validation.seed, index, validation.level, k).recording for k in SHOWN_MEQ_L}


def _side_by_side(recordings: dict[float, Recording], lead: str) -> Beat | None:
    """Return the beats of one lead as if each potassium were a lead of one recording."""
    cuts: dict[str, Beat] = {}
    for k, recording in recordings.items():
        try:
            cuts[f"{lead} at {k:g} mEq/L"] = cut(recording, (lead,))
        except BeatError:
            continue
    if not cuts:
        return None
    return Beat(
        waveform=np.concatenate([beat.waveform for beat in cuts.values()]),
        gain_mv=np.concatenate([beat.gain_mv for beat in cuts.values()]),
        leads=tuple(cuts),
        rr_s=next(iter(cuts.values())).rr_s,
        count=min(beat.count for beat in cuts.values()),
        quality=np.concatenate([beat.quality for beat in cuts.values()]),
        problems=tuple(problem for beat in cuts.values() for problem in beat.problems),
    )


def _sheet(potassium: float, recording: Recording) -> Markup:
    drawing = paper.draw(recording, None, f"k{potassium:g}")
    table = tabulate([recording])
    facts = [
        f"{name} {value:.0f} {unit}"
        for name, value, unit in (
            ("heart rate", table.rate_bpm[0], "a minute"),
            ("PR", table.of("II", "pr_ms")[0] if table.p_present[0] else np.nan, "ms"),
            ("QRS", table.of("II", "qrs_ms")[0], "ms"),
            ("QTc", table.of("II", "qtc_ms")[0], "ms"),
        )
        if np.isfinite(value)
    ]
    return element(
        "figure",
        element("figcaption", element("strong", f"{potassium:g} mEq/L"), " · ".join(["", "simulated", *facts])),
        element(
            "div", drawing.svg, class_="sheet", tabindex=0, role="region",
            aria_label=f"The ECG at {potassium:g} mEq/L, scrolls sideways",
        ),
    )  # fmt: skip
