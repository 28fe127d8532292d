"""The population of bodies: what a heart in a chest is like before potassium, conditions and the day.

Fitted to real ECGs by `fit.py`; what is kept are bodies, not recordings.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

JITTER = 0.05
"""How far a drawn body lies from one of the fitted ones, in standard deviations of the population."""


@dataclass(frozen=True)
class Body:
    """Anatomy and habits; names say the unit, angles are radians, factors have none."""

    gain_mv: float  # mV a unit of source
    chest_gain: float  # of V1..V6 against the limb leads
    turn_frontal: float  # rotations of the heart
    turn_horizontal: float
    turn_long: float
    nearness: float  # how much of the chest leads' nearness counts
    right_gain: float  # of the right ventricle's walls
    conduction_scale: float  # of activation times
    anterior_late_ms: float
    posterior_late_ms: float
    septal_late_ms: float
    septum_ms: float  # from left to right septal entry
    right_late_ms: float
    base_late_ms: float  # further delay of the base
    apd_scale: float
    apd_apex_ms: float
    apd_right_ms: float
    apd_across_ms: float
    apd_coupling: float
    apd_epi_ms: float
    apd_rv_ms: float
    patch_ms: float
    patch_phase: float
    ripple_ms: float
    ripple_phase: float
    phase3_ms: float
    t_gain: float
    rr_s: float
    rr_spread: float
    qt_rate: float  # exponent of the action potential's duration in RR
    p_mv: float
    p_ms: float
    p_axis: float
    p_left: float  # share of the left atrium
    pr_ms: float
    u_mv: float
    st_mv: float
    own_share: float  # of a lead's span, how far its own shape departs from the model's
    own_seed: float

    def parameters(self) -> dict[str, float]:
        """Return every number by name."""
        return {name: float(getattr(self, name)) for name in NAMES}


NAMES = tuple(field.name for field in fields(Body))
# Median, spread and limits of the wide prior; where the spread is of the logarithm the name stands in LOGARITHMIC.
PRIOR: dict[str, tuple[float, float, float, float]] = {
    "gain_mv": (0.8e-3, 0.35, 2e-4, 3e-3),
    "chest_gain": (1.0, 0.3, 0.4, 2.5),
    "turn_frontal": (0.35, 0.45, -1.6, 1.8),
    "turn_horizontal": (0.2, 0.35, -1.2, 1.4),
    "turn_long": (0.0, 0.35, -1.2, 1.2),
    "nearness": (0.4, 0.25, 0.0, 1.2),
    "right_gain": (1.0, 0.4, 0.2, 3.0),
    "conduction_scale": (1.15, 0.13, 0.8, 2.0),
    "anterior_late_ms": (4.0, 5.0, 0.0, 25.0),
    "posterior_late_ms": (6.0, 6.0, 0.0, 25.0),
    "septal_late_ms": (2.0, 3.0, 0.0, 15.0),
    "septum_ms": (6.0, 5.0, 0.0, 25.0),
    "right_late_ms": (16.0, 8.0, 0.0, 45.0),
    "base_late_ms": (6.0, 8.0, 0.0, 35.0),
    "apd_scale": (0.92, 0.07, 0.7, 1.3),
    "apd_apex_ms": (-10.0, 16.0, -70.0, 50.0),
    "apd_right_ms": (5.0, 16.0, -45.0, 60.0),
    "apd_across_ms": (4.0, 12.0, -45.0, 50.0),
    "apd_coupling": (0.9, 0.35, -0.5, 1.8),
    "apd_epi_ms": (10.0, 16.0, -45.0, 70.0),
    "apd_rv_ms": (5.0, 18.0, -60.0, 60.0),
    "patch_ms": (0.0, 10.0, -40.0, 40.0),
    "patch_phase": (3.14, 2.0, 0.0, 6.28),
    "ripple_ms": (0.0, 8.0, -30.0, 30.0),
    "ripple_phase": (3.14, 2.0, 0.0, 6.28),
    "phase3_ms": (36.0, 11.0, 8.0, 75.0),
    "t_gain": (1.0, 0.25, 0.4, 2.5),
    "rr_s": (0.84, 0.2, 0.4, 1.5),
    "rr_spread": (0.025, 0.6, 0.003, 0.2),
    "qt_rate": (0.33, 0.08, 0.1, 0.6),
    "p_mv": (0.115, 0.35, 0.02, 0.35),
    "p_ms": (112.0, 0.13, 60.0, 160.0),
    "p_axis": (0.95, 0.4, -0.6, 2.2),
    "p_left": (0.5, 0.12, 0.1, 0.9),
    "pr_ms": (158.0, 0.15, 95.0, 300.0),
    "u_mv": (0.015, 0.8, 0.0, 0.12),
    "st_mv": (0.015, 0.03, -0.15, 0.2),
    "own_share": (0.03, 0.5, 0.005, 0.12),
    "own_seed": (2.0**30, 2.0**29, 0.0, 2.0**31),
}
LOGARITHMIC = {
    "gain_mv", "chest_gain", "right_gain", "conduction_scale", "apd_scale", "t_gain", "rr_s", "rr_spread", "p_mv",
    "p_ms", "pr_ms", "u_mv", "own_share",
}  # fmt: skip
_LOG = np.array([name in LOGARITHMIC for name in NAMES])
_MEDIAN, _SPREAD, _LOW, _HIGH = np.array([PRIOR[name] for name in NAMES]).T


def coordinates(bodies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows of bodies with the logarithms taken where spreads are of logarithms."""
    return np.where(_LOG, np.log(np.maximum(bodies, 1e-9)), bodies)


def bodies(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Undo `coordinates`, within the limits of every number."""
    return np.clip(np.where(_LOG, np.exp(np.where(_LOG, places, 0.0)), places), _LOW, _HIGH)


def body(row: NDArray[np.float64]) -> Body:
    """Return one row as a body."""
    return Body(*(float(value) for value in row))


def widely(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Draw rows of bodies from the wide prior, (count, numbers)."""
    middle = coordinates(_MEDIAN)
    return bodies(middle + _SPREAD * rng.standard_normal((count, len(NAMES))))


@dataclass(frozen=True, eq=False)
class Population:
    """Fitted bodies as coordinates (bodies, numbers), their medians and standard deviations."""

    places: NDArray[np.float64]
    middle: NDArray[np.float64]
    spread: NDArray[np.float64]


@lru_cache(maxsize=1)
def load() -> Population:
    """Return the bundled population; it is read once, when first needed."""
    with (files(__package__) / "population.npz").open("rb") as handle, np.load(handle, allow_pickle=False) as held:
        assert tuple(held["names"]) == NAMES, "population.npz was built for other bodies: build it again"
        places = coordinates(held["bodies"].astype(np.float64))
    return Population(places, np.median(places, axis=0), places.std(axis=0))


def draw(rng: np.random.Generator, spread: float = 1.0) -> Body:
    """Draw a body near one of the fitted ones; `spread` draws it towards the middle of the population."""
    held = load()
    place = held.places[rng.integers(len(held.places))] + JITTER * held.spread * rng.standard_normal(len(NAMES))
    return body(bodies(held.middle + spread * (place - held.middle)))
