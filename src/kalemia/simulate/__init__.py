"""Simulated 12-lead ECGs with a known potassium. Importing this loads neither the atlas nor scipy."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kalemia.simulate.dataset import write
    from kalemia.simulate.levels import LEVELS, Level
    from kalemia.simulate.records import Simulated, simulate, simulate_one

__all__ = ["LEVELS", "Level", "Simulated", "simulate", "simulate_one", "write"]

_HOMES = {
    "LEVELS": "levels",
    "Level": "levels",
    "Simulated": "records",
    "simulate": "records",
    "simulate_one": "records",
    "write": "dataset",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
