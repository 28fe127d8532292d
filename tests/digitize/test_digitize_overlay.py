"""The page with its traces drawn back on it, pixel by pixel."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.digitize import Digitized, overlay
from kalemia.digitize.result import Trace
from kalemia.records import Recording

Pixels = NDArray[np.uint8]
FADED = 170
"""What is left of a grey of 100."""


def page(*traces: Trace, width: int = 1400, height: int = 40, **changes: Any) -> Digitized:
    """Return an even grey page with traces, all of which may be shown."""
    recording = Recording(np.zeros((1, 500), np.float32), 500.0, ("I",), "a.png", confidence=(1.0,), digitized=True)
    everything = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
    stated: dict[str, Any] = {"rgb": np.full((height, width, 3), 100, np.uint8), "boxes": (everything,)} | changes
    return Digitized(
        recording, 1, "image", 8.0, 0.0, 25.0, 10.0, "1x1", (), None, None, {}, None, traces=traces, **stated
    )


def shown(found: Digitized, **options: bool) -> Pixels:
    """Return the overlay as it is decoded: red, green and blue."""
    decoded = cv2.imdecode(np.frombuffer(overlay.overlay(found, **options), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(decoded[..., ::-1], np.uint8)


def trace(*points: tuple[float, float]) -> Trace:
    x, y = np.array(points).T
    return Trace("I", x, y)


@pytest.mark.parametrize(("width", "by"), [(100, 14), (933, 2), (934, 1), (1400, 1), (2800, 1), (4000, 1)])
def test_a_narrow_page_is_enlarged_and_a_wide_one_is_not(width: int, by: int) -> None:
    found = shown(page(trace((5.0, 20.0), (90.0, 20.0)), width=width))
    assert found.shape == (40 * by, width * by, 3)
    assert (found[2, 2] == FADED).all()
    assert found[20 * by, 50 * by].tolist() == pytest.approx(overlay.COLORS[0], abs=20)
    on = np.flatnonzero(found[:, 50 * by, 1] < FADED / 2)
    assert len(on) == pytest.approx(by, abs=1)  # a pen of one pixel of the page


def test_a_trace_is_open_and_begins_and_ends_where_it_was_traced() -> None:
    found = shown(page(trace((100.0, 10.0), (200.0, 30.0), (300.0, 10.0))))
    drawn = (found != FADED).any(axis=2)
    assert drawn[10, 100]
    assert drawn[30, 200]
    assert not drawn[10, 110:290].any()
    assert not drawn[:, :98].any()
    assert not drawn[:, 303:].any()


def test_places_are_finer_than_a_pixel() -> None:
    half = shown(page(trace((100.0, 20.5), (300.0, 20.5))))[:, 200].astype(int)
    assert half[20].tolist() == pytest.approx(half[21].tolist(), abs=12)


def test_colors_of_leads_return_after_the_last() -> None:
    rows = [trace((100.0, 5.0 + 7 * k), (300.0, 5.0 + 7 * k)) for k in range(5)]
    found = shown(page(*rows))
    for k, color in enumerate((*overlay.COLORS, overlay.COLORS[0])):
        assert found[5 + 7 * k, 200].tolist() == pytest.approx(color, abs=20)


def test_what_lies_around_the_rows_is_white_and_between_them_nothing_is_lost() -> None:
    boxes = tuple(np.array([[100.4, y], [200.0, y], [200.0, y + 10], [100.4, y + 10]]) for y in (55.0, 120.0))
    kept = shown(page(height=200, boxes=boxes))[..., 0] == FADED
    edge = overlay.TIP_MM * 8  # px
    for line, first, last in ((kept[60], 100, 200), (kept[:, 150], 55, 130)):
        places = np.flatnonzero(line)
        assert (places[0], places[-1]) == (pytest.approx(first - edge, abs=1.5), pytest.approx(last + edge, abs=1.5))
        assert len(places) == places[-1] - places[0] + 1
    assert (shown(page(height=200, boxes=boxes), blank=False) == FADED).all()
    assert (shown(page(boxes=())) == 255).all()


def test_the_tip_of_a_trace_that_leaves_its_row_is_shown() -> None:
    row = (np.array([[0.0, 150.0], [400.0, 150.0], [400.0, 160.0], [0.0, 160.0]]),)
    tip = page(trace((90.0, 155.0), (100.0, 60.0), (110.0, 155.0)), height=200, boxes=row)
    kept = shown(tip)[..., 0] < 255
    assert kept[62:150, 100].all()
    assert not kept[10, 100]
    assert not kept[62, 300]


def test_a_picture_for_a_report_is_cut_to_what_is_shown_and_fits() -> None:
    picture = np.full((400, 3000, 3), 255, np.uint8)
    picture[100:300, 500:2900] = np.random.default_rng(0).integers(0, 255, (200, 2400, 3))
    fitting = overlay.webp(picture, 300_000)
    assert len(fitting) <= 300_000
    read = cv2.imdecode(np.frombuffer(fitting, np.uint8), cv2.IMREAD_COLOR)
    assert read is not None
    assert read.shape[1] in [width for width, _ in overlay.FITS]
    assert read.shape[0] == pytest.approx(200 * read.shape[1] / 2400, abs=2)
    assert overlay.webp(np.full((10, 10, 3), 255, np.uint8), 60_000)


def test_colors_of_a_page_stay_in_their_order() -> None:
    rgb = np.zeros((30, 1400, 3), np.uint8)
    rgb[...] = (200, 100, 0)
    assert shown(page(rgb=rgb))[3, 3].tolist() == pytest.approx([225, 170, 115], abs=1)
    assert overlay.encode(rgb).startswith(b"\x89PNG")
