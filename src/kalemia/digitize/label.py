"""Names of leads printed on a page, read by their shape: words of ink are held against the names in several fonts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from kalemia.digitize.trace import Paths
from kalemia.records import LEADS

Floats = NDArray[np.float32]
Masks = NDArray[np.uint8]

EXTRA = ("-aVR", "V3R", "V4R", "V5R", "V6R", "V7", "V8", "V9")
"""Names beside the twelve that are printed on some pages."""
NAMES = (*LEADS, *EXTRA)
HEIGHT, WIDTH, EDGE = 16, 44, 3
"""Pixels: the height to which words are brought, the widest word, and the margin about it."""
STRETCHES = 0.75, 0.87, 1.0, 1.15
LETTER_MM = 1.1, 5.5
"""Heights of capital letters."""
BARS = ("I", "II", "III")
"""Names that lines, pulses and steep strokes look like."""
SURE, LIKE, CLOSE = 0.75, 0.6, 0.03
"""Likeness of a word that is a name, and of one that is a given name if no other is closer by more than the third."""
CERTAIN, APART = 0.8, 0.12
"""A whole word as like a name as the first, and by the second more like it than the given one, contradicts that."""
MOST_LETTERS = 6000
"""More pieces of the size of letters are a pattern."""
ALONE = 3
"""Fewer leads than this are checked by nothing but their names."""
MOST = 0.66
"""The share of cells whose labels must be read to name the others as usual."""
BESIDE_MM = 1.5, 4.0
"""Labels of a column begin within this, across, and stand within this beside their rows, down."""
SAME_HEIGHT = 0.22
"""Labels of a page have one height, within this as a logarithm."""
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
    found = []
    if fits.sum() > MOST_LETTERS:
        return []
    for left, top, right, bottom, members in _words(stats[fits, :4].astype(np.int_), low):
        shape = np.isin(marked[top:bottom, left:right], np.flatnonzero(fits)[members])
        likeness = _likeness((shape * paths.sure[top:bottom, left:right]).astype(np.float32))
        reach = round(0.6 * (bottom - top))
        around = marked[top:bottom, max(0, left - reach) : right + reach]
        whole = bool(fits[around[around > 0]].all())
        found.append(Label(float(left), (top + bottom) / 2, float(bottom - top), likeness, whole))
    return found


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


def _likeness(word: Floats) -> Floats:
    """Return how like each of NAMES a word is: the best correlation with it over fonts and widths."""
    templates, owner = _templates()
    found = np.full(len(NAMES), -1, np.float32)
    np.maximum.at(found, owner, templates @ _normal(word, 1.0))
    return found


def _normal(word: Floats, stretch: float) -> Floats:
    """Return a word brought to one height on a field of one size, (n,), of mean 0 and length 1."""
    width = max(1, min(WIDTH, round(word.shape[1] / word.shape[0] * HEIGHT * stretch)))
    field = np.zeros((HEIGHT + 2 * EDGE, WIDTH + 2 * EDGE), np.float32)
    field[EDGE:-EDGE, EDGE : EDGE + width] = cv2.resize(word, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    field = np.asarray(cv2.GaussianBlur(field, (0, 0), 0.8), np.float32)
    field -= field.mean()
    return np.asarray(field.ravel() / max(float(np.linalg.norm(field)), 1e-6), np.float32)


@lru_cache(maxsize=1)
def _templates() -> tuple[Floats, NDArray[np.intp]]:
    """Return the names in all fonts and widths, (n, pixels), and whose each is."""
    pictures, owner = [], []
    for k, name in enumerate(NAMES):
        for text in {name, name.replace("R", "r") if name[0] == "V" else name, name.upper()}:
            for drawn in _drawn(text):
                for stretch in STRETCHES:
                    pictures.append(_normal(drawn, stretch))
                    owner.append(k)
    return np.stack(pictures), np.array(owner)


def _drawn(text: str) -> list[Floats]:
    """Return a text in several fonts, cut to its ink."""
    found = []
    for bold in (0, 2, 4):
        image = Image.new("L", (400, 120))
        ImageDraw.Draw(image).text((20, 20), text, 255, ImageFont.load_default(60), stroke_width=bold)
        found.append(_cut(np.asarray(image)))
    for font, pen in ((cv2.FONT_HERSHEY_SIMPLEX, 3), (cv2.FONT_HERSHEY_SIMPLEX, 8), (cv2.FONT_HERSHEY_DUPLEX, 5),
                      (cv2.FONT_HERSHEY_COMPLEX, 3), (cv2.FONT_HERSHEY_COMPLEX, 6)):  # fmt: skip
        picture = np.zeros((120, 400), np.uint8)
        cv2.putText(picture, text, (20, 90), font, 2.0, (255,), pen, cv2.LINE_AA)
        found.append(_cut(picture))
    slant = np.array([[1, -0.2, 24], [0, 1, 0]], np.float32)
    found += [_cut(np.asarray(cv2.warpAffine(_framed(one), slant, (440, 120)))) for one in found[:2]]
    return found


def _framed(picture: Floats) -> Floats:
    frame = np.zeros((120, 440), np.float32)
    frame[20 : 20 + picture.shape[0], 20 : 20 + picture.shape[1]] = picture
    return frame


def _cut(picture: NDArray[np.generic]) -> Floats:
    inked = np.asarray(picture) > 0.3 * np.max(np.asarray(picture))
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    part = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.asarray(part, np.float32)


@dataclass(frozen=True)
class Cell:
    """Where a lead stands: the left end of its column, px, its row, and how far left of it a label may begin, px."""

    left: float
    row: int
    before: float


@dataclass(frozen=True)
class Named:
    """What labels say about leads: how many of so many they name so, a column, and which they name otherwise."""

    rows: int
    confirmed: tuple[int, ...]
    contradicted: tuple[str, ...]

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
    letters = [one.height for some in near for one in some if one.sure > SURE and one.name not in BARS]
    if not letters:
        letters = [one.height for some in near for one in some if one.sure > SURE and one.name in ("II", "III")]
    if not letters:
        return [[] for _ in cells]
    height = float(np.median(letters))
    alike = [[one for one in some if abs(np.log(one.height / height)) < SAME_HEIGHT] for some in near]
    return [_beside(alike, k, cells, centers, scale) for k in range(len(cells))]


def along(labels: list[Label], start: float, centers: NDArray[np.float64], scale: float) -> list[str]:
    """Return the names that stand along rows, after the label that each may have at its beginning, px.

    They are none unless one is whole or there are two: a trace makes shapes, too.
    """
    found = [
        one
        for one in labels
        if one.sure > CERTAIN
        and one.name not in BARS
        and one.x > start + 2 * AFTER_MM * scale
        and float(np.abs(centers - one.y).min()) < ROW_MM * scale
    ]
    return [one.name for one in found] if len(found) > 1 or any(one.whole for one in found) else []


def _near(labels: list[Label], cell: Cell, centers: NDArray[np.float64], scale: float) -> list[Label]:
    return [
        one
        for one in labels
        if cell.left - cell.before < one.x < cell.left + AFTER_MM * scale
        and int(np.argmin(np.abs(centers - one.y))) == cell.row
    ]


def _beside(
    found: list[list[Label]], k: int, cells: list[Cell], centers: NDArray[np.float64], scale: float
) -> list[Label]:
    """Return a cell's labels; of several rows, a bar is a name only where other labels of its column begin."""
    column = [m for m, cell in enumerate(cells) if m != k and cell.left == cells[k].left]
    others = [
        (one.x, one.y - centers[cells[m].row])
        for m in column
        for one in found[m]
        if one.sure > LIKE and one.name != "I"
    ]
    kept = []
    for one in found[k]:
        y = one.y - centers[cells[k].row]
        beside = any(
            abs(one.x - x) < BESIDE_MM[0] * scale and abs(y - other) < BESIDE_MM[1] * scale for x, other in others
        )
        if one.name not in BARS or beside or (one.name != "I" and not column):
            kept.append(one)
    return kept


