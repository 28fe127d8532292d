"""Whether the probability of more than 5.5 mEq/L holds: how many were above where so much was said."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kalemia.estimate.card import SHARES, Card
from kalemia.judge.subgroups import Share

GROUPS = 10

Reals = NDArray[np.float64]
Bools = NDArray[np.bool_]
Brier = Annotated[float, Field(alias="brier_above_5.5")]


@dataclass(frozen=True)
class Tenth:
    """A tenth of the ECGs by probability: what was said on average, and the share that was above, as in `Share`."""

    said: float
    ecgs: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Shifted:
    """The same as if predicting had been told this cohort's prevalence."""

    prevalence: float
    of_the_calibration: float
    brier: Brier
    tenths: tuple[Tenth, ...]


@dataclass(frozen=True)
class Probability:
    """How probabilities hold as they are said, and if predicting had been told; None where it cannot be told that.

    Brier scores (1950) are mean squared errors; that of the share is what everybody's having it would have.
    """

    brier_of_the_share: float
    brier: Brier
    tenths: tuple[Tenth, ...]
    told: Shifted | None


def probability(chance: Reals, above: Bools, card: Card) -> Probability:
    """Return whether probabilities (n,) of being above (n,) hold."""
    share = float(np.mean(above))
    least, most = SHARES
    told = None
    if least <= share <= most and least <= card.prevalence <= most:
        shifted = at_odds(chance, card.odds(share))
        told = Shifted(round(share, 4), card.prevalence, brier(shifted, above), tenths(shifted, above))
    return Probability(round(share * (1 - share), 4), brier(chance, above), tenths(chance, above), told)


def at_odds(chance: Reals, odds: float) -> Reals:
    """Return probabilities of more than 5.5 mEq/L where its odds are so many times those of the calibration."""
    return chance * odds / (chance * odds + 1 - chance)


def brier(chance: Reals, above: Bools) -> float:
    """Return the mean squared error of probabilities (n,), to four decimals."""
    return round(float(np.mean(np.square(chance - above))), 4)


def tenths(chance: Reals, above: Bools) -> tuple[Tenth, ...]:
    """Return what was said, on average, and how many were above in each tenth of the ECGs, the least probable first."""
    parts = np.array_split(np.argsort(chance, kind="stable"), min(GROUPS, len(chance)))
    return tuple(Tenth(round(float(chance[part].mean()), 4), *astuple(Share.of(above[part]))) for part in parts)
