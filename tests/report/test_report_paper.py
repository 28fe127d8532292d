"""An ECG on millimetre paper: which stretch stands where, to the millimetre, and what is said below."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import numpy as np
import pytest
from markup_tree import Node, parse, points
from report_examples import HIGH, beat, recording

from kalemia.estimate.predict import Result
from kalemia.records import LEADS, Recording
from kalemia.report import page
from kalemia.report.curve import curve, path, thin
from kalemia.report.paper import draw
from kalemia.report.strips import Strip, layout, samples, straightened


def picture(shown: Recording, name: str = "ecg") -> Node:
    return parse(draw(shown, beat(), name).svg).one("svg", "ecg")


def zeros(svg: Node) -> list[float]:
    """Return the zero line of every row, mm, which its calibration pulse begins on."""
    return [float(pulse["d"].split()[1].split("h")[0]) for pulse in pulses(svg)]


def pulses(svg: Node) -> list[Node]:
    return [pulse for pulse in svg.all("path", "pulse") if "h5" in pulse["d"]]


def flat(leads: tuple[str, ...] = ("II",), seconds: float = 10.0) -> Recording:
    return Recording(np.zeros((len(leads), round(500 * seconds)), np.float32), 500.0, leads)


def test_twelve_leads_stand_in_four_columns_above_a_rhythm_strip() -> None:
    rows = layout(recording())
    assert [[strip.lead for strip in row] for row in rows] == [
        ["I", "aVR", "V1", "V4"],
        ["II", "aVL", "V2", "V5"],
        ["III", "aVF", "V3", "V6"],
        ["II"],
    ]
    for row in rows[:3]:
        assert [(strip.start_s, strip.length_s, strip.left) for strip in row] == [
            (0.0, 2.5, 0.0), (2.5, 2.5, 62.5), (5.0, 2.5, 125.0), (7.5, 2.5, 187.5)
        ]  # fmt: skip
        assert [strip.label for strip in row] == [strip.lead for strip in row]
    assert rows[3] == [Strip("II", 0.0, 10.0, 0.0, "II")]


def test_leads_are_found_by_name_whatever_their_order() -> None:
    mixed = recording((*reversed(LEADS), "V7"))
    assert [strip.lead for strip in layout(mixed)[0]] == ["I", "aVR", "V1", "V4"]
    assert layout(mixed)[4] == [Strip("V7", 0.0, 10.0, 0.0, "V7")]
    assert len(layout(mixed)) == 5


def test_a_watch_goes_on_for_as_many_rows_as_it_needs() -> None:
    rows = layout(recording(("I",), 25.0))
    assert rows == [
        [Strip("I", 0.0, 10.0, 0.0, "I")],
        [Strip("I", 10.0, 10.0, 0.0, "I, from 10 s")],
        [Strip("I", 20.0, 5.0, 0.0, "I, from 20 s")],
    ]


@pytest.mark.parametrize(
    ("leads", "seconds", "rows"),
    [
        (("I",), 10.0, 1),
        (("I",), 10.2, 2),
        (("I",), 3600.0, 6),
        (("I", "II"), 3600.0, 6),
        (("I", "II", "V1", "V5"), 3600.0, 4),
        (LEADS[:8], 60.0, 8),
        (LEADS, 60.0, 4),
        (tuple(f"E{k}" for k in range(30)), 3.0, 24),
        ((*LEADS, *(f"E{k}" for k in range(30))), 3.0, 24),
    ],
)
def test_few_leads_go_on_for_six_rows_and_many_for_twenty_four(
    leads: tuple[str, ...], seconds: float, rows: int
) -> None:
    assert len(layout(flat(leads, seconds))) == rows


def test_rows_of_two_leads_go_on_together() -> None:
    rows = layout(flat(("II", "V5"), 15.0))
    assert [row[0].label for row in rows] == ["II", "V5", "II, from 10 s", "V5, from 10 s"]


def test_other_leads_get_a_row_each() -> None:
    assert [row[0].lead for row in layout(recording(("II", "V1", "V5"), 8.0))] == ["II", "V1", "V5"]


@pytest.mark.parametrize(
    ("seconds", "starts", "length"),
    [(5.0, [0, 2.5, 2.5, 2.5], 2.5), (1.0, [0, 0, 0, 0], 1.0), (8.0, [0, 2.5, 5, 5.5], 2.5)],
)
def test_the_columns_of_a_short_recording_show_its_end(seconds: float, starts: list[float], length: float) -> None:
    assert [(strip.start_s, strip.length_s) for strip in layout(recording(seconds=seconds))[0]] == [
        (start, length) for start in starts
    ]


def test_samples_are_those_of_the_stretch_and_what_was_not_recorded_is_nan() -> None:
    counted = Recording(np.arange(20, dtype=np.float32)[None].copy(), 10.0, ("I",))
    counted.signal[0, 7] = np.inf
    np.testing.assert_array_equal(samples(counted.signal[0], 10.0, 0.5, 0.5), [5, 6, np.nan, 8, 9])
    np.testing.assert_array_equal(samples(counted.signal[0], 10.0, 0.4, 0.0), [4])
    np.testing.assert_array_equal(samples(counted.signal[0], 10.0, 1.8, 9.0), [18, 19])
    assert counted.signal[0, 7] == np.inf


def test_the_scale_is_25_mm_a_second_and_10_mm_a_millivolt() -> None:
    signal = np.zeros((1, 5000), np.float32)
    signal[0, 2500] = 1.0
    svg = picture(Recording(signal, 500.0, ("II",)))
    (mm,) = points(svg.one("path", "trace")["d"])
    peak = mm[mm[:, 1].argmin()]
    assert mm[0] == pytest.approx([15, zeros(svg)[0]], abs=0.01)
    assert peak == pytest.approx([15 + 125, zeros(svg)[0] - 10], abs=0.1)
    assert mm[-1] == pytest.approx([15 + 250, zeros(svg)[0]], abs=0.1)


def test_columns_stand_side_by_side_with_a_stroke_between_their_names() -> None:
    svg = picture(recording())
    starts = [points(trace["d"])[0][0, 0] for trace in svg.all("path", "trace")]
    assert starts == pytest.approx([15, 77.5, 140, 202.5] * 3 + [15], abs=0.011)
    names = svg.all("text", "lead")
    assert [(name.text, float(name["x"])) for name in names[:4]] == [
        ("I", 16.0), ("aVR", 78.5), ("V1", 141.0), ("V4", 203.5)
    ]  # fmt: skip
    strokes = [path["d"] for path in svg.all("path", "pulse") if "h5" not in path["d"]]
    top = float(svg.all("clippath")[0].one("rect")["y"])
    assert strokes[:3] == [f"M{x:g} {top + 1.5:g}v3.5" for x in (77.5, 140, 202.5)]
    assert len(strokes) == 9
    assert float(names[0]["y"]) == top + 4.5


def test_every_row_begins_with_a_pulse_of_one_millivolt_and_a_fifth_of_a_second() -> None:
    svg = picture(recording())
    assert len(pulses(svg)) == 4
    for pulse, zero in zip(pulses(svg), zeros(svg), strict=True):
        assert pulse["d"] == f"M5.0 {zero}h2v-10.0h5v10.0h2"


def test_rows_reach_as_far_as_their_waves_in_whole_thick_squares() -> None:
    calm, tall, deep = (flat(("I", "II", "III")) for _ in range(3))
    tall.signal[1, 100] = 1.3
    deep.signal[1, 100] = -1.2
    assert np.diff(zeros(picture(calm))) == pytest.approx([25, 25])
    assert np.diff(zeros(picture(tall))) == pytest.approx([30, 25])
    assert np.diff(zeros(picture(deep))) == pytest.approx([25, 30])
    assert zeros(picture(calm))[0] == 20
    assert picture(calm)["viewbox"] == "0 0 270 85"
    assert picture(tall)["viewbox"] == "0 0 270 90"


@pytest.mark.parametrize(("mv", "up"), [(0.9, 15), (1.1, 20), (1.4, 20), (2.4, 30), (9.0, 60)])
def test_a_wave_keeps_clear_of_the_name_at_the_edge_of_its_row(mv: float, up: float) -> None:
    spiked = flat()
    spiked.signal[0, 100] = mv
    assert zeros(picture(spiked))[0] == 5 + up


def test_the_paper_has_a_line_a_millimetre_and_a_thick_one_every_five() -> None:
    svg = picture(flat())
    pattern = svg.one("pattern")
    assert (pattern["id"], pattern["width"], pattern["height"], pattern["patternunits"]) == (
        "ecg-mm", "5", "5", "userSpaceOnUse"
    )  # fmt: skip
    assert svg.one("path", "mm1")["d"] == "M1 0v5M0 1h5M2 0v5M0 2h5M3 0v5M0 3h5M4 0v5M0 4h5"
    assert svg.one("path", "mm5")["d"] == "M0 0v5M0 0h5M5 0v5M0 5h5"
    paper, grid = svg.all("rect")[:2]
    assert (paper["class"], grid["fill"]) == ("paper", "url(#ecg-mm)")
    assert (paper["width"], paper["height"]) == (grid["width"], grid["height"]) == ("270", "35")
    assert {zero % 5 for zero in zeros(svg)} == {0}


def test_each_row_is_cut_off_at_its_own_edges() -> None:
    svg = picture(recording())
    clips, groups = svg.all("clippath"), svg.all("g")
    assert [clip["id"] for clip in clips] == ["ecg-row0", "ecg-row1", "ecg-row2", "ecg-row3"]
    assert [group["clip-path"] for group in groups] == [f"url(#{clip['id']})" for clip in clips]
    assert [len(group.all("path", "trace")) for group in groups] == [4, 4, 4, 1]
    top = 5.0
    for clip in clips:
        rect = clip.one("rect")
        assert (float(rect["x"]), float(rect["y"]), float(rect["width"])) == (14, top, 255)
        top += float(rect["height"])
    assert float(svg["viewbox"].split()[3]) == top + 5


def test_a_picture_bears_its_name_so_that_several_can_stand_on_one_page() -> None:
    svg = picture(recording(("II", "V5"), 8.0), "k5")
    assert svg["aria-labelledby"].split() == ["k5-title", "k5-desc"]
    assert {name.split("-")[0] for name in svg.values("id")} == {"k5"}
    assert svg.one("title").text == "The ECG as recorded"
    assert svg.one("desc").text == "Leads II, V5; 8.0 s at 500 Hz."
    assert svg["role"] == "img"


def test_the_drift_of_the_baseline_is_taken_off_and_the_beats_stay() -> None:
    calm = recording(("II",))
    t = np.arange(5000) / 500
    drifting = replace(calm, signal=(calm.signal + 2 * np.sin(2 * np.pi * 0.1 * t) + 3).astype(np.float32))
    straight, again = (points(picture(shown).one("path", "trace")["d"])[0] for shown in (calm, drifting))
    assert np.abs(straight - again)[500:-500, 1].max() < 2.0  # mm, of 20 that it drifts
    assert np.ptp(again[:, 1]) < 17


def test_a_gap_in_a_lead_is_bridged_for_its_baseline_and_stays_a_gap() -> None:
    holed = np.ones(1000)
    holed[400:600] = np.nan
    level = straightened(holed, 100.0)
    assert np.isnan(level[400:600]).all()
    np.testing.assert_allclose(level[[0, 399, 600, 999]], 0, atol=1e-9)
    assert np.isnan(straightened(np.full(50, np.nan), 100.0)).all()


def test_waves_that_would_leave_the_paper_take_a_smaller_gain_and_are_whole() -> None:
    tall = recording(("V4", "V5"))
    giant = replace(tall, signal=tall.signal * 8)
    drawing = draw(giant, None)
    assert drawing.remarks[0].startswith("25 mm/s, 5 mm/mV: a small square is 0.04 s by 0.2 mV.")
    assert not any("Cut off" in remark for remark in drawing.remarks)
    svg = parse(drawing.svg).one("svg", "ecg")
    assert pulses(svg)[0]["d"].endswith("h2v-5.0h5v5.0h2")
    for clip, trace in zip(svg.all("clippath"), svg.all("path", "trace"), strict=True):
        rect, y = clip.one("rect"), points(trace["d"])[0][:, 1]
        assert float(rect["y"]) < y.min() < y.max() < float(rect["y"]) + float(rect["height"])


@pytest.mark.parametrize("mv", [2.6, -3.5])
def test_no_wave_of_a_body_leaves_its_row(mv: float) -> None:
    tall = recording()
    tall.signal[LEADS.index("V3")] *= mv
    svg = picture(tall)
    for clip, group in zip(svg.all("clippath"), svg.all("g"), strict=True):
        rect = clip.one("rect")
        for trace in group.all("path", "trace"):
            y = points(trace["d"])[0][:, 1]
            assert float(rect["y"]) < y.min() < y.max() < float(rect["y"]) + float(rect["height"])


@pytest.mark.parametrize("offset", [-2.0, 64.0])
def test_an_offset_of_the_electrodes_changes_nothing(offset: float) -> None:
    drawn = [picture(recording(offset=given)).all("path", "trace") for given in (0.0, offset)]
    for near, far in zip(*drawn, strict=True):
        assert np.abs(points(near["d"])[0][:20] - points(far["d"])[0][:20]).max() <= 0.021


def test_a_gap_is_not_drawn() -> None:
    holed = recording(("I",), 10.0)
    holed.signal[0, 1000:1500] = np.nan
    holed.signal[0, 3000] = np.inf
    first, second, third = points(picture(holed).one("path", "trace")["d"])
    assert first[-1, 0] == pytest.approx(15 + 50, abs=0.2)
    assert second[0, 0] == pytest.approx(15 + 75, abs=0.2)
    assert second[-1, 0] == pytest.approx(15 + 150, abs=0.2)
    assert third[0, 0] > second[-1, 0]


def test_a_lead_without_a_sample_says_so_in_its_place() -> None:
    empty = recording()
    empty.signal[3] = np.nan
    svg = picture(empty)
    (note,) = (text for text in svg.all("text") if text.text == "not recorded")
    assert (float(note["x"]), float(note["y"])) == (85.5, zeros(svg)[0] - 2)
    assert draw(replace(empty, signal=np.full_like(empty.signal, np.nan)), None).svg.count("not recorded") == 13


def test_a_column_printed_at_another_moment_is_drawn_and_told() -> None:
    page_like = recording()
    page_like.signal[LEADS.index("V4"), 1250:] = np.nan
    drawing = draw(page_like, None)
    assert "not recorded" not in drawing.svg
    assert "Recorded at another moment than the column shows: V4." in drawing.remarks
    assert layout(page_like)[0][3].start_s == 0.0
    page_like.signal[LEADS.index("V4"), :500] = np.nan
    assert layout(page_like)[0][3].start_s == 1.0


@pytest.mark.parametrize(("seconds", "moved"), [(9.95, []), (9.5, ["V4, V5, V6"]), (7.0, ["V1, V4, V2, V5, V3, V6"])])
def test_columns_that_show_another_moment_are_named(seconds: float, moved: list[str]) -> None:
    note = "Recorded at another moment than the column shows: "
    remarks = draw(flat(LEADS, seconds), None).remarks
    assert [remark.removeprefix(note).rstrip(".") for remark in remarks if remark.startswith(note)] == moved


def test_an_ordinary_ecg_needs_the_scale_and_the_marks_explained_and_no_more() -> None:
    scale = (
        "25 mm/s, 10 mm/mV: a small square is 0.04 s by 0.1 mV. The drift of the baseline is taken off for display, "
        "nothing else."
    )
    marks = "A stroke at the foot of a row marks an R peak that was found."
    assert draw(recording(), None).remarks == (scale,)
    assert draw(recording(), beat()).remarks == (scale, marks)


@pytest.mark.parametrize(
    ("seconds", "remark"),
    [(60.0, None), (61.0, "Drawn are the first 60 s of 61.0 s."), (3600.0, "Drawn are the first 60 s of 1 h 0 min.")],
)
def test_the_end_of_a_long_recording_is_left_out_and_that_is_said(seconds: float, remark: str | None) -> None:
    assert [said for said in draw(flat(seconds=seconds), None).remarks if "Drawn" in said] == [remark] * bool(remark)


def test_leads_that_are_left_out_are_counted() -> None:
    many = recording(tuple(f"E{k}" for k in range(30)), 3.0)
    assert "6 more leads are not drawn." in draw(many, None).remarks
    assert not any("more leads" in remark for remark in draw(recording(), None).remarks)


def test_short_recordings_are_drawn() -> None:
    for seconds in (0.002, 1.0, 5.0):
        for leads in (LEADS, ("I",)):
            assert picture(recording(leads, seconds)).all("path", "trace")


@pytest.mark.parametrize(("mv", "is_cut"), [(5.9, False), (6.1, True), (-5.9, False), (-6.1, True)])
def test_what_leaves_its_row_is_cut_off_and_told(mv: float, is_cut: bool) -> None:
    spiked = flat(("I", "II"))
    spiked.signal[1, 100] = mv
    remark = "Cut off at the edge of the row: II."
    assert (remark in draw(spiked, None).remarks) == is_cut


def test_a_huge_amplitude_goes_a_little_beyond_its_row_and_no_further() -> None:
    wild = flat(("I", "II"))
    wild.signal[0, 100], wild.signal[0, 200] = 1e6, -1e6
    svg = picture(wild)
    y = points(svg.all("path", "trace")[0]["d"])[0][:, 1]
    assert (zeros(svg)[0] - y.min(), y.max() - zeros(svg)[0]) == pytest.approx((65, 65))
    assert svg["viewbox"] == "0 0 270 155"


def test_r_peaks_are_marked_on_the_rhythm_strip_only() -> None:
    svg = picture(recording())
    marks = [re.findall(r"M(\S+) (\S+)v2", path["d"]) for path in svg.all("path", "peak")]
    assert [len(row) for row in marks] == [0, 0, 0, 12]
    bottom = float(svg["viewbox"].split()[3]) - 5
    assert [float(x) for x, _ in marks[3]] == pytest.approx([15 + 25 * 0.8 * k for k in range(1, 13)], abs=0.006)
    assert {float(y) for _, y in marks[3]} == {bottom - 2.5}


def test_r_peaks_are_marked_on_the_row_that_shows_them() -> None:
    drawn = draw(flat(seconds=25.0), replace(beat(), r_peaks_s=np.array([0.0, 9.99, 10.0, 24.0])))
    marks = [re.findall(r"M(\S+) ", path["d"]) for path in parse(drawn.svg).all("path", "peak")]
    assert marks == [["15.00", "264.75"], ["15.00"], ["115.00"]]


def test_thinning_keeps_every_extreme_and_every_gap() -> None:
    values = np.random.default_rng(1).normal(size=1003)
    values[500] = 50.0
    kept = thin(values, 10)
    assert len(kept) == 203
    assert {500, int(values.argmin()), 1000, 1001, 1002} <= set(kept)
    assert (np.diff(kept) >= 0).all()
    values[42] = np.nan
    assert np.isnan(values[thin(values, 10)]).any()


@pytest.mark.parametrize(("step", "kept"), [(1, 9), (2, 9), (3, 6)])
def test_only_what_is_finer_than_needed_is_thinned(step: int, kept: int) -> None:
    assert len(thin(np.arange(9.0), step)) == kept


@pytest.mark.parametrize(("rate", "points_a_second"), [(500.0, 500), (800.0, 400), (4000.0, 400)])
def test_a_fast_recording_is_drawn_with_400_points_a_second(rate: float, points_a_second: int) -> None:
    noise = np.random.default_rng(0).normal(size=(1, round(10 * rate))).astype(np.float32)
    (run,) = points(picture(Recording(noise, rate, ("I",))).one("path", "trace")["d"])
    assert len(run) == pytest.approx(10 * points_a_second, rel=0.01)


def test_paths_are_whole_numbers_broken_at_gaps() -> None:
    x, y = np.arange(6.0), np.array([0.0, -1.0, np.nan, 2.0, np.nan, np.nan])
    assert path(x, y) == "M0 0l50-50M150 100l0 0"
    assert path(x, np.full(6, np.nan)) == ""
    assert path(np.arange(3.0), np.array([1.0, 1.0, 2.0])) == "M0 50l50 0 50 50"
    assert path(np.zeros(3), np.zeros(3)) == "M0 0l0 0"
    assert path(np.array([0.0, 1.0, 1.0, 2.0]), np.zeros(4)) == "M0 0l50 0 50 0"


def test_a_curve_is_written_in_fiftieths_of_its_picture() -> None:
    drawn = parse(curve(np.array([0.0, 0.5]), np.array([1.0, 3.0]), "trace")).one("path", "trace")
    assert drawn["transform"] == "scale(0.02)"
    assert points(drawn["d"])[0] == pytest.approx(np.array([[0.0, 1.0], [0.5, 3.0]]))


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
    html = page(Result(replace(HIGH, leads_used=shown.leads), shown, beat(shown.leads)))
    assert len(html.encode()) < 400_000


def test_a_page_is_made_in_a_moment() -> None:
    ordinary = Result(HIGH, recording(), beat())
    page(ordinary)
    times = []
    for _ in range(5):
        start = time.process_time()
        page(ordinary)
        times.append(time.process_time() - start)
    # It takes about 15 ms of one core; a slow machine is given its share.
    assert min(times) < 0.5
