"""A cohort as arrays to study: the one-cycle beat, or longer windows, of every ECG that has usable leads."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia.cohort.cohort import Cohort
from kalemia.errors import BeatError, TrainError
from kalemia.records import R_SAMPLE, SAMPLES, Beat, Recording
from kalemia.signal.beat import cut
from kalemia.signal.condition import RATE, condition
from kalemia.system import atomic
from kalemia.system.workers import mapped
from kalemia.train.data import features

Float32 = NDArray[np.float32]

CHUNK = 200
DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True, eq=False)
class Examples:
    """ECGs of n rows of a cohort.

    Attributes
    ----------
    number
        (n,) their places in the cohort's table.
    waves
        (n, leads, samples) at 300 Hz, each lead divided by its gain; zero throughout where a lead is not good.
    side
        (n, leads + 1) natural logarithm of each gain, mV, then the RR interval, s.
    measures
        (n, leads * measures) what `measure` says of each lead; NaN where it is not good.
    """

    number: NDArray[np.int64]
    waves: Float32
    side: Float32
    measures: Float32

    def __len__(self) -> int:
        return len(self.number)

    def only(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> Examples:
        """Return some of the ECGs."""
        return Examples(*(getattr(self, one.name)[chosen] for one in fields(self)))

    def leads(self, rows: list[int]) -> Examples:
        """Return some of the leads, by place."""
        count = self.waves.shape[1]
        measures = self.measures.reshape(len(self), count, -1)[:, rows].reshape(len(self), -1)
        return replace(self, waves=self.waves[:, rows], side=self.side[:, [*rows, count]], measures=measures)


def load(
    cohort: Cohort,
    leads: tuple[str, ...],
    window_s: float | None,
    kept: Path,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Examples:
    """Return the ECGs of a cohort, from the file `kept` where they were cut before; those without a beat are left out.

    Without `window_s` waves are the one-cycle beat, the median of the ECG's; with it, so many seconds of the signal as
    it was recorded, from 0.3 s before an R peak, too.

    Raises
    ------
    TrainError
        Where no ECG has a beat, or the file cannot be written.
    """
    if kept.exists():
        with (
            suppress(*DAMAGED),
            kept.open("rb") as file,
            np.load(file) as stored,
        ):
            return Examples(**{one.name: stored[one.name] for one in fields(Examples)})
    starts = [range(first, min(first + CHUNK, len(cohort))) for first in range(0, len(cohort), CHUNK)]
    job = partial(_chunk, cohort.folder, leads, window_s)
    pieces = []
    for numbers, piece in zip(starts, mapped(job, starts, workers), strict=True):
        pieces.append(piece)
        if progress:
            progress(numbers.stop, len(cohort))
    found = Examples(*(np.concatenate([getattr(p, one.name) for p in pieces]) for one in fields(Examples)))
    if not len(found):
        raise TrainError(f"{cohort.folder}: none of {len(cohort):,} ECGs has a beat in {', '.join(leads)}")
    stream = io.BytesIO()
    np.savez(stream, **{one.name: getattr(found, one.name) for one in fields(found)})
    with atomic.writing(kept, TrainError):
        atomic.write({kept: stream.getvalue()})
    return found


def samples(window_s: float | None) -> int:
    """Return how many samples at 300 Hz a window has."""
    return SAMPLES if window_s is None else round(window_s * RATE)


def _chunk(folder: Path, leads: tuple[str, ...], window_s: float | None, numbers: range) -> Examples:
    cohort = Cohort.open(folder)
    count = samples(window_s)
    kept = [(number, one) for number in numbers if (one := _one(cohort.recording(number), leads, window_s)) is not None]
    empty = (0, len(leads))
    return Examples(
        np.array([number for number, _ in kept], np.int64),
        np.stack([wave for _, (wave, _, _) in kept]) if kept else np.zeros((*empty, count), np.float32),
        np.stack([side for _, (_, side, _) in kept]) if kept else np.zeros((0, len(leads) + 1), np.float32),
        np.stack([said for _, (_, _, said) in kept]) if kept else np.zeros((0, 0), np.float32),
    )


def _one(
    recording: Recording, leads: tuple[str, ...], window_s: float | None
) -> tuple[Float32, Float32, Float32] | None:
    """Return the waves, side inputs and measures of an ECG; None where no wanted lead has a beat."""
    try:
        beat = cut(recording, [lead for lead in leads if lead in recording.leads])
    except BeatError:
        return None
    good = [k for k, lead in enumerate(leads) if lead in beat.good]
    if not good:
        return None
    rows = [beat.leads.index(leads[k]) for k in good]
    count = samples(window_s)
    waves, side = np.zeros((len(leads), count), np.float32), np.zeros(len(leads) + 1, np.float32)
    waves[good] = beat.waveform[rows] if window_s is None else _window(recording, beat, rows, count)
    side[good] = np.log(np.maximum(beat.gain_mv[rows], 1e-3))
    side[-1] = beat.rr_s
    return waves, side, features(beat, leads)


def _window(recording: Recording, beat: Beat, rows: list[int], count: int) -> Float32:
    """Return (rows, count) the conditioned signal, over its gain, from 0.3 s before the first R that leaves room."""
    names = [beat.leads[row] for row in rows]
    signal = condition(recording.signal[[recording.leads.index(name) for name in names]], recording.rate)
    starts = np.round(beat.r_peaks_s * RATE).astype(np.intp) - R_SAMPLE
    fits = starts[(starts >= 0) & (starts + count <= signal.shape[1])]
    first = int(fits[0]) if len(fits) else 0
    part = np.nan_to_num(signal[:, first : first + count]) / beat.gain_mv[rows, None]
    return np.pad(part, ((0, 0), (0, count - part.shape[1]))).astype(np.float32)
