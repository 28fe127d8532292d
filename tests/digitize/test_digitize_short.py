"""Grids that cover a low part of a page, and grids whose squares are none."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from drawn_pages import RATE, ecg, line, read, ruled, snr_db
from numpy.typing import NDArray

from kalemia.digitize import grid, page
from kalemia.digitize.reader import _stretched
from kalemia.errors import DigitizeError

Pixels = NDArray[np.uint8]
PX = 7


def sheet(
    high_mm: float = 30.0, pitch: float = PX, stretch: float = 1.0, size: tuple[int, int] = (1240, 1750)
) -> Pixels:
    """Return a white page with a grid so high and 230 mm wide on it."""
    paper = np.full((*size, 3), 255, np.uint8)
    lines, _, _ = ruled(pitch, size=(round(high_mm * pitch), min(round(230 * pitch), size[1] - 130)), stretch=stretch)
    paper[330 : 330 + lines.shape[0], 121 : 121 + lines.shape[1]] = lines
    return paper


@pytest.mark.parametrize("noise", [0.0, 8.0])
@pytest.mark.parametrize(
    ("high", "pitch"), [(25.0, 4.5), (25.0, 7.0), (30.0, 3.5), (30.0, 5.9), (40.0, 4.5), (50.0, 4.6)]
)
def test_the_squares_of_a_low_grid_are_squares(high: float, pitch: float, noise: float) -> None:
    dirt = np.random.default_rng(1).normal(0, noise, (1240, 1750, 1))
    found = grid.find(np.clip(sheet(high, pitch) + dirt, 0, 255).astype(np.uint8))
    assert found is not None
    assert found.pitch == pytest.approx(pitch, rel=0.005)
    assert found.stretch == pytest.approx(1, abs=0.01)
    assert found.cover[:, 1].min() > 330
    assert found.cover[:, 1].max() < 330 + high * pitch


@pytest.mark.filterwarnings("error")
def test_a_chessboard_or_a_stamp_is_no_low_grid() -> None:
    squares = np.kron(np.indices((30, 40)).sum(axis=0) % 2, np.ones((30, 30))) * 255
    stamp = sheet(high_mm=14.0)[:, :260]
    for picture in (np.repeat(squares[..., None], 3, axis=2).astype(np.uint8), stamp):
        with pytest.raises(DigitizeError):
            read(picture)


def test_a_strip_on_a_low_grid_is_as_high_as_it_was_drawn() -> None:
    paper, lead = sheet(), ecg(8.0)["II"]
    x = 140 + np.arange(len(lead)) / RATE * 25 * PX
    line(paper, np.stack([x, 330 + 17 * PX - lead * 10 * PX], -1))
    found = read(paper, layout="II")
    signal = found.recording.lead("II")
    assert np.nanmax(signal) - np.nanmin(signal) == pytest.approx(np.ptp(lead), rel=0.05)
    assert snr_db(lead, signal) > 14


def test_a_lattice_that_was_mistaken_on_a_low_grid_is_seen() -> None:
    picture = sheet()
    found = grid.find(picture)
    assert found is not None
    assert not page.distorted(page.square(picture, found))
    mistaken = replace(found, v=found.v / 1.1)
    assert page.distorted(page.square(picture, mistaken))


@pytest.mark.parametrize(("stretch", "said"), [(1.1, "10% higher than wide"), (0.9, "11% wider than high")])
def test_squares_that_are_none_are_said(stretch: float, said: str) -> None:
    picture, _, _ = ruled(6.0, size=(900, 1500), stretch=stretch)
    found = grid.find(picture)
    assert found is not None
    assert found.stretch == pytest.approx(stretch, abs=0.005)
    assert said in _stretched(found.stretch)
    assert replace(found, degree=3).stretch == 1, "of a photo nothing is said"


def test_a_page_that_was_stretched_is_read_and_said_to_be() -> None:
    paper, lead = ruled(6.0, size=(700, 1500))[0], ecg(8.0)["II"]
    line(paper, np.stack([120 + np.arange(len(lead)) / RATE * 150, 400 - lead * 60], -1))
    higher = np.asarray(cv2.resize(paper, (1500, 770), interpolation=cv2.INTER_AREA), np.uint8)
    plain, found = (read(picture, layout="II") for picture in (paper, higher))
    assert not any("squares" in sentence for sentence in plain.assumed)
    assert any("10% higher than wide" in sentence for sentence in found.assumed)
    assert np.nanmax(found.recording.lead("II")) == pytest.approx(float(lead.max()), rel=0.06)
