"""R peaks on LUDB against the marks of lead II, and what the filter does to the T wave on PTB-XL.

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
from kalemia.read import read
from kalemia.records import LEADS, SAMPLES
from kalemia.records import R_SAMPLE as R
from kalemia.signal.beat import cut
from kalemia.signal.condition import RATE, condition
from kalemia.signal.cycle import snap
from kalemia.signal.peaks import Detection, combine, detect

MARKS_OFF = {"34", "83", "90"}
"""Records whose marks lie up to 126 ms off."""

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
    print(
        "\nT amplitude of the median beat, filtered against unfiltered, PTB-XL (limit: the larger of 5 uV and 3 %):\n"
    )
    print(t_change())
