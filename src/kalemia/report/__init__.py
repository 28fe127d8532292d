"""The report: an Estimate as a few lines for a terminal, a Result as one HTML page that needs nothing but itself."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kalemia.report.axes import plot_estimate, plot_recording
    from kalemia.report.folder import Pages, report, write_page
    from kalemia.report.inline import estimate_html, recording_html
    from kalemia.report.onepage import page
    from kalemia.report.terminal import text

__all__ = [
    "Pages",
    "estimate_html",
    "page",
    "plot_estimate",
    "plot_recording",
    "recording_html",
    "report",
    "text",
    "write_page",
]

_HOMES = {
    "Pages": "folder",
    "estimate_html": "inline",
    "page": "onepage",
    "plot_estimate": "axes",
    "plot_recording": "axes",
    "recording_html": "inline",
    "report": "folder",
    "text": "terminal",
    "write_page": "folder",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: who reads an estimate in a terminal waits for no page."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
