"""Base recordings whose truth is known, in place of real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kalemia.records import EIGHT, Recording
from kalemia.simulate import simulate_one
from kalemia.simulate.formats import write_wfdb

PATIENTS = (0, 1, 2, 5)
"""Simulated patients of seed 21, level clean: upright T, no problem in any lead."""


def write_recording(stem: Path, recording: Recording) -> Path:
    """Write any recording as WFDB; return its header."""
    write_wfdb(stem, replace(simulate_one(21, 0, "clean", 4.2), recording=recording))
    return stem.with_suffix(".hea")


def write_bases(folder: Path, patients: Sequence[int] = PATIENTS) -> list[Path]:
    """Write simulated patients of normal potassium as if they were real; return their headers."""
    folder.mkdir(exist_ok=True)
    return [write_recording(folder / f"base{i}", simulate_one(21, i, "clean", 4.2).recording) for i in patients]


def eight(recording: Recording) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return I, II, V1..V6, (8, samples) mV."""
    return np.stack([recording.lead(lead) for lead in EIGHT])
