"""Metrics of potassium estimates, and what validation patients decide: cuts and intervals."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import mean_absolute_error, r2_score, roc_auc_score

from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L

SENSITIVITY = 0.9
"""What the cut of an alarm has to reach on validation patients, as in Galloway 2019."""
BINS_MEQ_L = (0.0, 3.5, 5.5, 6.5, 99.0)
TAILS = (0.05, 0.95)
"""Of an interval of 0.9."""
LEAST_ERRORS = 19
"""With fewer errors than these, none is beyond which one in twenty lies."""

Numbers = NDArray[Any]


def regression(true: Numbers, estimate: Numbers) -> dict[str, float | None]:
    """MAE overall and per potassium bin, RMSE, R2, r, and AUROC at the marks (None if undefined); all (n,) in mEq/L."""
    figures: dict[str, float | None] = {
        "mae_meq_l": float(mean_absolute_error(true, estimate)),
        "rmse_meq_l": float(np.sqrt(np.mean(np.square(true - estimate)))),
        "r2": float(r2_score(true, estimate)) if len(true) > 1 else None,
        "r": float(np.corrcoef(true, estimate)[0, 1]) if np.std(estimate) > 0 else 0.0,
        "auroc_above_5.5": _auroc_or_none(true > HIGH_MEQ_L, estimate),
        "auroc_below_3.5": _auroc_or_none(true < LOW_MEQ_L, -estimate),
    }
    for low, high in itertools.pairwise(BINS_MEQ_L):
        inside = (true >= low) & (true < high)
        if inside.any():
            figures[f"mae_meq_l_{low:g}_to_{high:g}"] = float(mean_absolute_error(true[inside], estimate[inside]))
    return {name: None if value is None else round(value, 4) for name, value in figures.items()}


def _auroc_or_none(truth: Numbers, score: Numbers) -> float | None:
    """Return None where all patients are of one class."""
    return auroc(truth, score) if len(np.unique(truth)) > 1 else None


def frozen_cut(true: Numbers, estimate: Numbers) -> float | None:
    """Return the highest cut above which nine in ten of those above 5.5 mEq/L are estimated; None if there are none.

    It is for validation patients to decide, and for others to be judged at.
    """
    ill = np.sort(estimate[true > HIGH_MEQ_L])
    if not len(ill):
        return None
    missed = int(np.floor(len(ill) * (1 - SENSITIVITY) + 1e-9))
    return float(np.nextafter(ill[missed], -np.inf))


def conformal(errors: Numbers, levels: Numbers | Sequence[float]) -> Numbers:
    """Return the order statistics of errors (n,) at some levels, between two of which a further error lies.

    Split conformal prediction with the error in units of its expected spread as score (Papadopoulos 2008; Lei 2018), a
    tail each: the level p below one half takes the order statistic floor(p (n + 1)), above it ceil(p (n + 1)), which
    is what makes the coverage hold for any network and any distribution as long as the new patient is like these. It
    cannot hold where that is none of the n, as at 0.05 where n is below `LEAST_ERRORS`.
    """
    places = np.asarray(levels) * (len(errors) + 1)
    # 0.05 times 20 may be a little less than 1.
    ranks = np.where(np.less(levels, 0.5), np.floor(places + 1e-9), np.ceil(places - 1e-9)).astype(int)
    return np.asarray(np.sort(errors)[np.clip(ranks - 1, 0, len(errors) - 1)])


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share by Wilson's score; 0 to 1 of nobody."""
    if not count:
        return 0.0, 1.0
    interval = binomtest(hits, count).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def auroc(truth: Numbers, score: Numbers) -> float:
    """Area under the ROC curve of a score for a yes-or-no truth."""
    return float(roc_auc_score(truth, score))
