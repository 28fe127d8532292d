"""What a chain is fed in these tests, and the network that it asks."""

from __future__ import annotations

import numpy as np

from ecgs import recording
from kalemia.export import golden
from kalemia.export.golden import IntBeats
from kalemia.export.integers import IntNet
from kalemia.stream import Network
from kalemia.stream.tables import Integers


def golden_network(net: IntNet) -> Network:
    """Return the golden model as a network of the chain."""

    def run(wave: Integers, log_gain: int, rr_ms: int) -> list[int]:
        beat = IntBeats(wave[None].astype(np.int16), np.array([log_gain], np.int16), np.array([rr_ms], np.uint16))
        return [int(value) for value in golden.run(net, beat)[0]]

    return run


def heart(rate: int, seconds: float, rr_s: float = 0.8) -> Integers:
    """Return regular beats with a little noise, microvolts."""
    shown = recording(("II",), rate=float(rate), seconds=seconds, rr_s=rr_s, noise_mv=0.01)
    return np.asarray(np.round(1000 * shown.signal[0]), np.int64)