def named(found: list[list[Label]], names: Sequence[str], rows: int) -> Named:
    """Hold the labels found in cells, column by column, against the names that a layout gives them."""
    confirmed, contradicted = [], []
    for some, name in zip(found, names, strict=True):
        expected = [NAMES.index(name)]
        if name == "-aVR":
            expected.append(NAMES.index("aVR"))
        best = max((one.sure for one in some), default=-1.0)
        alike = max((float(one.likeness[expected].max()) for one in some), default=-1.0)
        confirmed.append(alike > LIKE and alike > best - CLOSE)
        if alike < best - APART and any(one.sure > CERTAIN and one.whole and one.name not in BARS for one in some):
            contradicted.append(name)
    columns = tuple(sum(confirmed[first : first + rows]) for first in range(0, len(names), rows))
    return Named(rows, columns, tuple(contradicted))


def given(found: list[list[Label]], usual: Sequence[str]) -> list[str] | None:
    """Return the names that labels give to cells; None where they are unknown, or two cells have the same name.

    A few that are not read are as `usual` where all others are: the first columns of a page with a fifth one.
    """
    best = [max(some, key=lambda one: one.sure, default=None) for some in found]
    # One rare name makes others likely.
    rarer = any(one is not None and one.name in EXTRA and one.clear and one.sure > CERTAIN for one in best)
    sure = [one if one is not None and one.sure > CERTAIN and one.whole else None for one in best]
    read_ = [one.name if one is not None and (one.clear or rarer) else None for one in sure]
    as_usual = all(name in (None, known) for name, known in zip(read_, usual, strict=False))
    filled = [name or (usual[k] if as_usual and k < len(usual) else None) for k, name in enumerate(read_)]
    known = [name for name in filled if name is not None]
    enough = sum(name is not None for name in read_) > MOST * len(found)
    # Two leads obey no law that would betray a name misread; the rarer names are the likelier mistakes.
    rare = len(found) < ALONE and any(name in EXTRA for name in known)
    return known if enough and not rare and len(known) == len(found) == len(set(known)) else None
