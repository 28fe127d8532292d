"""R peaks on LUDB and beside ectopic beats, and what the filter does to the T wave on PTB-XL.

    KALEMIA_DATA=... python bench/peaks.py | python bench/fill.py peaks

Needs the dev extra: wfdb reads the marks.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly
from sleepecg.heartbeats import detect_heartbeats

from common import data, headers, table
from ectopic import HEIGHTS, PATTERNS, Patterned, patterned
from kalemia.errors import BeatError
from kalemia.read import read
from kalemia.records import LEADS, SAMPLES, Beat, Recording
from kalemia.records import R_SAMPLE as R
from kalemia.signal.beat import cut
from kalemia.signal.condition import RATE, condition
from kalemia.signal.cycle import snap
from kalemia.signal.peaks import Detection, combine, detect

MARKS_OFF = {"34", "83", "90"}
"""Records whose marks lie up to 126 ms off."""

PATIENTS, LEVELS_MEQ_L = 12, (4.2, 7.0)
"""Simulated patients of each pattern and height, half of them at each potassium."""

Numbers = NDArray[np.float64]


@dataclass
class Score:
    """Counts of true positives, false negatives and false positives."""

    hit: int = 0
    missed: int = 0
    wrong: int = 0

    def add(self, found: Numbers, marked: Numbers, reach_s: float) -> None:
        """Pair peaks with marks within `reach_s` (EC57), inside the span that was annotated."""
        hits = {int(np.abs(found - mark).argmin()) for mark in marked if np.abs(found - mark).min(initial=9) <= reach_s}
        inside = (found >= marked[0] - reach_s) & (found <= marked[-1] + reach_s)
        self.hit += len(hits)
        self.missed += len(marked) - len(hits)
        self.wrong += int(inside.sum()) - len(hits)

    def row(self) -> tuple[str, str]:
        """Return sensitivity and positive predictive value."""
        return f"{self.hit / (self.hit + self.missed):.4f}", f"{self.hit / (self.hit + self.wrong):.4f}"


def marks(header: Path) -> Numbers:
    """Return the R marks of lead II, s."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb
    found = wfdb.rdann(str(header.with_suffix("")), "ii")
    return np.asarray(found.sample[np.array(found.symbol) == "N"] / 500.0)


def peaks() -> str:
    """Score our detection, and the same detector on lead II alone and on a plain sum of leads."""
    scores: dict[tuple[str, int, str], Score] = {}
    for header in headers(data() / "ludb"):
        recording = read(header)
        conditioned = condition(recording.signal, recording.rate)
        marked = marks(header)
        group = "records 34, 83, 90" if header.stem in MARKS_OFF else "the other records"
        ways = {
            "combined lead (ours)": cut(recording, ("II",)).r_peaks_s,
            "lead II alone": detect_heartbeats(conditioned[1].astype(float), 300.0) / RATE,
            "sum of all leads": detect_heartbeats(conditioned.sum(axis=0).astype(float), 300.0) / RATE,
        }
        for way, found in ways.items():
            for reach_ms in (150, 50):
                for name in (group, "all records") if reach_ms == 150 else (group,):
                    scores.setdefault((way, reach_ms, name), Score()).add(found, marked, reach_ms / 1000)
    rows = [[way, f"{reach} ms", group, *score.row()] for (way, reach, group), score in sorted(scores.items())]
    return table(["detected on", "within", "LUDB", "sensitivity", "PPV"], rows, "peaks")


def beside_ectopic() -> str:
    """Score simulated patients with ectopic beats, as a file and as a page of four columns and a strip."""
    rows = [
        [name, f"{height:g}", "page" if page else "file", *_of_pattern(pattern, height, page)]
        for name, pattern in PATTERNS.items()
        for height in (HEIGHTS if "E" in pattern else (1.0,))
        for page in (False, True)
    ]
    columns = ["pattern", "height", "read from", "sinus beats found", "ectopic beats found", "found besides"]
    return table([*columns, "rate within 10 %", "leads whose median is ectopic"], rows, "peaks-ectopic")


def _of_pattern(pattern: str, height: float, page: bool) -> tuple[str, ...]:
    """Return the cells of one row."""
    sinus, early, besides, right, ectopic, leads = Score(), Score(), 0, 0, 0, 0
    for seed in range(PATIENTS):
        made = patterned(seed, pattern, height, LEVELS_MEQ_L[seed % 2])
        try:
            beat = cut(printed(made.recording) if page else made.recording)
        except BeatError:
            continue
        for score, of in ((sinus, ~made.ectopic), (early, made.ectopic)):
            if of.any():
                score.add(beat.r_peaks_s, made.at_s[of], 0.15)
        besides += int((np.abs(beat.r_peaks_s[:, None] - made.at_s).min(axis=1) > 0.15).sum())
        right += abs(beat.rr_s / made.rr_s - 1) < 0.1
        shapes = _ectopic_leads(beat, made)
        ectopic, leads = ectopic + sum(shapes), leads + len(shapes)
    found = (f"{score.hit} of {score.hit + score.missed}" for score in (sinus, early))
    return (*found, str(besides), f"{right} of {PATIENTS}", f"{ectopic} of {leads}")


