"""Real recordings made ready to be changed: their beats found, their median beat measured.

Nothing here is copied into the package; the recordings are the user's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kalemia.errors import KalemiaError, SimulateError
from kalemia.read import inputs, read
from kalemia.records import EIGHT, R_SAMPLE, Recording
from kalemia.records import SAMPLES as FILTERED_SAMPLES
from kalemia.signal.beat import MIN_RATE_HZ, cut
from kalemia.signal.condition import RATE as FILTERED_RATE
from kalemia.signal.condition import condition
from kalemia.signal.pacing import pacing_spikes
from kalemia.simulate.heart import RATE, smooth
from kalemia.simulate.marks import BEFORE, MS, SAMPLES, TIMES_MS, Marks, marks, ramp

SECONDS = 10
LENGTH = SECONDS * RATE
MIN_S = 8.0
SHIFT = 4
"""Samples (8 ms) by which a detected beat may be moved to lie on the median beat."""
UNLIKE, ALIKE = 0.6, 0.85
"""Correlation with the median beat below which a beat is another kind and stays, and from which it is changed fully."""
MIN_ALIKE_SHARE, MIN_ALIKE = 0.5, 4
FADE_MS = 40.0, 150.0
"""Shortest and longest fall of a change at the end of a beat."""

Float32 = NDArray[np.float32]
Index = NDArray[np.intp]
Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


@dataclass(frozen=True, eq=False)
class Base:
    """A real recording of ten seconds whose beats can be changed.

    Attributes
    ----------
    name
        The stem of its file.
    signal
        (8, 5000) I, II, V1..V6 at 500 Hz, mV, as recorded.
    peaks
        (beats,) sample of R.
    shares
        (beats, 450) how much of a change a beat takes at each time: none before its P, from the next P on, and where
        it is of another shape than the median beat.
    beat
        (8, 450) the median beat, mV.
    marks
        The times of its waves.
    rr_s
        Median RR interval.
    """

    name: str
    signal: Float32
    peaks: Index
    shares: Float32
    beat: Float32
    marks: Marks
    rr_s: float


@dataclass(frozen=True, eq=False)
class Bases:
    """Recordings to be changed, in the order of their `paths`, and why others were left out."""

    usable: tuple[Base, ...]
    skipped: tuple[tuple[Path, str], ...] = ()
    paths: tuple[str, ...] = ()


def read_bases(paths: Paths) -> Bases:
    """Read real 12-lead ECGs whose potassium may be assumed normal; kept for the next call of this process.

    Parameters
    ----------
    paths
        A folder, which is searched, or files. Give lists to keep train and test apart: one real record must not
        stand beneath both.

    Raises
    ------
    SimulateError
        No file among them is usable: any format that `kalemia.read` reads, with I, II and V1 to V6, 8 s or longer.
    """
    given = (paths,) if isinstance(paths, str | os.PathLike) else tuple(paths)
    if any(not str(path) for path in given) or given == (Path(),):
        # An unset variable of a shell, most likely; it would read all that lies here.
        raise SimulateError("the folder of real ECGs is empty or '.'; expected its name")
    bases = _read(tuple(str(path) for path in inputs(given)))
    if not bases.usable:
        named = ", ".join(map(str, given[:3])) or "an empty list"
        why = f" (the first: {bases.skipped[0][1].removesuffix('.')})" if bases.skipped else ""
        raise SimulateError(
            f"no usable ECG in {named}{why}; expected recordings with leads I, II and V1 to V6 of {MIN_S:g} s or longer"
        )
    return bases


@lru_cache(maxsize=2)
def _read(paths: tuple[str, ...]) -> Bases:
    usable: list[Base] = []
    skipped: list[tuple[Path, str]] = []
    for path in map(Path, paths):
        try:
            usable.append(base_of(read(path), path.stem))
        except KalemiaError as error:
            skipped.append((path, str(error).removeprefix(f"{path}: ")))
    return Bases(tuple(usable), tuple(skipped), paths)


def base_of(recording: Recording, name: str) -> Base:
    """Make a recording ready to be changed; KalemiaError says why where it cannot be."""
    if absent := [lead for lead in EIGHT if lead not in recording.leads]:
        raise SimulateError(f"lead {', '.join(absent)} is missing; expected {', '.join(EIGHT)}")
    if recording.duration_s < MIN_S:
        raise SimulateError(f"it lasts {recording.duration_s:.1f} s; expected {MIN_S:g} s or longer")
    if recording.rate < MIN_RATE_HZ:
        raise SimulateError(f"sampled at {recording.rate:g} Hz; expected {MIN_RATE_HZ:g} Hz or more")
    signal = _at_500_hz(np.stack([recording.lead(lead) for lead in EIGHT]), recording.rate)
    if not np.isfinite(signal).all():
        raise SimulateError("a part of it was not recorded; expected eight leads without gaps")
    beat = cut(Recording(signal, float(RATE), EIGHT))
    for lead, problem in zip(EIGHT, beat.problems, strict=True):
        if problem:
            raise SimulateError(f"lead {lead} is {problem}")
    if pacing_spikes(signal, float(RATE), beat.r_peaks_s):
        raise SimulateError("a pacemaker paces it; expected a heart's own beats")
    peaks = np.round(beat.r_peaks_s * RATE).astype(np.intp)
    if len(peaks) < MIN_ALIKE:
        raise SimulateError(f"{len(peaks)} heartbeats found; expected {MIN_ALIKE} or more")
    return _base(name, *_ten_seconds(signal, peaks), beat.rr_s)


def _at_500_hz(signal: Float32, rate: float) -> Float32:
    """Return the first ten seconds at 500 Hz, or what there is of them."""
    signal = signal[:, : int(np.ceil(SECONDS * rate))]
    if rate != RATE:
        from scipy.signal import resample_poly

        ratio = (Fraction(RATE) / Fraction(rate)).limit_denominator(1000)
        signal = resample_poly(signal, ratio.numerator, ratio.denominator, axis=1, padtype="line")
    return np.ascontiguousarray(signal[:, :LENGTH], dtype=np.float32)


def _ten_seconds(signal: Float32, peaks: Index) -> tuple[Float32, Index]:
    """Continue a shorter recording with its own second beat and what follows, joined before P."""
    if signal.shape[1] >= LENGTH:
        return signal, peaks
    join = min(BEFORE, int(np.diff(peaks).min() // 2))
    onto, source = int(peaks[-1]) - join, int(peaks[1]) - join
    fade = np.linspace(0, 1, 20, dtype=np.float32)
    level = signal[:, onto : onto + 20].mean(axis=1, keepdims=True)
    more = signal[:, source:] + level - signal[:, source : source + 20].mean(axis=1, keepdims=True)
    more[:, :20] = more[:, :20] * fade + signal[:, onto : onto + 20] * (1 - fade)
    longer = np.concatenate([signal[:, :onto], more], axis=1)[:, :LENGTH]
    peaks = np.concatenate([peaks[:-1], peaks[1:] - source + onto])
    return _ten_seconds(longer, peaks[peaks < LENGTH])


def _base(name: str, signal: Float32, peaks: Index, rr_s: float) -> Base:
    filtered = condition(signal, float(RATE))
    scale = FILTERED_RATE / RATE
    coarse = np.median(_windows(filtered, np.round(peaks * scale).astype(np.intp), R_SAMPLE, FILTERED_SAMPLES), axis=0)
    rough = marks(coarse.astype(np.float32), rr_s)
    peaks, likeness = _aligned(signal, peaks, rough)
    alike = likeness > (UNLIKE + ALIKE) / 2
    if alike.sum() < max(MIN_ALIKE, MIN_ALIKE_SHARE * len(peaks)):
        raise SimulateError(f"{alike.sum()} of {len(peaks)} beats look alike; expected half of them and four at least")
    beats = _windows(filtered, np.round(peaks[alike] * scale).astype(np.intp), R_SAMPLE, FILTERED_SAMPLES)
    level = slice(round(R_SAMPLE + (rough.onset - 30) * 0.3), round(R_SAMPLE + (rough.onset - 8) * 0.3))
    beats -= beats[:, :, level].mean(axis=2, keepdims=True)
    where = marks(np.median(beats, axis=0).astype(np.float32), rr_s)
    # Of the alike beats only: where another kind of beat has its PR segment is not known.
    flat = _without_baseline(signal, peaks[alike], rough.onset)
    beat = np.median(_windows(flat, peaks[alike], BEFORE, SAMPLES), axis=0)
    weight = np.clip((likeness - UNLIKE) / (ALIKE - UNLIKE), 0, 1)
    return Base(name, signal, peaks, _shares(peaks, weight, where), _quiet(beat, where), where, rr_s)


def _windows(signal: Float32, peaks: Index, before: int, samples: int) -> Float32:
    """Return (beats, leads, samples) around the peaks whose window lies within the signal."""
    whole = peaks[(peaks >= before) & (peaks + samples - before <= signal.shape[1])]
    if not len(whole):
        raise SimulateError("no beat lies wholly within it; expected more than one")
    return signal[:, whole[:, None] + np.arange(-before, samples - before)].transpose(1, 0, 2)


def _without_baseline(signal: Float32, peaks: Index, onset_ms: float) -> Float32:
    """Subtract straight lines from PR segment to PR segment."""
    at = peaks + round((onset_ms - 19.0) / MS)
    at = at[(at >= 6) & (at < signal.shape[1] - 6)]
    level = signal[:, at[:, None] + np.arange(-5, 6)].mean(axis=2)
    now = np.arange(signal.shape[1])
    return signal - np.stack([np.interp(now, at, row) for row in level]).astype(np.float32)


def _aligned(signal: Float32, peaks: Index, rough: Marks) -> tuple[Index, NDArray[np.float64]]:
    """Move each peak to where its beat lies best on the median beat; return with the correlation there."""
    heart = slice(BEFORE + round(rough.onset / MS) - 5, BEFORE + round(rough.t_end / MS))
    typical = np.median(_windows(signal, peaks, BEFORE, SAMPLES), axis=0)[:, heart]
    unit = _centred(typical)
    padded = np.pad(signal, ((0, 0), (SAMPLES, SAMPLES)))
    first = SAMPLES + peaks - BEFORE + heart.start - SHIFT
    seen = padded[:, first[:, None] + np.arange(typical.shape[1] + 2 * SHIFT)]
    shifted = _centred(sliding_window_view(seen, typical.shape[1], axis=2).transpose(1, 2, 0, 3))
    fit = np.einsum("bslt,lt->bs", shifted, unit)
    best = fit.argmax(axis=1)
    return peaks + best - SHIFT, np.take_along_axis(fit, best[:, None], axis=1)[:, 0].astype(np.float64)


def _centred(beats: Float32) -> Float32:
    """Return beats (..., leads, samples) with the mean of each lead at zero and unit length over all leads."""
    centred = beats - beats.mean(axis=-1, keepdims=True)
    return np.asarray(centred / (np.sqrt(np.square(centred).sum(axis=(-2, -1), keepdims=True)) + 1e-9))


def _quiet(beat: Float32, where: Marks) -> Float32:
    """Smooth a median beat outside of its QRS complex, where no wave is steep: the rest of the noise goes."""
    qrs = ramp(where.onset - 24, where.onset - 4) * (1 - ramp(where.end + 4, where.end + 34))
    return np.asarray(beat * qrs + smooth(beat, 6.0) * (1 - qrs), dtype=np.float32)


def _shares(peaks: Index, weight: NDArray[np.float64], where: Marks) -> Float32:
    """Return how much of a change each beat takes, (beats, 450)."""
    rr_ms = np.diff(peaks) * MS
    typical = float(np.median(rr_ms))
    early = np.append(np.minimum(rr_ms - typical, 0.0), 0.0)
    fall = float(np.clip(0.5 * (where.stop - where.t_end), *FADE_MS))
    rise = ramp(where.begin, min(where.begin + 30.0, where.p_start))
    share = np.clip((TIMES_MS - (where.stop + early[:, None])) / fall + 1, 0, 1)
    return np.asarray(weight[:, None] * rise * (0.5 + 0.5 * np.cos(np.pi * share)), dtype=np.float32)
