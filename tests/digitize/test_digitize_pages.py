"""Pages drawn here are read back: layouts, papers, tilts, and what they give."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_pages import NAMES, columns, ecg, page, read, snr_db
from numpy.typing import NDArray
from PIL import Image

from kalemia.digitize import Digitized, digitize, grid
from kalemia.errors import DigitizeError
from kalemia.simulate import simulate_one
from printed.digitizing import fidelity
from printed.layouts import PrintedLayout, layout
from printed.pages import Style, draw

Pixels = NDArray[np.uint8]
CABRERA = ("aVL", "I", "-aVR", "II", "aVF", "III", *NAMES[6:])


def good(read_: Digitized, leads: dict[str, NDArray[np.float64]], floor_db: float) -> None:
    assert set(read_.recording.leads) == set(NAMES)
    for name in NAMES:
        assert snr_db(leads[name], read_.recording.lead(name)) > floor_db, name
    assert read_.einthoven is not None
    assert read_.einthoven < 0.05


def test_a_usual_page() -> None:
    true = ecg()
    found = read(page(true))
    good(found, true, 12)
    assert found.layout == "3x4+1"
    assert found.speed_mm_per_s == 25
    assert found.gain_mm_per_mv == 10
    assert found.pixels_per_mm == pytest.approx(6, rel=0.002)
    assert found.heart_rate_bpm == pytest.approx(72, abs=1.5)
    assert found.strip_agreement["II"] > 0.98
    assert min(found.recording.confidence) > 0.7
    assert np.isfinite(found.recording.lead("II")).mean() > 0.97
    assert np.isnan(found.recording.lead("V1")[: round(4.9 * 500)]).all()
    strip = found.recording.lead("II")
    assert np.nanmax(strip) - np.nanmin(strip) == pytest.approx(np.ptp(true["II"]), rel=0.05)


def test_a_shadow_as_dark_as_the_table_hides_no_row() -> None:
    true = ecg()
    table = cv2.copyMakeBorder(page(true), 40, 40, 60, 60, cv2.BORDER_CONSTANT, value=(70, 60, 55))
    down = np.linspace(0, 1, len(table))[:, None] + np.linspace(0, 0.3, table.shape[1])
    light = 1 - 0.62 / (1 + np.exp((0.55 - down) / 0.006))
    good(read((table * light[..., None]).astype(np.uint8)), true, 12)


def test_cabreras_order() -> None:
    true = ecg()
    found = read(page(true | {"-aVR": -true["aVR"]}, columns(CABRERA, 6), row_mm=22))
    assert found.layout == "cabrera-6x2"
    good(found, true, 8)


def test_half_gain_and_fast_paper_are_read_off_the_pulse() -> None:
    half = read(page(ecg(), gain=5.0, px=4))
    assert half.gain_mm_per_mv == 5
    true = ecg(5.0)
    fast = read(page(true, columns(NAMES, 3), speed=50.0, px=5, seconds=5.0))
    assert fast.speed_mm_per_s == 50
    good(fast, true, 10)


def test_chest_leads_in_rows_of_their_own_may_have_a_gain_of_their_own() -> None:
    true = ecg(5.0)
    found = read(page(true, columns(NAMES, 12), row_mm=18, chest=0.5, seconds=5.0))
    assert found.layout == "12x1"
    assert found.gain_mm_per_mv == 10
    assert any("gains of their own pulses" in sentence for sentence in found.assumed)
    good(found, true, 8)
    for name in ("II", "V5"):
        assert np.nanmax(found.recording.lead(name)) == pytest.approx(true[name].max(), rel=0.1)


def test_without_a_pulse_speed_and_gain_are_said_to_be_assumed() -> None:
    found = read(page(ecg(), columns(NAMES, 3), pulse=False, px=5))
    assert len(found.assumed) == 2
    assert all("assumed" in sentence for sentence in found.assumed)
    assert set(found.assumed) <= set(found.recording.warnings)


def grey(picture: Pixels) -> Pixels:
    return np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)


def tilted(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 2.0, 0.95)
    return np.asarray(cv2.warpAffine(picture, turn, (width, height), borderValue=(255, 255, 255)), np.uint8)


def shaded(picture: Pixels) -> Pixels:
    noise = np.random.default_rng(1).normal(0, 8, picture.shape)
    return np.clip(picture * np.linspace(1, 0.55, picture.shape[1])[None, :, None] + noise, 0, 255).astype(np.uint8)


def turned(picture: Pixels) -> Pixels:
    return np.ascontiguousarray(picture[::-1, ::-1])


def photo(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + np.array([[45, 30], [-30, 45], [-50, -20], [20, -40]], np.float32)
    seen = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(corners, moved), (width, height))
    return np.asarray(seen, np.uint8)


@pytest.mark.parametrize("change", [grey, tilted, shaded, turned, photo])
def test_poorer_pages(change: type) -> None:
    true = ecg()
    good(read(change(page(true)), ".jpg" if change is grey else ".png"), true, 9)


def test_a_fifth_column_is_read_by_its_labels() -> None:
    true = ecg()
    more = true | {"V4R": true["V1"], "V8": true["V6"], "V9": true["V6"]}
    found = read(page(more, columns((*NAMES, "V4R", "V8", "V9"), 3)))
    assert found.layout == "3x5"
    assert found.recording.leads == (*NAMES, "V4R", "V8", "V9")


@pytest.mark.parametrize(
    ("layout", "rows"),
    [("6x1", columns(NAMES[6:], 6)), ("3x2", columns(NAMES[:6], 3)), ("2x1", (("V5",), ("II",))), ("1x1", (("II",),))],
)
def test_fewer_leads_are_read_where_labels_name_them(layout: str, rows: tuple[tuple[str, ...], ...]) -> None:
    true = ecg(5.0 if len(rows[0]) == 1 else 10.0)
    found = read(page(true, rows, row_mm=22, seconds=len(true["I"]) / 500))
    assert found.layout == layout
    assert set(found.recording.leads) == {name for row in rows for name in row}
    for name in found.recording.leads:
        assert snr_db(true[name], found.recording.lead(name)) > 8


def test_a_lead_without_a_label_is_read_where_the_user_names_it() -> None:
    bare = page(ecg(5.0), (("II",),), px=4, labels=False, seconds=5.0)
    with pytest.raises(DigitizeError, match="--layout I/II/III"):
        read(bare)
    stated = read(bare, layout="II")
    assert stated.recording.leads == ("II",)
    assert snr_db(ecg(5.0)["II"], stated.recording.lead("II")) > 8


def test_augmented_leads_that_do_not_sum_up_to_zero_are_flagged() -> None:
    true = ecg()
    found = read(page(true | {"aVF": 0.2 * true["aVF"]}))
    assert any("aVR + aVL differs from -aVF" in sentence for sentence in found.recording.warnings)
    sure = dict(zip(found.recording.leads, found.recording.confidence, strict=True))
    assert max(sure["aVR"], sure["aVL"], sure["aVF"]) <= 0.5 < min(sure["I"], sure["II"], sure["III"])


def test_tall_t_waves_and_a_first_label_are_no_beats() -> None:
    true = {name: signal + 2 * np.maximum(signal, 0) * late(signal) for name, signal in ecg(bpm=50).items()}
    found = read(page(true, row_mm=34))
    assert found.heart_rate_bpm == pytest.approx(50, abs=1)


def late(signal: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where a beat of 50 a minute has its T wave."""
    phase = np.arange(len(signal)) / 500 % 1.2 - 0.35
    return (phase > 0.12) & (phase < 0.45)


