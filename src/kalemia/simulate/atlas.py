"""Loads the atlas of action potentials and reads it between its potassium levels and cycle lengths."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

REFERENCE_MEQ_L = 4.3
"""The potassium at which a patient's own conduction and durations are stated."""


@dataclass(frozen=True)
class Cell:
    """Where in the atlas a patient's muscle is: an ionic variant, a potassium in mEq/L, a cycle length in ms."""

    variant: int
    potassium: float
    cycle_ms: float


@dataclass(frozen=True, eq=False)
class Atlas:
    """Action potentials of a transmural cable, aligned on local activation.

    Attributes
    ----------
    traces
        float32 (variants, cycles, levels, depths from endo to epi, ms), mV.
    delay_ms
        (variants, cycles, levels) activation time from the endocardial to the epicardial trace.
    apd_ms
        (variants, cycles, levels) time from activation to -60 mV at mid-wall.
    terminal_ms
        (variants, cycles, levels) time from half to 90 % repolarization at mid-wall: how long the fall lasts.
    conducts
        (variants, cycles) how many of the levels the cable conducts at, from the lowest; the rest are empty.
    potassium
        (levels,) extracellular, mEq/L, ascending.
    cycles_ms
        (cycles,) ascending.
    names
        One name a variant.
    before_ms
        Samples before activation.
    """

    traces: NDArray[np.float32]
    delay_ms: NDArray[np.float32]
    apd_ms: NDArray[np.float32]
    terminal_ms: NDArray[np.float32]
    conducts: NDArray[np.int64]
    potassium: NDArray[np.float64]
    cycles_ms: NDArray[np.float64]
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

    def _blend(self, table: NDArray[np.float32], cell: Cell) -> NDArray[np.float32]:
        """Read a table between levels and cycles; above what a cable conducts at, its last level stands."""
        pace = float(np.interp(cell.cycle_ms, self.cycles_ms, np.arange(self.cycles_ms.size)))
        fast = min(int(pace), self.cycles_ms.size - 2)
        asked = float(np.interp(cell.potassium, self.potassium, np.arange(self.potassium.size)))
        blended = None
        for cycle, share in ((fast, fast + 1 - pace), (fast + 1, pace - fast)):
            if share == 0.0:
                continue
            top = int(self.conducts[cell.variant, cycle]) - 1
            at = min(asked, float(top))
            low = min(int(at), top - 1)
            weight = np.float32(at - low)
            held = table[cell.variant, cycle]
            part = np.float32(share) * (held[low] * (1 - weight) + held[low + 1] * weight)
            blended = part if blended is None else blended + part
        return np.asarray(blended)

    def potentials(self, cell: Cell) -> NDArray[np.float32]:
        """Return the action potentials (depths, ms), mV."""
        return self._blend(self.traces, cell)

    def delay(self, cell: Cell) -> float:
        """Return the transmural activation time, ms."""
        return float(self._blend(self.delay_ms, cell))

    def terminal(self, cell: Cell) -> float:
        """Return how long the mid-wall takes from half to 90 % repolarization, ms."""
        return float(self._blend(self.terminal_ms, cell))

    def apd(self, cell: Cell) -> float:
        """Return the mid-wall action-potential duration, ms."""
        return float(self._blend(self.apd_ms, cell))


def _falls_below(traces: NDArray[np.float32], part: float) -> NDArray[np.float32]:
    """Return when traces (..., ms) have repolarized by `part`, ms."""
    top, rest = traces.max(axis=-1, keepdims=True), traces[..., -1:]
    return np.asarray((traces < top - part * (top - rest)).argmax(axis=-1), dtype=np.float32)


@lru_cache(maxsize=1)
def load() -> Atlas:
    """Return the bundled atlas; it is read once, when first needed."""
    with (files(__package__) / "atlas.npz").open("rb") as handle, np.load(handle, allow_pickle=False) as held:
        traces = np.cumsum(held["traces"], axis=-1, dtype=np.float32) * np.float32(held["step_mv"])
        before = int(held["before_ms"])
        middle = traces[..., 1, before + 20 :]
        return Atlas(
            traces=traces,
            delay_ms=held["delay_ms"],
            apd_ms=((middle < -60.0).argmax(axis=-1) + 20).astype(np.float32),
            terminal_ms=_falls_below(middle, 0.9) - _falls_below(middle, 0.5),
            conducts=held["conducts"],
            potassium=held["potassium"],
            cycles_ms=held["cycles_ms"].astype(np.float64),
            names=tuple(str(name) for name in held["names"]),
            before_ms=before,
        )
