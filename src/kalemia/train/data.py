"""Beats of simulated patients and of changed real ECGs as arrays, cut by the same code that predicting uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import BeatError
from kalemia.estimate.model import inputs
from kalemia.records import SAMPLES, Beat, Recording
from kalemia.signal.beat import cut
from kalemia.signal.measure import Waves, measure
from kalemia.simulate import Simulated, morph, read_bases, simulate
from kalemia.system.workers import mapped

CHUNK = 500
FEATURES = tuple(f.name for f in fields(Waves))

Float32 = NDArray[np.float32]


class Known(Protocol):
    """A recording whose potassium is known."""

    @property
    def recording(self) -> Recording:
        """The ECG."""

    @property
    def potassium_meq_l(self) -> float:
        """What it is taken for, mEq/L."""

    @property
    def patient(self) -> str:
        """A name, unique in its source."""


class Making(Protocol):
    """What makes records: for some patients, each with `each` of them."""

    @property
    def source(self) -> str:
        """Its name."""

    @property
    def each(self) -> int:
        """How many records a patient has."""

    def __call__(self, patients: range) -> Iterator[Known]:
        """Yield the records of these patients."""


@dataclass(frozen=True)
class Maker:
    """Makes the records of a source.

    Attributes
    ----------
    source
        Its name.
    level, seed
        As in `simulate`.
    each
        How many records a patient has.
    bases
        Real records to be changed instead of simulating patients.
    """

    source: str
    level: str
    seed: int
    each: int = 1
    bases: tuple[str, ...] = ()

    def __call__(self, patients: range) -> Iterator[Simulated]:
        """Yield the records of these patients."""
        if not self.bases:
            return simulate(len(patients), self.seed, self.level, patients.start)
        return morph(read_bases(self.bases), len(patients), self.seed, self.level, patients.start)


@dataclass(frozen=True, eq=False)
class Beats:
    """Beats of n records.

    Attributes
    ----------
    waves, side
        What `Model.run` takes.
    potassium
        (n,) true serum potassium, mEq/L.
    features
        (n, leads * FEATURES) what `measure` says of each lead.
    patients
        (n,) names, unique in their source.
    sources
        (n,) names of where they come from.
    refused
        How many further records had no beat that may be used.
    """

    waves: Float32
    side: Float32
    potassium: Float32
    features: Float32
    patients: NDArray[np.str_]
    sources: NDArray[np.str_]
    refused: int

    def __len__(self) -> int:
        return len(self.potassium)

    def only(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Beats:
        """Return some of the beats, in the order of `chosen`."""
        return Beats(**{name: getattr(self, name)[chosen] for name in ARRAYS}, refused=self.refused)

    def of(self, rows: Sequence[int]) -> Beats:
        """Return some of the leads, by place; records in which none of them is good are left out."""
        leads = self.waves.shape[1]
        features = self.features.reshape(len(self), leads, -1)[:, rows].reshape(len(self), -1)
        some = replace(self, waves=self.waves[:, rows], side=self.side[:, [*rows, leads]], features=features)
        good = np.flatnonzero(some.waves.any(axis=(1, 2)))
        return replace(some.only(good), refused=self.refused + len(self) - len(good))


ARRAYS = tuple(field.name for field in fields(Beats) if field.name != "refused")


def parts(sizes: dict[str, int]) -> dict[str, range]:
    """Give each part its own patients, by number."""
    ends = np.cumsum([0, *sizes.values()])
    return {name: range(int(ends[i]), int(ends[i + 1])) for i, name in enumerate(sizes)}


def made(
    maker: Making,
    patients: range,
    leads: tuple[str, ...],
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    least_leads: int | None = None,
) -> Beats:
    """Make the records of these patients and cut their beats; the result does not depend on the number of workers.

    A record counts if `least_leads` of the leads are good, all of them by default. `progress` is called with the number
    of further records.
    """
    step = max(1, CHUNK // maker.each)
    starts = [range(s, min(s + step, patients.stop)) for s in range(patients.start, patients.stop, step)]
    chunks = []
    for done in mapped(partial(_chunk, maker, leads, least_leads or len(leads)), starts, workers):
        chunks.append(done)
        if progress:
            progress(len(done) + done.refused)
    return joined(chunks)


def joined(some: list[Beats]) -> Beats:
    """Return the beats of all."""
    arrays = {name: np.concatenate([getattr(one, name) for one in some]) for name in ARRAYS}
    return Beats(**arrays, refused=sum(one.refused for one in some))


def _chunk(maker: Making, leads: tuple[str, ...], least_leads: int, patients: range) -> Beats:
    kept: list[tuple[Beat, float, str]] = []
    refused = 0
    for one in maker(patients):
        beat = _usable(one, leads, least_leads)
        if beat is None:
            refused += 1
        else:
            kept.append((beat, one.potassium_meq_l, one.patient))
    if not kept:
        return empty(leads, refused)
    waves, side = inputs([beat for beat, _, _ in kept], leads)
    return Beats(
        waves=waves,
        side=side,
        potassium=np.array([k for _, k, _ in kept], dtype=np.float32),
        features=np.stack([features(beat, leads) for beat, _, _ in kept]),
        patients=np.array([p for _, _, p in kept]),
        sources=np.full(len(kept), maker.source),
        refused=refused,
    )


def _usable(one: Known, leads: tuple[str, ...], least_leads: int) -> Beat | None:
    """Return the beat, if enough of the leads are good; those that were not recorded are not."""
    there = [lead for lead in leads if lead in one.recording.leads]
    if len(there) < least_leads:
        return None
    try:
        beat = cut(one.recording, there)
    except BeatError:
        return None
    return beat if len(beat.good) >= least_leads else None


def empty(leads: tuple[str, ...], refused: int) -> Beats:
    """Return no beats at all, of the right shapes."""
    n = len(leads)
    return Beats(
        np.empty((0, n, SAMPLES), np.float32),
        np.empty((0, n + 1), np.float32),
        np.empty(0, np.float32),
        np.empty((0, n * len(FEATURES)), np.float32),
        np.empty(0, "U1"),
        np.empty(0, "U1"),
        refused,
    )


def features(beat: Beat, leads: tuple[str, ...]) -> Float32:
    """Return what `measure` says of these leads, (leads * FEATURES,); NaN for a lead with a problem."""
    found, nothing = measure(beat), (np.nan,) * len(FEATURES)
    return np.concatenate([astuple(found[lead]) if lead in beat.good else nothing for lead in leads]).astype(np.float32)
