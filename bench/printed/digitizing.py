"""How well a page was read: against the printed signal where it is known, else against what every ECG obeys.

`true` is what the page prints, NaN elsewhere; `read` is what was made of it. Both are Recordings of one rate whose
first sample is the left end of the traces. A lead that was not read counts as missing, not as absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import BeatError
from kalemia.records import Recording
from kalemia.signal.beat import cut
from kalemia.signal.condition import RATE, condition
from kalemia.signal.measure import qrs_bounds, waves
from kalemia.signal.peaks import combine, detect

KAGGLE_REACH_S, CHALLENGE_REACH_S, EINTHOVEN_REACH_S = 0.2, 0.5, 0.04
DETECTED_S = 2.2
"""A stretch of a lead shorter than this holds too few beats for a heart rate."""

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Fidelity:
    """How far what was read is from what the page prints.

    Attributes
    ----------
    ratio
        Power of the signal over that of the error, all leads together (Kaggle 2025); a set's is the mean of these.
    lead_db
        Mean over the leads that were read of their own ratio in dB (Challenge 2024).
    coverage
        Share of the printed samples that were read.
    gain_error
        Median over the leads of (slope of read upon printed) - 1; NaN where nothing was read.
    t_error_mv
        Median over the leads of the absolute error of the T wave's amplitude, mV; NaN where none can be measured.
    """

    ratio: float
    lead_db: float
    coverage: float
    gain_error: float
    t_error_mv: float

    @property
    def db(self) -> float:
        """The page's own ratio in dB."""
        return decibels([self.ratio])


def fidelity(true: Recording, read: Recording | None) -> Fidelity:
    """Compare what was read with what was printed; None is a page that was not read at all.

    Raises
    ------
    ValueError
        The two have different rates, or nothing was printed.
    """
    read = replace(true, signal=np.full_like(true.signal, np.nan)) if read is None else read
    if read.rate != true.rate:
        raise ValueError(f"read at {read.rate:g} Hz, printed at {true.rate:g} Hz; both need one rate")
    if not np.isfinite(true.signal).any():
        raise ValueError("nothing is printed on the page; at least one sample is needed to score it")
    return Fidelity(
        ratio=_ratio(true, read),
        lead_db=_lead_db(true, read),
        coverage=_coverage(true, read),
        gain_error=_gain_error(true, read),
        t_error_mv=_t_error_mv(true, read),
    )


def decibels(ratios: Sequence[float]) -> float:
    """Return the mean of power ratios in dB; a page whose ratio is 1 says nothing, 0 dB."""
    return float(10 * np.log10(max(float(np.mean(ratios)), 1e-12)))


def _pairs(true: Recording, read: Recording, reach_s: float) -> Iterator[tuple[Float64, Float64]]:
    """Yield for every printed lead its samples without their mean, and what was read there at the best shift.

    What was read has the same mean as what is printed, over the samples that both have; NaN where nothing was read.
    """
    for name, row in zip(true.leads, true.signal.astype(np.float64), strict=True):
        printed = np.isfinite(row)
        if printed.any():
            given = read.lead(name) if name in read.leads else np.full(len(row), np.nan)
            there = aligned(row, given.astype(np.float64), round(reach_s * true.rate))[printed]
            samples = row[printed] - row[printed].mean()
            both = np.isfinite(there)
            yield samples, there - (np.mean(there[both] - samples[both]) if both.any() else 0.0)


def aligned(printed: Float64, read: Float64, reach: int) -> Float64:
    """Shift `read` (samples,) by at most `reach` samples to where it agrees best with `printed`, and to its length.

    Both have NaN where there is nothing, which counts as zero, and lose their means before they are compared.
    """
    from scipy.signal import correlate

    found = np.full(len(printed) + 2 * reach, np.nan)
    given = read[: len(printed) + reach]
    found[reach : reach + len(given)] = given
    if not (np.isfinite(found).any() and np.isfinite(printed).any()):
        return found[reach : reach + len(printed)]
    first, last = np.flatnonzero(np.isfinite(printed))[[0, -1]]
    seen = found[first : last + 1 + 2 * reach]
    agreement = correlate(_centred(seen), _centred(printed[first : last + 1]), mode="valid", method="fft")
    # Where nothing tells the shifts apart (a flat lead), none is as good as any.
    best = int(agreement.argmax()) if np.ptp(agreement) > 0 else reach
    return found[best : best + len(printed)]


def _centred(samples: Float64) -> Float64:
    finite = np.isfinite(samples)
    return np.where(finite, samples - samples[finite].mean() if finite.any() else 0.0, 0.0)


def _ratio(true: Recording, read: Recording) -> float:
    signal = noise = 0.0
    for samples, there in _pairs(true, read, KAGGLE_REACH_S):
        signal += float(samples @ samples)
        error = samples - np.nan_to_num(there)
        noise += float(error @ error)
    return signal / max(noise, 1e-12)


def _lead_db(true: Recording, read: Recording) -> float:
    found = []
    for samples, there in _pairs(true, read, CHALLENGE_REACH_S):
        both = np.isfinite(there)
        if both.any():
            error = samples[both] - there[both]
            power = float(samples[both] @ samples[both])
            found.append(decibels([power / max(float(error @ error), 1e-12)]))
    return float(np.mean(found)) if found else float("nan")


