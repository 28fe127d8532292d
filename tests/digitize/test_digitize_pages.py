"""Pages drawn here are read back: layouts, papers, tilts, and what they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from drawn_pages import NAMES, columns, ecg, page, snr_db
from numpy.typing import NDArray

from kalemia.digitize import Digitized, digitize, follow
from kalemia.errors import DigitizeError

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
    true = ecg()
    found = read(tmp_path, page(true))
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


def test_a_shadow_as_dark_as_the_table_hides_no_row(tmp_path: Path) -> None:
    true = ecg()
    table = cv2.copyMakeBorder(page(true), 40, 40, 60, 60, cv2.BORDER_CONSTANT, value=(70, 60, 55))
    down = np.linspace(0, 1, len(table))[:, None] + np.linspace(0, 0.3, table.shape[1])
    light = 1 - 0.62 / (1 + np.exp((0.55 - down) / 0.006))
    good(read(tmp_path, (table * light[..., None]).astype(np.uint8)), true, 12)


@pytest.mark.parametrize(
    ("name", "rows", "row_mm"),
    [
        ("12x1", columns(NAMES, 12), 18),
        ("cabrera-6x2", columns(CABRERA, 6), 22),
    ],
)
def test_layouts(tmp_path: Path, name: str, rows: tuple[tuple[str, ...], ...], row_mm: float) -> None:
    true = ecg()
    found = read(tmp_path, page(true | {"-aVR": -true["aVR"]}, rows, row_mm=row_mm))
    assert found.layout == name
    good(found, true, 8)


def test_half_gain_and_fast_paper_are_read_off_the_pulse(tmp_path: Path) -> None:
    true = ecg()
    assert read(tmp_path, page(true, gain=5.0, px=4)).gain_mm_per_mv == 5
    good(read(tmp_path, page(true, speed=50.0, px=5)), true, 10)


def test_chest_leads_may_have_a_gain_of_their_own(tmp_path: Path) -> None:
    true = ecg()
    found = read(tmp_path, page(true, columns(NAMES, 12), row_mm=18, chest=0.5))
    assert found.gain_mm_per_mv == 10
    assert any("gains of their own pulses" in sentence for sentence in found.assumed)
    for name in ("II", "V5"):
        assert np.nanmax(found.recording.lead(name)) == pytest.approx(true[name].max(), rel=0.1)


def test_without_a_pulse_speed_and_gain_are_said_to_be_assumed(tmp_path: Path) -> None:
    found = read(tmp_path, page(ecg(), pulse=False, px=5))
    assert len(found.assumed) == 2
    assert all("assumed" in sentence for sentence in found.assumed)
    assert set(found.assumed) <= set(found.recording.warnings)


@pytest.mark.parametrize("change", ["grey jpeg", "tilted", "shaded", "turned", "photo"])
def test_poorer_pages(tmp_path: Path, change: str) -> None:
    true = ecg()
    picture = page(true)
    height, width = picture.shape[:2]
    if change == "grey jpeg":
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
        moved = corners + np.array([[45, 30], [-30, 45], [-50, -20], [20, -40]], np.float32)
        picture = np.asarray(
            cv2.warpPerspective(picture, cv2.getPerspectiveTransform(corners, moved), (width, height)), np.uint8
        )
    good(read(tmp_path, picture, ".jpg" if "jpeg" in change else ".png"), true, 9)


def test_a_layout_may_be_stated(tmp_path: Path) -> None:
    assert read(tmp_path, page(ecg(), px=4), layout="3x4+1").layout == "3x4+1"


def test_a_fifth_column_is_read_by_its_labels_and_refused_without(tmp_path: Path) -> None:
    true = ecg()
    more = true | {"V4R": true["V1"], "V8": true["V6"], "V9": true["V6"]}
    rows = columns((*NAMES, "V4R", "V8", "V9"), 3)
    found = read(tmp_path, page(more, rows))
    assert found.layout == "3x5"
    assert found.recording.leads == (*NAMES, "V4R", "V8", "V9")
    with pytest.raises(DigitizeError, match="--layout I/II/III"):
        read(tmp_path, page(more, rows, px=4, labels=False))


@pytest.mark.parametrize(
    ("layout", "rows"),
    [("6x1", columns(NAMES[6:], 6)), ("3x2", columns(NAMES[:6], 3)), ("2x1", (("V5",), ("II",))), ("1x1", (("II",),))],
)
def test_fewer_leads_are_read_where_labels_or_the_user_name_them(
    tmp_path: Path, layout: str, rows: tuple[tuple[str, ...], ...]
) -> None:
    true = ecg()
    found = read(tmp_path, page(true, rows))
    assert found.layout == layout
    assert set(found.recording.leads) == {name for row in rows for name in row}
    for name in found.recording.leads:
        assert snr_db(true[name], found.recording.lead(name)) > 8
    bare = page(true, rows, px=4, labels=False)
    with pytest.raises(DigitizeError, match="--layout I/II/III"):
        read(tmp_path, bare)
    stated = read(tmp_path, bare, layout="/".join(",".join(row) for row in rows))
    assert stated.recording.leads == found.recording.leads


def test_labels_in_another_order_are_believed(tmp_path: Path) -> None:
    true = ecg()
    swapped = (*NAMES[6:], *NAMES[:6])
    found = read(tmp_path, page(true, columns(swapped, 6)))
    for name in NAMES:
        assert snr_db(true[name], found.recording.lead(name)) > 8


def test_augmented_leads_that_do_not_sum_up_to_zero_are_flagged(tmp_path: Path) -> None:
    true = ecg()
    found = read(tmp_path, page(true | {"aVF": 0.2 * true["aVF"]}))
    assert any("aVR + aVL differs from -aVF" in sentence for sentence in found.recording.warnings)
    sure = dict(zip(found.recording.leads, found.recording.confidence, strict=True))
    assert max(sure["aVR"], sure["aVL"], sure["aVF"]) <= 0.5 < min(sure["I"], sure["II"], sure["III"])


def test_a_strip_much_like_two_leads_is_taken_for_the_usual_one(tmp_path: Path) -> None:
    true = ecg()
    rows = (*columns(NAMES, 3), ("strip",))
    mixed = true | {"strip": 0.2 * true["II"] + 0.8 * true["aVF"]}
    found = read(tmp_path, page(mixed, rows))
    assert set(found.strip_agreement) == {"II"}


def test_tall_t_waves_and_a_first_label_are_no_beats(tmp_path: Path) -> None:
    true = {name: signal + 2 * np.maximum(signal, 0) * late(signal) for name, signal in ecg(bpm=50).items()}
    found = read(tmp_path, page(true, row_mm=34))
    assert found.heart_rate_bpm == pytest.approx(50, abs=1)


def late(signal: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where a beat of 50 a minute has its T wave."""
    phase = np.arange(len(signal)) / 500 % 1.2 - 0.35
    return (phase > 0.12) & (phase < 0.45)


