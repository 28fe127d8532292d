"""What a study asks: who takes part, which network each is, and how long it may try."""

from __future__ import annotations

from dataclasses import dataclass

from kalemia.train.design import Course, Cut, Design

BOOSTING = "gradient boosting on features"
"""An entrant that is no network, beside those of `train.baselines`."""


@dataclass(frozen=True)
class Budget(Course):
    """How long each entrant may try, the same for all: folds, networks of each fold, and the course of a training."""

    epochs: int = 150
    batch: int = 64
    rates: tuple[float, ...] = (0.006, 0.002)
    weight_decay: float = 1e-4
    patience: int | None = 20
    halve: int | None = 6
    folds: int = 5
    seeds: int = 1


QUICK = Budget(folds=3, rates=(0.006,), patience=4, halve=2, epochs=14)


@dataclass(frozen=True)
class Entrant:
    """Who takes part: a network, or one of `crossval.MEASURED`.

    Attributes
    ----------
    leads
        What it reads.
    window_s
        So many seconds of the signal as it was recorded, or None: one cycle of 0.9 s, the median of the ECG's beats.
    """

    name: str
    leads: tuple[str, ...]
    design: Design | None = None
    window_s: float | None = None

    @property
    def cut(self) -> Cut:
        """What is cut from the ECGs: a study of several leads has those in which any is good."""
        return Cut(self.leads, 1, self.window_s)

    @property
    def window(self) -> str:
        """Return how files name what is read."""
        return "cycle" if self.window_s is None else f"{self.window_s:g}s"


@dataclass(frozen=True)
class Study:
    """A question, who takes part, whom each difference is measured against, and whether layers are timed."""

    name: str
    asks: str
    entrants: tuple[Entrant, ...]
    reference: str
    timed: bool = False
