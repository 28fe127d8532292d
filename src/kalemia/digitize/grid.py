"""Millimeters from pixels: the lattice of the printed grid, followed over the page by the phase of its lines.

A grid of lines is a wave. Its two wave vectors are found in the averaged spectrum of tiles, followed from tile to
tile, and integrated to two smooth phases u(x, y) and v(x, y); demodulating the page with them gives what is left of the
phase, which refines them (Takeda's Fourier profilometry). The phases are the page's millimeters, however it is tilted,
bent or photographed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from kalemia.digitize import carrier
from kalemia.digitize.tiles import Tiles

Floats = NDArray[np.float64]

WORK_SIDE = 2200
"""The longer side, px, of the copy on which the grid is looked for."""
TILE_MM = 18.0
"""Side, mm, of the tiles in which the lattice is followed; perspective hardly changes within one."""
SPURS = ((1, 0.5), (2, 0.3), (3, 0.3), (4, 0.3), (5, 1.0), (1.5, -0.5), (2.5, -0.5), (3.5, -0.5))
"""Harmonics of the 5 mm lines that are followed from tile to tile, and the weight of each; half way between them a
lattice has no power, and a trace or other lines have."""
DEGREES = 1, 2, 3, 5, 7
"""A scan is plain, a photo needs 3, bent paper 5 or 7: the first that is nearly as good as the last is taken."""
LOW, LOW_DEGREE = 3, 3
"""So few rows of tiles do not tell a higher degree."""
MIN_CONFIDENCE = 0.3
PART_OF_PAGE, TILES = 0.5, 1.36
"""A lattice on a smaller share of a page is followed on that part alone, if that is so many tiles high and wide: two
that overlap are needed."""
RULED, EDGE_MM, PIECE_MM, HARMONICS = 0.3, 2.0, 20.0, (0.2, 1.0)
"""Where lines of 5 and 1 mm, over the second, in pieces of the third, have less than this share of their usual power,
there are none."""
CLOSE_PX = 1e-3


@dataclass(frozen=True, eq=False)
class Grid:
    """Where a page's millimeters are: polynomials of the pixel's place give u to the right and v down, mm.

    Attributes
    ----------
    u, v
        Coefficients over the terms of `_terms`, for x and y in units of `scale` px from `center`.
    degree
        The degree of the polynomials.
    strength
        0..1: how much of the page follows the lattice.
    pitch
        Pixels a mm in the middle of the page.
    angle
        How far the page is turned clockwise, degrees.
    residual
        Root mean square of what is left of the phase, mm.
    cover
        (tiles, 2) centers, px, of the tiles that follow the lattice.
    """

    u: Floats
    v: Floats
    degree: int
    center: tuple[float, float]
    scale: float
    strength: float
    residual: float
    cover: Floats

    def millimeters(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return u and v, mm, of places in pixels."""
        terms = _terms((x - self.center[0]) / self.scale, (y - self.center[1]) / self.scale, self.degree)
        return terms @ self.u, terms @ self.v

    def jacobian(self, x: Floats, y: Floats) -> Floats:
        """Return (..., 2, 2) the derivatives of u, v by x, y, mm per px."""
        across, down = _slopes((x - self.center[0]) / self.scale, (y - self.center[1]) / self.scale, self.degree)
        return (
            np.stack(
                [np.stack([across @ self.u, down @ self.u], -1), np.stack([across @ self.v, down @ self.v], -1)], -2
            )
            / self.scale
        )

    def pixels(self, u: Floats, v: Floats) -> tuple[Floats, Floats]:
        """Return x and y, px, of places in mm, by Newton's steps from the linear part."""
        linear = np.stack([self.u[1:3], self.v[1:3]]) / self.scale
        inverse = np.linalg.inv(linear)
        du, dv = u - self.u[0], v - self.v[0]
        x = self.center[0] + inverse[0, 0] * du + inverse[0, 1] * dv
        y = self.center[1] + inverse[1, 0] * du + inverse[1, 1] * dv
        for _ in range(8 if self.degree > 1 else 0):
            at_u, at_v = self.millimeters(x, y)
            step = np.linalg.solve(self.jacobian(x, y), np.stack([u - at_u, v - at_v], -1)[..., None])[..., 0]
            step = np.clip(step, -0.25 * self.scale, 0.25 * self.scale)
            x, y = x + step[..., 0], y + step[..., 1]
            if np.abs(step).max(initial=0) < CLOSE_PX:  # what is left is that squared
                break
        return x, y

    def turned(self, width: float) -> Grid:
        """Return the grid of the page, `width` px wide, after a quarter turn counterclockwise."""
        # What was x is now -y, and what was y is x: so are their powers, and the millimeters u and v.
        powers = _exponents(self.degree)
        swapped = np.array([powers.index((j, i)) for i, j in powers])
        signs = np.array([(-1.0) ** j for _, j in powers])
        return replace(
            self,
            u=signs * self.v[swapped],
            v=-signs * self.u[swapped],
            center=(self.center[1], width - self.center[0]),
            cover=np.stack([self.cover[:, 1], width - self.cover[:, 0]], -1),
        )

    @property
    def pitch(self) -> float:
        """Pixels a mm in the middle of what the grid covers."""
        x, y = np.median(self.cover, axis=0)
        return float(1 / np.sqrt(abs(np.linalg.det(self.jacobian(np.array(x), np.array(y))))))

    @property
    def stretch(self) -> float:
        """How much higher than wide the squares of an even page are; 1 of a bent or photographed one."""
        if self.degree > 1:
            return 1.0
        across, down = np.hypot(*np.linalg.inv(np.stack([self.u[1:3], self.v[1:3]])))
        return float(down / across)

    @property
    def angle(self) -> float:
        """How far the rows are turned clockwise in the middle, degrees."""
        x, y = np.median(self.cover, axis=0)
        j = self.jacobian(np.array(x), np.array(y))
        return float(np.degrees(np.arctan2(-j[1, 0], j[1, 1])))


