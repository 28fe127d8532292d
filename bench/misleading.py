"""What misleads an estimate, at normal and at very high potassium: whether it is refused, warned of, silently normal.

    python bench/misleading.py [MODEL ...]

Simulated patients of level clinic, of whom a third hardly answer to potassium; each is given what misleads. The last
kind is made by hand: a wave without any QRS complex, as before the heart stops. It is a part of judge.py.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from common import Models, named, of_recordings, table, targets
from kalemia.records import LEADS, Estimate, Recording
from kalemia.simulate.heart import RATE
from kalemia.simulate.levels import level_named
from kalemia.simulate.noise import add_noise
from kalemia.simulate.patient import LEFT_BLOCK, Patient, draw, draw_day
from kalemia.simulate.records import generators, twelve
from kalemia.simulate.rhythm import place

TITLE = "What misleads"
COUNT, SEED = 100, 23
CLINIC = level_named("clinic")
NORMAL_MEQ_L, HIGHEST_MEQ_L = (3.8, 5.0), (8.0, 9.0)
FAST_RR_S = (0.40, 0.50)
SLOW_CONDUCTION = 1.6
"""Factor on activation times that lets QRS and T merge at 8 to 9 mEq/L in most hearts that answer."""
ORDINARY, SINE = "nothing, for comparison", "slow conduction, up to a sine wave"
BY_HAND = "sine wave, by hand"
WAVE_HZ, WAVE_MV = (0.75, 2.5), 1.0

Change = Callable[[Patient, np.random.Generator], Patient]
Span = tuple[float, float]


def ordinary(patient: Patient, _rng: np.random.Generator) -> Patient:
    """Leave the patient as drawn."""
    return patient


def paced(patient: Patient, _rng: np.random.Generator) -> Patient:
    """Pace the right ventricle."""
    return replace(patient, paced=1)


def wide(patient: Patient, _rng: np.random.Generator) -> Patient:
    """Block the left bundle."""
    return replace(patient, block=LEFT_BLOCK)


def inverted_and_fast(patient: Patient, rng: np.random.Generator) -> Patient:
    """Turn T over, and let the heart beat 120 to 150 times a minute whatever the potassium is."""
    body = replace(patient.body, t_gain=-patient.body.t_gain, rr_s=float(rng.uniform(*FAST_RR_S)) / CLINIC.rr_factor)
    return replace(patient, body=body, sinus_sensitivity=0.0, fibrillation=0)


def no_t(patient: Patient, _rng: np.random.Generator) -> Patient:
    """Let nothing follow the QRS complex."""
    return replace(patient, body=replace(patient.body, t_gain=0.0))


def sine(patient: Patient, _rng: np.random.Generator) -> Patient:
    """Let a heart conduct slowly that answers fully to potassium."""
    body = replace(patient.body, conduction_scale=SLOW_CONDUCTION * patient.body.conduction_scale)
    return replace(patient, body=body, conduction_sensitivity=2.0, repolarization_high=1.5, t_sensitivity=1.5)


CASES: dict[str, Change] = {
    ORDINARY: ordinary,
    "paced": paced,
    "left bundle-branch block": wide,
    "inverted T, fast rate": inverted_and_fast,
    "no T": no_t,
    SINE: sine,
}


def made(change: Change, span: Span) -> Iterator[Recording]:
    """Yield changed patients at potassiums within a span, mEq/L; the same patients for every change."""
    for index in range(COUNT):
        who, what, noise = generators(SEED, "misleading", (index,), 3)
        patient, day = draw(who, CLINIC), draw_day(who, CLINIC)
        quiet = place(change(patient, what), day, float(what.uniform(*span)), CLINIC.seconds * RATE, noise)
        yield _recorded(quiet, noise)


def waves_by_hand() -> Iterator[Recording]:
    """Yield waves without a QRS complex, their fall steeper or slower than their rise, of 45 to 150 a minute."""
    for index in range(COUNT):
        shape, noise = generators(SEED, "waves by hand", (index,), 2)
        turn = 2 * np.pi * shape.uniform(*WAVE_HZ) * np.arange(CLINIC.seconds * RATE) / RATE
        turn = turn + shape.normal(0, 0.4, (8, 1))  # the leads see it at slightly different times
        wave = np.sin(turn) + shape.uniform(0, 0.35) * np.sin(2 * turn + shape.uniform(0, 2 * np.pi))
        yield _recorded((WAVE_MV * shape.normal(0, 1, (8, 1)) * wave).astype(np.float32), noise)


def _recorded(quiet: NDArray[np.float32], noise: np.random.Generator) -> Recording:
    signal = twelve(add_noise(quiet, RATE, CLINIC, noise), CLINIC.step_mv)
    return Recording(signal, float(RATE), LEADS, source="simulated")


def unflagged(one: Estimate) -> bool:
    """Tell whether an ECG is estimated without a warning."""
    return one.status == "estimated" and not one.warnings


def silent(one: Estimate) -> bool:
    """Tell whether an estimate says "normal" and nothing else."""
    return unflagged(one) and one.level == "normal"


def sets() -> Iterator[tuple[str, Span, Iterator[Recording]]]:
    """Yield what misleads, the potassium, and ECGs."""
    for span in (NORMAL_MEQ_L, HIGHEST_MEQ_L):
        yield from ((case, span, made(change, span)) for case, change in CASES.items())
    yield BY_HAND, HIGHEST_MEQ_L, waves_by_hand()


def row(name: str, case: str, span: Span, found: list[Estimate]) -> list[object]:
    """Return what became of the ECGs of one case."""
    known = [e for e in found if e.status == "estimated"]
    warned = sum(bool(e.warnings) for e in known)
    high = sum(e.level == "high" for e in known)
    missed = sum(unflagged(e) and e.level != "high" for e in known)
    numbers = len(known), warned, high, len(known) - warned, missed, sum(silent(e) for e in known)
    return [f"`{name}`", case, f"{span[0]:g} to {span[1]:g}", len(found) - len(known), *numbers]


def none_of(what: str, counts: Mapping[str, int]) -> tuple[str, dict[str, bool]]:
    """Return the target that something happens to no ECG, and who reached it."""
    each = ", ".join(f"`{name}` {count}" for name, count in counts.items())
    return f"{what}: none ({each})", {name: not count for name, count in counts.items()}


def main(models: Models) -> None:
    """Print the table and which targets are reached."""
    rows: dict[str, list[list[object]]] = {name: [] for name in models}
    silenced: Counter[str] = Counter(dict.fromkeys(models, 0))
    passed: Counter[str] = Counter(dict.fromkeys(models, 0))
    for case, span, recordings in sets():
        for name, found in of_recordings(recordings, models).items():
            rows[name].append(row(name, case, span, found))
            silenced[name] += sum(silent(e) for e in found) if span == HIGHEST_MEQ_L else 0
            # With an ordinary potassium slow conduction makes no sine wave.
            asked = case != ORDINARY and (case != SINE or span == HIGHEST_MEQ_L)
            passed[name] += sum(unflagged(e) for e in found) if asked else 0
    columns = ["model", "what misleads", "potassium, mEq/L", "refused", "estimated", "warned", "called high",
               "neither refused nor warned", "nor called high", "silently normal"]  # fmt: skip
    print(f"{COUNT} simulated ECGs a row; a wave made by hand stands for more than 8 mEq/L. Warned: of anything.\n")
    print(table(columns, [one for some in rows.values() for one in some], "misleading"))
    print("\nTargets:\n")
    reached = (
        none_of("Silently normal (called so, no warning) above 8 mEq/L", silenced),
        none_of("Neither refused nor warned of where something misleads", passed),
    )
    print(targets(dict(reached), "misleading-targets"))


if __name__ == "__main__":
    main(named(sys.argv[1:]))
