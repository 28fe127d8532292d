"""Kalemia estimates serum potassium from an electrocardiogram. Research use; not a medical device."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kalemia.digitize import digitize
    from kalemia.errors import KalemiaError
    from kalemia.estimate.draws import calibrate
    from kalemia.estimate.hemolysis import Hemolyzed
    from kalemia.estimate.personal import Calibration, Draw
    from kalemia.estimate.predict import predict
    from kalemia.read import read
    from kalemia.records import LEADS, Beat, Estimate, Recording
    from kalemia.signal.beat import cut
    from kalemia.simulate import simulate

__version__ = "0.1.0"

__all__ = [
    "LEADS",
    "Beat",
    "Calibration",
    "Draw",
    "Estimate",
    "Hemolyzed",
    "KalemiaError",
    "Recording",
    "calibrate",
    "cut",
    "digitize",
    "predict",
    "read",
    "simulate",
]

_HOMES = {
    "calibrate": "estimate.draws",
    "Calibration": "estimate.personal",
    "Draw": "estimate.personal",
    "Hemolyzed": "estimate.hemolysis",
    "cut": "signal.beat",
    "digitize": "digitize",
    "predict": "estimate.predict",
    "read": "read",
    "simulate": "simulate",
    "KalemiaError": "errors",
    "LEADS": "records",
    "Beat": "records",
    "Estimate": "records",
    "Recording": "records",
}


class _Package(ModuleType):
    """Keeps `kalemia.read` the function where importing the room of that name would bind the room."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import kalemia` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
