"""How like the names of leads a printed word is: by its shape, held against the names in several fonts."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from kalemia.records import LEADS

Floats = NDArray[np.float32]

EXTRA = ("-aVR", "V3R", "V4R", "V5R", "V6R", "V7", "V8", "V9")
"""Names beside the twelve that are printed on some pages."""
NAMES = (*LEADS, *EXTRA)
HEIGHT, WIDTH, EDGE = 16, 44, 3
"""Pixels: the height to which words are brought, the widest word, and the margin about it."""
STRETCHES = 0.75, 0.87, 1.0, 1.15


def likeness(word: Floats) -> Floats:
    """Return how like each of NAMES a word is: the best correlation with it over fonts and widths."""
    templates, owner = _templates()
    alike = np.full(len(NAMES), -1, np.float32)
    np.maximum.at(alike, owner, templates @ _normal(word, 1.0))
    return alike


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
        for text in dict.fromkeys((name, name.replace("R", "r") if name[0] == "V" else name, name.upper())):
            for drawn in _drawn(text):
                for stretch in STRETCHES:
                    pictures.append(_normal(drawn, stretch))
                    owner.append(k)
    return np.stack(pictures), np.array(owner)


def _drawn(text: str) -> list[Floats]:
    """Return a text in several fonts, cut to its ink."""
    drawn = []
    for bold in (0, 2, 4):
        image = Image.new("L", (400, 120))
        ImageDraw.Draw(image).text((20, 20), text, 255, ImageFont.load_default(60), stroke_width=bold)
        drawn.append(_cut(np.asarray(image)))
    for font, pen in ((cv2.FONT_HERSHEY_SIMPLEX, 3), (cv2.FONT_HERSHEY_SIMPLEX, 8), (cv2.FONT_HERSHEY_DUPLEX, 5),
                      (cv2.FONT_HERSHEY_COMPLEX, 3), (cv2.FONT_HERSHEY_COMPLEX, 6)):  # fmt: skip
        picture = np.zeros((120, 400), np.uint8)
        cv2.putText(picture, text, (20, 90), font, 2.0, (255,), pen, cv2.LINE_AA)
        drawn.append(_cut(picture))
    slant = np.array([[1, -0.2, 24], [0, 1, 0]], np.float32)
    drawn += [_cut(np.asarray(cv2.warpAffine(_framed(plain), slant, (440, 120)))) for plain in drawn[:2]]
    return drawn


def _framed(picture: Floats) -> Floats:
    """Return a picture on a field of one size, with a margin about it."""
    frame = np.zeros((120, 440), np.float32)
    frame[20 : 20 + picture.shape[0], 20 : 20 + picture.shape[1]] = picture
    return frame


def _cut(picture: NDArray[np.generic]) -> Floats:
    """Return the part of a picture that has ink."""
    inked = np.asarray(picture) > 0.3 * np.max(np.asarray(picture))
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    part = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return np.asarray(part, np.float32)