def _exponents(degree: int) -> list[tuple[int, int]]:
    return [(n - k, k) for n in range(degree + 1) for k in range(n + 1)]


def _terms(x: Floats, y: Floats, degree: int) -> Floats:
    """Return (..., terms) the products of powers: 1, x, y, x^2, xy, y^2, ..."""
    across, down = _powers(x, degree), _powers(y, degree)
    return np.stack([across[i] * down[j] for i, j in _exponents(degree)], -1)


def _slopes(x: Floats, y: Floats, degree: int) -> tuple[Floats, Floats]:
    """Return the derivatives of `_terms` by x and by y."""
    by_x, by_y = _powers(x, degree), _powers(y, degree)
    across = [i * by_x[max(i - 1, 0)] * by_y[j] for i, j in _exponents(degree)]
    down = [j * by_x[i] * by_y[max(j - 1, 0)] for i, j in _exponents(degree)]
    return np.stack(across, -1), np.stack(down, -1)


def _powers(x: Floats, degree: int) -> list[Floats]:
    """Return the powers from 0 to a degree, by products: much faster than `**`."""
    return list(accumulate([x] * degree, np.multiply, initial=np.ones_like(x)))


def find(rgb: NDArray[np.uint8]) -> Grid | None:
    """Return the grid of a page, uint8 (height, width, 3), or None where no lattice is seen."""
    shrink = min(1.0, WORK_SIDE / max(rgb.shape[:2]))
    small = np.asarray(cv2.resize(rgb, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
    lines = carrier.flatten(small)
    waves = carrier.find(lines)
    if waves is None:
        return None
    try:
        grid = _follow(lines, waves)
    except np.linalg.LinAlgError:  # even paper: what was taken for lines is rounding
        return None
    return _enlarged(grid, 1 / shrink) if len(grid.cover) else None


def plain(shape: tuple[int, int], pitch: float, angle: float = 0.0) -> Grid:
    """Return the lattice of an even scan without a grid, (height, width) px, at `pitch` px a mm.

    `angle` is how far the page is turned clockwise, degrees.
    """
    height, width = shape
    across, down = np.cos(np.radians(angle)) / pitch, np.sin(np.radians(angle)) / pitch
    y, x = np.meshgrid(np.linspace(0, height, 9), np.linspace(0, width, 9), indexing="ij")
    return Grid(
        u=np.array([0, across, down]),
        v=np.array([0, -down, across]),
        degree=1,
        center=(width / 2, height / 2),
        scale=1.0,
        strength=0.0,
        residual=0.0,
        cover=np.stack([x.ravel(), y.ravel()], -1),
    )


def _enlarged(grid: Grid, factor: float) -> Grid:
    """Return the grid of a page that is larger by a factor."""
    center = (grid.center[0] * factor, grid.center[1] * factor)
    return replace(grid, center=center, scale=grid.scale * factor, cover=grid.cover * factor)


def _follow(lines: NDArray[np.float32], waves: Floats) -> Grid:
    """Follow the lattice over the page, or the part of it that has one, and fit its phases."""
    tiles = Tiles.cut(lines, waves, TILE_MM)
    vectors, weights = tiles.tracked(waves, SPURS)
    down, across = _ruled(lines, tiles, np.minimum(*weights) > MIN_CONFIDENCE, waves)
    least = TILES * tiles.values.shape[1]
    if lines[down, across].size < PART_OF_PAGE * lines.size and min(lines[down, across].shape) > least:
        # Tiles of a low strip are half blank: others fit it better.
        part = _follow(lines[down, across], waves)
        beside = (across.start, down.start)
        return replace(part, center=(part.center[0] + beside[0], part.center[1] + beside[1]), cover=part.cover + beside)
    center, scale = (lines.shape[1] / 2, lines.shape[0] / 2), max(lines.shape) / 2
    fits = [_fitted(tiles, vectors[k], weights[k], center, scale) for k in (0, 1)]
    degree = max(fit.degree for fit in fits)
    good = np.minimum(*(fit.weights for fit in fits)) > MIN_CONFIDENCE
    return Grid(
        u=_padded(fits[0].phase, degree),
        v=_padded(fits[1].phase, degree),
        degree=degree,
        center=center,
        scale=scale,
        strength=float(np.mean(good)),
        residual=float(np.hypot(fits[0].rest, fits[1].rest)),
        cover=np.stack([tiles.x[good], tiles.y[good]], -1),
    )


def _ruled(lines: NDArray[np.float32], tiles: Tiles, clear: NDArray[np.bool_], waves: Floats) -> tuple[slice, slice]:
    """Return the rows and the columns, px, that have lines: those of the largest group of tiles with `clear` ones."""
    energy = np.einsum("tyx,tyx->t", tiles.values, tiles.values)
    seen = clear & (energy > RULED * np.quantile(energy, 0.95))
    if not seen.any():
        return slice(0, lines.shape[0]), slice(0, lines.shape[1])
    _, groups, stats, _ = cv2.connectedComponentsWithStats(seen.reshape(tiles.shape).astype(np.uint8))
    own = (groups == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())).ravel()
    reach, found = tiles.values.shape[1] / 2, []
    for at, size in ((tiles.y[own], lines.shape[0]), (tiles.x[own], lines.shape[1])):
        found.append(slice(max(0, int(at.min() - reach)), min(size, int(at.max() + reach) + 2)))
    down, across = found
    part = lines[down, across]
    return _strong(part, down.start, waves[0]), _strong(part.T, across.start, waves[1])


def _strong(lines: NDArray[np.float32], start: int, wave: Floats) -> slice:
    """Return which rows, the first of which is row `start` of the page, have about the usual power of a wave."""
    length = float(np.hypot(*wave))
    size = min(lines.shape[1], round(PIECE_MM / length))
    pieces = lines[:, : lines.shape[1] // size * size].reshape(len(lines), -1, size)
    shifts = np.exp(-2j * np.pi * length * np.outer(np.arange(size), HARMONICS)) * np.hanning(size)[:, None]
    power = (np.abs(pieces @ shifts.astype(np.complex64)) ** 2).mean(axis=(1, 2))
    near = uniform_filter1d(power, max(3, round(EDGE_MM / length)))
    strong = np.flatnonzero(near > RULED * np.median(near))
    return (
        slice(start + int(strong[0]), start + int(strong[-1]) + 1) if strong.size else slice(start, start + len(lines))
    )


def _padded(phase: Floats, degree: int) -> Floats:
    """Return a polynomial with the terms of a higher degree, which are zero."""
    return np.pad(phase, (0, len(_exponents(degree)) - len(phase)))


@dataclass(frozen=True, eq=False)
class _Fit:
    """A phase: its polynomial, the weight that each tile has in it, and what is left, mm."""

    phase: Floats
    degree: int
    weights: Floats
    rest: float


def _fitted(tiles: Tiles, vectors: Floats, weights: Floats, center: tuple[float, float], scale: float) -> _Fit:
    """Integrate the wave vectors, then demodulate the page with the phase until nothing is left of it."""
    x, y = (tiles.x - center[0]) / scale, (tiles.y - center[1]) / scale
    phase = _integrated(x, y, vectors * scale, weights)
    start = _terms(x, y, 3) @ phase
    local = np.einsum("tkd,k->td", np.stack(_slopes(x, y, 3), -1), phase) / scale
    left = tiles.left(start, local)
    degrees = [degree for degree in DEGREES if degree <= LOW_DEGREE or min(tiles.shape) > LOW]
    fits = [_refined(tiles, x, y, start, left, degree, weights) for degree in degrees]
    limit = max(1.15 * min(fit.rest for fit in fits), 0.012)
    return next(fit for fit in fits if fit.rest <= limit)


def _integrated(x: Floats, y: Floats, gradients: Floats, weights: Floats) -> Floats:
    """Return the cubic polynomial whose slopes are the wave vectors (tiles, 2)."""
    across, down = _slopes(x, y, 3)
    design, wanted = np.concatenate([across, down])[:, 1:], np.concatenate([gradients[:, 0], gradients[:, 1]])
    solved = _robust(design, wanted, np.concatenate([weights, weights]), 3)
    return np.concatenate([[0.0], solved])


def _robust(design: Floats, wanted: Floats, weights: Floats, degree: int, constant: bool = False) -> Floats:
    """Return the coefficients of a fit that outliers do not bend; high powers are kept small."""
    powers = np.array([i + j for i, j in _exponents(degree)][0 if constant else 1 :], dtype=float)
    ridge = np.diag(np.where(powers > 1, 1e-4 * len(wanted) / len(powers), 1e-9))
    solved = np.zeros(design.shape[1])
    w = weights
    for _ in range(8):
        weighted = design * w[:, None]
        solved = np.linalg.solve(weighted.T @ design + ridge * w.mean(), weighted.T @ wanted)
        rest = np.abs(wanted - design @ solved)
        width = (
            2 * np.median(rest[weights > MIN_CONFIDENCE / 2]) + 1e-6 if np.any(weights > MIN_CONFIDENCE / 2) else 1.0
        )
        w = weights / (1 + (rest / width) ** 2)
    return solved


def _refined(
    tiles: Tiles,
    x: Floats,
    y: Floats,
    start: Floats,
    rest_of_phase: tuple[Floats, Floats, float],
    degree: int,
    weights: Floats,
) -> _Fit:
    """Fit a polynomial of a degree to the phase that the page's lines have beside `start`, as `Tiles.left` gives it."""
    left, coherence, period = rest_of_phase
    good = weights * coherence
    design = _terms(x, y, degree)
    # Between neighbors the rest is less than half a period, so that differences need no unwrapping.
    i, j = tiles.neighbors
    difference = (left[i] - left[j] + period / 2) % period - period / 2
    target_slopes = start[i] - start[j] + difference
    whole = np.concatenate(
        [[0.0], _robust((design[i] - design[j])[:, 1:], target_slopes, np.minimum(good[i], good[j]), degree)]
    )
    for _ in range(2):
        rest = start + left - design @ whole
        offset = np.angle(np.sum(good * np.exp(2j * np.pi * rest / period))) * period / (2 * np.pi)
        rest = (rest - offset + period / 2) % period - period / 2
        step = _robust(design, rest, good, degree, constant=True)
        whole = whole + step
        whole[0] += offset
    rest = (start + left - design @ whole + period / 2) % period - period / 2
    fit = good / (1 + (rest / 0.15) ** 2)
    return _Fit(whole, degree, fit, float(np.sqrt(np.sum(fit * rest**2) / (fit.sum() + 1e-9))))
