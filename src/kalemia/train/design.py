"""What is trained, on what, and for how long. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from kalemia.records import SAMPLES
from kalemia.signal.condition import RATE


@dataclass(frozen=True)
class Design:
    """A network of a `kind` in `nets.NETWORKS`: the width of its convolutions or hidden layers, and of its LSTM."""

    kind: str
    channels: int
    lstm: int = 0


@dataclass(frozen=True)
class Course:
    """How a network is trained.

    Attributes
    ----------
    epochs
        At most.
    batch
        Records a step.
    rates
        Learning rates that are tried; the network that validates best is kept.
    weight_decay
        Of AdamW.
    patience
        Epochs without a better validation after which training ends; None: it takes all epochs.
    halve
        Epochs without a better validation after which the learning rate is halved; None: it rises and falls once.
    """

    epochs: int
    batch: int
    rates: tuple[float, ...]
    weight_decay: float = 0.0
    patience: int | None = None
    halve: int | None = None


@dataclass(frozen=True)
class Cut:
    """What is cut from each record.

    Attributes
    ----------
    leads
        Of the examples; one that a record does not have, or not in good condition, is zero throughout.
    least_leads
        How many of them have to be good; all where it is None.
    window_s
        So many seconds of the signal as it was recorded; None: one cycle, the median of the ECG's beats.
    """

    leads: tuple[str, ...]
    least_leads: int | None = None
    window_s: float | None = None

    @property
    def needed(self) -> int:
        """How many leads have to be good."""
        return self.least_leads or len(self.leads)

    @property
    def samples(self) -> int:
        """Of the waves, at 300 Hz."""
        return SAMPLES if self.window_s is None else round(self.window_s * RATE)
