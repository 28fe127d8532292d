"""Which part of the data a patient belongs to: the patient's name alone decides, so that further patients move none."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SHARES = {"train": 0.7, "validation": 0.1, "calibration": 0.1, "test": 0.1}
"""Of the patients, and of the real records beneath changed ones, that each part of a training has."""


def place_of(name: str, salt: str = "") -> float:
    """Return a number in 0..1, evenly spread over names and always the same for one; another `salt`, another number."""
    digest = hashlib.sha256(f"{salt}{name}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


def fold_of(patients: Sequence[str], folds: int, salt: str = "") -> NDArray[np.int64]:
    """Return the fold, 0 to `folds` - 1, of each ECG from its patient's name: no patient is in two."""
    numbers = {patient: min(int(place_of(patient, salt) * folds), folds - 1) for patient in set(patients)}
    return np.array([numbers[patient] for patient in patients], dtype=np.int64)


def part_of(name: str) -> str:
    """Return the part of a training that a patient falls to."""
    place, end = place_of(name), 0.0
    for part, share in SHARES.items():
        end += share
        if place < end:
            return part
    return "test"  # the shares make 1 but for rounding


def part_rows(patients: Sequence[str], hemolyzed: Sequence[bool]) -> dict[str, tuple[int, ...]]:
    """Return the rows of a cohort's table that are in each part; a patient is in one, a hemolyzed draw in none."""
    parts = [part_of(patient) for patient in patients]
    return {part: tuple(row for row, own in enumerate(parts) if own == part and not hemolyzed[row]) for part in SHARES}
