"""The ink of a page, found once, however often the page is turned after that."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from kalemia.digitize import grid, ink, page, trace, ungridded
from kalemia.digitize.follow import certainty
from kalemia.digitize.grid import Grid
from kalemia.digitize.page import Page
from kalemia.errors import DigitizeError

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

MM_PER_INCH = 25.4
ROW_MM, FULLEST = 1.5, 0.98
"""How near ink is on one height, and which share of heights has less of it than a row."""
SIDEWAYS = 0.9, 1.15
"""Rows that go down are as full, beside those that go across, as the first where a page may lie on its side, and as the
second where it does for sure. Upright pages have 0.2 to 1.03."""


@dataclass(frozen=True, eq=False)
class Inked:
    """A page, uint8 (height, width, 3), the same squared up, and its ink, (height, width) 0..1."""

    rgb: Pixels
    squared: Page
    ink: Floats

    def turned(self) -> Inked:
        """Return the page after a quarter turn counterclockwise."""
        rgb, dark = np.ascontiguousarray(np.rot90(self.rgb)), np.ascontiguousarray(np.rot90(self.ink))
        return Inked(rgb, self.squared.turned(self.rgb.shape[1]), dark)

    @property
    def sideways(self) -> float:
        """How full of ink the rows are that go down, beside those that go across."""
        sure, size = certainty(self.ink, trace.SEEN), ROW_MM * self.squared.scale
        across, down = (
            float(np.quantile(np.minimum(uniform_filter1d(way, round(size), axis=0) * size, 1).mean(axis=1), FULLEST))
            for way in (sure, sure.T)
        )
        return down / max(across, 1e-6)


def of(rgb: Pixels, dpi: float | None) -> Inked:
    """Find the millimeters and the ink of a page.

    Raises
    ------
    DigitizeError
        Where it has no grid, and nothing else tells its scale, or a grid that is stretched or mistaken.
    """
    return _squared(rgb, lattice(rgb, dpi))


def _squared(rgb: Pixels, found: Grid) -> Inked:
    squared = page.square(rgb, found)
    if found.strength > 0 and page.distorted(squared):
        raise DigitizeError(
            "the lines of the grid do not repeat every 5 mm both across and down; the page is stretched, or its grid "
            "is not made out"
        )
    return Inked(rgb, squared, ink.ink(squared))


def lattice(rgb: Pixels, dpi: float | None) -> Grid:
    """Return where a page's millimeters are: by its grid, else as the dots per inch or its pulses say."""
    return _by_lines(rgb, dpi) or _by_pulses(rgb)


def _by_lines(rgb: Pixels, dpi: float | None) -> Grid | None:
    found = grid.find(rgb)
    return grid.plain(rgb.shape[:2], dpi / MM_PER_INCH) if found is None and dpi is not None else found


def _by_pulses(rgb: Pixels) -> Grid:
    found = ungridded.find(rgb)
    if found is None:
        raise DigitizeError(
            "no grid of an ECG is seen, nor two calibration pulses of 0.2 s and 1 mV above each other; a page without "
            "them is read where its dots per inch are given"
        )
    return found


@dataclass(eq=False)
class Turns:
    """A page in its four turns, whose grid and ink are found once."""

    rgb: Pixels
    dpi: float | None
    _known: list[Inked | DigitizeError] = field(default_factory=list)

    def turned(self, turns: int) -> Inked:
        """Return the page after quarter turns counterclockwise; raise what `of` does."""
        if not self._known:
            found = _by_lines(self.rgb, self.dpi)
            if found is None:  # pulses stand upright
                return _squared(turned := np.ascontiguousarray(np.rot90(self.rgb, turns)), _by_pulses(turned))
            try:
                self._known.append(_squared(self.rgb, found))
            except DigitizeError as exc:
                self._known.append(exc)
        first = self._known[0]
        if isinstance(first, DigitizeError):
            raise first
        for _ in range(turns):
            first = first.turned()
        return first

    def worth(self, turns: int) -> bool:
        """Return whether a turn may be the right one, by where the ink of the first is."""
        if not self._known or isinstance(self._known[0], DigitizeError):
            return True
        sideways = self._known[0].sideways
        return sideways > SIDEWAYS[0] if turns % 2 else turns == 0 or sideways < SIDEWAYS[1]
