"""How figures look: colors, lines, panels; and how they become files."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

P = ParamSpec("P")

INK, MUTED, LINE, BLUE, RED = "#1b1e22", "#575d66", "#dedbd5", "#1f5c9e", "#b3261e"
COLORS = (BLUE, RED, "#22703f", "#b07d10", "#6b4fa0", "#3c8a94", "#a3477c", "#575d66", "#8c6d46", "#1b1e22", "#9aa0a8")
DASHES: tuple[Any, ...] = (
    *("-", "--", ":", "-."),
    *((0, dashes) for dashes in ((9, 2), (1, 3), (6, 1, 1, 1, 1, 1), (2, 1), (10, 3, 3, 3))),
)
"""Nine kinds of line, so that color is never the only sign."""
STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "grid.color": LINE,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "path.simplify_threshold": 0.4,  # of a dot: curves of thousands of steps look the same with fewer
    "svg.hashsalt": "kalemia",  # else the names inside an SVG differ from run to run
}
DOTS_A_INCH = {"svg": 90, "png": 150}
"""In an SVG these are the points of scatter plots alone, which would else be most of a report's size."""
SMALL = 8.5
"""Of notes and legends, in points."""
REFERENCE: dict[str, Any] = {"color": MUTED, "linewidth": 0.8}
"""Of lines that a curve is held against; "--" where estimates would be right, ":" where they would tell nothing."""
MEASURED, ESTIMATED = "measured potassium, mEq/L", "estimate, mEq/L"


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in the house's style."""

    @wraps(draw)
    def drawing(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return drawing


def drawn(figure: Figure, kind: str) -> bytes:
    """Return a figure as "svg" or "png"; the same figure always as the same bytes."""
    stream = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(stream, format=kind, dpi=DOTS_A_INCH[kind], metadata={"Date": None} if kind == "svg" else None)
    return stream.getvalue()


def single(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a figure of one panel, in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def grid(count: int, columns: int, size: tuple[float, float], **sharing: Any) -> tuple[Figure, list[Axes]]:
    """Return a figure of so many panels of a size in inches, at most so many beside each other."""
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **sharing).ravel().tolist()
    for spare in axes[count:]:
        spare.remove()
    return figure, axes[:count]


def titled(figure: Figure, x: str, y: str) -> None:
    """Name the axes that all panels share."""
    figure.supxlabel(x, fontsize=10)
    figure.supylabel(y, fontsize=10)


def look(number: int) -> dict[str, Any]:
    """Return a color and a dash that tell a line from the others."""
    return {"color": COLORS[number % len(COLORS)], "linestyle": DASHES[number % len(DASHES)]}


def boxed(alpha: float, pad: float) -> dict[str, Any]:
    """Return the ground of a text that lies on a drawing."""
    return {"facecolor": "white", "edgecolor": "none", "alpha": alpha, "pad": pad}
