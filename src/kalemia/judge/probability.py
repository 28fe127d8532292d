"""Whether the probability of more than 5.5 mEq/L holds: how many were above where such a probability was given."""

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
    """A tenth of the ECGs by probability: their mean probability, and the share that was above, as in `Share`."""

    chance: Annotated[float, Field(alias="said")]
    ecgs: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Shifted:
    """How probabilities hold that are shifted to this cohort's prevalence, as predicting does where it is told one."""

    prevalence: float
    of_the_calibration: float
    brier: Brier
    tenths: tuple[Tenth, ...]


@dataclass(frozen=True)
class Probability:
    """How probabilities hold as they are, and shifted; None where the prevalence is none that can be told.

    Brier scores (1950) are mean squared errors; that of the share is what everybody's having it would have.
    """

    brier_of_the_share: float
    brier: Brier
    tenths: tuple[Tenth, ...]
    shifted: Annotated[Shifted | None, Field(alias="told")]


def probability(chance: Reals, above: Bools, card: Card) -> Probability:
    """Return whether probabilities (n,) of being above (n,) hold."""
    share = float(np.mean(above))
    least, most = SHARES
    shifted = None
    if least <= share <= most and least <= card.prevalence <= most:
        moved = at_odds(chance, card.odds(share))
        shifted = Shifted(round(share, 4), card.prevalence, brier(moved, above), tenths(moved, above))
    return Probability(round(share * (1 - share), 4), brier(chance, above), tenths(chance, above), shifted)


def at_odds(chance: Reals, odds: float) -> Reals:
    """Return probabilities of more than 5.5 mEq/L where its odds are so many times those of the calibration."""
    return chance * odds / (chance * odds + 1 - chance)


def brier(chance: Reals, above: Bools) -> float:
    """Return the mean squared error of probabilities (n,), to four decimals."""
    return round(float(np.mean(np.square(chance - above))), 4)


def tenths(chance: Reals, above: Bools) -> tuple[Tenth, ...]:
    """Return the mean probability and the share above in each tenth of the ECGs, the least probable first."""
    parts = np.array_split(np.argsort(chance, kind="stable"), min(GROUPS, len(chance)))
    return tuple(Tenth(round(float(chance[part].mean()), 4), *astuple(Share.of(above[part]))) for part in parts)
