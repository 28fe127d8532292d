"""The whole validation of the simulator: measure, assess, compare, and write what came of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kalemia.errors import ValidateError
from kalemia.system import atomic
from kalemia.validate import oracle
from kalemia.validate.acceptance import assess
from kalemia.validate.criterion import Criterion, Measurement, Outcome
from kalemia.validate.page import page
from kalemia.validate.patients import examine, ordinary
from kalemia.validate.real import against_real, real_table
from kalemia.validate.realism import QUALIFIED, TOLD_APART, Discrimination, discriminate
from kalemia.validate.table import Table
from kalemia.validate.validation import Validation

ARTIFICIAL = 100
"""ECGs of NeuroKit2's simulator that the classifier must tell from real ones."""
DELINEATED = 20
QUALIFYING = Criterion(
    "Na", "AUROC, real against NeuroKit2's simulator", "", f"{QUALIFIED} or more", "qualifies the classifier",
    QUALIFIED, 1.0, f"{QUALIFIED} to 1", digits=2,
)  # fmt: skip
ALIKE = Criterion(
    "Nb", "AUROC, real against generated", "", "0.5 if alike", "real ordinary ECGs", 0.0, TOLD_APART,
    f"at most {TOLD_APART}", digits=2,
)  # fmt: skip

Stage = Callable[[str, int, int], None]
"""Told what is being done, how much of it is, and how much there is."""


def validate(
    count: int,
    seed: int,
    level: str = "clinic",
    real: Path | None = None,
    workers: int = 1,
    stage: Stage = lambda *_: None,
) -> Validation:
    """Simulate patients and hold them against the clinic's figures and, where there are some, real ECGs.

    Parameters
    ----------
    count, seed, level, workers
        As in `examine`.
    real
        A folder of real ordinary ECGs; of its files, sorted, those at even places are compared with.
    stage
        Called after each ECG or patient.

    Raises
    ------
    ValidateError
        As `examine`, or where the folder holds fewer than 20 ECGs to compare with.
    SimulateError
        For a seed or level that the simulator does not take.
    """
    ecgs = None if real is None else real_table(real)
    patients = examine(count, seed, level, workers, _counting(stage, "patients", count))
    outcomes = assess(patients)
    if ecgs is not None:
        outcomes += _realism(ecgs, patients.once, seed, workers, stage)
    outcomes += oracle.second_opinion(ordinary(min(count, DELINEATED), seed, level))
    compared = () if ecgs is None else tuple(against_real(patients, ecgs))
    return Validation(patients, seed, level, tuple(outcomes), compared, ecgs)


def _counting(stage: Stage, what: str, total: int) -> Callable[[int], None]:
    done = itertools.count(1)
    return lambda _: stage(what, next(done), total)


def _realism(real: Table, simulated: Table, seed: int, workers: int, stage: Stage = lambda *_: None) -> list[Outcome]:
    """Tell real from simulated ECGs, by a classifier that must first tell real ones from artificial ones."""
    qualified = _qualified(real, seed, workers, stage)
    as_many = simulated.only(np.arange(min(len(real.values), len(simulated.values))))
    alike = _told_apart(ALIKE, discriminate(real, as_many, seed))
    if qualified.verdict != "pass":
        alike = Outcome(ALIKE, Measurement(alike.measured.value, "proves nothing: not qualified"), "reported")
    return [qualified, alike]


def _qualified(real: Table, seed: int, workers: int, stage: Stage) -> Outcome:
    if not oracle.installed():
        return Outcome(QUALIFYING, Measurement(np.nan), oracle.ABSENT)
    artificial = oracle.tabulate(ARTIFICIAL, seed, workers, _counting(stage, "ECGs of NeuroKit2", ARTIFICIAL))
    return _told_apart(QUALIFYING, discriminate(real, artificial, seed))


def _told_apart(criterion: Criterion, apart: Discrimination | None) -> Outcome:
    if apart is None:
        return Outcome(criterion, Measurement(np.nan, "too few ECGs"), "reported")
    note = f"chance {apart.chance:.2f}; {apart.real} real, {apart.generated} generated"
    return criterion.check(Measurement(apart.auroc, note))


def write(out: Path, validation: Validation) -> None:
    """Write index.html and rows.json into a folder, both or neither.

    Raises
    ------
    ValidateError
        Where the folder cannot be written.
    """
    content = {
        out / "index.html": page(validation).encode(),
        out / "rows.json": f"{validation.to_json()}\n".encode(),
    }
    with atomic.writing(out, ValidateError):
        out.mkdir(parents=True, exist_ok=True)
        atomic.write(content)


def check_folder(out: Path) -> None:
    """Try the folder before the work and not after it; ValidateError where it cannot be written."""
    with atomic.writing(out, ValidateError):
        atomic.writable(out)
