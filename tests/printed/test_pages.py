"""Drawn pages: every sample lies where its page says that it does, before and after the page is spoiled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import ecgs
from kalemia.records import LEADS, Recording
from printed import brush, degrade, warp
from printed.anypage import random_page
from printed.layouts import PrintedLayout, layout, printed
from printed.pages import PrintedPage, PrintedTrace, Ruling, Style, draw

RECORDING = ecgs.recording(noise_mv=0.0)
BARE = Style(grid=Ruling(kind="none"), pulse="none")
Generator = np.random.Generator


def rng() -> Generator:
    return np.random.default_rng(6)


def bare() -> PrintedPage:
    return draw(RECORDING, layout(3, 4, ("II",)), BARE)


def read_mv(page: PrintedPage, trace: PrintedTrace, style: Style) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    up = trace.points[0, 1] - trace.points[:, 1]
    return np.asarray(up / style.px_per_mm / style.gain_mm_mv)


def darkness(page: PrintedPage, trace: PrintedTrace, below_px: float = 0.0) -> float:
    """Return the median darkness, 0..255, of the pixels under a trace, or some pixels below it."""
    x, y = np.round(np.add(trace.points, (0, below_px))).astype(int).T
    return 255 - float(np.median(page.image[y, x].mean(axis=-1)))


# ---- the brush


@pytest.mark.parametrize("width", [0.7, 1.0, 1.7, 2.4, 3.6])
@pytest.mark.parametrize("y", [10.0, 10.3, 10.5])
def test_a_stroke_lies_between_pixels_and_is_as_wide_as_asked(width: float, y: float) -> None:
    image = np.full((24, 60, 3), 255, dtype=np.uint8)
    brush.stroke(image, np.array([[5.0, y], [50.0, y]]), width, (0, 0, 0))
    ink = 255 - image[:, 20:40, 0].mean(axis=1).astype(np.float64)
    assert ink @ np.arange(24) / ink.sum() == pytest.approx(y, abs=0.12)
    assert ink.sum() / 255 == pytest.approx(width, abs=0.2)


def test_what_lies_outside_of_the_image_is_left_out() -> None:
    image = np.full((10, 10, 3), 255, dtype=np.uint8)
    brush.stroke(image, np.array([[-50.0, 5.0], [4.0, 5.0]]), 2.0, (0, 0, 0))
    brush.stroke(image, np.array([[-50.0, -5.0], [-40.0, -5.0]]), 2.0, (0, 0, 0))
    brush.blend(image, np.ones((4, 4)), (9, 9, 9), 8, -2)
    brush.blend(image, np.ones((4, 4)), (9, 9, 9), 30, 30)
    assert image[5, 0, 0] < 30
    assert (image[:2, 8:] == 9).all()
    assert image[9, 9, 0] == 255


def test_grid_lines_cover_their_width_wherever_they_lie() -> None:
    covered = brush.lines(80, 3.3, 8.0, 1.2)
    assert covered.sum() == pytest.approx(10 * 1.2)
    assert covered[2:6] == pytest.approx([0.0, 0.8, 0.4, 0.0], abs=1e-5)
    crisp = brush.lines(80, 3.3, 8.0, 1.2, crisp=True)
    assert list(np.flatnonzero(crisp)) == list(range(3, 80, 8))


@pytest.mark.parametrize("font", brush.FONTS)
def test_letters_are_as_high_as_asked(font: brush.Font) -> None:
    rows = np.flatnonzero(brush.letters("V1", 22.0, font).max(axis=1) > 0.5)
    assert len(rows) == pytest.approx(22, abs=4)
    assert brush.letters("25 mm/s", 22.0, font).max() > 0.9


# ---- pages


@pytest.mark.parametrize(
    ("shown", "name", "lead", "span_s"),
    [
        (layout(3, 4, ("II",)), "3x4+1", "V2", (5.0, 7.5)),
        (layout(3, 4, ("II",)), "3x4+1", "II", (0.0, 10.0)),
        (layout(3, 4, (), cabrera=True), "cabrera-3x4", "aVF", (2.5, 5.0)),
        (layout(6, 2), "6x2", "V6", (5.0, 10.0)),
        (layout(12, 1, seconds=5), "12x1", "V6", (0.0, 5.0)),
        (layout(4, 3), "4x3", "aVR", (0.0, 10 / 3)),
        (PrintedLayout((("V5",),)), "1x1", "V5", (0.0, 10.0)),
    ],
)
def test_each_lead_is_printed_where_its_layout_says(
    shown: PrintedLayout, name: str, lead: str, span_s: tuple[float, float]
) -> None:
    page = draw(RECORDING, shown)
    there = np.flatnonzero(np.isfinite(page.recording.lead(lead)))
    assert page.layout == name
    assert (there[0] / 500, (there[-1] + 1) / 500) == pytest.approx(span_s, abs=0.002)
    assert page.recording.duration_s == shown.seconds
    kept = printed(RECORDING, shown).lead(lead)
    np.testing.assert_array_equal(kept[there], RECORDING.lead(lead)[there])
    assert np.isfinite(kept).sum() == len(there)


@pytest.mark.parametrize(("speed", "gain", "px"), [(25.0, 10.0, 8.0), (50.0, 5.0, 4.3), (25.0, 20.0, 6.0)])
def test_millimetres_are_seconds_and_millivolts(speed: float, gain: float, px: float) -> None:
    style = Style(px_per_mm=px, speed_mm_s=speed, gain_mm_mv=gain)
    page = draw(RECORDING, layout(12, 1), style)
    for trace in page.traces:
        true = page.recording.lead(trace.lead)
        np.testing.assert_allclose(read_mv(page, trace, style), true - true[0], atol=1e-5)
        np.testing.assert_allclose(np.diff(trace.points[:, 0]), speed / 500 * px)
    assert page.image.shape[1] == pytest.approx((10 * speed + 10 + 4 + 0.2 * speed) * px, abs=1)


def test_chest_leads_at_half_gain_and_avr_upside_down() -> None:
    style = Style(chest=0.5)
    page = draw(RECORDING, layout(6, 2, cabrera=True), style)
    found = {trace.lead: np.ptp(read_mv(page, trace, style)) for trace in page.traces}
    true = {name: np.ptp(page.recording.lead(name)[np.isfinite(page.recording.lead(name))]) for name in LEADS}
    assert found["V5"] == pytest.approx(0.5 * true["V5"], rel=1e-3)
    upside_down = next(trace for trace in page.traces if trace.lead == "aVR")
    avr = page.recording.lead("aVR")[:2500]
    np.testing.assert_allclose(read_mv(page, upside_down, style), avr[0] - avr, atol=1e-5)


def test_ink_lies_under_every_trace_and_nothing_below_it() -> None:
    page = bare()
    assert len(page.traces) == 13
    for trace in page.traces:
        assert darkness(page, trace) > 150
        assert darkness(page, trace, below_px=5) < 5


def test_a_tall_lead_runs_into_the_row_above() -> None:
    tall = ecgs.changed(RECORDING, "V5", 4 * RECORDING.lead("V5"))
    page = draw(tall, layout(12, 1), BARE)
    row = next(trace for trace in page.traces if trace.lead == "V5")
    top = row.points[row.points[:, 1].argmin()].round().astype(int)
    assert top[1] < page.traces[9].points[:, 1].min()  # above the highest point of V4
    assert page.image[top[1], top[0]].mean() < 100


def test_a_recording_must_fill_the_page() -> None:
    with pytest.raises(ValueError, match="lead V5 of layout"):
        draw(Recording(RECORDING.signal[:1], 500.0, ("I",)), PrintedLayout((("V5",),)))
    with pytest.raises(ValueError, match="lasts 4 s; the page needs 10 s"):
        draw(ecgs.recording(seconds=4.0), layout(3, 4))
    with pytest.raises(ValueError, match="expected twelve"):
        layout(5, 2)


def test_random_pages_differ_and_repeat() -> None:
    pages = [random_page(RECORDING, np.random.default_rng(seed)) for seed in range(8)]
    again = random_page(RECORDING, np.random.default_rng(5))
    assert (pages[5].image == again.image).all()
    assert len({page.layout for page in pages}) >= 5
    assert len({page.image.shape for page in pages}) == 8
    for page in pages:
        dark = [darkness(page, trace) - darkness(page, trace, below_px=2 * page.px_per_mm) for trace in page.traces]
        assert np.median(dark) > 20


def test_one_lead_gives_one_strip() -> None:
    short = Recording(RECORDING.signal[1:2, :1500], 500.0, ("II",))
    page = random_page(short, rng())
    assert (page.layout, page.recording.leads) == ("1x1", ("II",))
    assert page.recording.duration_s == 3.0


# ---- what happens to pages

MOVED: dict[str, Callable[[PrintedPage, Generator], PrintedPage]] = {
    "rotate": lambda page, _: warp.rotate(page, 4.0),
    "perspective": warp.perspective,
    "shrink": lambda page, _: warp.shrink(page, 5.0),
    "photo": degrade.photo,
    "scan": degrade.scan,
}


@pytest.mark.parametrize("name", MOVED)
def test_the_samples_move_with_the_page(name: str) -> None:
    page = bare()
    moved = MOVED[name](page, rng())
    assert moved.image.dtype == np.uint8
    shift = np.concatenate([b.points - a.points for a, b in zip(page.traces, moved.traces, strict=True)])
    assert np.abs(shift).max() > 5
    for trace in moved.traces:
        assert darkness(moved, trace) > darkness(moved, trace, below_px=5) + 40


def test_rotation_keeps_the_whole_page() -> None:
    page = bare()
    turned = warp.rotate(page, 90.0)
    assert turned.image.shape[:2] == pytest.approx(page.image.shape[1::-1], abs=1)
    width = page.image.shape[1]
    expected = np.stack([page.traces[0].points[:, 1], width - 1 - page.traces[0].points[:, 0]], axis=1)
    np.testing.assert_allclose(turned.traces[0].points, expected, atol=0.6)


def test_what_changes_only_the_colors() -> None:
    page = draw(RECORDING, layout(3, 4), Style(px_per_mm=5))
    level = np.full_like(page.image, 128)
    flat = PrintedPage(level, page.recording, "3x4", 5.0)
    assert (np.ptp(degrade.grey(page).image, axis=-1) == 0).all()
    assert np.std(degrade.noise(flat, rng(), 10.0).image) == pytest.approx(10, rel=0.02)
    assert set(np.unique(degrade.fax(page).image)) == {0, 255}
    shaded = degrade.shade(flat, rng(), (0.5, 0.5)).image
    assert (shaded.max(), shaded.min()) == (128, 64)
    assert degrade.shadow(flat, rng(), (0.4, 0.4)).image.min() == pytest.approx(0.6 * 128, abs=2)
    assert np.std(degrade.blur(page, 2.0).image) < 0.8 * np.std(page.image)
    assert 0 < np.abs(degrade.jpeg(page, 50).image.astype(int) - page.image).mean() < 12


@pytest.mark.parametrize("spoil", [degrade.stain, degrade.scribble, degrade.fold, degrade.expose])
def test_spoiling_is_seen_and_repeats(spoil: Callable[[PrintedPage, Generator], PrintedPage]) -> None:
    page = draw(RECORDING, layout(3, 4), Style(px_per_mm=5))
    spoiled = spoil(page, rng())
    assert spoiled.image.shape == page.image.shape
    assert (spoiled.image != page.image).any(axis=-1).mean() > 0.002
    assert (spoiled.image == spoil(page, rng()).image).all()
