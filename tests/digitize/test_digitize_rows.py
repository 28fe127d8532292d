"""Rows of trace: which are rows, where they begin, and which pulses stand beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_pages import ecg
from PIL import Image

from kalemia.digitize import digitize, paper, trace
from kalemia.digitize.laws import one_lead
from kalemia.digitize.pulse import Pulse, agreeing
from kalemia.digitize.tiles import Tiles
from kalemia.simulate import simulate_one
from printed.digitizing import fidelity
from printed.layouts import PrintedLayout, layout
from printed.pages import Style, draw

PULSE = Pulse(3.0, 8.0, 10.0, whole=True)
HALF = Pulse(3.0, 8.0, 5.1, whole=True)
PLATEAU = Pulse(250.0, 253.0, 5.2, whole=False)


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ([[PULSE], [], [PULSE, PLATEAU]], [[PULSE], [], [PULSE]]),
        ([[PULSE], [PULSE], [HALF], [HALF]], [[PULSE], [PULSE], [HALF], [HALF]]),
        ([[PULSE], [], []], [[PULSE], [], []]),
        ([[PLATEAU], [], []], [[], [], []]),
        ([[], []], [[], []]),
    ],
)
def test_pulses_that_agree_are_kept(found: list[list[Pulse]], kept: list[list[Pulse]]) -> None:
    assert agreeing(found) == kept


def test_a_strip_is_one_lead_throughout() -> None:
    twelve = ecg()
    half = np.arange(5000) < 2500
    assert one_lead(twelve["II"], 500.0)
    assert one_lead(np.full(5000, np.nan), 500.0)
    assert not one_lead(np.where(half, twelve["aVL"], twelve["V1"]), 500.0)


def test_traces_longer_than_thirteen_seconds_are_printed_faster() -> None:
    known = paper.Paper(25.0, 10.0, (), pulse=True)
    unknown = paper.Paper(25.0, 10.0, (paper.ASSUMED_SPEED,), pulse=False)
    assert paper.of_length(known, 500.0) == known
    assert paper.of_length(unknown, 250.0) == unknown
    assert paper.of_length(unknown, 500.0) == paper.Paper(50.0, 10.0, (paper.LONG,), pulse=False)


def test_of_two_paths_on_one_trace_the_one_led_astray_goes() -> None:
    centers = np.array([100.0, 300.0])
    path = np.stack([np.where(np.arange(1000) < 600, 300, 100), np.full(1000, 300)])
    assert trace._not_own(path, centers, 8.0) == 0


@pytest.mark.parametrize("shown", [layout(12, 1, seconds=10.0), PrintedLayout((("V4", "V5", "V6"),), (), 10.0)])
def test_labels_beside_rows_are_no_part_of_them(tmp_path: Path, shown: PrintedLayout) -> None:
    style = Style(label="beside", pulse="right", row_mm=20, label_mm=3.0, gain_mm_mv=5.0)
    page = draw(simulate_one(77, 1).recording, shown, style)
    Image.fromarray(page.image).save(tmp_path / "page.png")
    found = digitize(tmp_path / "page.png")
    assert found.layout == shown.name
    assert fidelity(page.recording, found.recording).db > 12


def test_as_many_tiles_as_turns_are_no_other_case() -> None:
    y, x = np.mgrid[0:300, 0:900]
    lines = (np.cos(2 * np.pi * x / 20) + np.cos(2 * np.pi * y / 20)).astype(np.float32)
    waves = np.array([[0.2 / 20 * 5, 0.0], [0.0, 0.2 / 20 * 5]])
    tiles = Tiles.cut(lines, waves, 2.8 * 2)
    vectors, _ = tiles.tracked(waves, ((5, 1.0),))
    assert len(tiles.x) >= 27
    assert np.abs(vectors - waves[:, None]).max() < 0.003
