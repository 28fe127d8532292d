"""Estimates as a table: the same columns in CSV, polars and pandas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, overload

from kalemia.errors import KalemiaError
from kalemia.records import Estimate

if TYPE_CHECKING:
    import polars as pl

Cell = str | float | int | datetime | None

COLUMNS: dict[str, type] = {
    "source": str,
    "status": str,
    "level": str,
    "potassium_meq_l": float,
    "low_meq_l": float,
    "high_meq_l": float,
    "above_5.5": float,
    "above_6.0": float,
    "above_6.5": float,
    "below_3.5": float,
    "ratio_high": float,
    "ratio_low": float,
    "population": str,
    "recorded": datetime,
    "heart_rate_bpm": float,
    "beats_used": int,
    "leads_used": str,
    "worst_quality": float,
    "warnings": str,
    "reason": str,
    "model": str,
}
"""What is in a row and of what kind; `low` and `high_meq_l` are the bounds of the interval."""


def row(estimate: Estimate) -> dict[str, Cell]:
    """Return the row of an Estimate; several leads have spaces between them, several warnings " | "."""
    low, high = estimate.interval_meq_l or (None, None)
    return {
        "source": estimate.source,
        "status": estimate.status,
        "level": estimate.level,
        "potassium_meq_l": estimate.potassium_meq_l,
        "low_meq_l": low,
        "high_meq_l": high,
        **{f"above_{limit}": estimate.probability_above.get(limit) for limit in ("5.5", "6.0", "6.5")},
        "below_3.5": estimate.probability_below.get("3.5"),
        **{f"ratio_{side}": estimate.likelihood_ratio.get(side) for side in ("high", "low")},
        "population": None if estimate.population is None else estimate.population.name,
        "recorded": estimate.recorded,
        "heart_rate_bpm": estimate.heart_rate_bpm,
        "beats_used": estimate.beats_used,
        "leads_used": " ".join(estimate.leads_used),
        "worst_quality": min(estimate.quality.values(), default=None),
        "warnings": " | ".join(estimate.warnings),
        "reason": estimate.reason,
        "model": None if estimate.model is None else f"{estimate.model.name} {estimate.model.version}",
    }


def to_csv(estimates: Iterable[Estimate], head: bool = True) -> str:
    """Return the rows as CSV, under the names of the columns; empty is what is not known."""
    text = io.StringIO()
    lines = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    if head:
        lines.writeheader()
    for estimate in estimates:
        cells = row(estimate)
        recorded = None if estimate.recorded is None else estimate.recorded.isoformat()
        lines.writerow(cells | {"recorded": recorded})
    return text.getvalue()


@overload
def to_table(estimates: Iterable[Estimate], kind: Literal["polars"] = "polars") -> pl.DataFrame: ...
@overload
def to_table(estimates: Iterable[Estimate], kind: str) -> Any: ...
def to_table(estimates: Iterable[Estimate], kind: str = "polars") -> Any:
    """Return a table with a row an Estimate, of polars or pandas, whichever is asked for and installed.

    Raises
    ------
    ValueError
        It is neither of both.
    KalemiaError
        It is not installed.
    """
    if kind not in ("polars", "pandas"):
        raise ValueError(f"kind is {kind!r}; 'polars' or 'pandas' is accepted")
    try:
        package = import_module(kind)
    except ImportError as exc:
        raise KalemiaError(f"a table needs the package {kind}; install it with pip install {kind}") from exc
    rows = [row(estimate) for estimate in estimates]
    if kind == "pandas":
        return package.DataFrame(rows, columns=[*COLUMNS])
    return package.DataFrame(rows, schema=COLUMNS, orient="row")
