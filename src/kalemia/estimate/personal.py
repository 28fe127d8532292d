"""A patient's own offset: earlier blood draws tell how far the model is off for this heart.

What an estimate is off by has a part that stays with the patient and one that comes with every ECG; a model's card says
how large each is among simulated dialysis patients whose potassium was followed. The offset is the mean of the first,
given what earlier draws showed (best linear unbiased prediction, Robinson 1991, DOI 10.1214/ss/1177011926): no draw, no
offset; more draws and younger ones, more of what they say.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import CalibrationError
from kalemia.estimate.model import Forecast, Model
from kalemia.read.identity import marks
from kalemia.records import Estimate, ModelName
from kalemia.system import bounded

FORGOTTEN_DAYS = 180.0
"""After so long, what a draw showed counts by the factor 1/e. Assumed: hearts change over months, and no series that is
long enough to measure how fast is at hand."""
PLAUSIBLE_MEQ_L = 1.5, 10.0
"""What a laboratory may have measured in a living person; anything else is a slip."""
LABORATORY_MEQ_L, SAME_TIME_DAYS = 1.0, 1 / 24
"""Draws within an hour do not lie further apart by a laboratory's error: the US allowed 0.5 either way for decades
(42 CFR 493.931)."""
MOST_DRAWS = 1000
COLUMNS = ("ecg", "potassium_meq_l", "days_ago")
READ = "ecg, potassium_meq_l and days_ago are read"
BETWEEN = ",;\t"
"""What may lie between the fields of a table; its header tells."""
LARGEST_BYTES = 1_000_000

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Draw:
    """A potassium that a laboratory measured, mEq/L, and how many days before now it was drawn."""

    potassium_meq_l: float
    days_ago: float = 0.0


@dataclass(frozen=True)
class Calibration:
    """A patient's offset for one model.

    Attributes
    ----------
    offset_meq_l
        What is added to an estimate.
    spread_scale
        What its spread is multiplied with: what is known of the patient is no longer unsure.
    draws
        How many draws it was made from.
    model
        Of which model; it means nothing for another.
    left_out
        Draws whose ECG could not be estimated.
    apart_meq_l
        How far draws of the same hour lie apart, at most.
    """

    offset_meq_l: float
    spread_scale: float
    draws: int
    model: ModelName
    left_out: int = 0
    apart_meq_l: float = 0.0

    @property
    def said(self) -> str:
        """A sentence for the estimate."""
        draws = "an earlier blood draw" if self.draws == 1 else f"{self.draws} earlier blood draws"
        lost = f"; {self.left_out} more could not be used, since their ECGs were not estimated" if self.left_out else ""
        apart = ""
        if self.apart_meq_l > LABORATORY_MEQ_L:
            apart = (
                f"; draws of the same time lie {self.apart_meq_l:.1f} mEq/L apart, more than a laboratory errs: "
                "check them and their days_ago"
            )
        return f"Shifted by {self.offset_meq_l:+.2f} mEq/L for this patient, as {draws} showed{lost}{apart}."

    def check(self, model: Model) -> None:
        """Raise a CalibrationError where this was made with another model."""
        if model.name != self.model:
            raise CalibrationError(
                f"the calibration was made with the model {self.model.name} {self.model.version}, and the estimate is "
                f"of {model.name.name} {model.name.version}; calibrate with that one"
            )

    def apply(self, forecast: Forecast, model: Model) -> Forecast:
        """Return a forecast of the same model for this patient, within the potassium that the model knows."""
        low, high = model.card.range_meq_l
        shifted = min(max(forecast.potassium_meq_l + self.offset_meq_l, low), high)
        return replace(forecast, potassium_meq_l=shifted, spread_meq_l=forecast.spread_meq_l * self.spread_scale)


def calibrate(
    estimates: Sequence[Estimate], lab_draws: Sequence[Draw | float], model: str | Path | None = None
) -> Calibration:
    """Return a patient's offset from earlier ECGs whose potassium was measured at about the same time.

    Parameters
    ----------
    estimates
        Of these ECGs, all of one model and without a calibration; those that were refused are left out with their draw.
    lab_draws
        The draw that belongs to each: a Draw, or just its potassium in mEq/L.
    model
        The path of the ONNX file that made the estimates, where it is no bundled model.

    Raises
    ------
    CalibrationError
        Where nothing is left, the estimates are of several models, or a potassium is none.
    """
    if len(estimates) != len(lab_draws):
        raise CalibrationError(f"{len(estimates)} estimates and {len(lab_draws)} draws are given; expected one each")
    draws = [draw if isinstance(draw, Draw) else Draw(float(draw)) for draw in lab_draws]
    for draw in draws:
        _check(draw)
    pairs = [(one, draw) for one, draw in zip(estimates, draws, strict=True) if one.status == "estimated"]
    if not pairs:
        raise CalibrationError(f"none of the {len(estimates)} earlier ECGs could be estimated; expected at least one")
    names = {one.model for one, _ in pairs}
    told = [one for one, _ in pairs if one.personal_offset_meq_l is not None or one.prevalence is not None]
    if len(names) > 1 or told:
        raise CalibrationError(
            "earlier ECGs were estimated by several models, calibrated, or told a prevalence; expected one, as it is"
        )
    _check_potassium(pairs)
    name = names.pop()
    assert name is not None
    judge = Model.load(name.name if model is None else model)
    if judge.name != name:
        raise CalibrationError(
            f"the earlier ECGs were estimated by another {name.name} than is here; estimate them again"
        )
    own = _offset(
        np.array([draw.potassium_meq_l - float(one.potassium_meq_l or 0) for one, draw in pairs]),
        np.array([draw.days_ago for _, draw in pairs]),
        judge.card.personal,
        name,
    )
    return replace(own, left_out=len(estimates) - len(pairs), apart_meq_l=_apart([draw for _, draw in pairs]))


def _apart(draws: Sequence[Draw]) -> float:
    """Return how far draws of the same hour lie apart, at most, mEq/L."""
    days, potassium = np.array([(draw.days_ago, draw.potassium_meq_l) for draw in draws]).T
    same = np.abs(days[:, None] - days) <= SAME_TIME_DAYS
    return round(float(np.max(np.abs(potassium[:, None] - potassium) * same)), 3)


def _check_potassium(pairs: Sequence[tuple[Estimate, Draw]]) -> None:
    """Raise where one estimate is given two potassiums; two ECGs may well be alike to the last figure."""
    given: dict[int, float] = {}
    for one, draw in pairs:
        if (first := given.setdefault(id(one), draw.potassium_meq_l)) != draw.potassium_meq_l:
            raise CalibrationError(
                f"an earlier ECG ({one.source}) is given with {first:g} and {draw.potassium_meq_l:g} mEq/L; "
                "one potassium is accepted"
            )


def _check(draw: Draw) -> None:
    low, high = PLAUSIBLE_MEQ_L
    if not low <= draw.potassium_meq_l <= high:
        raise CalibrationError(
            f"a draw has a potassium of {draw.potassium_meq_l:g}; {low:g} to {high:g} mEq/L is accepted (mg/dL: 3.91 "
            "times as many)"
        )
    if not 0 <= draw.days_ago <= 36525:
        raise CalibrationError(f"a draw was {draw.days_ago:g} days ago; 0 to 36525 days are accepted")


def _offset(errors: Reals, days: Reals, parts: Mapping[str, float], model: ModelName) -> Calibration:
    """Return the expected offset now, given the errors of estimates some days ago, (n,) each."""
    between, within = parts["between_meq_l"] ** 2, parts["within_meq_l"] ** 2
    alike = np.exp(-np.abs(days[:, None] - days) / FORGOTTEN_DAYS)
    now = between * np.exp(-days / FORGOTTEN_DAYS)
    weights = np.linalg.solve(between * alike + within * np.eye(len(errors)), now)
    left = (between - float(now @ weights) + within) / (between + within)
    return Calibration(round(float(weights @ errors), 3), round(math.sqrt(left), 4), len(errors), model)


def from_file(
    path: Path,
    estimate: Callable[[str], Estimate],
    model: str | Path | None = None,
    today: Sequence[str] = (),
) -> Calibration:
    """Return the calibration that a table of earlier ECGs gives.

    Parameters
    ----------
    path
        A CSV file with the columns `ecg` (a file, from the table's folder on), `potassium_meq_l` and, if wanted,
        `days_ago`.
    estimate
        What estimates a file.
    model
        As in `calibrate`.
    today
        The files that are to be estimated, none of which may be among the earlier ones.

    Raises
    ------
    CalibrationError
        The table cannot be read, lacks a column, holds what is no number, or names an ECG twice or one of today: one
        sentence.
    """
    rows = _rows(path)
    _check_names(path, [row["ecg"].strip() for row in rows], today)
    estimates, draws = [], []
    for number, row in enumerate(rows, 2):
        try:
            draws.append(Draw(_number(row["potassium_meq_l"]), _number(row.get("days_ago") or "0")))
            _check(draws[-1])
        except ValueError as exc:
            raise CalibrationError(f"{path}: line {number} holds what is no number; expected mEq/L and days") from exc
        except CalibrationError as exc:
            raise CalibrationError(f"{path}: line {number}: {exc}") from exc
        if "\0" in row["ecg"]:
            raise CalibrationError(f"{path}: line {number} names no file; expected an ECG")
        estimates.append(estimate(str(path.parent / row["ecg"].strip())))
    try:
        return calibrate(estimates, draws, model)
    except CalibrationError as exc:
        why = next((f"; {one.reason}" for one in estimates if one.reason), "")
        raise CalibrationError(f"{path}: {exc}{why}") from exc


def _number(text: str) -> float:
    """Read a number, whose comma is a decimal one: where commas lie between the fields, none is left in them."""
    return float(text.replace(",", "."))


def _check_names(path: Path, named: Sequence[str], today: Sequence[str]) -> None:
    """Raise where an ECG is named twice, by whatever names, or is one of those to be estimated."""
    lines: dict[str, int] = {}
    for number, name in enumerate(named, 2):
        first = min(lines.setdefault(mark, number) for mark in marks(path.parent / name))
        if first != number:
            raise CalibrationError(
                f"{path}: names {name} more than once, in lines {first} and {number}; an ECG has one potassium and "
                "counts once"
            )
    for source in today:
        if known := lines.keys() & marks(Path(source)):
            raise CalibrationError(
                f"{path}: line {lines[known.pop()]} is {source}, which is to be estimated; only other ECGs are accepted"
            )


def _rows(path: Path) -> list[dict[str, str]]:
    content = bounded.content(path, LARGEST_BYTES, "a CSV table of earlier ECGs", CalibrationError)
    try:
        text = content.decode("utf-8-sig")
        between = max(BETWEEN, key=text.partition("\n")[0].count)
        table = csv.DictReader(io.StringIO(text), restval="", restkey="", delimiter=between)
        names = [name.strip() for name in table.fieldnames or ()]
        table.fieldnames = names
        rows = [row for row in table if any(row.values())]
    except (ValueError, csv.Error) as exc:
        raise CalibrationError(f"{path}: no CSV text; expected a table of earlier ECGs") from exc
    if missing := [name for name in ("ecg", "potassium_meq_l") if name not in names]:
        raise CalibrationError(f"{path}: has no column {', '.join(missing)}; {READ}")
    if strange := [name for name in names if name not in COLUMNS]:
        raise CalibrationError(f"{path}: has a column {strange[0]:.40}; {READ}")
    if any("" in row for row in rows):
        raise CalibrationError(f"{path}: a line has more fields than there are columns (3,8 is no number); {READ}")
    if not 1 <= len(rows) <= MOST_DRAWS:
        raise CalibrationError(f"{path}: has {len(rows):,} rows; 1 to {MOST_DRAWS:,} earlier ECGs are accepted")
    return rows
