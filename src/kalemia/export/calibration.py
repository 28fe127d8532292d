"""Simulated beats, on which it is seen how large the activations of a network become."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import BeatError
from kalemia.estimate.model import inputs
from kalemia.records import Beat
from kalemia.signal.beat import cut
from kalemia.simulate import simulate

Float32 = NDArray[np.float32]

PATIENTS, SEED, LEVELS = 150, 2_026, ("kidney", "hospital")
"""Simulated patients of each level whose beats are seen."""


@dataclass(frozen=True, eq=False)
class Beats:
    """Normalized beats, as a model takes them.

    Attributes
    ----------
    waves, side
        As in `Model.run`.
    potassium
        (n,) mEq/L, of the patient who was simulated.
    """

    waves: Float32
    side: Float32
    potassium: Float32


def simulated(leads: tuple[str, ...], patients: int = PATIENTS, seed: int = SEED) -> Beats:
    """Return the beats of simulated patients in these leads, so many patients of each level."""
    found = list(_cuts(leads, patients, seed))
    waves, side = inputs([beat for beat, _ in found], leads)
    there = waves.any(axis=(1, 2))
    return Beats(waves[there], side[there], np.array([value for _, value in found], np.float32)[there])


def _cuts(leads: tuple[str, ...], patients: int, seed: int) -> Iterator[tuple[Beat, float]]:
    for level in LEVELS:
        for made in simulate(patients, seed, level):
            with suppress(BeatError):
                yield cut(made.recording, leads), made.potassium_meq_l
