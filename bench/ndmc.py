"""What `ndmc-potassium` and `ndmc-emergency` say beside their ECGs. They judge; nothing is ever fitted to them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common import data

BINS = ("<=2.5", "2.5-3.5", "3.5-5.5", "5.5-6.5", ">=6.5")
QUESTIONS: dict[str, Callable[[int], bool]] = {
    ">= 5.5": lambda place: place >= 3,
    ">= 6.5": lambda place: place >= 4,
    "<= 3.5": lambda place: place <= 1,
    "<= 2.5": lambda place: place <= 0,
}
"""Asked of the bin that a potassium is in."""


@dataclass(frozen=True)
class Labelled:
    """What is known of one ECG of `ndmc-potassium`.

    Attributes
    ----------
    place
        The bin of the laboratory's potassium, 0 to 4.
    published
        (5,) the published network's probability of each bin.
    doctors
        The bin that each doctor named.
    """

    place: int
    published: NDArray[np.float64]
    doctors: dict[str, int]


def labelled() -> dict[str, Labelled]:
    """Return what is known of each record of `ndmc-potassium`."""
    answers: dict[str, dict[str, int]] = {}
    for row in _rows("ndmc-potassium", "doctors.csv"):
        answers.setdefault(row["record"], {})[row["doctor"]] = BINS.index(row["answer_bin"])
    return {
        row["record"]: Labelled(BINS.index(row["potassium_bin_meq_l"]), _probabilities(row), answers[row["record"]])
        for row in _rows("ndmc-potassium", "labels.csv")
    }


def _probabilities(row: dict[str, str]) -> NDArray[np.float64]:
    names = ("published_network_p_le_2.5", "p_2.5_3.5", "p_3.5_5.5", "p_5.5_6.5", "p_ge_6.5")
    return np.array([float(row[name]) for name in names])


def bins_of() -> dict[str, int]:
    """Return which bin the laboratory's potassium of every record is in, 0 to 4."""
    return {record: known.place for record, known in labelled().items()}


def diagnoses() -> dict[str, list[str]]:
    """Return the diagnoses of each record of `ndmc-emergency`.

    Every record was part of a contest about one disease, where most had something else: that is "none" of the disease.
    """
    found = {}
    for row in _rows("ndmc-emergency", "labels.csv"):
        contest, all_of = row["competition"], row["diagnosis"]
        plain = {"Normal": f"{contest}: none", "High risk": f"{contest}: high"}
        found[row["record"]] = [plain.get(one, one) for one in all_of.split(";")]
    return found


def _rows(folder: str, name: str) -> list[dict[str, str]]:
    with (data() / folder / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))
