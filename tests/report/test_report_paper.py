from __future__ import annotations

import re
import time
from dataclasses import replace

import numpy as np
import pytest
from report_examples import HIGH, beat, recording

from kalemia.records import LEADS, Recording
from kalemia.report import page
from kalemia.report.paper import draw, duration, layout, path, thin


def points(d: str) -> list[np.ndarray]:
    """Return the absolute points of every run of a path, in its own units."""
    numbers = [np.array(re.findall(r"-?\d+", run), dtype=float).reshape(-1, 2) for run in d.split("M")[1:]]
    return [np.cumsum(run, axis=0) for run in numbers]


def traces(svg: str) -> list[str]:
    return re.findall(r'<path d="([^"]*)" class="trace"', svg)


def test_twelve_leads_stand_in_four_columns_above_a_rhythm_strip() -> None:
    rows = layout(recording())
    assert [[strip.lead for strip in row] for row in rows] == [
        ["I", "aVR", "V1", "V4"],
        ["II", "aVL", "V2", "V5"],
        ["III", "aVF", "V3", "V6"],
        ["II"],
    ]
    assert [strip.start_s for strip in rows[0]] == [0, 2.5, 5, 7.5]
    assert rows[3][0].length_s == 10


def test_leads_are_found_by_name_whatever_their_order() -> None:
    mixed = recording((*reversed(LEADS), "V7"))
    assert [strip.lead for strip in layout(mixed)[0]] == ["I", "aVR", "V1", "V4"]
    assert [strip.lead for strip in layout(mixed)[4]] == ["V7"]


def test_a_watch_goes_on_for_as_many_rows_as_it_needs() -> None:
    rows = layout(recording(("I",), 25.0))
    assert [(row[0].start_s, row[0].length_s, row[0].label) for row in rows] == [
        (0, 10, "I"),
        (10, 10, "I, from 10 s"),
        (20, 5, "I, from 20 s"),
    ]


def test_other_leads_get_a_row_each() -> None:
    assert [row[0].lead for row in layout(recording(("II", "V1", "V5"), 8.0))] == ["II", "V1", "V5"]


def test_what_is_left_out_is_said() -> None:
    many = recording(tuple(f"E{k}" for k in range(30)), 3.0)
    assert "6 more leads are not drawn." in draw(many, None).remarks
    hour = recording(("II", "V5"), 3600.0, 100.0)
    assert "Drawn are the first 30 s of 1 h 0 min." in draw(hour, None).remarks


def test_the_scale_is_25_mm_a_second_and_10_mm_a_millivolt() -> None:
    signal = np.zeros((1, 5000), np.float32)
    signal[0, 2500] = 1.0
    (d,) = traces(draw(Recording(signal, 500.0, ("II",)), None).svg)
    (line,) = points(d)
    mm = line * 0.02
    peak = mm[mm[:, 1].argmin()]
    assert peak[0] - mm[0, 0] == pytest.approx(125, abs=0.1)
    assert mm[0, 1] - peak[1] == pytest.approx(10, abs=0.02)
    assert mm[-1, 0] - mm[0, 0] == pytest.approx(250, abs=0.1)


def test_the_offset_of_a_lead_is_removed() -> None:
    drawn = [traces(draw(recording(offset=offset), None).svg) for offset in (0.0, 64.0)]
    for near, far in zip(*drawn, strict=True):
        assert np.abs(points(near)[0][:20] - points(far)[0][:20]).max() <= 1


def test_a_gap_is_not_drawn() -> None:
    holed = recording(("I",), 10.0)
    holed.signal[0, 1000:1500] = np.nan
    holed.signal[0, 3000] = np.inf
    (d,) = traces(draw(holed, None).svg)
    first, second, third = points(d)
    assert first[-1, 0] * 0.02 == pytest.approx(15 + 50, abs=0.2)
    assert second[0, 0] * 0.02 == pytest.approx(15 + 75, abs=0.2)
    assert third[0, 0] > second[-1, 0]


def test_a_lead_without_a_sample_says_so() -> None:
    empty = recording()
    empty.signal[3] = np.nan
    assert draw(empty, None).svg.count("not recorded") == 1
    assert draw(replace(empty, signal=np.full_like(empty.signal, np.nan)), None).svg.count("not recorded") == 13


def test_a_column_printed_at_another_moment_is_drawn_and_told() -> None:
    page_like = recording()
    page_like.signal[LEADS.index("V4"), 1250:] = np.nan
    drawing = draw(page_like, None)
    assert "not recorded" not in drawing.svg
    assert "Recorded at another moment than the column shows: V4." in drawing.remarks


def test_short_recordings_are_drawn() -> None:
    for seconds in (0.002, 1.0, 5.0):
        for leads in (LEADS, ("I",)):
            assert traces(draw(recording(leads, seconds), None).svg)


def test_a_huge_amplitude_is_cut_off_and_told() -> None:
    wild = recording()
    wild.signal[LEADS.index("V2")] *= 1e6
    drawing = draw(wild, None)
    assert "Cut off at the edge of the row: V2." in drawing.remarks
    height = float(re.findall(r'viewBox="0 0 \S+ (\S+)"', drawing.svg)[0])
    assert height <= 200


def test_r_peaks_are_marked_on_the_rhythm_strip_only() -> None:
    marks = re.findall(r'<path d="([^"]*)" class="peak"', draw(recording(), beat()).svg)
    assert [d.count("M") for d in marks] == [0, 0, 0, 12]
    first = float(re.findall(r"M(\S+) ", marks[3])[0])
    assert first == pytest.approx(15 + 0.8 * 25)


def test_thinning_keeps_every_extreme_and_every_gap() -> None:
    values = np.random.default_rng(1).normal(size=1003)
    values[500] = 50.0
    kept = thin(values, 10)
    assert len(kept) < 210
    assert 500 in kept
    assert values.argmin() in kept
    assert (np.diff(kept) >= 0).all()
    values[42] = np.nan
    assert np.isnan(values[thin(values, 10)]).any()
    assert len(thin(values, 1)) == 1003


def test_paths_are_whole_numbers_broken_at_gaps() -> None:
    x, y = np.arange(6.0), np.array([0.0, -1.0, np.nan, 2.0, np.nan, np.nan])
    assert path(x, y) == "M0 0l50-50M150 100l0 0"
    assert path(x, np.full(6, np.nan)) == ""


@pytest.mark.parametrize(
    "shown",
    [
        recording(),
        recording(rate=4000.0),
        recording(tuple(f"E{k}" for k in range(24)), 10.0, 1000.0),
        recording(("I",), 600.0),
    ],
    ids=["ordinary", "fast", "many", "long"],
)
def test_a_page_is_small(shown: Recording) -> None:
    html = page(replace(HIGH, leads_used=shown.leads), shown, beat(shown.leads))
    assert len(html.encode()) < 400_000


def test_a_page_is_made_in_a_moment() -> None:
    ordinary, median = recording(), beat()
    page(HIGH, ordinary, median)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        page(HIGH, ordinary, median)
        times.append(time.perf_counter() - start)
    # It takes about 15 ms; a busy machine is given its share.
    assert min(times) < 0.1


@pytest.mark.parametrize(
    ("seconds", "said"), [(9.98, "10.0 s"), (300.0, "5 min"), (3600.0, "1 h 0 min"), (86400.0, "24 h 0 min")]
)
def test_durations_are_said_shortly(seconds: float, said: str) -> None:
    assert duration(seconds) == said
