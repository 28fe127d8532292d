"""The features baseline as a likelihood of potassium, so that it can be asked, judged and adapted as a network is.

Ridge regression on what `measure` says of all eight leads, as in `kalemia.train.baselines`; patients kept apart say how
its estimate goes with potassium, a line with a normal error. The logarithm of that likelihood is quadratic in potassium
and linear in the measures' ranks: a last layer over them, of the same kind as a network's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import Pipeline

from common import data, headers, odd
from kalemia.adapt.layer import Ecgs, Layer
from kalemia.estimate.evidence import CENTRES_MEQ_L, EDGES_MEQ_L, Evidence
from kalemia.estimate.model import DEFAULT as MODEL
from kalemia.estimate.model import inputs
from kalemia.estimate.predict import examine
from kalemia.records import EIGHT
from kalemia.train.baselines import ridge, table
from kalemia.train.design import Cut
from kalemia.train.examples import Examples, joined
from kalemia.train.labelled import Generator, features, made

NAME = "ridge on measures of all leads"
SIMULATED, CHANGED, SEED = 3000, 1000, 5
MIDDLE_MEQ_L, HALF_MEQ_L = float(EDGES_MEQ_L.mean()), float(np.ptp(EDGES_MEQ_L) / 2)

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ridge:
    """A ridge regression that was fitted, and the layer over ranks of measures that says the same."""

    ranks: Pipeline
    layer: Layer

    def states(self, examples: Examples) -> Reals:
        """Return what the layer reads of n ECGs, (n, measures + 1)."""
        seen = self.ranks.transform(table(examples.features, examples.side))
        return np.column_stack([seen, np.ones(len(seen))])

    def seen(self, examples: Examples) -> Ecgs:
        """Return ECGs as the layer sees them."""
        return Ecgs(self.states(examples), examples.potassium.astype(np.float64), examples.patients)


def fitted(examples: Examples, seed: int = SEED) -> Ridge:
    """Fit a ridge regression, and by five folds how its estimate goes with potassium."""
    seen, potassium = table(examples.features, examples.side), examples.potassium.astype(np.float64)
    whole = ridge(len(seen) * 4 // 5, seed)
    guess = cross_val_predict(whole, seen, potassium, cv=KFold(5, shuffle=True, random_state=seed))
    slope, offset = np.polyfit(potassium, guess, 1)
    variance = float(np.var(guess - offset - slope * potassium))
    *before, last = whole.fit(seen, potassium).steps
    unit = (CENTRES_MEQ_L - MIDDLE_MEQ_L) / HALF_MEQ_L
    # -(guess - offset - slope K)^2 / (2 variance), K = middle + half u, without what does not depend on u
    pull, bend = slope * HALF_MEQ_L / variance, -np.square(slope * HALF_MEQ_L) / (2 * variance)
    away = last[1].intercept_ - offset - slope * MIDDLE_MEQ_L
    weights = np.zeros((len(last[1].coef_) + 1, 2))
    weights[:-1, 0], weights[-1] = last[1].coef_ * pull, (away * pull, bend)
    return Ridge(Pipeline(before), Layer(weights, np.array([unit, np.square(unit)])))


@cache
def taught() -> Examples:
    """Return what it learns from: the bundled networks' sources, three simulated patients to one changed real ECG."""
    bases = tuple(map(str, [*odd(), *headers(data() / "ludb")]))
    makers = {
        Generator("simulated", "clinic", SEED): SIMULATED,
        Generator("changed", "clinic", SEED, 1, bases): CHANGED,
    }
    return joined([made(maker, range(count), Cut(EIGHT, 1), 1) for maker, count in makers.items()])


@cache
def _baseline() -> Ridge:
    return fitted(taught())


def evidence(paths: Iterable[Path]) -> dict[str, Evidence]:
    """Return what the baseline says of the ECGs that `12-4k` does not refuse, by the names of their files."""
    found = {}
    for path in paths:
        result = examine(path, MODEL)
        if result.evidence is not None and result.beat is not None:
            seen = table(features(result.beat, EIGHT)[None], inputs([result.beat], EIGHT)[1])
            states = np.append(_baseline().ranks.transform(seen)[0], 1.0)
            found[path.stem] = Evidence.of(_baseline().layer.says(states[None])[0])
    return found
