"""The whole validation of the simulator: measure, judge, compare, and write what came of it."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kalemia.errors import EvaluateError, ReadError
from kalemia.read import inputs, read
from kalemia.system import atomic
from kalemia.validate import oracle
from kalemia.validate.acceptance import Result, Row, against_real, judge
from kalemia.validate.answers import Got
from kalemia.validate.patients import Patients, examine, ordinary
from kalemia.validate.realism import QUALIFIED, TOLD_APART, Told, told
from kalemia.validate.table import COLUMNS, Numbers, Table, row

ARTIFICIAL = 100
"""ECGs of NeuroKit2's simulator that the classifier must tell from real ones."""
DELINEATED = 20
FEWEST_REAL = 20
"""Fewer have no interquartile range to speak of."""

Stage = Callable[[str, int, int], None]
"""Told what is being done, how much of it is, and how much there is."""


@dataclass(frozen=True, eq=False)
class Validation:
    """What was measured and judged.

    Attributes
    ----------
    patients, seed, level
        The simulated patients and what makes them again.
    results
        The clinic's figures, realism and NeuroKit2's second opinion.
    ordinary
        Medians against those of real ECGs; empty where there are none.
    real
        The real ECGs that were compared with, or None.
    """

    patients: Patients
    seed: int
    level: str
    results: tuple[Result, ...]
    ordinary: tuple[Result, ...]
    real: Table | None

    @property
    def all(self) -> tuple[Result, ...]:
        """Every row."""
        return self.results + self.ordinary

    def count(self, verdict: str) -> int:
        """Return how many rows have a verdict."""
        return sum(result.verdict == verdict for result in self.all)

    @property
    def summary(self) -> str:
        """One line on the rows."""
        return f"{self.count('pass')} pass, {self.count('missed')} missed, {self.count('reported')} only reported"


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
    EvaluateError
        As `examine`, or where the folder holds fewer than 20 ECGs to compare with.
    SimulateError
        For a seed or level that the simulator does not take.
    """
    ecgs = None if real is None else real_table(real)
    patients = examine(count, seed, level, workers, _counting(stage, "patients", count))
    results = judge(patients)
    if ecgs is not None:
        results += _realism(ecgs, patients.once, seed, workers, stage)
    results += _second_opinion(count, seed, level)
    compared = () if ecgs is None else tuple(against_real(patients, ecgs))
    return Validation(patients, seed, level, tuple(results), compared, ecgs)


def _counting(stage: Stage, what: str, total: int) -> Callable[[int], None]:
    done = itertools.count(1)
    return lambda _: stage(what, next(done), total)


def real_folder(given: Path | None) -> Path | None:
    """Return the folder of real ECGs: the one given, else the ordinary ones of KALEMIA_DATA, else None."""
    named = given or (Path(os.environ["KALEMIA_DATA"]) if os.environ.get("KALEMIA_DATA") else None)
    if named is not None and (named / "ptbxl").is_dir():
        return named / "ptbxl"
    return given


def real_table(folder: Path) -> Table:
    """Measure the real ECGs at even places of a folder: those at odd ones may have been fitted on."""
    rows: list[Numbers] = []
    for path in sorted(inputs([folder]))[::2] if folder.is_dir() else []:
        try:
            rows.append(row(read(path)))
        except ReadError:
            continue
    table = Table(np.array(rows).reshape(-1, len(COLUMNS)))
    if table.measured.sum() < FEWEST_REAL:
        raise EvaluateError(
            f"{table.measured.sum()} 12-lead ECGs that can be measured at even places in {folder}; "
            f"expected a folder with {FEWEST_REAL} or more"
        )
    return table


def _realism(real: Table, simulated: Table, seed: int, workers: int, stage: Stage = lambda *_: None) -> list[Result]:
    few = "too few ECGs"
    qualify = Row(
        "Na", "AUROC, real against NeuroKit2's simulator", "", f"{QUALIFIED} or more", "qualifies the classifier",
        QUALIFIED, 1.0, f"{QUALIFIED} to 1", digits=2,
    )  # fmt: skip
    judged = Row(
        "Nb", "AUROC, real against generated", "", "0.5 if alike", "real ordinary ECGs", 0.0, TOLD_APART,
        f"at most {TOLD_APART}", digits=2,
    )  # fmt: skip
    if oracle.installed():
        step = _counting(stage, "ECGs of NeuroKit2", ARTIFICIAL)
        artificial = told(real, oracle.tabulate(ARTIFICIAL, seed, workers, step), seed)
        qualified = Result(qualify, Got(np.nan, few), "reported") if artificial is None else _judge(qualify, artificial)
    else:
        qualified = Result(qualify, Got(np.nan), oracle.ABSENT)
    found = told(real, simulated.only(np.arange(min(len(real.values), len(simulated.values)))), seed)
    result = Result(judged, Got(np.nan, few), "reported") if found is None else _judge(judged, found)
    if qualified.verdict != "pass":
        result = Result(judged, Got(result.got.value, "proves nothing: not qualified"), "reported")
    return [qualified, result]


def _judge(what: Row, found: Told) -> Result:
    return what.judge(Got(found.auroc, f"chance {found.chance:.2f}; {found.real} real, {found.generated} generated"))


def _second_opinion(count: int, seed: int, level: str) -> list[Result]:
    rows = [
        Row(f"O{letter}", f"{name.split(',')[0]} in II, ours less NeuroKit2's", name.split(", ")[1], "0",
            "ecg_delineate, dwt", digits=digits)
        for letter, name, digits in zip("abc", oracle.DIFFERENCES, (2, 0, 0), strict=True)
    ]  # fmt: skip
    if not oracle.installed():
        return [Result(each, Got(np.nan), oracle.ABSENT) for each in rows]
    found = oracle.differences(ordinary(min(count, DELINEATED), seed, level))
    n = np.isfinite(found).sum(axis=0)
    values = [float(np.nanmedian(column)) if k else np.nan for column, k in zip(found.T, n, strict=True)]
    return [each.judge(Got(v, f"median of {k}")) for each, v, k in zip(rows, values, n, strict=True)]


def text(validation: Validation) -> str:
    """Return the table as aligned lines, and a summary."""
    cells = [("", "what", "expected", "simulated", "tolerance", "verdict")]
    for result in validation.all:
        row = result.row
        cells.append((row.id, row.what, row.expected_shown, result.shown, row.tolerance, result.verdict))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([*lines, "", f"{validation.summary}."])


def write(out: Path, validation: Validation) -> None:
    """Write index.html and rows.json into a folder, both or neither.

    Raises
    ------
    EvaluateError
        Where the folder cannot be written.
    """
    from kalemia.validate.page import page

    rows = {
        "simulated": True,
        "patients": len(validation.patients.own),
        "seed": validation.seed,
        "level": validation.level,
        "real": None if validation.real is None else int(validation.real.measured.sum()),
        "rows": [result.to_dict() for result in validation.all],
    }
    content = {
        out / "index.html": page(validation).encode(),
        out / "rows.json": (json.dumps(rows, indent=1, ensure_ascii=False) + "\n").encode(),
    }
    with atomic.writing(out, EvaluateError):
        out.mkdir(parents=True, exist_ok=True)
        atomic.write(content)


def check_folder(out: Path) -> None:
    """Try the folder before the work and not after it; EvaluateError where it cannot be written."""
    with atomic.writing(out, EvaluateError):
        atomic.writable(out)
