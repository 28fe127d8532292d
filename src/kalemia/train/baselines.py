"""What a network has to beat: the training median, the T-slope formula refitted, ridge regression on features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from kalemia.train.data import FEATURES, Beats

Float = NDArray[np.float64]


def estimates(train: Beats, test: Beats, seed: int) -> dict[str, Float]:
    """Fit each baseline on the training patients and estimate the test patients (n,), mEq/L."""
    return {
        "training median": np.full(len(test), float(np.median(train.potassium))),
        "T slope formula, refitted": _slope(train, test),
        "ridge on features": _ridge(train, test, seed),
    }


def slope_ratio(beats: Beats) -> Float:
    """T down-slope over T amplitude of the first lead, 1/s: the measure of Severi and Corsi's formula for dialysis."""
    height = beats.features[:, FEATURES.index("t_mv")].astype(np.float64)
    slope = beats.features[:, FEATURES.index("t_downslope_mv_s")].astype(np.float64)
    # A T wave lost in the noise has no ratio: 30 uV keep it finite. Where the lead is not there, the median stands in.
    ratio = slope / np.maximum(np.abs(height), 0.03)
    return np.asarray(np.where(np.isfinite(ratio), ratio, np.nanmedian(ratio)))


def _slope(train: Beats, test: Beats) -> Float:
    line = LinearRegression().fit(slope_ratio(train)[:, None], train.potassium)
    return np.asarray(line.predict(slope_ratio(test)[:, None]), dtype=np.float64)


def _ridge(train: Beats, test: Beats, seed: int) -> Float:
    def seen(beats: Beats) -> Float:
        return np.hstack([beats.features, beats.side, slope_ratio(beats)[:, None]]).astype(np.float64)

    # Ranks instead of raw values: a few wild measures of a lost T wave would otherwise rule the fit.
    ranks = QuantileTransformer(n_quantiles=min(1000, len(train)), output_distribution="normal", random_state=seed)
    ridge = make_pipeline(SimpleImputer(strategy="median"), ranks, RidgeCV(np.logspace(-2, 4, 13)))
    return np.asarray(ridge.fit(seen(train), train.potassium).predict(seen(test)), dtype=np.float64)
