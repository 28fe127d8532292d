"""Curves as SVG paths that are short to write and finer than any screen or printer shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kalemia.report.markup import Markup, element

Values = NDArray[np.float64]

STEP = 0.02
"""Paths are written in whole multiples of this, in units of the picture."""


def curve(x: Values, y: Values, class_: str) -> Markup:
    """Return a line through points in units of the picture, y downwards, broken where y is NaN."""
    return element("path", d=path(x, y), class_=class_, transform=f"scale({STEP})")


def path(x: Values, y: Values) -> str:
    """Return the `d` of a path through the points, in multiples of `STEP`, broken where y is NaN."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], np.isfinite(y), [False]])))
    steps = np.stack([x, np.nan_to_num(y)], axis=1) / STEP
    whole = np.rint(steps).astype(np.int64)
    return "".join(_run(whole[first:end]) for first, end in edges.reshape(-1, 2))


def _run(points: NDArray[np.int64]) -> str:
    moves = np.diff(points, axis=0)
    moves = moves[moves.any(axis=1)]
    x, y = points[0]
    # A run of a single point is drawn as a dot: the line has round ends.
    line = " ".join(map(str, moves.ravel().tolist())).replace(" -", "-") if moves.size else "0 0"
    return f"M{x} {y}l{line}"


def thin(values: Values, step: int) -> NDArray[np.intp]:
    """Return the places of the lowest and highest value of every `step` samples, so that no peak is lost.

    A block with a NaN keeps the NaN, so that a gap stays a gap.
    """
    if step <= 2:
        return np.arange(values.size)
    whole = values.size // step
    blocks = values[: whole * step].reshape(whole, step)
    extremes = np.sort(np.stack([blocks.argmin(axis=1), blocks.argmax(axis=1)], axis=1), axis=1)
    places = (extremes + step * np.arange(whole)[:, None]).ravel()
    return np.concatenate([places, np.arange(whole * step, values.size)])
