"""Which rows of a list count: those without a fault, each ECG once; and patients in two spellings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl

TWICE, CONTRARY = "listed twice", "listed twice, contradicting the first"
PLACE = "place in the list"


def faultless(rows: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the rows whose column `why` is null, without it, and how many the others are by what it says."""
    faults = rows.filter(pl.col("why").is_not_null()).group_by("why").len()
    counts = faults.sort("len", "why", descending=[True, False])
    return rows.filter(pl.col("why").is_null()).drop("why"), dict(counts.iter_rows())


class Once(NamedTuple):
    """The ECGs, each once; how many rows that cost, by reason; a sentence where rows contradict each other.

    `again` has the rows that were left out, and in its column `why` the reason.
    """

    rows: pl.DataFrame
    left_out: dict[str, int]
    notes: list[str]
    again: pl.DataFrame


def once(rows: pl.DataFrame, ecg: str, alike: Sequence[str]) -> Once:
    """Keep the first row of each ECG.

    Parameters
    ----------
    rows
        The list, in its order.
    ecg
        The column that names an ECG.
    alike
        The columns, without nulls, in which rows of one ECG must agree not to contradict each other.
    """
    numbered = rows.with_row_index(PLACE)
    first = numbered.unique(ecg, keep="first", maintain_order=True)
    both = numbered.join(first.select(PLACE, ecg, *alike), on=ecg, suffix=" first", maintain_order="left")
    differs = pl.any_horizontal(pl.col(name) != pl.col(f"{name} first") for name in alike)
    why = pl.when(differs).then(pl.lit(CONTRARY)).otherwise(pl.lit(TWICE))
    again = both.filter(pl.col(PLACE) != pl.col(f"{PLACE} first")).with_columns(why=why)
    contrary = again.filter(pl.col("why") == CONTRARY)
    left_out = {TWICE: len(again) - len(contrary), CONTRARY: len(contrary)}
    notes = [_example(row, ecg, alike) for row in contrary.head(1).to_dicts()]
    return Once(first.drop(PLACE), left_out, notes, again.select(*rows.columns, "why"))


def spellings(patients: pl.Series) -> list[str]:
    """Return a sentence on how many names of patients may be others in another spelling, if any.

    A split by patient would part their ECGs.
    """
    plain = pl.col("name").str.to_lowercase().str.replace_all(r"\s", "").str.replace_all(r"(^|\D)0+(\d)", "${1}${2}")
    alike = pl.DataFrame({"name": patients.unique()}).group_by(plain.alias("plain")).agg(pl.col("name").sort())
    alike = alike.filter(pl.col("name").list.len() > 1).sort("plain")
    if not len(alike):
        return []
    one, other, *_ = alike["name"][0]
    return [
        f"{alike['name'].list.len().sum():,} names of patients differ only in leading zeros, case or spaces, such as "
        f"{_shown(one)!r} and {_shown(other)!r}; they count as different patients, so spell one patient in one way"
    ]


def _example(row: Mapping[str, object], ecg: str, alike: Sequence[str]) -> str:
    """Return how a row contradicts the first of its ECG."""
    pairs = [(name, row[f"{name} first"], row[name]) for name in alike]
    differ = [f"{name} {_shown(first)} and {_shown(other)}" for name, first, other in pairs if first != other]
    return f"{_shown(row[ecg])} is listed with {', '.join(differ)}; the first counts"


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value!s:.80}"
