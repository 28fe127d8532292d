"""Ionic variants of the wall: which conductances differ across it and how IKr depends on potassium.

As published, TP06 gives inverted T waves in a transmural cable; a gradient of gKs and gKr with the epicardium stronger
makes them upright. The exponent of IKr in potassium is 0.5 in the paper; larger ones strengthen the response of T.
"""

from __future__ import annotations

from dataclasses import dataclass

from kalemia.simulate.cell import Kind


@dataclass(frozen=True)
class Variant:
    """A wall. The `_endo` numbers multiply a conductance at the endocardium, `_epi` at the epicardium."""

    name: str
    ikr_exponent: float = 1.5
    gkr_endo: float = 0.7
    gkr_epi: float = 1.2
    gks_endo: float = 0.6
    gks_epi: float = 1.15
    gto_endo: float = 0.25
    gna: float = 1.0
    gcal: float = 1.0
    gk1: float = 1.0

    def at(self, depth: float) -> Kind:
        """Return the cell at a depth from 0, endocardium, to 1, epicardium."""

        def blend(endo: float, epi: float) -> float:
            return endo + (epi - endo) * depth

        return Kind(
            gkr=0.153 * blend(self.gkr_endo, self.gkr_epi),
            gks=0.392 * blend(self.gks_endo, self.gks_epi),
            gto=0.294 * blend(self.gto_endo, 1.0),
            gna=14.838 * self.gna,
            gcal=3.980e-5 * self.gcal,
            gk1=5.405 * self.gk1,
            endo=depth < 0.3,
        )


VARIANTS = (
    Variant("kr10", ikr_exponent=1.0),
    Variant("kr15"),
    Variant("kr10-kr-steep", ikr_exponent=1.0, gkr_endo=0.55, gkr_epi=1.4, gks_endo=0.9, gks_epi=1.0),
    Variant("kr15-kr-steep", gkr_endo=0.55, gkr_epi=1.4, gks_endo=0.9, gks_epi=1.0),
    Variant("kr12-ks-steep", ikr_exponent=1.2, gks_endo=0.4, gks_epi=1.3, gkr_endo=0.8, gkr_epi=1.1),
    Variant("kr15-k1-high", gk1=1.25),
    Variant("kr15-k1-low", gk1=0.8),
    Variant("kr10-na-low", ikr_exponent=1.0, gna=0.75),
    Variant("kr15-ca-high", gcal=1.2),
    Variant("kr15-ca-low", gcal=0.85),
    Variant("kr13-kr-rich", ikr_exponent=1.3, gkr_endo=1.0, gkr_epi=1.7, gks_endo=0.4, gks_epi=0.7),
    Variant("kr18", ikr_exponent=1.8, gkr_endo=0.65, gkr_epi=1.25),
)
