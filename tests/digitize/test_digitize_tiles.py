"""The tiles of a page, in each of which the lines of a grid are two waves."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize.tiles import Tiles, _agreed, _moved, _spread

Floats = NDArray[np.float64]


def waves_of(pitch: float) -> Floats:
    return np.array([[1 / pitch, 0.0], [0.0, 1 / pitch]])


def test_tiles_lie_beside_each_other_over_the_page() -> None:
    tiles = Tiles.cut(np.random.default_rng(1).normal(size=(200, 300)).astype(np.float32), waves_of(5.0), 20.0)
    assert tiles.values.shape == (2 * 4, 100, 100)
    assert tiles.shape == (2, 4)
    assert (tiles.x.min(), tiles.x.max()) == (49.5, 249.5)
    assert (tiles.y.min(), tiles.y.max()) == (49.5, 149.5)
    first, second = tiles.neighbors
    pairs = set(zip(first.tolist(), second.tolist(), strict=True))
    assert pairs == {(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (6, 7), (0, 4), (1, 5), (2, 6), (3, 7)}
    small = Tiles.cut(np.ones((300, 300), np.float32), waves_of(2.0), 5.0)
    assert small.values.shape[1] == 56
    assert np.abs(small.values).max() == 0


@pytest.mark.parametrize("shift", [-0.3, 0.0, 0.2])
def test_what_is_left_of_a_phase_is_how_far_the_lines_were_moved(shift: float) -> None:
    y, x = np.mgrid[0:160, 0:240].astype(float)
    pitch = 8.0
    lines = sum(np.cos(2 * np.pi * h / 5 * (x / pitch - shift)) for h in (1, 2, 3, 4, 5)) + 0 * y
    tiles = Tiles.cut(lines.astype(np.float32), waves_of(pitch), 10.0)
    slopes = np.tile([1 / pitch, 0.0], (len(tiles.x), 1))
    left, coherence, period = tiles.left(tiles.x / pitch, slopes)
    assert period == 1.0  # the fifth harmonic tells the place best
    assert left == pytest.approx(np.full(len(tiles.x), -shift), abs=0.01)
    assert coherence.min() > 0.9
    only = np.cos(2 * np.pi / 5 * (x / pitch - shift)) + 0 * y
    left, _, period = Tiles.cut(only.astype(np.float32), waves_of(pitch), 10.0).left(tiles.x / pitch, slopes)
    assert period == 5.0
    assert left == pytest.approx(np.full(len(tiles.x), -shift), abs=0.02)


def test_as_many_tiles_as_turns_are_no_other_case() -> None:
    y, x = np.mgrid[0:300, 0:900]
    lines = (np.cos(2 * np.pi * x / 20) + np.cos(2 * np.pi * y / 20)).astype(np.float32)
    waves = np.array([[0.2 / 20 * 5, 0.0], [0.0, 0.2 / 20 * 5]])
    tiles = Tiles.cut(lines, waves, 2.8 * 2)
    vectors, clear = tiles.tracked(waves, ((5, 1.0),))
    assert len(tiles.x) >= 27
    assert np.abs(vectors - waves[:, None]).max() < 0.003
    assert clear.min() == 1


def test_waves_are_made_longer_and_turned() -> None:
    x, y = _moved(np.array([0.1, 0.0]), np.array([[1.0, 2.0, 1.0]]), np.array([[0.0, 0.0, np.pi / 2]]))
    np.testing.assert_allclose(x, [[0.1, 0.2, 0]], atol=1e-12)
    np.testing.assert_allclose(y, [[0, 0, 0.1]], atol=1e-12)


def test_a_value_spreads_at_a_cost_of_the_distance_squared() -> None:
    values = np.zeros((1, 7, 1))
    values[0, 3] = 10
    assert _spread(values, 1, 0.5)[0, :, 0].tolist() == [0, 8, 9.5, 10, 9.5, 8, 0]  # nothing costs more than 3


def test_neighbors_decide_between_waves_that_fit_alike() -> None:
    fits = np.zeros((1, 3, 1, 9))
    fits[0, 0, 0, 2] = fits[0, 2, 0, 2] = 5.0
    fits[0, 1, 0, [3, 8]] = 4.9, 5.0
    assert fits[0, 1, 0].argmax() == 8
    assert _agreed(fits)[0, 1, 0].argmax() == 3
    down = fits.swapaxes(0, 1)
    assert _agreed(down)[1, 0, 0].argmax() == 3
