"""Every figure of merit of potassium estimates, on the patients as they are and on resampled ones, in one pass.

Resampling patients is weighing their ECGs (Efron and Tibshirani 1993): all figures are written for weights, so that
2,000 resamples are a few matrix products. scikit-learn says the same with `sample_weight`, a resample at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.judge.metrics import BINS_MEQ_L
from kalemia.judge.spans import Span
from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L

Reals = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROUNDS, LEAST_ROUNDS, MANY_ECGS = 2000, 400, 20_000
"""Resamples, and how few there are of cohorts of many ECGs, whose intervals are narrow."""
LEAST_PATIENTS = 10
SEED = 0
AT_ONCE = 4_000_000
"""Weights that are held at a time."""
LIMITS_SD = 1.96
QUESTIONS: dict[str, Callable[[Reals], Bools]] = {
    "above_5.5": lambda true: true > HIGH_MEQ_L,
    "at_least_5.5": lambda true: true >= HIGH_MEQ_L,
    "at_least_6.0": lambda true: true >= 6.0,
    "at_least_6.5": lambda true: true >= 6.5,
    "below_3.5": lambda true: true < LOW_MEQ_L,
}
"""Hyperkalemia as it is defined here, the guideline cuts, and hypokalemia."""
SIGNED = ("r2", "bias_meq_l", "lower_limit_meq_l", "upper_limit_meq_l", "calibration_slope")
"""Figures that may be any negative number; of the others but `r` none may."""
PREVALENCE = 0.04
"""Of potassium above 5.5 where a predictive value is stated: the simulator's `hospital`, everyone who was measured."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """What one model predicts for n ECGs, each while it was tested.

    Attributes
    ----------
    potassium
        (n,) estimates, mEq/L.
    called
        (n,) whether the estimate is above the cut that was frozen on validation; None where there is none.
    covered
        (n,) whether the interval holds the measured potassium; None where there is none.
    """

    potassium: Reals
    called: Bools | None = None
    covered: Bools | None = None

    def only(self, rows: NDArray[np.intp] | Bools) -> Predictions:
        """Return those of some of the ECGs."""
        called, covered = (None if answers is None else answers[rows] for answers in (self.called, self.covered))
        return Predictions(self.potassium[rows], called, covered)


def weights(patients: int, resamples: range) -> Reals:
    """Return how often each patient counts, (resamples, patients): once in the first, then as drawn with replacement.

    A resample has a generator of its own, so that it is the same in whatever pieces they are asked for.
    """
    rows = [np.ones(patients) if number == 0 else _drawn(patients, number) for number in resamples]
    return np.array(rows, dtype=np.float64)


def _drawn(patients: int, number: int) -> Reals:
    picked = np.random.default_rng((SEED, number)).integers(0, patients, patients)
    return np.bincount(picked, minlength=patients).astype(np.float64)


def merits(true: Reals, predictions: Predictions, patients: NDArray[np.str_]) -> dict[str, Reals]:
    """Return each figure of merit, (1 + resamples,): of the patients as they are, then of each resample.

    NaN where a resample does not define it, such as an area with nobody above the cut.
    """
    names, which = np.unique(patients, return_inverse=True)
    step = max(1, AT_ONCE // len(true))
    if len(names) < LEAST_PATIENTS:
        # An interval over so few would look sure and be wrong.
        return _weighed(true, predictions, np.ones((1, len(true))))
    last = 1 + max(LEAST_ROUNDS, min(ROUNDS, ROUNDS * MANY_ECGS // len(true)))
    pieces = [range(first, min(first + step, last)) for first in range(0, last, step)]
    parts = [_weighed(true, predictions, weights(len(names), piece)[:, which]) for piece in pieces]
    figures = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    for name in _of_few(true, which) & figures.keys():
        figures[name][1:] = np.nan
    return figures


def _of_few(true: Reals, which: NDArray[np.intp]) -> set[str]:
    """Return the figures that rest on too few of the patients (n,) for an interval."""

    def few(inside: Bools) -> bool:
        return len(np.unique(which[inside])) < LEAST_PATIENTS

    bins = itertools.pairwise(BINS_MEQ_L)
    names = {f"mae_meq_l_{low:g}_to_{high:g}" for low, high in bins if few((true >= low) & (true < high))}
    for name, asks in QUESTIONS.items():
        if few(asks(true)) or few(~asks(true)):
            names |= {f"auroc_{name}", f"auprc_{name}"}
    ill = QUESTIONS["above_5.5"](true)
    return names | ({"sensitivity", "ppv"} if few(ill) else set()) | ({"specificity", "ppv"} if few(~ill) else set())


def spans(values: Mapping[str, Reals]) -> dict[str, Span]:
    """Return of each figure its value and its 95 % interval over resampled patients; None where it is not defined."""
    return {name: span(value) for name, value in values.items()}


def impossible(figures: Mapping[str, Span]) -> str | None:
    """Return the name of a figure that cannot be, in a file that somebody changed; None where there is none."""
    return next((name for name, span in figures.items() if not _possible(name, span)), None)


def _possible(name: str, span: Span) -> bool:
    most = np.inf if "meq_l" in name or name == "calibration_slope" else 1
    least = -np.inf if name in SIGNED else -1 if name == "r" else 0
    ends = [end for end in (span.low, span.high) if end is not None]
    known = [*ends, *([] if span.value is None else [span.value])]
    return ends == sorted(ends) and all(least <= number <= most for number in known)


def span(values: Reals) -> Span:
    """Return a figure (1 + resamples,) as its value and its 95 % interval, to four decimals."""
    known = values[1:][np.isfinite(values[1:])]
    ends = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return Span(*(round(float(end), 4) if np.isfinite(end) else None for end in (values[0], *ends)))


def _weighed(true: Reals, predictions: Predictions, w: Reals) -> dict[str, Reals]:
    """Return the figures for weights (rounds, n)."""
    estimate = predictions.potassium
    figures = _errors(true, estimate, w)
    for low, high in itertools.pairwise(BINS_MEQ_L):
        inside = (true >= low) & (true < high)
        figures[f"mae_meq_l_{low:g}_to_{high:g}"] = _share(inside, np.abs(estimate - true), w)
    for name, asks in QUESTIONS.items():
        score = -estimate if name.startswith("below") else estimate
        figures[f"auroc_{name}"], figures[f"auprc_{name}"] = areas(asks(true), score, w)
    if predictions.called is not None:
        figures |= _alarms(QUESTIONS["above_5.5"](true), predictions.called, w)
    if predictions.covered is not None:
        figures["coverage"] = _mean(predictions.covered, w)
    return figures


def _errors(true: Reals, estimate: Reals, w: Reals) -> dict[str, Reals]:
    """Return how far estimates are off, and how they go with the truth."""
    error = estimate - true
    bias, square = _mean(error, w), _mean(np.square(error), w)
    true_var, own_var = (_mean(np.square(x), w) - np.square(_mean(x, w)) for x in (true, estimate))
    joint = _mean(true * estimate, w) - _mean(true, w) * _mean(estimate, w)
    limits = LIMITS_SD * np.sqrt(np.maximum(square - np.square(bias), 0))
    flat = own_var < 1e-12  # an estimate that is the same for all
    return {
        "mae_meq_l": _mean(np.abs(error), w),
        "rmse_meq_l": np.sqrt(square),
        "r2": 1 - _ratio(square, true_var),
        "r": np.where(flat, 0.0, joint / np.sqrt(np.maximum(own_var * true_var, 1e-24))),
        "bias_meq_l": bias,
        "lower_limit_meq_l": bias - limits,
        "upper_limit_meq_l": bias + limits,
        "calibration_slope": np.where(flat, np.nan, joint / np.maximum(own_var, 1e-12)),
    }


def _alarms(ill: Bools, called: Bools, w: Reals) -> dict[str, Reals]:
    """Return what alarms are worth; the predictive value is that where `PREVALENCE` of all are ill."""
    seen, spared = _share(ill, called, w), _share(~ill, ~called, w)
    alarms = PREVALENCE * seen + (1 - PREVALENCE) * (1 - spared)
    return {"sensitivity": seen, "specificity": spared, "ppv": _ratio(PREVALENCE * seen, alarms)}


def _mean(values: Reals | Bools, w: Reals) -> Reals:
    return np.asarray(w @ values.astype(np.float64) / w.sum(axis=1))


def _share(inside: Bools, values: Reals | Bools, w: Reals) -> Reals:
    """Return the mean of those inside."""
    return _ratio(w @ (inside * values.astype(np.float64)), w @ inside.astype(np.float64))


def areas(truth: Bools, score: Reals, w: Reals) -> tuple[Reals, Reals]:
    """Return the area under the ROC curve and the average precision, (rounds,) each, for weights (rounds, n)."""
    ill, well = _above(truth, score, w)
    zero = np.zeros((len(w), 1))
    more_ill, more_well = (np.diff(np.hstack([zero, sums]), axis=1) for sums in (ill, well))
    sick, sound = ill[:, -1], well[:, -1]
    area = _ratio((more_well * (ill - more_ill / 2)).sum(axis=1), sick * sound)
    called = ill + well
    precision = np.divide(ill, called, out=np.zeros_like(ill), where=called > 0)
    return area, _ratio((more_ill * precision).sum(axis=1), sick)


def sensitivity_beside(truth: Bools, score: Reals, called: Bools, w: Reals) -> Reals:
    """Return how sensitive a score is where it is as specific as somebody who only says yes or no, (rounds,).

    `called` (n,) are those whom that person or rule called ill, `w` (rounds, n) weights. The cut is the lowest at which
    the score raises no more false alarms than they did: no point between two cuts is made up.
    """
    ill, well = _above(truth, score, w)
    allowed = w @ (called & ~truth).astype(np.float64)
    caught = np.where(well <= allowed[:, None] + 1e-9, ill, 0.0).max(axis=1)
    return _ratio(caught, ill[:, -1])


def _above(truth: Bools, score: Reals, w: Reals) -> tuple[Reals, Reals]:
    """Return the weight of the ill and of the well at or above each different score, highest first, (rounds, cuts)."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)  # of those with one score: a tie
    ill, well = (np.cumsum(w[:, order] * side[order], axis=1)[:, last] for side in (truth, ~truth))
    return ill, well


def _ratio(above: Reals, below: Reals) -> Reals:
    return np.asarray(np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 1e-12))
