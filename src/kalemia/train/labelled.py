"""Records whose potassium is known become examples, cut by the same code that predicting uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kalemia.cohort.cohort import Cohort
from kalemia.errors import BeatError
from kalemia.estimate.model import inputs
from kalemia.records import R_SAMPLE, Beat, Recording
from kalemia.signal.beat import cut
from kalemia.signal.condition import RATE, condition
from kalemia.signal.measure import measure
from kalemia.simulate import Simulated, morph, read_bases, simulate
from kalemia.system.workers import mapped
from kalemia.train.design import Cut
from kalemia.train.examples import FEATURES, Examples, empty, joined

CHUNK = 500

Float32 = NDArray[np.float32]


class Labelled(Protocol):
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


class Maker(Protocol):
    """What makes or reads records: for some patients, each with `each` of them."""

    @property
    def source(self) -> str:
        """Its name."""

    @property
    def each(self) -> int:
        """How many records a patient has."""

    def __call__(self, patients: range) -> Iterator[Labelled]:
        """Yield the records of these patients."""


@dataclass(frozen=True)
class Generator:
    """Simulates patients, or changes real records.

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
class Measured:
    """A recording whose potassium, mEq/L, a laboratory measured."""

    recording: Recording
    potassium_meq_l: float
    patient: str


@dataclass(frozen=True)
class CohortReader:
    """Reads ECGs of a cohort, those in some rows of its table."""

    source: str
    folder: Path
    rows: tuple[int, ...]
    each: int = 1

    def __call__(self, patients: range) -> Iterator[Measured]:
        """Yield the ECGs at these places of the rows."""
        cohort = Cohort.open(self.folder)
        table = cohort.table.select("potassium_meq_l", "patient")
        for place in patients:
            potassium, patient = table.row(self.rows[place])
            yield Measured(cohort.recording(self.rows[place]), float(potassium), str(patient))


def made(
    maker: Maker, patients: range, what: Cut, workers: int = 1, progress: Callable[[int], None] | None = None
) -> Examples:
    """Make the records of these patients and cut them; the result does not depend on the number of workers.

    `progress` is called with the number of further records.
    """
    step = max(1, CHUNK // maker.each)
    starts = [range(s, min(s + step, patients.stop)) for s in range(patients.start, patients.stop, step)]
    chunks = []
    for chunk in mapped(partial(_chunk, maker, what), starts, workers):
        chunks.append(chunk)
        if progress:
            progress(len(chunk) + chunk.refused)
    return joined(chunks)


def _chunk(maker: Maker, what: Cut, patients: range) -> Examples:
    kept: list[tuple[int, Labelled, Beat]] = []
    number = first = patients.start * maker.each
    for number, record in enumerate(maker(patients), start=first + 1):
        if beat := _usable(record.recording, what):
            kept.append((number - 1, record, beat))
    refused = number - first - len(kept)
    if not kept:
        return empty(len(what.leads), refused, what.samples)
    waves, side = inputs([beat for _, _, beat in kept], what.leads)
    if what.window_s is not None:
        waves = np.stack([window(record.recording, beat, what) for _, record, beat in kept])
    return Examples(
        waves=waves,
        side=side,
        potassium=np.array([record.potassium_meq_l for _, record, _ in kept], dtype=np.float32),
        features=np.stack([features(beat, what.leads) for _, _, beat in kept]),
        patients=np.array([record.patient for _, record, _ in kept]),
        sources=np.full(len(kept), maker.source),
        number=np.array([number for number, _, _ in kept], np.int64),
        refused=refused,
    )


def _usable(recording: Recording, what: Cut) -> Beat | None:
    """Return the beat, if enough of the leads are good; those that were not recorded are not."""
    there = [lead for lead in what.leads if lead in recording.leads]
    if len(there) < what.needed:
        return None
    try:
        beat = cut(recording, there)
    except BeatError:
        return None
    return beat if len(beat.good) >= what.needed else None


def window(recording: Recording, beat: Beat, what: Cut) -> Float32:
    """Return (leads, samples) the conditioned signal over its gain, from 0.3 s before the first R that leaves room."""
    rows = [row for row, lead in enumerate(beat.leads) if lead in beat.good]
    names = [beat.leads[row] for row in rows]
    signal = condition(recording.signal[[recording.leads.index(name) for name in names]], recording.rate)
    starts = np.round(beat.r_peaks_s * RATE).astype(np.intp) - R_SAMPLE
    fits = starts[(starts >= 0) & (starts + what.samples <= signal.shape[1])]
    first = int(fits[0]) if len(fits) else 0
    part = np.nan_to_num(signal[:, first : first + what.samples]) / beat.gain_mv[rows, None]
    waves = np.zeros((len(what.leads), what.samples), np.float32)
    waves[[what.leads.index(name) for name in names], : part.shape[1]] = part
    return waves


def features(beat: Beat, leads: tuple[str, ...]) -> Float32:
    """Return what `measure` says of these leads, (leads * FEATURES,); NaN for a lead with a problem."""
    measures, nothing = measure(beat), (np.nan,) * len(FEATURES)
    rows = [astuple(measures[lead]) if lead in beat.good else nothing for lead in leads]
    return np.concatenate(rows).astype(np.float32)
