"""What adapting is worth, by cross-validation with patients apart: all that is chosen or fitted, is so without them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kalemia.adapt.fit import Line, line, sureness, weights
from kalemia.adapt.layer import Ecgs, Layer, Reals, surprise
from kalemia.cohort.split import fold_of
from kalemia.system.workers import mapped

FOLDS = 5
STRENGTHS = (math.inf, 3000.0, 1000.0, 300.0, 100.0, 30.0, 10.0)
"""How strongly weights may be pulled back, strongest first."""

Rows = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A layer that was fitted to some ECGs, and how.

    Attributes
    ----------
    line
        Along which it was moved; None where it was left as it was.
    strength
        How strongly weights were then pulled back.
    sureness
        What all was multiplied with at last.
    """

    layer: Layer
    line: Line | None
    strength: float
    sureness: float


def fitted(layer: Layer, ecgs: Ecgs) -> Fitted:
    """Fit a layer to some ECGs: how far, and how sure it may be, is what surprises patients kept apart least."""
    said = np.zeros((1 + len(STRENGTHS), len(ecgs), layer.polynomials.shape[1]))
    log_shares = np.zeros(said.shape[1:])
    for train, test in parts(ecgs, "inner"):
        known = ecgs.only(train)
        tried = [layer, *weights(line(layer, known).moved(layer), known, STRENGTHS)]
        said[:, test] = [one.says(ecgs.states[test]) for one in tried]
        log_shares[test] = known.log_shares()
    best = int(np.argmin([surprise(one, log_shares, ecgs.bins).sum() for one in said]))
    sure = sureness(said[best], log_shares, ecgs.bins)
    if best == 0:
        return Fitted(layer.times(sure), None, math.inf, sure)
    along, strength = line(layer, ecgs), STRENGTHS[best - 1]
    (found,) = weights(along.moved(layer), ecgs, [strength])
    return Fitted(found.times(sure), along, strength, sure)


def parts(ecgs: Ecgs, salt: str = "") -> list[tuple[Rows, Rows]]:
    """Return who is known and who is asked in each fold, (n,) each; a patient is asked once, with all ECGs."""
    fold = fold_of([str(name) for name in ecgs.patients], FOLDS, salt)
    return [(fold != number, fold == number) for number in np.unique(fold)]


@dataclass(frozen=True, eq=False)
class Held:
    """What is said of ECGs that nothing was fitted to.

    Attributes
    ----------
    before, after
        (n, 30) log-likelihoods of the layer as it is, and after it was fitted to the other folds.
    log_shares
        (n, 30) logarithms of the other folds' shares.
    bins
        (n,) the true ones.
    """

    before: Reals
    after: Reals
    log_shares: Reals
    bins: NDArray[np.intp]


def held(layer: Layer, ecgs: Ecgs, workers: int = 1, progress: Callable[[int, int], None] | None = None) -> Held:
    """Fit a layer to all folds but one and ask it about that one, in turn."""
    folds, before = parts(ecgs), layer.says(ecgs.states)
    after, log_shares = np.zeros((2, *before.shape))
    for done, said in enumerate(mapped(partial(_said, layer, ecgs), folds, workers)):
        train, test = folds[done]
        after[test], log_shares[test] = said, ecgs.only(train).log_shares()
        if progress:
            progress(done + 1, len(folds))
    return Held(before, after, log_shares, ecgs.bins)


def _said(layer: Layer, ecgs: Ecgs, part: tuple[Rows, Rows]) -> Reals:
    train, test = part
    return fitted(layer, ecgs.only(train)).layer.says(ecgs.only(test).states)
