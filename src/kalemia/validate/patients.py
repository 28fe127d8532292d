"""Simulated patients, each measured at many potassium levels, and once at an ordinary one of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from kalemia.errors import ValidateError
from kalemia.records import LEADS, Recording
from kalemia.simulate import simulate_one
from kalemia.system.workers import mapped
from kalemia.validate.table import COLUMNS, Numbers, Table, row

POTASSIUM = (2.0, 2.5, 3.0, 3.5, 4.1, 4.3, 5.0, 5.5, 6.0, 6.5, 7.2, 7.5, 8.0, 9.0)
"""The levels that every patient is simulated at, mEq/L."""
ORDINARY = (3.5, 5.0)
MOST_PATIENTS = 100_000


@dataclass(frozen=True, eq=False)
class Patients:
    """The same n patients, measured again and again.

    Attributes
    ----------
    at
        A table of n rows at each potassium level, mEq/L.
    once
        A table of n rows, each patient at the potassium of `own`.
    own
        (n,) drawn evenly from 3.5 to 5 mEq/L.
    """

    at: dict[float, Table]
    once: Table
    own: Numbers


def own_potassium(count: int, seed: int) -> Numbers:
    """Draw an ordinary potassium for each patient, (count,) mEq/L."""
    return np.random.default_rng(seed).uniform(*ORDINARY, count)


def ordinary(count: int, seed: int, level: str) -> Iterator[Recording]:
    """Yield the recordings that stand behind `Patients.once`."""
    for index, potassium in enumerate(own_potassium(count, seed)):
        yield simulate_one(seed, index, level, float(potassium)).recording


def examine(
    count: int,
    seed: int,
    level: str = "clinic",
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    potassium: tuple[float, ...] = POTASSIUM,
) -> Patients:
    """Simulate and measure patients; the same numbers for any number of workers.

    Parameters
    ----------
    count, seed, level
        Patients 0 to count - 1 of `simulate_one`.
    workers
        Processes; more than one needs a script that can be imported.
    progress
        Called with 1 after each patient.
    potassium
        The levels, mEq/L.

    Raises
    ------
    ValidateError
        For fewer than 2 patients or too many, or a level of fewer than twelve leads.
    SimulateError
        For a seed, level or potassium that the simulator does not take.
    KalemiaError
        Where a worker process dies.
    """
    _check(count, seed, level)
    own = own_potassium(count, seed)
    measures = np.empty((count, len(potassium) + 1, len(COLUMNS)))
    job = partial(_one, seed, level, potassium)
    for index, rows in enumerate(mapped(job, list(enumerate(own)), workers)):
        measures[index] = rows
        if progress:
            progress(1)
    *tables, once = (Table(measures[:, k]) for k in range(len(potassium) + 1))
    return Patients(dict(zip(potassium, tables, strict=True)), once, own)


def _check(count: int, seed: int, level: str) -> None:
    """Raise for what cannot be examined; a wrong seed or level is found here, and not by a worker."""
    if not 2 <= count <= MOST_PATIENTS:
        raise ValidateError(f"patients is {count}; expected 2 to {MOST_PATIENTS:,}")
    if simulate_one(seed, 0, level).recording.leads != LEADS:
        raise ValidateError(f"level {level!r} has fewer than 12 leads; expected one such as clinic")


def _one(seed: int, level: str, potassium: tuple[float, ...], patient: tuple[int, float]) -> Numbers:
    """Return the rows of one patient, who is an index and a potassium of its own, (levels + 1, columns)."""
    index, own = patient
    return np.stack([row(simulate_one(seed, index, level, k).recording) for k in (*potassium, float(own))])
