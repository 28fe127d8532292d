"""The cohort format: a folder with one Parquet table, a row an ECG, and shards of signals.

`cohort.parquet` has the columns of `schema`. `signals-0000.npy` and on are int16 (ECGs, leads, samples) at 1,000
counts a mV, -32768 where nothing was recorded; they open with `numpy.load(..., mmap_mode="r")`. `cohort.json` says what
the shards hold and how many ECGs each step left; `flow.svg` draws that.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kalemia.cohort.card import Card
from kalemia.cohort.split import fold_of, part_rows
from kalemia.errors import CohortError
from kalemia.records import Recording
from kalemia.system.wfdb import COUNTS_PER_MV, UNKNOWN

TABLE, CARD, FLOW = "cohort.parquet", "cohort.json", "flow.svg"
OPEN_SHARDS = 8
POSSIBLE_MEQ_L = 0.5, 20.0
"""What a cohort may hold; its builders accept less."""
SHARD = r"^signals-\d{4,}\.npy$"
SUBGROUPS = ("kidney_disease", "dialysis", "atrial_fibrillation", "wide_qrs")


def schema() -> dict[str, Any]:
    """Return the columns of a cohort's table and their types.

    `ecg` and `patient` are names; `time` and `draw_time` are local times, `gap_min` how many minutes the draw came
    after the ECG. `potassium_meq_l` is what the laboratory measured, `true_meq_l` what a simulator knows beside it;
    `censored` says "above" or "below" where it wrote such as >8.0, which counts as 8.0, and is null elsewhere.
    `specimen` is "serum" or "whole blood", `hemolyzed` whether the laboratory reported it so. `labels` is "measured",
    "simulated" or "semi-simulated". `age_y`, `sex` ("female", "male") and `SUBGROUPS` are null where they are not
    known; `variant` is the ionic variant of a simulated heart. `shard` and `row` say where the signal is.
    """
    return {
        "ecg": pl.String,
        "patient": pl.String,
        "time": pl.Datetime("us"),
        "potassium_meq_l": pl.Float32,
        "censored": pl.String,
        "draw_time": pl.Datetime("us"),
        "gap_min": pl.Float32,
        "specimen": pl.String,
        "hemolyzed": pl.Boolean,
        "labels": pl.String,
        "true_meq_l": pl.Float32,
        "age_y": pl.Float32,
        "sex": pl.String,
        **dict.fromkeys(SUBGROUPS, pl.Boolean),
        "variant": pl.String,
        "shard": pl.String,
        "row": pl.Int32,
    }


@dataclass(frozen=True, eq=False)
class Cohort:
    """ECGs with potassium.

    Attributes
    ----------
    folder
        Where it lies.
    table
        A polars DataFrame with the columns of `schema`, a row an ECG.
    card
        What `cohort.json` says.
    """

    folder: Path
    table: pl.DataFrame = field(repr=False)
    card: Card = field(repr=False)

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Cohort:
        """Open a folder that `kalemia cohort` wrote.

        Raises
        ------
        CohortError
            Where it is no cohort, or a part of it is missing or damaged: one sentence.
        """
        path = Path(folder)
        card, table = _card(path), _table(path)
        if fault := _fault(table, card):
            raise CohortError(f"{path / TABLE}: {fault}; build the cohort again")
        return cls(path, table, card)

    @property
    def leads(self) -> tuple[str, ...]:
        """The leads of every signal, where it has them."""
        return self.card.leads

    @property
    def rate(self) -> float:
        """The sampling rate of every signal, Hz."""
        return self.card.rate_hz

    def __len__(self) -> int:
        return len(self.table)

    @property
    def labels(self) -> str:
        """What kinds of potassium these are, such as "measured"."""
        return " and ".join(sorted(self.table["labels"].unique().to_list()))

    @property
    def digest(self) -> str:
        """What tells it from another: a hash of its table and card."""
        content = (self.folder / TABLE).read_bytes() + (self.folder / CARD).read_bytes()
        return hashlib.sha256(content).hexdigest()[:16]

    @property
    def hemolyzed(self) -> int:
        """How many of the ECGs have only a draw that was hemolyzed."""
        return int(self.table["hemolyzed"].sum())

    @property
    def made(self) -> tuple[str, int] | None:
        """Level and seed where patients are simulated: whoever shares both shares patients; None of measured ones."""
        level, seed = self.card.origin.level, self.card.origin.seed
        return None if level is None or seed is None else (level, seed)

    def folds(self, folds: int, salt: str = "") -> NDArray[np.int64]:
        """Return the fold of each ECG, (n,): by patient, and stable when patients are added."""
        return fold_of(self.table["patient"].to_list(), folds, salt)

    def parts(self) -> dict[str, tuple[int, ...]]:
        """Return the rows of each part of a training; hemolyzed draws are in none."""
        return part_rows(self.table["patient"].to_list(), self.table["hemolyzed"].to_list())

    def recording(self, number: int) -> Recording:
        """Return an ECG by its place in the table; leads that were not recorded are left out."""
        ecg, shard, row = self.table.select("ecg", "shard", "row").row(number)
        try:
            stored = _shard(self.folder / shard, (len(self.leads), self.card.samples))[row]
        except (OSError, ValueError, IndexError, EOFError) as exc:
            raise CohortError(f"{self.folder / shard}: damaged; build the cohort again") from exc
        signal = np.where(stored == UNKNOWN, np.nan, stored / np.float32(COUNTS_PER_MV)).astype(np.float32)
        there = np.flatnonzero(np.isfinite(signal).any(axis=1))
        return Recording(signal[there], self.rate, tuple(self.leads[k] for k in there), source=str(ecg))


def _card(folder: Path) -> Card:
    try:
        return Card.from_json((folder / CARD).read_text(encoding="utf-8"))
    except OSError as exc:
        raise CohortError(f"{folder}: no cohort ({CARD}: {exc.strerror}); give a folder of kalemia cohort") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise CohortError(f"{folder / CARD}: damaged; give a folder that kalemia cohort wrote") from exc


def _table(folder: Path) -> pl.DataFrame:
    try:
        table: pl.DataFrame = pl.read_parquet(folder / TABLE)
    except (OSError, pl.exceptions.PolarsError) as exc:
        raise CohortError(f"{folder / TABLE}: missing or damaged; build the cohort again") from exc
    if "censored" not in table.columns:  # of a cohort that was built before values had bounds
        table = table.with_columns(censored=pl.lit(None, pl.String)).select(*schema())
    if missing := [name for name, kind in schema().items() if table.schema.get(name) != kind]:
        raise CohortError(f"{folder / TABLE}: has no proper column {', '.join(missing)}; build the cohort again")
    if not len(table) or not table["shard"].str.contains(SHARD).fill_null(value=False).all():
        raise CohortError(f"{folder / TABLE}: has no rows, or rows without a shard; build the cohort again")
    if absent := [name for name in table["shard"].unique().sort() if not (folder / name).is_file()]:
        lost = int(table["shard"].is_in(absent).sum())
        raise CohortError(f"{folder}: {', '.join(absent)} with {lost:,} ECGs is missing; build the cohort again")
    return table


def _fault(table: pl.DataFrame, card: Card) -> str | None:
    """Return what of a table cannot be, or None."""
    if len(table) != card.ecgs:
        return f"has {len(table):,} rows, and {CARD} speaks of {card.ecgs:,}"
    needed = ("ecg", "patient", "potassium_meq_l", "hemolyzed", "labels", "row")
    if empty := [name for name in needed if table[name].null_count()]:
        return f"has rows without {', '.join(empty)}"
    if table["ecg"].n_unique() < len(table):
        return "names an ECG twice"
    low, high = POSSIBLE_MEQ_L
    if not table["potassium_meq_l"].is_between(low, high).all():
        return f"has potassium outside of {low:g} to {high:g} mEq/L"
    return None


@lru_cache(maxsize=OPEN_SHARDS)
def _shard(path: Path, shape: tuple[int, int]) -> NDArray[np.int16]:
    """Return the signals of a shard, each of a shape, not read before they are asked for."""
    signals: NDArray[np.int16] = np.load(path, mmap_mode="r", allow_pickle=False)
    if signals.shape[1:] != shape or signals.dtype != np.dtype("<i2"):
        raise ValueError("no shard of signals")
    return signals
