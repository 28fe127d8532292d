"""What a network has to beat: the training median, the T-slope formula refitted, ridge regression on features."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import QuantileTransformer

from kalemia.train.examples import FEATURES, Examples

Float = NDArray[np.float64]

MEDIAN, SLOPE, RIDGE = "training median", "T slope formula, refitted", "ridge on features"


def estimates(train: Examples, test: Examples, seed: int) -> dict[str, Float]:
    """Fit each baseline on the training patients and estimate the test patients (n,), mEq/L."""
    seen = [table(some.features, some.side) for some in (train, test)]
    return {name: fitted(name, seen[0], train.potassium, seen[1], seed) for name in (MEDIAN, SLOPE, RIDGE)}


def table(features: NDArray[Any], side: NDArray[Any]) -> Float:
    """Return what a baseline sees of each beat: features, side inputs, and the T-slope ratio in the last column."""
    return np.hstack([features, side, slope_ratio(features)[:, None]]).astype(np.float64)


def fitted(name: str, train: Float, potassium: NDArray[Any], test: Float, seed: int) -> Float:
    """Fit a baseline on a `table` and its potassium (n,), and estimate those of another table, mEq/L."""
    if name == MEDIAN:
        return np.full(len(test), float(np.median(potassium)))
    if name == SLOPE:
        line = make_pipeline(filled(), LinearRegression()).fit(train[:, -1:], potassium)
        return np.asarray(line.predict(test[:, -1:]), dtype=np.float64)
    return np.asarray(ridge(len(train), seed).fit(train, potassium).predict(test), dtype=np.float64)


def filled() -> SimpleImputer:
    """Return what fills gaps: where a lead is not there, with the training's median; where it never is, with zero."""
    return SimpleImputer(strategy="median", keep_empty_features=True)


def ridge(count: int, seed: int) -> Pipeline:
    """Return ridge regression on the measures of as many ECGs, which is to be fitted."""
    # Ranks instead of raw values: a few wild measures of a lost T wave would otherwise rule the fit.
    ranks = QuantileTransformer(n_quantiles=min(1000, count), output_distribution="normal", random_state=seed)
    return make_pipeline(filled(), ranks, RidgeCV(np.logspace(-2, 4, 13)))


def slope_ratio(features: NDArray[Any]) -> Float:
    """T down-slope over T amplitude of the first lead, 1/s: the measure of Severi and Corsi's formula for dialysis.

    NaN where that lead is not there.
    """
    height = features[:, FEATURES.index("t_mv")].astype(np.float64)
    slope = features[:, FEATURES.index("t_downslope_mv_s")].astype(np.float64)
    # A T wave lost in the noise has no ratio: 30 uV keep it finite.
    return np.asarray(slope / np.maximum(np.abs(height), 0.03))
