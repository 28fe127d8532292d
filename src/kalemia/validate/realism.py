"""Can generated ECGs be told from real ones? A classifier on twenty features of the beat tries to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from kalemia.judge.metrics import auroc
from kalemia.records import Recording
from kalemia.validate.table import Numbers, Table, slope_ratio, tabulate

FOLDS, REPEATS = 5, 3
QUALIFIED = 0.95
"""The AUROC that the classifier must reach against a generator that is known to look artificial."""
TOLD_APART = 0.85
"""How well simulated ECGs may be told from real ones at most, AUROC."""
SMALLEST_LEAF = 10
FEWEST = 2 * SMALLEST_LEAF
"""Recordings a side; with fewer the trees cannot split, and everything would seem alike."""


def _over_r(table: Table) -> Numbers:
    height = table.of("V5", "r_mv")
    return np.asarray(table.of("V5", "t_mv") / np.where(height > 0.1, height, np.nan))


def _of(lead: str, name: str) -> Callable[[Table], Numbers]:
    return lambda table: table.of(lead, name)


FEATURES: dict[str, Callable[[Table], Numbers]] = {
    "PR": _of("II", "pr_ms"),
    "QRS": _of("II", "qrs_ms"),
    "QTc": _of("II", "qtc_ms"),
    "P in II": _of("II", "p_mv"),
    "P duration in II": _of("II", "p_ms"),
    "P in V2": _of("V2", "p_mv"),
    "R in I": _of("I", "r_mv"),
    "T in I": _of("I", "t_mv"),
    "R in II": _of("II", "r_mv"),
    "T in II": _of("II", "t_mv"),
    "R in V2": _of("V2", "r_mv"),
    "S in V2": _of("V2", "s_mv"),
    "T in V2": _of("V2", "t_mv"),
    "R in V5": _of("V5", "r_mv"),
    "S in V5": _of("V5", "s_mv"),
    "T in V5": _of("V5", "t_mv"),
    "T/R in V5": _over_r,
    "T width in V5": _of("V5", "t_width_ms"),
    "T downslope/amplitude in V5": lambda table: slope_ratio(table, "V5"),
    "ST in V5": _of("V5", "st_mv"),
}
"""Widths (ms), amplitudes (mV), slopes and ratios of the median beat: no noise, rate or sampling could give it away."""


@dataclass(frozen=True)
class Discrimination:
    """How well real and generated ECGs are told apart.

    Attributes
    ----------
    auroc
        Mean over folds that held the recordings out; 0.5 is chance.
    chance
        The same with the labels permuted: what this many recordings give for nothing.
    real, generated
        How many recordings of each could be measured.
    """

    auroc: float
    chance: float
    real: int
    generated: int


def realism(real: Iterable[Recording], generated: Iterable[Recording], seed: int = 0) -> Discrimination | None:
    """Tell real recordings from generated ones, one row each; None where fewer than 20 of either can be measured.

    A recording must not be of a patient who has another one here: the folds are drawn by recording.
    """
    return discriminate(tabulate(real), tabulate(generated), seed)


def discriminate(real: Table, generated: Table, seed: int = 0) -> Discrimination | None:
    """Do the same on tables that were measured before."""
    sides = [_features(table.only(table.measured)) for table in (real, generated)]
    if min(map(len, sides)) < FEWEST:
        return None
    x = np.concatenate(sides)
    y = np.repeat([0, 1], [len(side) for side in sides])
    rng = np.random.default_rng(seed)
    # On so few rows threads only wait for each other.
    with threadpool_limits(1):
        apart = np.mean([_cross_validated(x, y, seed + k) for k in range(REPEATS)])
        chance = np.mean([_cross_validated(x, rng.permutation(y), seed + k) for k in range(REPEATS)])
    return Discrimination(float(apart), float(chance), len(sides[0]), len(sides[1]))


def _features(table: Table) -> Numbers:
    return np.stack([of(table) for of in FEATURES.values()], axis=1)


def _cross_validated(x: Numbers, y: Numbers, seed: int) -> float:
    """Return the mean AUROC over the folds."""
    areas = []
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, y):
        classifier = HistGradientBoostingClassifier(max_iter=60, min_samples_leaf=SMALLEST_LEAF, random_state=seed)
        classifier.fit(x[train], y[train])
        areas.append(auroc(y[test], classifier.predict_proba(x[test])[:, 1]))
    return float(np.mean(areas))