def _coverage(true: Recording, read: Recording) -> float:
    """Count the samples of each lead, wherever they lie, so that a small shift in time isn't taken for a gap."""
    printed = {name: int(np.isfinite(true.lead(name)).sum()) for name in true.leads}
    found = {name: int(np.isfinite(read.lead(name)).sum()) for name in read.leads}
    return sum(min(count, found.get(name, 0)) for name, count in printed.items()) / sum(printed.values())


def _gain_error(true: Recording, read: Recording) -> float:
    slopes = []
    for samples, there in _pairs(true, read, KAGGLE_REACH_S):
        both = np.isfinite(there)
        centred = samples[both] - samples[both].mean() if both.any() else samples[both]
        if float(centred @ centred) > 0:
            slopes.append(float(centred @ there[both]) / float(centred @ centred))
    return float(np.median(slopes)) - 1 if slopes else float("nan")


def _t_error_mv(true: Recording, read: Recording) -> float:
    """Compare the T waves of the median beats, over the same stretches of the same leads."""
    errors: list[float] = []
    for stretch, names in _stretches(true).items():
        printed, found = (_t_waves_mv(recording, names, stretch) for recording in (true, read))
        errors += [abs(found[name] - printed[name]) for name in names if name in found and name in printed]
    return float(np.median(errors)) if errors else float("nan")


def _t_waves_mv(recording: Recording, names: Sequence[str], stretch: tuple[int, int]) -> dict[str, float]:
    """Return the T wave's amplitude of every lead that has a whole beat in a stretch of samples, mV."""
    there = [name for name in names if name in recording.leads]
    signal = recording.signal[[recording.leads.index(name) for name in there], slice(*stretch)]
    try:
        beat = cut(Recording(signal, recording.rate, tuple(there)))
    except BeatError:
        return {}
    # One whole beat is enough to compare two readings of it, so that the quality gate isn't asked.
    whole = [row for row, gain in enumerate(beat.gain_mv) if gain > 0]
    beats_mv = beat.waveform[whole] * beat.gain_mv[whole, None]
    bounds = qrs_bounds(beats_mv) if whole else None
    return {there[row]: waves(mv, beat.rr_s, bounds).t_mv for row, mv in zip(whole, beats_mv, strict=True)}


def _stretches(recording: Recording) -> dict[tuple[int, int], list[str]]:
    """Return which leads are printed from one sample to another, where that is long enough to hold beats."""
    found: dict[tuple[int, int], list[str]] = {}
    for name, samples in zip(recording.leads, recording.signal, strict=True):
        if len(there := np.flatnonzero(np.isfinite(samples))) > DETECTED_S * recording.rate:
            found.setdefault((int(there[0]), int(there[-1]) + 1), []).append(name)
    return found


def einthoven(read: Recording) -> float:
    """Return Emax, the power of I + III - II over that of the strongest of the three; 0 in any true ECG.

    Each lead loses its median, and I and III may each lie up to 40 ms from II: rows start where the printer let them.
    Only samples that all three leads have count; NaN where they share less than a second.
    """
    if not {"I", "II", "III"} <= set(read.leads):
        return float("nan")
    three = np.stack([read.lead(name) for name in ("I", "II", "III")]).astype(np.float64)
    reach = round(EINTHOVEN_REACH_S * read.rate)
    shared = np.asarray(np.isfinite(three).all(axis=0))
    inner = np.flatnonzero(shared)
    if len(inner) < read.rate:
        return float("nan")
    one, two, third = np.where(shared, three - np.median(three[:, shared], axis=1, keepdims=True), 0.0)
    # The same samples of II for every shift, so that no shift gains by seeing less.
    inner = inner[(inner >= reach) & (inner < len(shared) - reach)]
    inner = inner[shared[inner - reach] & shared[inner + reach]]
    moved = inner + np.arange(-reach, reach + 1)[:, None]
    a, b, c = one[moved], third[moved], two[inner]  # (shifts, samples) twice, (samples,)
    power = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) + c @ c
    residual = power + 2 * a @ b.T - 2 * (a @ c)[:, None] - 2 * b @ c
    strongest = max(float(x[inner] @ x[inner]) for x in (one, two, third))
    return max(float(residual.min()), 0.0) / strongest if strongest > 0 else float("nan")


def heart_rate_bpm(read: Recording) -> float:
    """Return 60 over the median RR interval of the leads printed longest; NaN where no two beats are found.

    A page prints other leads at other times, so that beats are found among leads of one stretch, and never across two.
    """
    stretches = _stretches(read)
    longest = max((stop - start for start, stop in stretches), default=0)
    intervals: list[float] = []
    for (start, stop), names in stretches.items():
        if stop - start > 0.8 * longest:
            signal = read.signal[[read.leads.index(name) for name in names], start:stop]
            intervals += list(np.diff(detect(combine(condition(signal, read.rate)))) / RATE)
    return 60 / float(np.median(intervals)) if intervals else float("nan")
