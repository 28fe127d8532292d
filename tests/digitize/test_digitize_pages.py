"""Pages drawn here are read back: layouts, papers, tilts, and what they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from drawn_pages import NAMES, columns, ecg, page, snr_db
from numpy.typing import NDArray

from kalemia.digitize import Digitized, digitize

Pixels = NDArray[np.uint8]
CABRERA = ("aVL", "I", "-aVR", "II", "aVF", "III", *NAMES[6:])


def read(folder: Path, picture: Pixels, suffix: str = ".png", **options: Any) -> Digitized:
    path = folder / f"page{suffix}"
    assert cv2.imwrite(str(path), picture[..., ::-1])
    return digitize(path, **options)


def good(read_: Digitized, leads: dict[str, NDArray[np.float64]], floor_db: float) -> None:
    assert set(read_.recording.leads) == set(NAMES)
    for name in NAMES:
        assert snr_db(leads[name], read_.recording.lead(name)) > floor_db, name
    assert read_.einthoven is not None
    assert read_.einthoven < 0.05


def test_a_usual_page(tmp_path: Path) -> None:
    leads = ecg()
    found = read(tmp_path, page(leads))
    good(found, leads, 13)
    assert found.layout == "3x4+1"
    assert found.speed_mm_per_s == 25
    assert found.gain_mm_per_mv == 10
    assert found.pixels_per_mm == pytest.approx(8, rel=0.002)
    assert found.heart_rate_bpm == pytest.approx(72, abs=1.5)
    assert found.strip_agreement["II"] > 0.98
    assert min(found.recording.confidence) > 0.7
    assert np.isfinite(found.recording.lead("II")).mean() > 0.97
    assert np.isnan(found.recording.lead("V1")[: round(4.9 * 500)]).all()
    assert np.ptp(found.recording.lead("II")) * 1.0 == pytest.approx(np.ptp(leads["II"]), rel=0.05)


@pytest.mark.parametrize(
    ("name", "rows", "row_mm"),
    [
        ("6x2", columns(NAMES, 6), 22),
        ("12x1", columns(NAMES, 12), 20),
        ("cabrera-6x2", columns(CABRERA, 6), 22),
    ],
)
def test_layouts(tmp_path: Path, name: str, rows: tuple[tuple[str, ...], ...], row_mm: float) -> None:
    leads = ecg()
    found = read(tmp_path, page(leads | {"-aVR": -leads["aVR"]}, rows, row_mm=row_mm, px=6))
    assert found.layout == name
    good(found, leads, 8)


def test_half_gain_and_fast_paper_are_read_off_the_pulse(tmp_path: Path) -> None:
    leads = ecg()
    assert read(tmp_path, page(leads, gain=5.0)).gain_mm_per_mv == 5
    good(read(tmp_path, page(leads, speed=50.0, px=5)), leads, 10)


def test_without_a_pulse_speed_and_gain_are_said_to_be_assumed(tmp_path: Path) -> None:
    found = read(tmp_path, page(ecg(), pulse=False))
    assert len(found.assumed) == 2
    assert all("assumed" in sentence for sentence in found.assumed)
    assert set(found.assumed) <= set(found.recording.warnings)


@pytest.mark.parametrize("change", ["grey", "jpeg", "tilted", "shaded", "turned", "photo"])
def test_poorer_pages(tmp_path: Path, change: str) -> None:
    leads = ecg()
    picture = page(leads)
    height, width = picture.shape[:2]
    if change == "grey":
        picture = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    elif change == "tilted":
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), 2.0, 0.95)
        picture = np.asarray(cv2.warpAffine(picture, turn, (width, height), borderValue=(255, 255, 255)), np.uint8)
    elif change == "shaded":
        noise = np.random.default_rng(1).normal(0, 8, picture.shape)
        shaded = picture * np.linspace(1, 0.55, width)[None, :, None] + noise
        picture = np.clip(shaded, 0, 255).astype(np.uint8)
    elif change == "turned":
        picture = np.ascontiguousarray(picture[::-1, ::-1])
    elif change == "photo":
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        moved = corners + np.array([[60, 40], [-40, 60], [-70, -30], [30, -50]], np.float32)
        picture = np.asarray(
            cv2.warpPerspective(picture, cv2.getPerspectiveTransform(corners, moved), (width, height)), np.uint8
        )
    good(read(tmp_path, picture, ".jpg" if change == "jpeg" else ".png"), leads, 9)


def test_a_layout_may_be_stated(tmp_path: Path) -> None:
    leads = ecg()
    assert read(tmp_path, page(leads), layout="3x4+1").layout == "3x4+1"
