"""Simulated 12-lead ECGs with a known potassium. Importing this loads neither the atlas nor scipy."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kalemia.simulate.base import Bases, read_bases
    from kalemia.simulate.change import Design
    from kalemia.simulate.dataset import write
    from kalemia.simulate.levels import LEVELS, Level
    from kalemia.simulate.morphed import morph, morph_one
    from kalemia.simulate.records import Simulated, simulate, simulate_one

__all__ = [
    "LEVELS", "Bases", "Design", "Level", "Simulated", "morph", "morph_one", "read_bases", "simulate", "simulate_one",
    "write",
]  # fmt: skip

_HOMES = {
    "LEVELS": "levels",
    "Bases": "base",
    "Design": "change",
    "Level": "levels",
    "Simulated": "records",
    "morph": "morphed",
    "morph_one": "morphed",
    "read_bases": "base",
    "simulate": "records",
    "simulate_one": "records",
    "write": "dataset",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
