"""Kalemia estimates serum potassium from an electrocardiogram. Research use; not a medical device."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kalemia.digitize import digitize
    from kalemia.errors import KalemiaError
    from kalemia.estimate.batch import Estimates, predict_many
    from kalemia.estimate.draws import calibrate
    from kalemia.estimate.hemolysis import Hemolyzed
    from kalemia.estimate.model import bundled as models
    from kalemia.estimate.personal import Calibration, Draw
    from kalemia.estimate.predict import examine, predict
    from kalemia.estimate.table import to_table
    from kalemia.read import read
    from kalemia.read.printed import Printed
    from kalemia.records import LEADS, Beat, Estimate, Recording
    from kalemia.report import report
    from kalemia.signal.beat import cut
    from kalemia.simulate import simulate

__version__ = "0.1.0"

__all__ = [
    "LEADS",
    "Beat",
    "Calibration",
    "Draw",
    "Estimate",
    "Estimates",
    "Hemolyzed",
    "KalemiaError",
    "Printed",
    "Recording",
    "calibrate",
    "cut",
    "digitize",
    "examine",
    "models",
    "predict",
    "predict_many",
    "read",
    "report",
    "simulate",
    "to_table",
]

_HOMES = {
    "calibrate": "estimate.draws",
    "Calibration": "estimate.personal",
    "Draw": "estimate.personal",
    "Hemolyzed": "estimate.hemolysis",
    "cut": "signal.beat",
    "digitize": "digitize",
    "Estimates": "estimate.batch",
    "examine": "estimate.predict",
    "models": "estimate.model",
    "predict": "estimate.predict",
    "Printed": "read.printed",
    "predict_many": "estimate.batch",
    "read": "read",
    "report": "report",
    "simulate": "simulate",
    "to_table": "estimate.table",
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
