"""Whether the probability of more than 5.5 mEq/L holds: how many were above where such a probability was given."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from kalemia.judge.subgroups import Share

GROUPS = 10

Reals = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Tenth:
    """A tenth of the ECGs by probability: their mean probability, and the share that was above, as in `Share`."""

    chance: Annotated[float, Field(alias="said")]
    ecgs: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Probability:
    """How probabilities hold.

    Brier scores (1950) are mean squared errors; that of the share is what everybody's having it would have.
    """

    brier_of_the_share: float
    brier: Annotated[float, Field(alias="brier_above_5.5")]
    tenths: tuple[Tenth, ...]


def probability(chance: Reals, above: Bools) -> Probability:
    """Return whether probabilities (n,) of being above (n,) hold."""
    share = float(np.mean(above))
    return Probability(round(share * (1 - share), 4), brier(chance, above), tenths(chance, above))


def brier(chance: Reals, above: Bools) -> float:
    """Return the mean squared error of probabilities (n,), to four decimals."""
    return round(float(np.mean(np.square(chance - above))), 4)


def tenths(chance: Reals, above: Bools) -> tuple[Tenth, ...]:
    """Return the mean probability and the share above in each tenth of the ECGs, the least probable first."""
    parts = np.array_split(np.argsort(chance, kind="stable"), min(GROUPS, len(chance)))
    return tuple(Tenth(round(float(chance[part].mean()), 4), *astuple(Share.of(above[part]))) for part in parts)
