"""Words of ink beside the rows of a page that may be names of leads."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kalemia.digitize.letters import EXTRA, NAMES, likeness
from kalemia.digitize.trace import Paths
from kalemia.records import LEADS

Floats = NDArray[np.float32]

LETTER_MM = 1.1, 5.5
"""Heights of capital letters."""
BARS = ("I", "II", "III")
"""Names that lines, pulses and steep strokes look like."""
CERTAIN = 0.8
"""A word so like a name is that name."""
MOST_LETTERS = 6000
"""More pieces of the size of letters are a pattern."""
AFTER_MM = 9.0
"""A label begins so far right of its lead's beginning at most."""
RARE = 0.06
"""How much more a label must look like one of EXTRA than like one of the twelve."""
ROW_MM = 14.0
"""A label stands so near to its row."""


@dataclass(frozen=True, eq=False)
class Label:
    """A word that may be a lead's name: its left edge, middle and height, px; how like each of NAMES it is, -1..1.

    It is `whole` where no trace is so near that it may hide a letter.
    """

    x: float
    y: float
    height: float
    likeness: Floats
    whole: bool

    @property
    def name(self) -> str:
        """The name that it is most like."""
        return NAMES[int(self.likeness.argmax())]

    @property
    def sure(self) -> float:
        """How like that name it is."""
        return float(self.likeness.max())

    @property
    def clear(self) -> bool:
        """Whether it is one of the twelve, or clearly more like a rarer name: V8 looks much like V3."""
        usual = float(self.likeness[: len(LEADS)].max())
        return self.name not in EXTRA or self.sure > usual + RARE


def read(paths: Paths, scale: float) -> list[Label]:
    """Return the words beside the rows of a page that may be names of leads."""
    mask = (paths.sure > 0.5).astype(np.uint8)
    _, marked, stats, _ = cv2.connectedComponentsWithStats(mask)
    low, high = LETTER_MM[0] * scale, LETTER_MM[1] * scale
    fits = (stats[:, 3] > 0.6 * low) & (stats[:, 3] < high) & (stats[:, 2] < 2.2 * high)
    fits[0] = False
    if fits.sum() > MOST_LETTERS:
        return []
    labels = []
    for left, top, right, bottom, members in _words(stats[fits, :4].astype(np.int_), low):
        shape = np.isin(marked[top:bottom, left:right], np.flatnonzero(fits)[members])
        alike = likeness((shape * paths.sure[top:bottom, left:right]).astype(np.float32))
        reach = round(0.6 * (bottom - top))
        around = marked[top:bottom, max(0, left - reach) : right + reach]
        whole = bool(fits[around[around > 0]].all())
        labels.append(Label(float(left), (top + bottom) / 2, float(bottom - top), alike, whole))
    return labels


def _words(boxes: NDArray[np.int_], low: float) -> list[tuple[int, int, int, int, list[int]]]:
    """Return groups of letters (left, top, width, height) that stand close together on one line, and their bounds."""
    groups: list[list[int]] = []
    ends = np.zeros((3, len(boxes)), np.int_)  # of each group: right, upper, lower
    for k in np.argsort(boxes[:, 0]):
        left, top, width, height = boxes[k]
        right, upper, lower = ends[:, : len(groups)]
        tall = np.maximum(lower - upper, height)
        together = np.maximum(lower, top + height) - np.minimum(upper, top)
        fits = np.flatnonzero((left - right < 0.45 * tall) & (together < 1.3 * tall))
        place = int(fits[0]) if fits.size else len(groups)
        if not fits.size:
            groups.append([])
            ends[:, place] = left, top, top
        groups[place].append(int(k))
        right, upper, lower = ends[:, place]
        ends[:, place] = max(right, left + width), min(upper, top), max(lower, top + height)
    words = []
    for group in groups:
        part = boxes[group]
        left, top = part[:, 0].min(), part[:, 1].min()
        right, bottom = (part[:, 0] + part[:, 2]).max(), (part[:, 1] + part[:, 3]).max()
        if bottom - top >= low and right - left < 4.5 * (bottom - top):
            words.append((int(left), int(top), int(right), int(bottom), group))
    return words


def along(labels: list[Label], start: float, centers: NDArray[np.float64], scale: float) -> list[str]:
    """Return the names that stand along rows, after the label that each may have at its beginning, px.

    They are none unless one is whole or there are two: a trace makes shapes, too.
    """
    words = [
        word
        for word in labels
        if word.sure > CERTAIN
        and word.name not in BARS
        and word.x > start + 2 * AFTER_MM * scale
        and float(np.abs(centers - word.y).min()) < ROW_MM * scale
    ]
    return [word.name for word in words] if len(words) > 1 or any(word.whole for word in words) else []
