"""What a study asks: who takes part, which network each is, and how long it may try."""

from __future__ import annotations

from dataclasses import dataclass

BOOSTING = "gradient boosting on features"
"""An entrant that is no network, beside those of `train.baselines`."""


@dataclass(frozen=True)
class Budget:
    """How long each entrant may try: the same for all.

    Attributes
    ----------
    folds, seeds
        Of the cross-validation, and networks of each fold.
    rates
        Learning rates that are tried; the one that validates best is kept.
    patience, halve, epochs
        Epochs without improvement after which training ends and the rate is halved, and epochs at most.
    batch
        ECGs at a time.
    """

    folds: int = 5
    seeds: int = 1
    rates: tuple[float, ...] = (0.006, 0.002)
    patience: int = 20
    halve: int = 6
    epochs: int = 150
    batch: int = 64


QUICK = Budget(folds=3, rates=(0.006,), patience=4, halve=2, epochs=14)


@dataclass(frozen=True)
class Design:
    """A body of a `kind` in `designs.KINDS`: the width of its convolutions or hidden layers, and of its LSTM."""

    kind: str
    channels: int
    lstm: int = 0


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
