"""Semi-simulated recordings: real ones whose P, QRS and T were changed from an assumed normal potassium to another.

The difference between the changed and the original median beat is added at every heartbeat of the real recording, so
that its rhythm, noise, breathing and the variation from beat to beat stay.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import SimulateError
from kalemia.records import LEADS, Recording
from kalemia.simulate.base import LENGTH, Base, Bases
from kalemia.simulate.change import DESIGN, Design, draw
from kalemia.simulate.heart import RATE
from kalemia.simulate.laboratory import draw_blood
from kalemia.simulate.levels import Level, level_named
from kalemia.simulate.marks import BEFORE, SAMPLES, Marks
from kalemia.simulate.records import Simulated, check_counts, generators, twelve
from kalemia.simulate.shape import changed, departures, recombined

LOWEST_MEQ_L, HIGHEST_MEQ_L = 2.0, 9.5
LABELS = "semi-simulated"

Float32 = NDArray[np.float32]


def morph(
    bases: Bases, count: int, seed: int, level: str | Level = "clinic", start: int = 0, design: Design = DESIGN
) -> Iterator[Simulated]:
    """Yield `count` recordings from index `start` on; record i depends only on (seed, level, i, design) and the bases.

    Raises
    ------
    SimulateError
        For a negative count, start or seed, or an unknown level; raised at the call, not at the first record.
    """
    check_counts(count=count, start=start, seed=seed)
    check_level(level_named(level))
    return (morph_one(bases, seed, index, level, design=design) for index in range(start, start + count))


def morph_one(
    bases: Bases,
    seed: int,
    index: int,
    level: str | Level = "clinic",
    potassium_meq_l: float | None = None,
    design: Design = DESIGN,
) -> Simulated:
    """Return record `index`; a stated potassium replaces the drawn one, all else equal.

    Parameters
    ----------
    bases
        Real recordings, from `read_bases`; with fewer than two no waves of two hearts are put together.
    seed, index
        Which record.
    level
        Decides potassium, the spread of what potassium does not decide, the step of the samples and the laboratory.
    potassium_meq_l
        2.0 to 9.5.
    design
        How large the changes are.

    Raises
    ------
    SimulateError
        For an unknown level, a negative seed or index, or a potassium out of range.
    """
    preset = level_named(level)
    check_level(preset)
    check_counts(seed=seed, index=index)
    _check_potassium(potassium_meq_l)
    who, what, which, shape, laboratory = generators(seed, f"{preset.name}, morphed", (index,), 5)
    potassium = preset.potassium(what) if potassium_meq_l is None else float(potassium_meq_l)
    person = draw(who, design, preset.spread)
    below, other = _pair(bases, which, design)
    beat, where = _beat(bases, below, other)
    new = changed(beat, where, person.at(potassium, design))
    new += np.float32(person.shape_mv) * departures(shape)
    signal = laid(bases.usable[below], new - bases.usable[below].beat) * np.float32(person.gain)
    return Simulated(
        recording=Recording(twelve(signal, preset.step_mv), float(RATE), LEADS, source=LABELS),
        potassium_meq_l=potassium,
        blood=draw_blood(potassium, preset.gap_min, preset.hemolysis_share, laboratory),
        name=f"m{index:06d}",
        patient=f"m{index:06d}",
        day=0,
        minute=0,
        variant=bases.usable[below].name,
        parameters=person.parameters() | {"base": float(below), "t_base": float(other)},
        seed=seed,
        labels=LABELS,
    )


def _check_potassium(potassium_meq_l: float | None) -> None:
    if potassium_meq_l is not None and not LOWEST_MEQ_L <= potassium_meq_l <= HIGHEST_MEQ_L:
        raise SimulateError(
            f"potassium {potassium_meq_l} mEq/L is beyond what beats are changed to; "
            f"expected {LOWEST_MEQ_L} to {HIGHEST_MEQ_L}"
        )


def check_level(level: Level) -> None:
    """Raise SimulateError for a level whose patients do not have one record of 12 leads each, as real ones here do."""
    if level.leads != LEADS or level.records > 1:
        raise SimulateError(
            f"level {level.name!r} has other records than one of 12 leads a patient; "
            f"real ECGs are changed at levels such as clean, clinic, hospital"
        )


def _pair(bases: Bases, rng: np.random.Generator, design: Design) -> tuple[int, int]:
    """Draw which record lies beneath, and which one gives T: another for a share of the patients."""
    count = len(bases.usable)
    below, further = int(rng.integers(count)), int(rng.integers(1, max(count, 2)))
    another = rng.random() < design.recombine
    return below, (below + further) % count if another else below


def _beat(bases: Bases, below: int, other: int) -> tuple[Float32, Marks]:
    base = bases.usable[below]
    return (base.beat, base.marks) if other == below else recombined(base, bases.usable[other])


def laid(base: Base, difference: Float32) -> Float32:
    """Return a base's signal, (8, 5000) in mV, with a difference (8, 450) added at every beat of its usual shape."""
    padded = np.zeros((len(base.signal), LENGTH + 2 * SAMPLES), np.float32)
    for peak, share in zip(base.peaks, base.shares, strict=True):
        first = SAMPLES + peak - BEFORE
        padded[:, first : first + SAMPLES] += difference * share
    return base.signal + padded[:, SAMPLES:-SAMPLES]