def printed(whole: Recording) -> Recording:
    """Return what a page of four columns and a strip of lead II shows."""
    shown = np.full_like(whole.signal, np.nan)
    for row, column in enumerate(np.repeat(np.arange(4), 3) * (whole.signal.shape[1] // 4)):
        seen = slice(column, column + whole.signal.shape[1] // 4)
        shown[row, seen] = whole.signal[row, seen]
    shown[1] = whole.signal[1]
    return Recording(shown, whole.rate, whole.leads, digitized=True)


def _ectopic_leads(beat: Beat, made: Patterned) -> list[bool]:
    """Tell of each good lead whether its median is liker to the ectopic beats than to the sinus beats."""
    found = []
    for row, lead in enumerate(beat.leads):
        if beat.problems[row] is None and made.ectopic.any():
            own = beat.waveform[row, R - 30 : R + 45]
            found.append(_liking(own, made, lead, made.ectopic) > _liking(own, made, lead, ~made.ectopic))
    return found


def _liking(own: NDArray[np.float32], made: Patterned, lead: str, of: NDArray[np.bool_]) -> float:
    """Return the best correlation of a QRS complex at 300 Hz with the beats of one kind, wherever they peak."""
    signal = resample_poly(made.recording.lead(lead), 3, 5)
    tops = np.round(made.at_s[of] * RATE).astype(int)
    starts = (tops[(tops > 60) & (tops < len(signal) - 75)][:, None] + np.arange(-50, -9)).ravel()
    return max((float(np.corrcoef(own, signal[start : start + len(own)])[0, 1]) for start in starts), default=0.0)


def t_change() -> str:
    """Compare the T wave of the median beat with and without the filter, lead by lead."""
    records = headers(data() / "ptbxl")
    ratios: dict[bool, list[list[float]]] = {True: [], False: []}
    changes = []
    for header in records:
        recording = read(header)
        conditioned = condition(recording.signal, recording.rate)
        plain = resample_poly(recording.signal, 3, 5, axis=1)
        combined = combine(conditioned[[LEADS.index(lead) for lead in ("I", "II", "V5")]])
        detection = Detection(conditioned, combined, detect(combined))
        windows = snap(detection)
        ours = _median(conditioned, windows.peaks, True)
        start, stop = R + 30, R + int(min(135.0, 0.6 * detection.rr))
        tops = np.abs(ours[:, start:stop]).argmax(axis=1) + start
        for each_beat in (True, False):
            reference = _median(plain, windows.peaks, each_beat)
            change = np.abs(_at(ours, tops) - _at(reference, tops))
            ratios[each_beat].append(list(change / np.maximum(0.005, 0.03 * np.abs(_at(reference, tops)))))
            if each_beat:
                changes.append(1000 * change)
    rows = [
        [
            lead,
            f"{np.median(np.array(changes)[:, i]):.1f}",
            f"{np.quantile(np.array(changes)[:, i], 0.95):.1f}",
            *(f"{np.median(np.array(ratios[each])[:, i]):.2f}" for each in (True, False)),
        ]
        for i, lead in enumerate(LEADS)
    ]
    columns = ["lead", "median change, uV", "95th percentile, uV", "median of change / limit", "the same, level once"]
    return table(columns, rows, "peaks-t-wave")


def _median(signal: NDArray[np.float32], peaks_at: NDArray[np.intp], each_beat: bool) -> NDArray[np.float32]:
    """Cut the median beat; its PR level is taken off every beat, or once off the median."""
    index = peaks_at[:, :, None] + np.arange(-R, SAMPLES - R)
    beats = np.take_along_axis(signal[:, None, :], index, axis=2)
    if each_beat:
        beats = beats - beats[:, :, R - 30 : R - 18].mean(axis=2, keepdims=True)
    middle = np.median(beats, axis=1)
    return np.asarray(middle - middle[:, R - 30 : R - 18].mean(axis=1, keepdims=True))


def _at(middle: NDArray[np.float32], tops: NDArray[np.intp]) -> NDArray[np.float32]:
    """Average 23 ms around the top of T, so that noise in the unfiltered beat is not taken for a change."""
    near = np.clip(tops[:, None] + np.arange(-3, 4), 0, middle.shape[1] - 1)
    return np.asarray(np.take_along_axis(middle, near, axis=1).mean(axis=1))


if __name__ == "__main__":
    print(peaks())
    print("\nSimulated patients with ectopic beats, whose height is in sinus beats:\n")
    print(beside_ectopic())
    print(
        "\nT amplitude of the median beat, filtered against unfiltered, PTB-XL (limit: the larger of 5 uV and 3 %):\n"
    )
    print(t_change())
