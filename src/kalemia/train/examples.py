"""What is trained on: ECGs as arrays, with their potassium and their patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from kalemia.estimate.population import Population
from kalemia.records import SAMPLES
from kalemia.signal.measure import Waves

FEATURES = tuple(f.name for f in fields(Waves))

Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Examples:
    """Waves of n ECGs and what is known of them.

    Attributes
    ----------
    waves
        (n, leads, samples) at 300 Hz: the one-cycle beat that `Model.run` takes, or a longer window; each lead divided
        by its gain, zero throughout where it is not good.
    side
        (n, leads + 1) natural logarithm of each gain, mV, then the RR interval, s.
    potassium
        (n,) serum potassium, mEq/L.
    features
        (n, leads * FEATURES) what `measure` says of each lead; NaN where it is not good.
    patients
        (n,) names, unique in their source.
    sources
        (n,) names of where they come from.
    number
        (n,) which of its source's records each is; of a cohort that is read whole, its place in the table.
    refused
        How many further records had no beat that may be used.
    """

    waves: Float32
    side: Float32
    potassium: Float32
    features: Float32
    patients: NDArray[np.str_]
    sources: NDArray[np.str_]
    number: NDArray[np.int64]
    refused: int = 0

    def __len__(self) -> int:
        return len(self.potassium)

    def only(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Examples:
        """Return some of the ECGs, in the order of `chosen`."""
        return Examples(**{name: getattr(self, name)[chosen] for name in ARRAYS}, refused=self.refused)

    def of(self, rows: Sequence[int]) -> Examples:
        """Return some of the leads, by place; ECGs in which none of them is good are left out."""
        leads = self.waves.shape[1]
        features = self.features.reshape(len(self), leads, -1)[:, rows].reshape(len(self), -1)
        some = replace(self, waves=self.waves[:, rows], side=self.side[:, [*rows, leads]], features=features)
        good = np.flatnonzero(some.waves.any(axis=(1, 2)))
        return replace(some.only(good), refused=self.refused + len(self) - len(good))

    def masked(self, shown: NDArray[np.bool_]) -> Examples:
        """Return the ECGs with only the leads `shown`, (n, leads) or (leads,); without those that have none."""
        kept = np.broadcast_to(shown, self.waves.shape[:2])
        side = self.side * np.column_stack([kept, np.ones(len(kept), bool)])
        some = replace(self, waves=self.waves * kept[:, :, None], side=side)
        return some.only(np.flatnonzero(some.waves.any(axis=(1, 2))))

    def fewer(self, count: int, seed: int) -> Examples:
        """Return the ECGs with `count` of their good leads left, drawn at random; those with fewer are left out."""
        there = np.asarray(self.waves.any(axis=2))
        enough = np.flatnonzero(there.sum(axis=1) >= count)
        some, there = self.only(enough), there[enough]
        dice = np.where(there, np.random.default_rng(seed).random(there.shape), 2.0)
        return some.masked(dice <= np.sort(dice, axis=1)[:, [count - 1]])


def mix_of(potassium: Float32) -> Population:
    """Return the training's patients (n,), mEq/L, as a population."""
    return Population.of(potassium, "training", "the training's patients", "the training")


ARRAYS = tuple(field.name for field in fields(Examples) if field.name != "refused")


def joined(pieces: Sequence[Examples]) -> Examples:
    """Return the ECGs of all."""
    arrays = {name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in ARRAYS}
    return Examples(**arrays, refused=sum(piece.refused for piece in pieces))


def empty(leads: int, refused: int = 0, samples: int = SAMPLES) -> Examples:
    """Return no ECGs at all, in arrays of the right shapes."""
    return Examples(
        waves=np.empty((0, leads, samples), np.float32),
        side=np.empty((0, leads + 1), np.float32),
        potassium=np.empty(0, np.float32),
        features=np.empty((0, leads * len(FEATURES)), np.float32),
        patients=np.empty(0, "U1"),
        sources=np.empty(0, "U1"),
        number=np.empty(0, np.int64),
        refused=refused,
    )
