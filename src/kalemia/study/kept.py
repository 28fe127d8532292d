"""A study as its files hold it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kalemia.errors import KalemiaError
from kalemia.judge.figures.agreement import Pairs
from kalemia.judge.stored import MOST
from kalemia.study.results import StudyResult


@dataclass(frozen=True, eq=False)
class Kept:
    """A study as its files hold it: the result, and by entrant measured and estimated potassium of every ECG."""

    result: StudyResult
    pairs: dict[str, Pairs]

    @classmethod
    def read(cls, folder: Path, name: str) -> Kept:
        """Read NAME.json and NAME.csv; KalemiaError where one is missing or damaged."""
        result = _result(folder / f"{name}.json")
        return cls(result, _pairs(folder / f"{name}.csv", result))


def _result(path: Path) -> StudyResult:
    try:
        result = StudyResult.from_json(path.read_bytes())
        if result.study != path.stem:
            raise ValueError(f"it is of the study {result.study:.40}")
    except (OSError, ValueError) as exc:
        raise KalemiaError(f"{path}: no study, or damaged ({exc}); run kalemia study again") from exc
    return result


def _pairs(path: Path, result: StudyResult) -> dict[str, Pairs]:
    """Return what each entrant estimated, of as many ECGs as its JSON tells."""
    numbers = ["potassium_meq_l", "estimate_meq_l"]
    try:
        table = pl.read_csv(path, columns=["entrant", *numbers]).cast(dict.fromkeys(numbers, pl.Float64))
        counts = dict(table.group_by("entrant").len().iter_rows())
        whole = counts == {row.name: row.ecgs for row in result.entrants}
        if not whole or not table.select((pl.col(numbers).abs() <= MOST).all()).row(0) == (True, True):
            raise ValueError("cut off, no numbers, or absurd ones")
    except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as exc:
        raise KalemiaError(f"{path}: missing or damaged; run kalemia study again") from exc
    return {
        str(name[0]): Pairs(own["potassium_meq_l"].to_numpy(), own["estimate_meq_l"].to_numpy())
        for name, own in table.group_by("entrant", maintain_order=True)
    }
