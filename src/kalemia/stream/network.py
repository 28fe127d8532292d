"""What a chain asks of its beats: a network in whole numbers, or a model in floating point that stands in for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kalemia.errors import ModelError
from kalemia.estimate.evidence import SUREST
from kalemia.estimate.model import Model
from kalemia.stream.tables import LOG_BITS, Integers

Network = Callable[[Integers, int, int], Sequence[int]]
"""Takes the normalized beat (270,) in 2**14ths, the natural logarithm of its gain in mV in 1024ths, and RR in ms;
returns natural logarithms of likelihoods (30,) in 256ths."""


def of_model(model: Model) -> Network:
    """Return a model of one lead as a network; ModelError where it reads several."""
    if len(model.card.leads) != 1:
        raise ModelError(f"model {model.card.name} reads {len(model.card.leads)} leads; a stream has one")

    def run(wave: Integers, log_gain: int, rr_ms: int) -> Sequence[int]:
        side = np.array([[log_gain / 1024, rr_ms / 1000]], np.float32)
        (found,) = model.run((wave[None, None] / 16384).astype(np.float32), side)
        return [round(2**LOG_BITS * max(float(value), SUREST)) for value in found - found.max()]

    return run
