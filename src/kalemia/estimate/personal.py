"""A patient's own earlier ECGs with a measured potassium: how far a model is off for this heart, and how sure it is.

What an ECG says alone follows potassium along a line, with an error. Part of that error stays with a patient, part
comes with every ECG; a model's card says how large each is among simulated dialysis patients whose potassium was
followed. What stays is expected from earlier draws (best linear unbiased prediction, Robinson 1991, DOI
10.1214/ss/1177011926): no draw, nothing; more draws and younger ones, more of what they show. The line then says which
potassium explains today's ECG of this patient, with the error that is left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia.body import PLAUSIBLE_MEQ_L
from kalemia.errors import CalibrationError
from kalemia.estimate.card import Card
from kalemia.estimate.evidence import Evidence
from kalemia.estimate.model import Model
from kalemia.records import Estimate, ModelName

FORGOTTEN_DAYS = 180.0
"""After so long, what a draw showed counts by the factor 1/e. Assumed: hearts change over months, and no series that is
long enough to measure how fast is at hand."""
LONGEST_DAYS = 36525
LABORATORY_MEQ_L, SAME_TIME_DAYS = 1.0, 1 / 24
"""Draws within an hour do not lie further apart by a laboratory's error: the US allowed 0.5 either way for decades
(42 CFR 493.931)."""

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Draw:
    """A potassium that a laboratory measured, mEq/L, and how many days before now it was drawn."""

    potassium_meq_l: float
    days_ago: float = 0.0

    def check(self) -> None:
        """Raise a CalibrationError where no living person had it, or the days are none."""
        low, high = PLAUSIBLE_MEQ_L
        if not low <= self.potassium_meq_l <= high:
            raise CalibrationError(
                f"a draw has a potassium of {self.potassium_meq_l:g}; {low:g} to {high:g} mEq/L is accepted (mg/dL: "
                "3.91 times as many)"
            )
        if not 0 <= self.days_ago <= LONGEST_DAYS:
            raise CalibrationError(f"a draw was {self.days_ago:g} days ago; 0 to {LONGEST_DAYS} days are accepted")


@dataclass(frozen=True)
class Calibration:
    """A patient's offset for one model.

    Attributes
    ----------
    offset_meq_l
        What is added to the potassium that explains an ECG.
    spread_meq_l
        The standard deviation of what is still unsure of it.
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
    spread_meq_l: float
    draws: int
    model: ModelName
    left_out: int = 0
    apart_meq_l: float = 0.0

    @property
    def sentence(self) -> str:
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

    def apply(self, evidence: Evidence, card: Card) -> Evidence:
        """Return what an ECG, of which the model of this card says that, says of this patient."""
        line = card.personal
        explains = (evidence.alone_meq_l - line["intercept_meq_l"]) / line["slope"]
        return Evidence.normal(explains + self.offset_meq_l, self.spread_meq_l)


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
        draw.check()
    pairs = [pair for pair in zip(estimates, draws, strict=True) if pair[0].status == "estimated"]
    if not pairs:
        raise CalibrationError(f"none of the {len(estimates)} earlier ECGs could be estimated; expected at least one")
    _check_potassium(pairs)
    own = _model(pairs, model)
    alone = np.array([estimate.alone_meq_l for estimate, _ in pairs], np.float64)
    measured, days = np.array([(draw.potassium_meq_l, draw.days_ago) for _, draw in pairs]).T
    offset = _offset(alone, measured, days, own)
    return replace(offset, left_out=len(estimates) - len(pairs), apart_meq_l=_apart([draw for _, draw in pairs]))


def _model(pairs: Sequence[tuple[Estimate, Draw]], model: str | Path | None) -> Model:
    """Return the one model that made the estimates."""
    names = {estimate.model for estimate, _ in pairs}
    if len(names) > 1:
        raise CalibrationError("earlier ECGs were estimated by several models; expected one")
    name = names.pop()
    assert name is not None
    loaded = Model.load(name.name if model is None else model)
    if loaded.name != name:
        raise CalibrationError(
            f"the earlier ECGs were estimated by another {name.name} than is here; estimate them again"
        )
    return loaded


def _apart(draws: Sequence[Draw]) -> float:
    """Return how far draws of the same hour lie apart, at most, mEq/L."""
    days, potassium = np.array([(draw.days_ago, draw.potassium_meq_l) for draw in draws]).T
    same = np.abs(days[:, None] - days) <= SAME_TIME_DAYS
    return round(float(np.max(np.abs(potassium[:, None] - potassium) * same)), 3)


def _check_potassium(pairs: Sequence[tuple[Estimate, Draw]]) -> None:
    """Raise where one estimate is given two potassiums; two ECGs may well be alike to the last figure."""
    given: dict[int, float] = {}
    for estimate, draw in pairs:
        if (first := given.setdefault(id(estimate), draw.potassium_meq_l)) != draw.potassium_meq_l:
            raise CalibrationError(
                f"an earlier ECG ({estimate.source}) is given with {first:g} and {draw.potassium_meq_l:g} mEq/L; "
                "one potassium is accepted"
            )


def _offset(alone: Reals, measured: Reals, days: Reals, model: Model) -> Calibration:
    """Return the expected offset now, given what ECGs said alone, and what was measured, some days ago, (n,) each."""
    line = model.card.personal
    between, within = (line[name] ** 2 for name in ("between_meq_l", "within_meq_l"))
    errors = alone - line["intercept_meq_l"] - line["slope"] * measured
    alike = np.exp(-np.abs(days[:, None] - days) / FORGOTTEN_DAYS)
    now = between * np.exp(-days / FORGOTTEN_DAYS)
    weights = np.linalg.solve(between * alike + within * np.eye(len(errors)), now)
    left = between - float(now @ weights) + within
    offset, spread = -float(weights @ errors) / line["slope"], math.sqrt(left) / line["slope"]
    return Calibration(round(offset, 3), round(spread, 4), len(errors), model.name)
