"""Many ECGs from Python: a folder, files or what is in memory, as Estimates that come one by one and make a table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from kalemia.errors import KalemiaError, ReadError
from kalemia.estimate import many, table
from kalemia.estimate.personal import Calibration
from kalemia.estimate.population import DEFAULT, Population
from kalemia.estimate.predict import Result
from kalemia.read import inputs, sorts
from kalemia.read.memory import Ecg, held, is_named, spelled
from kalemia.read.printed import Printed
from kalemia.records import Estimate

if TYPE_CHECKING:
    import polars as pl


class Estimates:
    """The Estimates of many ECGs, each as soon as it is there; they are kept, so that all can be gone through again."""

    def __init__(self, coming: Iterator[Estimate], count: int) -> None:
        self._coming, self._count, self._there = coming, count, list[Estimate]()

    def __len__(self) -> int:
        """Return how many there will be."""
        return self._count

    def __iter__(self) -> Iterator[Estimate]:
        yield from self._there
        at = len(self._there)
        while at < len(self._there) or self._further():
            yield self._there[at]
            at += 1

    def _further(self) -> bool:
        """Take the next one in; False where there is none."""
        estimate = next(self._coming, None)
        if estimate is not None:
            self._there.append(estimate)
        return estimate is not None

    @overload
    def to_table(self, kind: Literal["polars"] = "polars") -> pl.DataFrame: ...
    @overload
    def to_table(self, kind: str) -> Any: ...
    def to_table(self, kind: str = "polars") -> Any:
        """Wait for all and return a table with a row an ECG, of polars or pandas; see `to_table`."""
        return table.to_table(self, kind)


@spelled
def predict_many(
    sources: Ecg | Iterable[Ecg],
    model: str | Path | None = None,
    *,
    rate: float | None = None,
    leads: str | Sequence[str] | None = None,
    unit: str | None = None,
    page: Printed | None = None,
    calibration: Calibration | None = None,
    population: str | Path | Population = DEFAULT,
    workers: int = 1,
    each: Callable[[str, Result], None] | None = None,
) -> Estimates:
    """Estimate many ECGs; one that is bad never stops the others.

    Parameters
    ----------
    sources
        A folder, which is searched, a file, or several of either or of what else `predict` takes.
    model, rate, leads, unit, page, calibration, population
        As in `predict`.
    workers
        Processes to share the work out to; below some 30 ECGs one is fastest. A script that starts some needs
        `if __name__ == "__main__":` where the platform spawns processes.
    each
        Called with the source and the Result of each, in the process that made it; `kalemia.report.Pages` writes pages.

    Returns
    -------
    The Estimates in their order, as they come: nothing is done before the first is asked for.

    Raises
    ------
    KalemiaError
        There is no ECG there, or model, population or calibration are wrong.
    """
    several = [sources] if is_named(sources) or not isinstance(sources, Iterable) else sources
    found = list(_found(several, rate, leads, unit))
    known = population if isinstance(population, Population) else Population.load(population)
    job = many.Job(model, rate, calibration, known, each=each, leads=leads, unit=unit, page=page)
    return Estimates(many.estimates(found, job, workers), len(found))


def _found(
    sources: Iterable[Ecg], rate: float | None, leads: str | Sequence[str] | None, unit: str | None
) -> Iterator[Ecg]:
    """Yield the ECGs of files and folders, and what is in memory as Recordings."""
    for source in sources:
        if not is_named(source):
            yield _recording(source, rate, leads, unit)
            continue
        there = list(inputs([source]))
        if not there:
            raise ReadError(f"no ECG found in {os.fsdecode(source)}{sorts([source])}; give files, or folders of them")
        yield from there


def _recording(ecg: Ecg, rate: float | None, leads: str | Sequence[str] | None, unit: str | None) -> Ecg:
    """Return a Recording: wrong usage is told at once; one that is no good is left to fail in its turn."""
    try:
        return held(ecg, rate, leads, unit)
    except KalemiaError:
        return ecg
