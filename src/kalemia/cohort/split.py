"""Which part of the data a patient belongs to: the patient's name alone decides, so that further patients move none."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def place_of(name: str, salt: str = "") -> float:
    """Return a number in 0..1, evenly spread over names and always the same for one; another `salt`, another number."""
    digest = hashlib.sha256(f"{salt}{name}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


def fold_of(patients: Sequence[str], folds: int, salt: str = "") -> NDArray[np.int64]:
    """Return the fold, 0 to `folds` - 1, of each ECG from its patient's name: no patient is in two."""
    numbers = {patient: min(int(place_of(patient, salt) * folds), folds - 1) for patient in set(patients)}
    return np.array([numbers[patient] for patient in patients], dtype=np.int64)
