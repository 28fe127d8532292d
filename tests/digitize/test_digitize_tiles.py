"""The tiles of a page, in each of which the lines of a grid are two waves."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import tiles as cut_up
from kalemia.digitize.tiles import Tiles, _agreed, _clearness, _moved, _spread

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


# ---- how clear lines are, and what neighbors say


def test_a_tile_fades_to_its_edges_from_what_it_is_beside_its_mean() -> None:
    lines = np.full((101, 350), 3.0, np.float32)
    lines[:, 200:] = 7.0
    lines[50, 50] = 104.0
    tiles = Tiles.cut(lines, np.array([[0.0, 0.25], [0.2, 0.0]]), 25.3)  # lines are 4 px apart across, 5 px down
    assert tiles.values.shape == (5, 101, 101)
    assert tiles.y.tolist() == [50] * 5
    assert tiles.x.tolist() == [50, 112, 174, 236, 299]
    assert tiles.values[0, 50, 50] == pytest.approx(101 - 101 / 101**2)
    assert tiles.values[0, 25, 75] == pytest.approx(-0.25 * 101 / 101**2, rel=1e-5)  # 0.5 each way, half way out
    assert np.abs(tiles.values[:, [0, -1]]).max() == np.abs(tiles.values[..., [0, -1]]).max() == 0
    assert np.abs(tiles.values[4]).max() < 1e-5
    flat = Tiles.cut(lines[:30], waves_of(5.0), 30.0)
    assert flat.values.shape[1:] == (30, 30), "tiles are no larger than the page"


def test_a_wave_is_clear_by_how_far_it_stands_out_of_noise_of_its_length() -> None:
    y, x = np.mgrid[-32:32, 0:33]
    noise = np.where(np.hypot(x, y) > 17.5, 9.0, 1.0)
    spectra = np.stack([noise, 4 * noise]).astype(np.float32)
    spectra[:, 32, 19:22] *= 99  # a wave of 20 in 64 px
    spectra[:, 32, 9:12] *= 19  # and its half
    tried = np.array([[20.0, 0.0]]) / 64, np.array([[0.0, 20.0]]) / 64
    both = (5, 1.0), (2.5, 0.5)
    expected = (np.log(100) + 0.5 * np.log(20)) / 1.5
    assert _clearness(spectra, tried, np.array([20 / 64, 0.0]), both) == pytest.approx(
        np.array([[expected, np.log(2)]] * 2), rel=1e-5
    )
    against = (5, 1.0), (2.5, -0.5)
    found = _clearness(spectra, tried, np.array([0.0, 20 / 64]), against)
    assert found[:, 0] == pytest.approx([np.log(100) - 0.5 * np.log(20)] * 2, rel=1e-5)


@pytest.mark.parametrize(("fit", "sure"), [(1.4, 0.0), (1.5, 0.0), (2.25, 0.5), (3.0, 1.0), (3.1, 1.0)])
def test_lines_are_sure_by_their_mean_logarithm(monkeypatch: pytest.MonkeyPatch, fit: float, sure: float) -> None:
    monkeypatch.setattr(
        cut_up, "_clearness", lambda spectra, tried, *_: np.full((len(spectra), tried[0].shape[1]), fit)
    )
    page = Tiles.cut(np.zeros((56, 100), np.float32), waves_of(8.0), 5.0)
    _, clear = page.tracked(waves_of(8.0), ((5, 1.0),))
    assert clear == pytest.approx(np.full(clear.shape, sure))


def test_each_tile_may_try_waves_of_its_own() -> None:
    spectra = np.ones((2, 64, 33), np.float32)
    spectra[1] = 5
    spectra[0, 32, 10] = spectra[1, 42, 0] = 50
    tried = np.array([[10.0, 0.0], [10.0, 0.0]]) / 64, np.array([[0.0, 10.0], [0.0, 10.0]]) / 64
    found = _clearness(spectra, tried, np.array([10 / 64, 0.0]), ((5, 2.0),))
    assert found == pytest.approx(np.log1p([[50, 1], [1, 10]]), rel=1e-5)


def test_tiles_hear_what_fits_along_their_row_and_column() -> None:
    fits = np.zeros((1, 3, 5, 9))
    fits[0, 0, 2, 3] = 9
    heard = _agreed(fits)
    assert heard[0, 0].tolist() == fits[0, 0].tolist()  # to the right nothing fits better than something else
    turn, stretch = np.abs(np.mgrid[-2:3, -3:6])
    assert heard[0, 1] == pytest.approx(-0.15 * turn**2 - 0.1 * stretch**2)
    turns, stretches = ((far // 2) ** 2 + (far - far // 2) ** 2 for far in (turn, stretch))  # in two steps
    assert heard[0, 2] == pytest.approx(-0.15 * turns - 0.1 * stretches)
    fits[0, 1, 2, 3] = 1
    fits[0, 1, 2, 8] = 2
    again = _agreed(fits)
    assert again[0, 2, 2, 3] == pytest.approx(0)
    assert again[0, 2, 2, 8] == pytest.approx(-1.5)  # 2.5 away of 9, and 1 better: no further than that
    down = _agreed(fits.swapaxes(0, 1))
    np.testing.assert_allclose(down, again.swapaxes(0, 1))
    back = _agreed(fits[:, ::-1])
    np.testing.assert_allclose(back, again[:, ::-1])


def test_a_value_spreads_no_further_than_there_is_room() -> None:
    values = np.array([[[9.0, 0.0, 0.0]]])
    assert _spread(values, 2, 0.1)[0, 0].tolist() == pytest.approx([9, 8.9, 8.6])
    assert _spread(values, 1, 0.1).tolist() == values.tolist()
    far = np.zeros((1, 1, 9))
    far[..., 0] = 9
    assert _spread(far, 2, 0.1)[0, 0] == pytest.approx([9, 8.9, 8.6, 8.1, 7.4, 6.5, 0, 0, 0])


@pytest.mark.parametrize(("across", "down", "degrees"), [(1.0, 1.0, 7.0), (1.12, 0.9, 0.0), (0.85, 1.2, -12.0)])
def test_waves_are_followed_where_they_are_longer_and_turned(across: float, down: float, degrees: float) -> None:
    y, x = np.mgrid[0:120, 0:180]
    turn = np.radians(degrees)
    true = np.array([[across * np.cos(turn), across * np.sin(turn)], [-down * np.sin(turn), down * np.cos(turn)]]) / 8
    lines = sum(np.cos(2 * np.pi * (wave[0] * x + wave[1] * y)) for wave in true)
    tiles = Tiles.cut(lines.astype(np.float32), waves_of(8.0), 10.0)
    vectors, clear = tiles.tracked(waves_of(8.0), ((5, 1.0),))
    assert vectors == pytest.approx(np.repeat(true[:, None], len(tiles.x), axis=1), abs=0.003)
    assert clear.tolist() == np.ones((2, len(tiles.x))).tolist()


def test_what_has_no_lines_follows_its_neighbors_and_is_unclear() -> None:
    y, x = np.mgrid[0:80, 0:400]
    noise = np.random.default_rng(3).normal(size=x.shape)
    lines = np.where((x < 160) | (x >= 240), 2.0, 0.0) * (np.cos(2 * np.pi * 0.14 * x) + np.cos(2 * np.pi * 0.14 * y))
    tiles = Tiles.cut((lines + noise).astype(np.float32), waves_of(8.0), 10.0)
    vectors, clear = tiles.tracked(waves_of(8.0), ((5, 1.0),))
    middle = np.abs(tiles.x - 200) < 5
    assert middle.sum() == 1
    assert clear[:, middle].max() == 0
    assert clear[:, np.abs(tiles.x - 200) > 100].min() == 1
    assert np.hypot(*vectors[:, middle].reshape(2, 2).T) == pytest.approx([0.14, 0.14], rel=0.06)


@pytest.mark.parametrize("beside", [0.0, 20.0, 40.0])
def test_the_coherence_is_how_much_of_a_tile_is_its_lines(beside: float) -> None:
    y, x = np.mgrid[0:160, 0:240].astype(float)
    lines = np.cos(2 * np.pi * x / 8) + beside * np.cos(2 * np.pi * y / 10)
    tiles = Tiles.cut(lines.astype(np.float32), waves_of(8.0), 10.0)
    _, coherence, period = tiles.left(tiles.x / 8, np.tile([1 / 8, 0.0], (len(tiles.x), 1)))
    # Of Hann's window the mean is 1/2, and that of its square 3/8.
    alone = (1 / 2) ** 2 / 2 / ((3 / 8) ** 2 / np.sqrt(2))
    assert coherence == pytest.approx(np.full(len(tiles.x), min(8 * alone / np.hypot(1, beside), 1)), rel=0.02)
    assert period == 1


@pytest.mark.parametrize(
    ("harmonics", "period"),
    [
        ({5: 1.0}, 1.0),
        ({4: 1.0}, 1.25),
        ({3: 1.0}, 5 / 3),
        ({2: 1.0}, 2.5),
        ({1: 1.0}, 5.0),
        ({1: 1.0, 5: 0.22}, 1.0),  # the fifth tells the place five times as well
        ({1: 1.0, 5: 0.18}, 5.0),
        ({2: 1.0, 4: 0.52}, 1.25),
        ({2: 1.0, 4: 0.48}, 2.5),
    ],
)
def test_the_harmonic_is_taken_that_tells_the_place_best(harmonics: dict[int, float], period: float) -> None:
    y, x = np.mgrid[0:160, 0:240].astype(float)
    place, slope = (0.6 * x + 0.8 * y) / 8, np.array([0.6, 0.8]) / 8
    lines = sum(much * np.cos(2 * np.pi * h / 5 * (place + 0.2)) for h, much in harmonics.items())
    tiles = Tiles.cut(np.asarray(lines, np.float32), waves_of(8.0), 20.0)
    start = tiles.x * slope[0] + tiles.y * slope[1]
    left, coherence, found = tiles.left(start, np.tile(slope, (len(start), 1)))
    assert found == period
    assert left == pytest.approx(np.full(len(start), 0.2), abs=0.01)
    assert coherence.tolist() == [1] * len(start)