def test_a_page_without_a_grid_has_the_scale_of_its_pulses() -> None:
    true = ecg()
    white = (255, 255, 255)
    found = read(page(true, grid=white, px=5))
    good(found, true, 8)
    assert found.pixels_per_mm == pytest.approx(5, rel=0.02)
    assert any("No grid is seen" in sentence for sentence in found.assumed)
    with pytest.raises(DigitizeError, match="dots per inch"):
        read(page(true, grid=white, pulse=False, px=5))


def stretched(picture: NDArray[np.uint8], across: float, down: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(picture, None, fx=across, fy=down, interpolation=cv2.INTER_CUBIC), np.uint8)


def test_a_page_stretched_a_little_is_measured_by_its_grid() -> None:
    true = ecg()
    found = read(stretched(page(true, px=4), 1.3, 1.0))
    assert all(snr_db(true[name], found.recording.lead(name)) > 3.5 for name in NAMES)
    assert found.heart_rate_bpm == pytest.approx(72, abs=1)


@pytest.mark.parametrize("stretch", [(2.0, 1.0), (1.0, 2.0)])
def test_a_page_stretched_by_two_is_refused(stretch: tuple[float, float]) -> None:
    picture = stretched(page(ecg(), (("I",), ("II",)), px=4, row_mm=20), *stretch)
    with pytest.raises(DigitizeError, match="the page is stretched"):
        read(picture)


# ---- pages of our own renderer


@pytest.mark.parametrize("px_per_mm", [6.0, 8.0])
def test_the_third_harmonic_of_thin_lines_is_not_taken_for_the_lattice(px_per_mm: float) -> None:
    drawn = draw(simulate_one(77, 1).recording, layout(3, 4, ("II",)), Style(px_per_mm=px_per_mm))
    found = grid.find(drawn.image)
    assert found is not None
    assert found.pitch == pytest.approx(px_per_mm, rel=0.002)


@pytest.mark.parametrize(
    "corners", [((20, 60), (1290, 10), (1300, 720), (40, 620)), ((70, 20), (1200, 60), (1300, 700), (0, 720))]
)
def test_lines_are_followed_where_their_distance_changes_by_a_third(corners: tuple[tuple[int, int], ...]) -> None:
    flat = draw(simulate_one(77, 1).recording, layout(3, 4, ("II",)), Style(px_per_mm=5.0))
    height, width = flat.image.shape[:2]
    old = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(old, np.array(corners, np.float32))
    seen = cv2.warpPerspective(flat.image, matrix, (1320, 740), borderValue=(70, 60, 55))
    found = grid.find(np.asarray(seen, np.uint8))
    assert found is not None
    places = np.stack(np.meshgrid(np.linspace(40, width - 40, 20), np.linspace(40, height - 40, 12)), -1)
    x, y = cv2.perspectiveTransform(places.astype(np.float32).reshape(-1, 1, 2), matrix)[:, 0].T.astype(np.float64)
    for read_mm, true in zip(found.millimeters(x, y), places.reshape(-1, 2).T / 5, strict=True):
        off = read_mm - true
        assert np.abs(off - np.median(off)).max() < 0.25


@pytest.mark.parametrize("shown", [layout(12, 1, seconds=5.0), PrintedLayout((("V4", "V5", "V6"),), (), 5.0)])
def test_labels_beside_rows_are_no_part_of_them(tmp_path: Path, shown: PrintedLayout) -> None:
    style = Style(label="beside", pulse="right", row_mm=20, label_mm=3.0, gain_mm_mv=5.0)
    drawn = draw(simulate_one(77, 1).recording, shown, style)
    Image.fromarray(drawn.image).save(tmp_path / "page.png")
    found = digitize(tmp_path / "page.png")
    assert found.layout == shown.name
    assert fidelity(drawn.recording, found.recording).db > 12
