"""Ionic variants of the wall: which conductances differ across it and how IKr depends on potassium.

As published, TP06 gives inverted T waves in a transmural cable; a gradient of gKs and gKr with the epicardium stronger
makes them upright. The exponent of IKr in potassium is 0.5 in the paper; larger ones strengthen the response of T.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from kalemia.simulate.cell import Kind

COUNT = 40
RANGES = {
    "ikr_exponent": (0.9, 1.8),
    "gkr_endo": (0.5, 0.95),
    "gkr_rise": (0.35, 0.9),
    "gks_endo": (0.4, 0.9),
    "gks_rise": (0.1, 0.8),
    "gto_endo": (0.15, 0.4),
    "gna": (0.75, 1.15),
    "gcal": (0.85, 1.2),
    "gk1": (0.8, 1.3),
}
"""Factors on the published conductances; a rise is what the epicardium has more than the endocardium."""


@dataclass(frozen=True)
class Variant:
    """A wall. The `_endo` numbers multiply a conductance at the endocardium; `_rise` is added at the epicardium."""

    name: str
    ikr_exponent: float = 1.5
    gkr_endo: float = 0.7
    gkr_rise: float = 0.5
    gks_endo: float = 0.6
    gks_rise: float = 0.55
    gto_endo: float = 0.25
    gna: float = 1.0
    gcal: float = 1.0
    gk1: float = 1.0

    def at(self, depth: float) -> Kind:
        """Return the cell at a depth from 0, endocardium, to 1, epicardium."""
        return Kind(
            gkr=0.153 * (self.gkr_endo + self.gkr_rise * depth),
            gks=0.392 * (self.gks_endo + self.gks_rise * depth),
            gto=0.294 * (self.gto_endo + (1.0 - self.gto_endo) * depth),
            gna=14.838 * self.gna,
            gcal=3.980e-5 * self.gcal,
            gk1=5.405 * self.gk1,
            endo=depth < 0.3,
        )


def _spread() -> tuple[Variant, ...]:
    """Fill the ranges evenly: a scrambled Sobol sequence with a fixed seed, so that the atlas can be rebuilt."""
    low, high = np.array(list(RANGES.values())).T
    places = qmc.Sobol(len(RANGES), seed=1).random_base2(6)[:COUNT]
    return tuple(
        Variant(f"wall-{number:02d}", **dict(zip(RANGES, row, strict=True)))
        for number, row in enumerate(np.round(low + places * (high - low), 3).tolist(), start=1)
    )


VARIANTS = _spread()
