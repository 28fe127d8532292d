"""Loads the atlas of action potentials and reads it between its potassium levels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

REFERENCE_MEQ_L = 4.3
"""The potassium at which a patient's own conduction and durations are stated."""


@dataclass(frozen=True, eq=False)
class Atlas:
    """Action potentials of a transmural cable, aligned on local activation.

    Attributes
    ----------
    traces
        float32 (variants, levels, depths from endo to epi, ms), mV.
    delay_ms
        (variants, levels) activation time from the endocardial to the epicardial trace.
    apd_ms
        (variants, levels) time from activation to -60 mV at mid-wall.
    terminal_ms
        (variants, levels) time from half to 90 % repolarization at mid-wall: how long the fall lasts.
    potassium
        (levels,) extracellular, mEq/L, ascending.
    names
        One name a variant.
    before_ms
        Samples before activation.
    """

    traces: NDArray[np.float32]
    delay_ms: NDArray[np.float32]
    apd_ms: NDArray[np.float32]
    terminal_ms: NDArray[np.float32]
    potassium: NDArray[np.float64]
    names: tuple[str, ...]
    before_ms: int

    @property
    def lowest(self) -> float:
        """The least potassium that it holds, mEq/L."""
        return float(self.potassium[0])

    @property
    def highest(self) -> float:
        """The greatest potassium that it holds, mEq/L."""
        return float(self.potassium[-1])

    def _blend(self, table: NDArray[np.float32], variant: int, potassium: float) -> NDArray[np.float32]:
        at = float(np.interp(potassium, self.potassium, np.arange(self.potassium.size)))
        low = min(int(at), self.potassium.size - 2)
        weight = np.float32(at - low)
        return np.asarray(table[variant, low] * (1 - weight) + table[variant, low + 1] * weight)

    def potentials(self, variant: int, potassium: float) -> NDArray[np.float32]:
        """Return the action potentials (depths, ms) of a variant at a potassium, mV."""
        return self._blend(self.traces, variant, potassium)

    def delay(self, variant: int, potassium: float) -> float:
        """Return the transmural activation time, ms."""
        return float(self._blend(self.delay_ms, variant, potassium))

    def terminal(self, variant: int, potassium: float) -> float:
        """Return how long the mid-wall takes from half to 90 % repolarization, ms."""
        return float(self._blend(self.terminal_ms, variant, potassium))

    def apd(self, variant: int, potassium: float) -> float:
        """Return the mid-wall action-potential duration, ms."""
        return float(self._blend(self.apd_ms, variant, potassium))


def _falls_below(traces: NDArray[np.float32], part: float) -> NDArray[np.float32]:
    """Return when traces (..., ms) have repolarized by `part`, ms."""
    top, rest = traces.max(axis=-1, keepdims=True), traces[..., -1:]
    return np.asarray((traces < top - part * (top - rest)).argmax(axis=-1), dtype=np.float32)


@lru_cache(maxsize=1)
def load() -> Atlas:
    """Return the bundled atlas; it is read once, when first needed."""
    with (files(__package__) / "atlas.npz").open("rb") as handle, np.load(handle, allow_pickle=False) as held:
        traces = held["traces"].astype(np.float32) / 100
        before = int(held["before_ms"])
        middle = traces[:, :, 1, before + 20 :]
        return Atlas(
            traces=traces,
            delay_ms=held["delay_ms"],
            apd_ms=((middle < -60.0).argmax(axis=-1) + 20).astype(np.float32),
            terminal_ms=_falls_below(middle, 0.9) - _falls_below(middle, 0.5),
            potassium=held["potassium"],
            names=tuple(str(name) for name in held["names"]),
            before_ms=before,
        )
