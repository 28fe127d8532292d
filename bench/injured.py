"""Simulated hearts with injury, a blocked left bundle or a ventricular rhythm: who is warned of what, and refused.

    python bench/injured.py [MODEL ...]

Patients of level clinic with nothing else wrong, at every size of injury of a region; and without any at ordinary and
high potassium, which must not be refused for what potassium does. Each row is of the same patients.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from common import Models, named, of_recordings, percent, share, table, targets
from kalemia.records import LEADS, Estimate, Recording
from kalemia.simulate.heart import RATE
from kalemia.simulate.noise import add_noise
from kalemia.simulate.patient import LEFT_BLOCK, NO_BLOCK, Day, Patient, draw, draw_day
from kalemia.simulate.records import generators, twelve
from kalemia.simulate.rhythm import ventricles
from misleading import CLINIC, Span, made

TITLE = "Injured hearts"
NORMAL_MEQ_L, HIGH_MEQ_L, VERY_HIGH_MEQ_L = (3.8, 5.0), (5.5, 6.5), (6.5, 8.0)
REGIONS = ("anterior", "apical", "inferior", "lateral")
INJURIES = (-1.0, -0.6, -0.3, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0)
"""Of the whole wall, negative of its inner layer; 1 lowers the plateau by 12 mV."""
SILENT = 0.8
SITES = 8
SEED, COUNT = 29, 100
MOST_REFUSED = 0.01
SAID = {
    "raised": "ST is raised",
    "lowered": "ST is lowered",
    "wide QRS": "a wide complex",
    "left block": "left bundle-branch block:",
    "no P": "without a P wave",
}
"""Warnings by a word of theirs."""


def sound(patient: Patient) -> Patient:
    """Return a patient whose ventricles are whole and driven by both bundles."""
    return replace(patient, ischemia=0.0, infarct=0.0, late_region_ms=0.0, block=NO_BLOCK, hypertrophy=0.0, paced=0)


def injured(region: int, injury: float, silent: float = 0.0) -> Callable[[Patient, np.random.Generator], Patient]:
    """Return a change that injures a region of a sound heart."""
    return lambda patient, _: replace(sound(patient), region=region, ischemia=injury, infarct=silent)


def ventricular(span: Span) -> Iterator[Recording]:
    """Yield regular rhythms of 40 to 140 a minute from anywhere in the ventricles, without a P wave before them."""
    for index in range(COUNT):
        who, what, noise = generators(SEED, "ventricular rhythm", (index,), 3)
        patient, day = sound(draw(who, CLINIC)), draw_day(who, CLINIC)
        beats = _regular(patient, day, float(what.uniform(*span)), index % SITES, 60 / what.uniform(40, 140))
        yield Recording(twelve(add_noise(beats, RATE, CLINIC, noise), CLINIC.step_mv), float(RATE), LEADS, "simulated")


def _regular(patient: Patient, day: Day, potassium_meq_l: float, site: int, rr: float) -> np.ndarray:
    unit = ventricles(patient, day, potassium_meq_l, rr, site)
    samples = CLINIC.seconds * RATE
    out = np.zeros((8, samples + unit.shape[1]), np.float32)
    for start in range(0, samples, round(rr * RATE)):
        out[:, start : start + unit.shape[1]] += unit
    return out[:, :samples]


def sets() -> Iterator[tuple[str, Span, Iterator[Recording]]]:
    """Yield what is wrong, the potassium, and ECGs."""
    for span in (NORMAL_MEQ_L, HIGH_MEQ_L, VERY_HIGH_MEQ_L):
        yield "nothing", span, made(lambda patient, _: sound(patient), span)
        yield "left bundle-branch block", span, made(lambda patient, _: replace(sound(patient), block=LEFT_BLOCK), span)
        yield "ventricular rhythm", span, ventricular(span)
    for region, name in enumerate(REGIONS):
        for injury in INJURIES:
            yield f"{name} injury {injury:g}", NORMAL_MEQ_L, made(injured(region, injury), NORMAL_MEQ_L)
        yield f"{name} infarct", NORMAL_MEQ_L, made(injured(region, 0.0, SILENT), NORMAL_MEQ_L)


def row(name: str, case: str, span: Span, found: list[Estimate]) -> list[object]:
    """Return what became of the ECGs of one case."""
    known = [e for e in found if e.status == "estimated"]
    said = [sum(any(word in one for one in e.warnings) for e in found) for word in SAID.values()]
    high = [e for e in known if e.level == "high"]
    numbers = shifted(found), len(found) - len(known), len(high), sum(not e.warnings for e in high)
    return [f"`{name}`", case, f"{span[0]:g} to {span[1]:g}", *said, *numbers]


def shifted(found: list[Estimate]) -> int:
    """Return how many are refused for their ST segment."""
    return sum(str(e.reason).startswith("ST is shifted") for e in found)


def main(models: Models) -> None:
    """Print the table and which target is reached."""
    rows: list[list[object]] = []
    high: dict[str, list[Estimate]] = {name: [] for name in models}
    for case, span, recordings in sets():
        for name, found in of_recordings(recordings, models).items():
            rows.append(row(name, case, span, found))
            high[name] += found if case == "nothing" and span != NORMAL_MEQ_L else []
    columns = ["model", "what is wrong", "potassium, mEq/L", *(f"warned: {one}" for one in SAID),
               "refused for ST", "refused for anything", "called high", "high without a warning"]  # fmt: skip
    print(f"{COUNT} simulated ECGs a row; warnings of refused ones count.\n")
    print(table(columns, sorted(rows, key=lambda one: str(one[0])), "injured"))
    each = ", ".join(f"`{name}` {share(shifted(found), len(found))}" for name, found in high.items())
    asked = f"High potassium in a whole heart: at most {percent(MOST_REFUSED)} refused for ST ({each})"
    reached = {name: shifted(found) <= MOST_REFUSED * len(found) for name, found in high.items()}
    print(f"\nTarget:\n\n{targets({asked: reached}, 'injured-targets')}")


if __name__ == "__main__":
    main(named(sys.argv[1:]))
