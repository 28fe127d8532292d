"""Labels held against the places of leads in a layout: which names they confirm, contradict or give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.digitize.label import AFTER_MM, BARS, CERTAIN, Label
from kalemia.digitize.letters import EXTRA, NAMES

SURE, LIKE, CLOSE = 0.75, 0.6, 0.03
"""Likeness of a word that is a name, and of one that is a given name if no other is closer by more than the third."""
APART = 0.12
"""A whole, certain word that is by this more like another name than like the given one contradicts that."""
ALONE = 3
"""Fewer leads than this are checked by nothing but their names."""
MOST = 0.66
"""The share of cells whose labels must be read to name the others as usual."""
BESIDE_MM = 1.5, 4.0
"""Labels of a column begin within this, across, and stand within this beside their rows, down."""
SAME_HEIGHT = 0.22
"""Labels of a page have one height, within this as a logarithm."""


@dataclass(frozen=True)
class Cell:
    """Where a lead stands: the left end of its column, px, its row, and how far left of it a label may begin, px."""

    left: float
    row: int
    before: float


@dataclass(frozen=True)
class Named:
    """What labels say about leads: how many of so many they name so, a column; which they name otherwise, and so."""

    rows: int
    confirmed: tuple[int, ...]
    contradicted: tuple[str, ...]
    names: frozenset[str] = frozenset()

    @property
    def share(self) -> float:
        """The share of leads that labels name so."""
        return sum(self.confirmed) / (self.rows * len(self.confirmed))

    @property
    def score(self) -> float:
        """From -1, all named otherwise, to 1, all named so; columns without any name beside a full one are none."""
        absent = 0.25 * self.confirmed.count(0) / len(self.confirmed) if max(self.confirmed) > 0.7 * self.rows else 0.0
        wrong = 2 * len(self.contradicted) / (self.rows * len(self.confirmed))
        return float(np.clip(self.share - absent - wrong, -1, 1))


def in_cells(labels: list[Label], cells: list[Cell], centers: NDArray[np.float64], scale: float) -> list[list[Label]]:
    """Return the labels that may name the lead of each cell: near its corner, as high as the page's labels are."""
    near = [_near(labels, cell, centers, scale) for cell in cells]
    letters = [word.height for some in near for word in some if word.sure > SURE and word.name not in BARS]
    if not letters:
        letters = [word.height for some in near for word in some if word.sure > SURE and word.name in ("II", "III")]
    if not letters:
        return [[] for _ in cells]
    height = float(np.median(letters))
    alike = [[word for word in some if abs(np.log(word.height / height)) < SAME_HEIGHT] for some in near]
    return [_beside(alike, k, cells, centers, scale) for k in range(len(cells))]


def _near(labels: list[Label], cell: Cell, centers: NDArray[np.float64], scale: float) -> list[Label]:
    """Return the labels about the left end of a cell that are nearer to its row than to any other."""
    return [
        word
        for word in labels
        if cell.left - cell.before < word.x < cell.left + AFTER_MM * scale
        and int(np.argmin(np.abs(centers - word.y))) == cell.row
    ]


def _beside(
    labels: list[list[Label]], k: int, cells: list[Cell], centers: NDArray[np.float64], scale: float
) -> list[Label]:
    """Return a cell's labels; of several rows, a bar is a name only where other labels of its column begin."""
    column = [m for m, cell in enumerate(cells) if m != k and cell.left == cells[k].left]
    others = [
        (word.x, word.y - centers[cells[m].row])
        for m in column
        for word in labels[m]
        if word.sure > LIKE and word.name != "I"
    ]
    kept = []
    for word in labels[k]:
        y = word.y - centers[cells[k].row]
        beside = any(
            abs(word.x - x) < BESIDE_MM[0] * scale and abs(y - other) < BESIDE_MM[1] * scale for x, other in others
        )
        if word.name not in BARS or beside or (word.name != "I" and not column):
            kept.append(word)
    return kept


def named(labels: list[list[Label]], names: Sequence[str], rows: int) -> Named:
    """Hold the labels found in cells, column by column, against the names that a layout gives them."""
    confirmed, contradicted = [], []
    for some, name in zip(labels, names, strict=True):
        expected = [NAMES.index(name)]
        if name == "-aVR":
            expected.append(NAMES.index("aVR"))
        best = max((word.sure for word in some), default=-1.0)
        alike = max((float(word.likeness[expected].max()) for word in some), default=-1.0)
        confirmed.append(alike > LIKE and alike > best - CLOSE)
        if alike < best - APART and any(word.sure > CERTAIN and word.whole and word.name not in BARS for word in some):
            contradicted.append(name)
    columns = tuple(sum(confirmed[first : first + rows]) for first in range(0, len(names), rows))
    known = frozenset(name for name, seen in zip(names, confirmed, strict=True) if seen)
    return Named(rows, columns, tuple(contradicted), known)


def given(labels: list[list[Label]], usual: Sequence[str]) -> list[str] | None:
    """Return the names that labels give to cells; None where they are unknown, or two cells have the same name.

    A few that are not read are as `usual` where all others are: the first columns of a page with a fifth one.
    """
    best = [max(some, key=lambda word: word.sure, default=None) for some in labels]
    # One rare name makes others likely.
    rarer = any(word is not None and word.name in EXTRA and word.clear and word.sure > CERTAIN for word in best)
    sure = [word if word is not None and word.sure > CERTAIN and word.whole else None for word in best]
    names = [word.name if word is not None and (word.clear or rarer) else None for word in sure]
    as_usual = all(name in (None, known) for name, known in zip(names, usual, strict=False))
    filled = [name or (usual[k] if as_usual and k < len(usual) else None) for k, name in enumerate(names)]
    known = [name for name in filled if name is not None]
    enough = sum(name is not None for name in names) > MOST * len(labels)
    # Two leads obey no law that would betray a name misread; the rarer names are the likelier mistakes.
    rare = len(labels) < ALONE and any(name in EXTRA for name in known)
    return known if enough and not rare and len(known) == len(labels) == len(set(known)) else None
