"""Coverage of intervals in each group of patients that a cohort's table knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kalemia.cohort.cohort import SUBGROUPS
from kalemia.judge.metrics import wilson

OLD_Y = 65.0


def coverages(covered: NDArray[Any], table: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the coverage (n,) of all, and in each subgroup that the table (n rows) knows."""
    own = {name: covered[inside] for name, inside in subgroups(table).items() if inside.any()}
    return {"all": coverage(covered), **{name: coverage(some) for name, some in own.items()}}


def coverage(covered: NDArray[Any]) -> dict[str, Any]:
    """Return the share of ECGs whose interval holds, and Wilson's 95 % interval of it."""
    low, high = wilson(round(float(covered.sum())), len(covered))
    three = {"value": covered.mean(), "low": low, "high": high}
    return {"ecgs": len(covered), **{name: round(float(value), 4) for name, value in three.items()}}


def subgroups(table: pl.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return which rows of a cohort's table (n,) are in each subgroup; rows that do not say it are in neither side."""
    found: dict[str, NDArray[np.bool_]] = {}
    for name in SUBGROUPS:
        said = name.replace("_", " ").replace("qrs", "QRS")
        found[said] = table[name].fill_null(value=False).to_numpy()
        found[f"no {said}"] = (~table[name]).fill_null(value=False).to_numpy()
    for sex in ("female", "male"):
        found[sex] = (table["sex"] == sex).fill_null(value=False).to_numpy()
    found[f"{OLD_Y:g} years and older"] = (table["age_y"] >= OLD_Y).fill_null(value=False).to_numpy()
    found[f"younger than {OLD_Y:g}"] = (table["age_y"] < OLD_Y).fill_null(value=False).to_numpy()
    for variant in table["variant"].drop_nulls().unique().sort():
        found[f"ionic variant {variant}"] = (table["variant"] == variant).fill_null(value=False).to_numpy()
    return found
