"""Recordings of simulated patients, each depending on nothing but (seed, level, patient, visit)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import SimulateError
from kalemia.records import LEADS, Recording
from kalemia.simulate.atlas import load
from kalemia.simulate.heart import RATE
from kalemia.simulate.laboratory import BloodTest, draw_blood
from kalemia.simulate.levels import DIALYSATE_MEQ_L, Level, level_named
from kalemia.simulate.noise import add_noise
from kalemia.simulate.patient import draw, draw_day
from kalemia.simulate.rhythm import place

HALF_REMOVED_MIN = 80.0
"""How long hemodialysis takes for half of what it removes."""


@dataclass(frozen=True, eq=False)
class Simulated:
    """A simulated recording and the truth behind it.

    Attributes
    ----------
    recording
        Twelve leads, 10 s at 500 Hz, mV; lead I for 30 s at level `wearable`.
    potassium_meq_l
        The true serum potassium at the time of the ECG.
    blood
        What a laboratory made of it.
    name
        Of the record, unique in its data set.
    patient
        An id such as "p000123".
    day, minute
        When in the patient's series: days since its first record, minutes since the day's first.
    variant
        The ionic variant of the patient's muscle; of a morphed record, the real record beneath it.
    parameters
        Everything that was drawn, by name.
    seed
        The seed it was made from.
    labels
        "simulated", or "semi-simulated" where real beats were changed.
    """

    recording: Recording
    potassium_meq_l: float
    blood: BloodTest
    name: str
    patient: str
    day: int
    minute: int
    variant: str
    parameters: dict[str, float]
    seed: int
    labels: str = "simulated"


def simulate(count: int, seed: int, level: str | Level = "clinic", start: int = 0) -> Iterator[Simulated]:
    """Yield the records of `count` patients from index `start` on; one depends only on (seed, level, patient, visit).

    Most levels have one record a patient; `Level.records` says how many. `level` is the name of a preset, or a Level.

    Raises
    ------
    SimulateError
        For a negative count, start or seed, or an unknown level; raised at the call, not at the first record.
    """
    check_counts(count=count, start=start, seed=seed)
    each = level_named(level).records
    return (
        simulate_one(seed, index, level, visit=visit) for index in range(start, start + count) for visit in range(each)
    )


def simulate_one(
    seed: int, index: int, level: str | Level = "clinic", potassium_meq_l: float | None = None, visit: int = 0
) -> Simulated:
    """Return a record of patient `index`; a stated potassium replaces the drawn one, all else equal.

    `visit` counts the patient's records. Those of one visit to a clinic share the electrodes; every other visit is
    another day of the same heart: other electrodes, posture, heart rate and noise.

    Raises
    ------
    SimulateError
        For an unknown level, a negative seed, index or visit, or a potassium outside the atlas.
    """
    preset = level_named(level)
    check_counts(seed=seed, index=index, visit=visit)
    check_potassium(potassium_meq_l)
    session, step = divmod(visit, len(preset.minutes))
    # Potassium has a stream of its own, and so has noise: a stated potassium changes neither of the others.
    who, serum = generators(seed, preset.name, (index,), 2)
    (of_day,) = generators(seed, preset.name, (index, 1, session), 1)
    when, after = generators(seed, preset.name, (index, 2, visit), 2)
    patient, day = draw(who, preset), draw_day(of_day, preset)
    potassium = _potassium(preset, serum, of_day, session, preset.minutes[step])
    if potassium_meq_l is not None:
        potassium = float(potassium_meq_l)
    blood = draw_blood(potassium, preset.gap_min, preset.hemolysis_share, after)
    quiet = place(patient, day, potassium, preset.seconds * RATE, when)
    name = f"p{index:06d}"
    return Simulated(
        recording=Recording(_recorded(quiet, preset, after), float(RATE), preset.leads, source="simulated"),
        potassium_meq_l=potassium,
        blood=blood,
        name=f"{name}-{visit:02d}" if preset.records > 1 or visit else name,
        patient=name,
        day=session * preset.days_between,
        minute=preset.minutes[step],
        variant=load().names[patient.variant],
        parameters=patient.parameters() | day.parameters(),
        seed=seed,
    )


def _potassium(level: Level, serum: np.random.Generator, day: np.random.Generator, session: int, minute: int) -> float:
    """Return the level's potassium: the first visit's drawn, others near it, falling while blood is cleaned."""
    start = level.potassium(serum)
    if session:
        start += 0.35 * float(day.standard_normal())
    removable = max(start - DIALYSATE_MEQ_L, 0.0) * level.removed_share
    fallen = removable * (1 - 0.5 ** (minute / HALF_REMOVED_MIN))
    return round(float(min(max(start - fallen, load().lowest), load().highest)), 2)


def check_potassium(potassium_meq_l: float | None) -> None:
    """Raise SimulateError for a potassium that the atlas does not hold."""
    low, high = load().lowest, load().highest
    if potassium_meq_l is not None and not low <= potassium_meq_l <= high:
        raise SimulateError(
            f"potassium {potassium_meq_l} mEq/L is outside the simulator's atlas; expected {low} to {high}"
        )


def check_counts(**numbers: int) -> None:
    """Raise SimulateError for a number, by its name, that is negative; of seeds numpy takes no such either."""
    for name, number in numbers.items():
        if number < 0:
            raise SimulateError(f"{name} is {number}; expected 0 or more")


def generators(seed: int, kind: str, key: tuple[int, ...], count: int) -> list[np.random.Generator]:
    """Return independent streams for what `key` names among a kind of records: a patient, a visit, a record."""
    key = (zlib.crc32(kind.encode()), *key)
    return [
        np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=(*key, stream))))
        for stream in range(count)
    ]


def _recorded(quiet: NDArray[np.float32], level: Level, noise: np.random.Generator) -> NDArray[np.float32]:
    """Return what the level's recorder makes of I, II, V1..V6, (leads, samples): twelve leads, or the first alone."""
    if level.leads == LEADS:
        return twelve(add_noise(quiet, RATE, level, noise), level.step_mv)
    alone = add_noise(quiet[:1], RATE, level, noise)
    return np.asarray(np.round(alone / np.float32(level.step_mv)) * np.float32(level.step_mv))


def twelve(eight: NDArray[np.float32], step_mv: float) -> NDArray[np.float32]:
    """Return the twelve leads from I, II, V1..V6 in mV, in steps of `step_mv`."""
    eight = np.round(eight / np.float32(step_mv)) * np.float32(step_mv)
    one, two = eight[0], eight[1]
    limb = np.stack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2])
    return np.concatenate([limb, eight[2:]])
