"""The phases of a grid, fitted to what tiles tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import grid
from kalemia.digitize.tiles import Tiles

Floats = NDArray[np.float64]
CENTER, SCALE = (300.0, 200.0), 250.0
Phase = Callable[[Floats, Floats], Floats]


def wrapped(values: Floats, period: float) -> Floats:
    return values - period * np.round(values / period)


@dataclass(frozen=True, eq=False)
class Told(Tiles):
    """Tiles that tell of given phases what is left, to a period."""

    phases: tuple[Phase, ...] = ()
    coherence: float = 1.0
    period: float = 1.0

    def slopes(self, which: int) -> Floats:
        """Return the slopes (tiles, 2) of a phase, mm a px."""
        step, phase = 0.01, self.phases[which]
        x, y = (phase(self.x + a, self.y + b) - phase(self.x - a, self.y - b) for a, b in ((step, 0.0), (0.0, step)))
        return np.stack([x, y], -1) / (2 * step)

    def left(self, start: Floats, local: Floats) -> tuple[Floats, Floats, float]:
        which = min(range(len(self.phases)), key=lambda k: float(np.abs(local - self.slopes(k)).max()))
        assert local == pytest.approx(self.slopes(which), abs=0.003)
        rest = wrapped(self.phases[which](self.x, self.y) - start, self.period)
        return rest, np.full(len(self.x), self.coherence), self.period


def told(*phases: Phase, rows: int = 8, columns: int = 12, coherence: float = 1.0, period: float = 1.0) -> Told:
    """Return tiles 50 px apart around CENTER."""
    place_y, place_x = np.mgrid[0:rows, 0:columns].astype(float)
    x, y = (CENTER[k] + 50 * (place - place.mean()).ravel() for k, place in enumerate((place_x, place_y)))
    return Told(np.zeros((len(x), 1, 1), np.float32), x, y, (rows, columns), phases, coherence, period)


def checkered(tiles: Tiles) -> Floats:
    """Return 1 and -1 by turns, along rows and along columns."""
    row, column = np.mgrid[0 : tiles.shape[0], 0 : tiles.shape[1]]
    return np.where((row + column) % 2, -1.0, 1.0).ravel()


# ---- fits that outliers do not bend


def middle(*groups: tuple[int, float, float]) -> float:
    """Return the constant that is fitted to so many values of a height and a weight each."""
    count, height, weight = (np.array(part) for part in zip(*groups, strict=True))
    wanted, weights = np.repeat(height.astype(float), count), np.repeat(weight.astype(float), count)
    return float(grid._robust(np.ones((len(wanted), 1)), wanted, weights, 0, constant=True)[0])


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        # Twice the median of what is left, here 1, is where a value counts half: 6 * 1 / 1.25 = 5 * 1.5 / 1.5625.
        ([(6, 0, 1), (5, 2.5, 1)], 1.0),
        ([(6, 0, 1), (5, 2.5, 1), (20, 51, 0.15), (20, -49, 0.15)], 1.0),  # the unsure do not tell the width
        ([(6, 0, 1), (5, 2.5, 1), (20, 51.136, 0.16), (20, -48.864, 0.16)], 12.5 / 11),
        # Where all are unsure it is at 1: 51 * 0.25 / 1.0625 = 25 * 0.75 / 1.5625.
        ([(51, 0, 0.08), (25, 1, 0.08)], 0.25),
        ([(9, 0, 1), (1, 7, 1)], 0.0),
        ([(1, 0, 1), (1, 7, 0)], 0.0),
    ],
)
def test_a_value_counts_half_at_twice_the_median_of_what_is_left(
    groups: list[tuple[int, float, float]], expected: float
) -> None:
    assert middle(*groups) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("degree", "constant", "linear"), [(2, False, 2), (3, False, 2), (3, True, 3)])
def test_only_powers_above_the_first_are_kept_small(degree: int, constant: bool, linear: int) -> None:
    terms = (degree + 1) * (degree + 2) // 2 - (not constant)
    short = grid._robust(np.tile(np.eye(terms), (7, 1)), np.full(7 * terms, 3.0), np.ones(7 * terms), degree, constant)
    off = 1 - short / 3
    assert np.abs(off[:linear]).max() < 1e-8
    # A term that 7 of 7 * terms values tell of: 1e-4 of them, where what is left makes high powers count for 0.8.
    mean = (linear + 0.8 * (terms - linear)) / terms
    assert off[linear:] == pytest.approx(np.full(terms - linear, 1e-4 * mean / 0.8), rel=0.01)


def test_slopes_are_integrated_to_the_third_degree() -> None:
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(-1, 1, 12), np.linspace(-0.7, 0.7, 8)))
    true = np.array([0.0, 40, -3, 2, -1.5, 1, 0.5, -0.25, 0.75, -0.5])
    slopes = np.stack([part @ true for part in grid._slopes(x, y, 3)], -1)
    assert grid._integrated(x, y, slopes, np.ones(len(x))) == pytest.approx(true, abs=0.01)
    wrong = np.arange(len(x)) % 2 == 0
    slopes[wrong] = [7.0, 11.0]
    assert grid._integrated(x, y, slopes, np.where(wrong, 0.0, 1.0)) == pytest.approx(true, abs=0.02)


# ---- what is left refines a phase


def refined(
    tiles: Told, true: Floats, start: Floats, degree: int = 1, weights: Floats | float = 1.0, noise: float = 0.0
) -> tuple[Floats, grid._Fit]:
    """Return what a fit lacks at the tiles, mm, and the fit."""
    x, y = (tiles.x - CENTER[0]) / SCALE, (tiles.y - CENTER[1]) / SCALE
    left = wrapped(true + noise * checkered(tiles) - start, tiles.period)
    rest = left, np.full(len(x), tiles.coherence), tiles.period
    fit = grid._refined(tiles, x, y, start, rest, degree, np.ones(len(x)) * weights)
    return true - grid._terms(x, y, degree) @ fit.phase, fit


@pytest.mark.parametrize("period", [1.0, 1.25, 5.0])
@pytest.mark.parametrize("constant", [0.0, 0.4, -0.3, 0.6])
def test_what_is_left_is_unwrapped_from_tile_to_tile(period: float, constant: float) -> None:
    tiles = told(period=period)
    x, y = (tiles.x - CENTER[0]) / SCALE, (tiles.y - CENTER[1]) / SCALE
    # 0.45 of a period a tile: beside its neighbor a tile is less than half a period off.
    for across, down in ((0.44, -0.42), (-0.44, 0.42)):
        start = 30 * x - 2 * y + 17
        true = start + period * (5 * across * x + 5 * down * y) + constant
        lacks, fit = refined(tiles, true, start)
        assert wrapped(lacks, period) == pytest.approx(np.zeros(len(x)), abs=1e-6)
        assert np.ptp(lacks) < 1e-6
        assert fit.rest < 1e-6
        assert fit.weights == pytest.approx(np.ones(len(x)))
        assert fit.degree == 1


@pytest.mark.parametrize("constant", [0.0, 0.55, 0.62])
@pytest.mark.parametrize(("noise", "counts"), [(0.05, 0.9), (0.15, 0.5), (0.2, 0.36)])
def test_a_tile_counts_half_that_is_fifteen_hundredths_of_a_millimeter_off(
    constant: float, noise: float, counts: float
) -> None:
    tiles = told(period=1.25, coherence=0.5)
    lacks, fit = refined(tiles, (tiles.x - CENTER[0]) / SCALE + constant, np.zeros(len(tiles.x)), 1, 0.8, noise)
    assert wrapped(lacks, 1.25) == pytest.approx(np.zeros(len(lacks)), abs=0.003)
    assert fit.weights == pytest.approx(np.full(len(lacks), 0.4 * counts), rel=0.02)
    assert fit.rest == pytest.approx(noise, rel=0.01)


def test_what_is_left_is_the_mean_of_the_tiles_that_count() -> None:
    tiles = told()
    true = np.where(np.arange(96) % 12 % 4 == 0, 0.3 * checkered(tiles), 0.0)
    _, fit = refined(tiles, true, np.zeros(96))
    assert set(np.round(fit.weights, 2)) == {0.2, 1.0}
    assert fit.rest == pytest.approx(np.sqrt(0.2 * 24 * 0.3**2 / (72 + 0.2 * 24)), rel=0.01)


def test_tiles_that_do_not_count_tell_nothing() -> None:
    tiles = told()
    true = (tiles.x - CENTER[0]) / SCALE + 0.2
    wrong = np.arange(96) % 12 % 3 == 2
    lacks, fit = refined(tiles, np.where(wrong, true + 0.5, true), np.zeros(96), weights=np.where(wrong, 0.0, 1.0))
    assert lacks[~wrong] == pytest.approx(np.zeros(64), abs=1e-6)
    assert fit.weights.tolist() == pytest.approx(np.where(wrong, 0.0, 1.0).tolist())
    assert fit.rest == pytest.approx(0, abs=1e-6)


# ---- the degree that is enough


def fitted(tiles: Told) -> grid._Fit:
    return grid._fitted(tiles, tiles.slopes(0), np.ones(len(tiles.x)), CENTER, SCALE)


def even(x: Floats, y: Floats) -> Floats:
    """Return the millimeters of lines 8 px apart that are turned a little."""
    return np.asarray((x - 0.05 * y) / 8, np.float64)


def curved(much: float, power: int = 2) -> Phase:
    """Return a phase with what lines lack, root mean square over the tiles of `told`, mm."""

    def phase(x: Floats, y: Floats) -> Floats:
        wave = np.polynomial.Legendre.basis(power)(np.asarray(x - CENTER[0]) / 300)
        return np.asarray(even(x, y) + much * wave / RMS[power], np.float64)

    return phase


RMS = {
    power: float(np.std(np.polynomial.Legendre.basis(power)(np.linspace(-275, 275, 12) / 300))) for power in (2, 3, 5)
}


@pytest.mark.parametrize(
    ("phase", "degree"),
    [
        (even, 1),
        (curved(0.0115), 1),  # twelve thousandths of a millimeter are nothing
        (curved(0.0125), 2),
        (curved(0.2), 2),
        (curved(0.03, 3), 3),
        (curved(0.02, 5), 5),
    ],
)
def test_the_first_degree_is_taken_that_is_nearly_as_good(phase: Phase, degree: int) -> None:
    tiles = told(phase)
    fit = fitted(tiles)
    assert fit.degree == degree
    x, y = (tiles.x - CENTER[0]) / SCALE, (tiles.y - CENTER[1]) / SCALE
    off = phase(tiles.x, tiles.y) - grid._terms(x, y, degree) @ fit.phase
    assert np.ptp(off) < 0.05
    assert fit.rest < 0.012
    assert wrapped(off, 1.0).mean() == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(("curve", "degree"), [(0.031, 1), (0.036, 2)])
def test_nearly_as_good_is_up_to_fifteen_per_cent_worse(
    monkeypatch: pytest.MonkeyPatch, curve: float, degree: int
) -> None:
    tiles = told(curved(curve))
    own = Told.left

    def noisy(self: Told, start: Floats, local: Floats) -> tuple[Floats, Floats, float]:
        left, coherence, period = own(self, start, local)
        return left + 0.05 * checkered(self), coherence, period

    monkeypatch.setattr(Told, "left", noisy)
    assert fitted(tiles).degree == degree


# ---- both phases of a page


def across(x: Floats, y: Floats) -> Floats:
    return curved(0.1)(x, y)


def down(x: Floats, y: Floats) -> Floats:
    return np.asarray((y + 0.05 * x) / 8 + 0.25, np.float64)


def test_both_phases_are_followed_from_the_middle_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    tiles = told(across, down)
    given = np.zeros((400, 600), np.float32), np.array([[0.125, 0.0], [0.0, 0.125]])
    unclear = np.zeros((2, len(tiles.x)))
    unclear[0, 5] = unclear[1, 40] = 0.75
    unclear[0, 17] = 0.65

    class Cut:
        @staticmethod
        def cut(lines: NDArray[np.float32], waves: Floats, side_mm: float) -> Told:
            assert (lines is given[0], waves is given[1], side_mm) == (True, True, 18)
            return tiles

    def tracked(self: Told, waves: Floats, spurs: object) -> tuple[Floats, Floats]:
        assert (waves is given[1], spurs) == (True, grid.SPURS)
        return np.stack([self.slopes(0), self.slopes(1)]), 1 - unclear

    monkeypatch.setattr(grid, "Tiles", Cut)
    monkeypatch.setattr(Told, "tracked", tracked)
    found = grid._follow(*given)
    assert (found.center, found.scale, found.degree) == ((300, 200), 300, 2)
    assert (found.u.shape, found.v.shape) == ((6,), (6,))
    u, v = found.millimeters(tiles.x, tiles.y)
    for read, phase in ((u, across), (v, down)):
        assert np.ptp(read - phase(tiles.x, tiles.y)) < 0.02
    good = ~np.isin(np.arange(96), (5, 40))
    assert found.cover.tolist() == np.stack([tiles.x, tiles.y], -1)[good].tolist()
    assert found.strength == pytest.approx(94 / 96)


def test_what_is_left_of_both_phases_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    fits = {0.0: 0.03, 1.0: 0.04}

    def fit(_: object, vectors: Floats, weights: Floats, *__: object) -> grid._Fit:
        return grid._Fit(np.array([0.0, 1, 2]), 1, weights, fits[float(vectors[0, 0])])

    tiles = told()
    vectors = np.stack([np.zeros((96, 2)), np.ones((96, 2))])
    monkeypatch.setattr(grid, "_fitted", fit)
    monkeypatch.setattr(Tiles, "cut", lambda *_: tiles)
    monkeypatch.setattr(Told, "tracked", lambda *_: (vectors, np.full((2, 96), 0.29)))
    found = grid._follow(np.zeros((400, 600), np.float32), np.eye(2))
    assert found.residual == pytest.approx(0.05)
    assert (found.strength, found.cover.shape) == (0, (0, 2))
