"""The waves of a grid in spectra drawn by hand, and the part of a page whose spectra are taken."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import carrier

Floats = NDArray[np.float64]
HARMONICS = 0.2, 0.4, 0.6, 0.8, 1.0, 2.0


def turned(frequency: float, degrees: float, direction: int) -> Floats:
    """Return the wave vector of u (0) or of v (1), turned clockwise."""
    along, beside = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return frequency * np.array([along, beside] if direction == 0 else [-beside, along])


def drawn(*vectors: Floats, height: float = 4e-8, harmonics: tuple[float, ...] = HARMONICS) -> NDArray[np.float32]:
    """Return (1, 1, 256, 129) the power of one tile: spots at the harmonics of waves, cycles a px."""
    y, x = np.mgrid[-128:128, 0:129] / 256
    total = np.full(y.shape, 1e-9)
    for vector in vectors:
        for h in harmonics:
            for sign in (1, -1):
                near = ((x - sign * h * vector[0]) ** 2 + (y - sign * h * vector[1]) ** 2) * 256**2
                total += height * np.exp(-near / 0.8)
    return total[None, None].astype(np.float32)


@pytest.mark.parametrize(
    ("pitch", "stretch", "u", "v"),
    [
        (2.2, 1.0, 1, -3),
        (2.5, 1.1, -14, 14),
        (3.0, 0.85, 3, -2),
        (4.0, 0.9, 14, -14),
        (5.0, 1.0, -7, 4),
        (6.0, 1.1, 5, 5),
        (12.0, 1.0, 2, -2),
    ],
)
def test_both_waves_are_found_with_their_own_turn(pitch: float, stretch: float, u: int, v: int) -> None:
    waves = np.stack([turned(1 / pitch, u, 0), turned(1 / pitch / stretch, v, 1)])
    best, found = carrier._waves(drawn(*waves), round(255 * pitch))
    assert found == pytest.approx(waves, abs=0.009 / pitch)
    assert best > 9


def test_lines_that_are_all_there_tell_up_to_four_each() -> None:
    fine = [turned(1 / 2.2, 0, direction) for direction in (0, 1)]
    best, _ = carrier._waves(drawn(*fine, height=1e-5), round(255 * 2.2))
    # In each direction those of 1 and 5 mm, and 0.35 for each between them; two a mm lie beyond the spectrum.
    assert best == pytest.approx(2 * 4 * (1 + 1 + 3 * 0.35), abs=0.01)


@pytest.mark.parametrize("shape", [(2, 2), (1, 4), (4, 1)])
def test_the_spectra_of_all_tiles_add_up(shape: tuple[int, int]) -> None:
    waves = np.stack([turned(1 / 4, 4, 0), turned(1 / 4, 4, 1)])
    powers = np.concatenate([drawn(waves[0]), drawn(waves[1]), drawn(), drawn()]).reshape(*shape, 256, 129)
    _, found = carrier._waves(powers, 1020)
    assert found == pytest.approx(waves, abs=0.009 / 4)


@pytest.mark.parametrize("degrees", [5, -5])
@pytest.mark.parametrize("clear", [1.0, 0.2])
def test_lines_of_1_and_of_5_mm_tell_the_turn_together(degrees: int, clear: float) -> None:
    either = [turned(1 / 4, turn, direction) for direction in (0, 1) for turn in (degrees, -degrees)]
    told = [turned(clear / 4, degrees, direction) for direction in (0, 1)]
    _, found = carrier._waves(drawn(*either) + drawn(*told, harmonics=(1.0,)), 1020)
    assert found == pytest.approx(np.stack([either[0], either[2]]), abs=0.02 / 4)


def test_a_small_tile_has_a_spectrum_as_fine_as_asked_for() -> None:
    wave = np.cos(2 * np.pi * 0.25 * np.arange(24))
    tile = np.tile(wave, (24, 1)).astype(np.float32)
    for n in (24, 32, 96):
        power = carrier.power(tile, np.ones_like(tile), n)
        assert power.shape == (n, n // 2 + 1)
        assert divmod(int(power.argmax()), n // 2 + 1) == (n // 2, n // 4)


# ---- the page, or a part of it

Part = tuple[list[int], list[int]]


def asked(monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], scores: dict[int, float]) -> tuple[list[Part], int]:
    """Return where the tiles begin of the parts whose waves are asked for, and which part's waves are taken.

    A part has a score by its number among those asked for; -1 stands for none.
    """
    parts: list[Part] = []

    def power(tile: NDArray[np.float32], window: NDArray[np.float32], n: int) -> Floats:
        side = min(256, *shape)
        assert (tile.shape, window.shape, n) == ((side, side), (side, side), 256)
        assert window[side // 2, side // 2] == pytest.approx(1, abs=1e-3)
        assert (window[0].max(), window[:, -1].max()) == (0, 0)
        return 1e4 * np.array([[tile[0, 0], 1000 - tile[0, 0]]])  # however loud: shares are asked for

    def waves(powers: Floats, size: int) -> tuple[float, Floats]:
        assert size == max(shape)
        assert powers.sum(axis=(2, 3)) == pytest.approx(np.ones(powers.shape[:2]))
        place = powers[:, :, 0, 0] * 1000 - 1
        rows, columns = np.divmod(np.round(place * 1e4).astype(int), 10_000)
        parts.append((rows[:, 0].tolist(), columns[0].tolist()))
        return scores.get(len(parts) - 1, 0.0), np.full((2, 2), len(parts) - 1.0)

    monkeypatch.setattr(carrier, "power", power)
    monkeypatch.setattr(carrier, "_waves", waves)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    found = carrier.find((1 + y + x / 10_000).astype(np.float64))
    return parts, -1 if found is None else int(found[0, 0])


@pytest.mark.parametrize(
    ("scores", "many", "taken"),
    [
        ({0: 4.0, 2: 9.0}, 1, 0),  # the whole page shows them
        ({0: 3.99, 2: 9.0, 3: 8.0}, 7, 2),
        ({0: 3.99, 6: 4.0}, 7, 6),
        ({0: 3.99, 6: 3.98}, 7, -1),
    ],
)
def test_where_the_page_does_not_show_its_lines_its_best_part_does(
    monkeypatch: pytest.MonkeyPatch, scores: dict[int, float], many: int, taken: int
) -> None:
    parts, found = asked(monkeypatch, (640, 896), scores)
    rows, columns = [0, 128, 256, 384], [0, 128, 256, 384, 512, 640]
    assert (len(parts), found) == (many, taken)
    assert parts[0] == (rows, columns)
    expected = [(rows[y : y + 4], columns[x : x + 4]) for y in (0, 2) for x in (0, 2, 4)]
    assert parts[1:] == expected[: many - 1]


def test_a_small_page_is_one_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, (100, 120), {0: 5.0}) == ([([0], [0])], 0)