def test_a_step_over_paper_is_told_from_a_stroke() -> None:
    y = np.concatenate([np.full(20, 30.0), np.full(40, 80.0), np.full(2, 20.0), np.full(38, 80.0)])
    sure = np.zeros((100, 100), np.float32)
    sure[y.astype(int), np.arange(100)] = 1
    sure[20:81, 60:62] = 1  # a QRS is inked from foot to top; from a label down to the trace there is paper
    assert follow.steps(y, sure, 5.0).tolist() == [20.0]


def test_a_page_without_a_grid_has_the_scale_of_its_pulses(tmp_path: Path) -> None:
    true = ecg()
    white = (255, 255, 255)
    found = read(tmp_path, page(true, grid=white, px=5))
    good(found, true, 8)
    assert found.pixels_per_mm == pytest.approx(5, rel=0.02)
    assert any("No grid is seen" in sentence for sentence in found.assumed)
    with pytest.raises(DigitizeError, match="dots per inch"):
        read(tmp_path, page(true, grid=white, pulse=False, px=5))


def stretched(picture: NDArray[np.uint8], across: float, down: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(picture, None, fx=across, fy=down, interpolation=cv2.INTER_CUBIC), np.uint8)


def test_a_page_stretched_a_little_is_measured_by_its_grid(tmp_path: Path) -> None:
    true = ecg()
    found = read(tmp_path, stretched(page(true, px=4), 1.3, 1.0))
    assert all(snr_db(true[name], found.recording.lead(name)) > 3.5 for name in NAMES)
    assert found.heart_rate_bpm == pytest.approx(72, abs=1)


@pytest.mark.parametrize("stretch", [(2.0, 1.0), (1.0, 2.0)])
def test_a_page_stretched_by_two_is_refused(tmp_path: Path, stretch: tuple[float, float]) -> None:
    picture = stretched(page(ecg(), px=4), *stretch)
    with pytest.raises(DigitizeError, match="the page is stretched"):
        read(tmp_path, picture)
