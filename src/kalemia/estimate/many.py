"""Many files to Estimates, on several processes; one that is bad never stops the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from pathlib import Path

from kalemia.errors import KalemiaError, internal
from kalemia.estimate.hemolysis import Hemolyzed
from kalemia.estimate.personal import Calibration
from kalemia.estimate.population import DEFAULT, Population
from kalemia.estimate.predict import Result, examine
from kalemia.read.memory import Ecg, is_named
from kalemia.read.printed import Printed
from kalemia.records import Estimate
from kalemia.system.workers import pool

SLOW_TO_IMPORT = ("scipy.signal", "scipy.ndimage", "sleepecg.heartbeats", "onnxruntime", "kalemia.read.wfdb")


@dataclass(frozen=True)
class Job:
    """What to do with each of many files; it is sent to worker processes.

    Attributes
    ----------
    model, rate
        As in `predict`.
    calibration
        The patient's own, if all files are of one.
    population
        Where the patients come from.
    lab
        As in `predict`, if there is one file.
    each
        Called in the worker with the source and the Result, to write a report; of a file that failed by an error of
        ours, or killed its worker, with a Result that says so.
    leads, unit, page
        As in `predict`; several leads are of those that are in memory.
    """

    model: str | Path | None = None
    rate: float | None = None
    calibration: Calibration | None = None
    population: Population = field(default_factory=partial(Population.load, DEFAULT))
    lab: Hemolyzed | None = None
    each: Callable[[str, Result], None] | None = None
    leads: str | Sequence[str] | None = None
    unit: str | None = None
    page: Printed | None = None

    def __call__(self, source: Ecg) -> Estimate:
        """Estimate one file; whatever goes wrong with it is its own Estimate, so that the others go on."""
        try:
            result = examine(
                source,
                self.model,
                rate=self.rate,
                leads=self.leads if isinstance(self.leads, str) or not is_named(source) else None,
                unit=self.unit,
                page=self.page,
                calibration=self.calibration,
                population=self.population,
                lab=self.lab,
            )
            if self.each:
                self.each(named(source), result)
        except KalemiaError:
            raise
        except Exception as exc:  # noqa: BLE001 - one bad file must never stop the others
            return self.failed(named(source), internal(exc))
        return result.estimate

    def failed(self, source: str, reason: str) -> Estimate:
        """Return the Estimate of a file that could not be dealt with, and write a report of that."""
        result = Result(Estimate(source=source, status="failed", reason=reason))
        if self.each:
            with suppress(Exception):  # its own fault is what `reason` says, maybe
                self.each(source, result)
        return result.estimate


def named(source: Ecg) -> str:
    """Return what an Estimate calls its source."""
    return os.fsdecode(source) if is_named(source) else getattr(source, "source", "memory")


def estimates(sources: Sequence[Ecg], job: Job, workers: int = 1) -> Iterator[Estimate]:
    """Estimate many files in their order, on several processes; a file that kills its process fails alone."""
    if workers <= 1:
        yield from map(job, sources)
        return
    for module in SLOW_TO_IMPORT:
        import_module(module)  # once, here: processes that are forked from this one then have it
    done = 0
    try:
        with pool(workers) as processes:
            for estimate in processes.map(job, sources, chunksize=16):
                yield estimate
                done += 1
    except BrokenProcessPool:
        yield from _in_turn(sources[done:], job)


def _in_turn(sources: Sequence[Ecg], job: Job) -> Iterator[Estimate]:
    """Estimate files one after the other in a process of their own; where it dies, the file in hand is to blame."""
    while sources:
        with pool(1) as process:
            for done, source in enumerate(sources, start=1):  # noqa: B007 - says where to go on
                try:
                    yield process.submit(job, source).result()
                except BrokenProcessPool:
                    yield _died(named(source), job)
                    break
        sources = sources[done:]


def _died(source: str, job: Job) -> Estimate:
    """Say in a further process that a file killed its own: writing the report of it may be what does."""
    reason = "the process that read it died: the file is damaged beyond what a reader survives"
    with suppress(BrokenProcessPool), pool(1) as process:
        return process.submit(job.failed, source, reason).result()
    return replace(job, each=None).failed(source, reason)
