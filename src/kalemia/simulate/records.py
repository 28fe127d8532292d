"""Recordings of simulated patients: one a patient, each depending on nothing but (seed, level, index)."""

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
from kalemia.simulate.laboratory import Draw, draw_blood
from kalemia.simulate.levels import level_named
from kalemia.simulate.noise import add_noise
from kalemia.simulate.patient import draw
from kalemia.simulate.rhythm import place

SECONDS = 10


@dataclass(frozen=True, eq=False)
class Simulated:
    """A simulated recording and the truth behind it.

    Attributes
    ----------
    recording
        Twelve leads, 10 s at 500 Hz, mV.
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
    blood: Draw
    name: str
    patient: str
    day: int
    minute: int
    variant: str
    parameters: dict[str, float]
    seed: int
    labels: str = "simulated"


def simulate(count: int, seed: int, level: str = "clinic", start: int = 0) -> Iterator[Simulated]:
    """Yield `count` recordings from index `start` on; record i depends only on (seed, level, i).

    Raises
    ------
    SimulateError
        For a negative count, start or seed, or an unknown level; raised at the call, not at the first record.
    """
    if count < 0:
        raise SimulateError(f"count is {count}; expected 0 or more")
    if start < 0:
        raise SimulateError(f"start is {start}; expected 0 or more")
    check_seed(seed)
    level_named(level)
    return (simulate_one(seed, index, level) for index in range(start, start + count))


def simulate_one(seed: int, index: int, level: str = "clinic", potassium_meq_l: float | None = None) -> Simulated:
    """Return record `index`; a stated potassium replaces the drawn one, all else equal.

    Raises
    ------
    SimulateError
        For an unknown level, a negative seed or index, or a potassium outside the atlas.
    """
    preset, atlas = level_named(level), load()
    check_seed(seed)
    if index < 0:
        raise SimulateError(f"index is {index}; expected 0 or more")
    who, what, when, noise, blood = generators(seed, index, level)
    potassium = preset.potassium(what)
    if potassium_meq_l is not None:
        if not atlas.lowest <= potassium_meq_l <= atlas.highest:
            raise SimulateError(
                f"potassium {potassium_meq_l} mEq/L is outside the simulator's atlas; "
                f"expected {atlas.lowest} to {atlas.highest}"
            )
        potassium = float(potassium_meq_l)
    patient = draw(who, preset)
    quiet = place(patient, potassium, SECONDS * RATE, when)
    signal = twelve(add_noise(quiet, RATE, preset, noise), preset.step_mv)
    return Simulated(
        recording=Recording(signal, float(RATE), LEADS, source="simulated"),
        potassium_meq_l=potassium,
        blood=draw_blood(potassium, preset.gap_min, preset.hemolysis_share, blood),
        name=f"p{index:06d}",
        patient=f"p{index:06d}",
        day=0,
        minute=0,
        variant=atlas.names[patient.variant],
        parameters=patient.parameters(),
        seed=seed,
    )


def check_seed(seed: int) -> None:
    """Raise SimulateError for a seed that numpy does not take."""
    if seed < 0:
        raise SimulateError(f"seed is {seed}; expected 0 or more")


def generators(seed: int, index: int, kind: str) -> list[np.random.Generator]:
    """Return five independent streams: for patient, potassium, rhythm, noise and laboratory of a kind of record."""
    root = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(kind.encode()), index))
    return [np.random.Generator(np.random.SFC64(child)) for child in root.spawn(5)]


def twelve(eight: NDArray[np.float32], step_mv: float) -> NDArray[np.float32]:
    """Return the twelve leads from I, II, V1..V6 in mV, in steps of `step_mv`."""
    eight = np.round(eight / np.float32(step_mv)) * np.float32(step_mv)
    one, two = eight[0], eight[1]
    limb = np.stack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2])
    return np.concatenate([limb, eight[2:]])
