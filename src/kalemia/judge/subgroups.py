"""Shares of ECGs, such as the coverage of intervals, in each group of patients that a cohort's table knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kalemia.cohort.cohort import SUBGROUPS
from kalemia.judge.metrics import wilson

OLD_Y = 65.0
VARIANT = "ionic variant"
"""What the groups of simulated hearts of one variant are called, before its name."""


@dataclass(frozen=True)
class Share:
    """A share of so many ECGs, and Wilson's 95 % interval of it."""

    ecgs: int
    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not (0 <= self.value <= 1 and 0 <= self.low <= self.high <= 1):
            raise ValueError("a share is not from 0 to 1, or its interval does not rise")

    @classmethod
    def of(cls, hits: NDArray[Any]) -> Share:
        """Return the share of ECGs that are hits (n,), yes or no or in between: a mean of several models."""
        ends = wilson(round(float(hits.sum())), len(hits))
        return cls(len(hits), *(round(float(value), 4) for value in (hits.mean(), *ends)))

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def coverages(covered: NDArray[Any], table: pl.DataFrame) -> dict[str, Share]:
    """Return the coverage (n,) of all, and in each subgroup that the table (n rows) knows."""
    own = {name: Share.of(covered[inside]) for name, inside in subgroups(table).items() if inside.any()}
    return {"all": Share.of(covered), **own}


def subgroups(table: pl.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return which rows of a cohort's table (n,) are in each subgroup; rows that do not say it are in neither side."""
    sides: dict[str, pl.Series] = {}
    for column in SUBGROUPS:
        name = column.replace("_", " ").replace("qrs", "QRS")
        sides |= {name: table[column], f"no {name}": ~table[column]}
    sides |= {sex: table["sex"] == sex for sex in ("female", "male")}
    sides |= {f"{OLD_Y:g} years and older": table["age_y"] >= OLD_Y, f"younger than {OLD_Y:g}": table["age_y"] < OLD_Y}
    for variant in table["variant"].drop_nulls().unique().sort():
        sides[f"{VARIANT} {variant}"] = table["variant"] == variant
    return {name: rows.fill_null(value=False).to_numpy() for name, rows in sides.items()}
