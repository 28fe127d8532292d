"""The median beat as a picture: its axes, and where its samples lie on them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from markup_tree import Node, parse, points
from report_examples import beat

from kalemia.report.plots import LARGE, SMALL, Frame, beats, framed, line, millivolts, panel

FRAME = Frame(440.0, 250.0, -0.5, 1.5)


def test_a_frame_goes_from_300_ms_before_r_to_600_after_and_from_its_lowest_to_its_highest_voltage() -> None:
    assert FRAME.x(np.array([-300.0, 0.0, 600.0])) == pytest.approx([44.0, 44 + (426 - 44) / 3, 426.0])
    assert FRAME.y(np.array([-0.5, 0.5, 1.5])) == pytest.approx([214.0, 120.0, 26.0])


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (-0.5, 1.5, [-0.5, 0.0, 0.5, 1.0, 1.5]),
        (-0.1, 1.6, [0.0, 0.5, 1.0, 1.5]),
        (-0.055, 0.055, [-0.04, -0.02, 0.0, 0.02, 0.04]),
        (-30.0, 250.0, [0.0, 50.0, 100.0, 150.0, 200.0, 250.0]),
    ],
)
def test_ticks_are_round_and_few(low: float, high: float, ticks: list[float]) -> None:
    found = Frame(440.0, 250.0, low, high).ticks()
    assert found == pytest.approx(ticks, abs=1e-12)
    assert not np.signbit(found[found == 0]).any()  # "−0" would stand at the axis


def test_a_frame_holds_all_waves_with_a_margin_of_a_twentieth() -> None:
    frame = framed([np.array([0.0, 2.0]), np.array([-1.0, np.nan])], LARGE)
    assert (frame.width, frame.height) == LARGE
    assert (frame.low_mv, frame.high_mv) == pytest.approx((-1.15, 2.15))


def test_an_earlier_beat_that_is_taller_fits_into_the_frame_and_lies_on_its_scale() -> None:
    now, earlier = beat(("V5",)), replace(beat(("V5",)), gain_mv=3 * beat(("V5",)).gain_mv)
    (drawn,) = (parse(svg).one("svg", "beat") for svg in beats(now, ("V5",), earlier))
    heights = [np.ptp(np.concatenate(points(drawn.one("path", name)["d"]))[:, 1]) for name in ("earlier", "trace")]
    assert heights[0] == pytest.approx(3 * heights[1], rel=0.01)


@pytest.mark.parametrize("waves", [[], [np.zeros(3)], [np.full(3, np.nan)]], ids=["none", "flat", "unknown"])
def test_a_frame_of_nothing_spans_a_tenth_of_a_millivolt(waves: list[np.ndarray]) -> None:
    frame = framed(waves, SMALL)
    assert (frame.low_mv, frame.high_mv) == pytest.approx((-0.055, 0.055))


def test_a_beat_is_drawn_with_r_at_zero_and_a_sample_every_three_milliseconds() -> None:
    values = np.zeros(270)
    values[90], values[150] = 1.0, -0.5
    path = parse(line(FRAME, values, "trace")).one("path", "trace")
    (run,) = points(path["d"])
    assert path["transform"] == "scale(0.02)"
    top, bottom = run[run[:, 1].argmin()], run[run[:, 1].argmax()]
    assert top == pytest.approx([FRAME.x(np.zeros(1))[0], FRAME.y(np.ones(1))[0]], abs=0.011)
    assert bottom == pytest.approx([FRAME.x(np.full(1, 200.0))[0], FRAME.bottom], abs=0.011)
    assert run[0] == pytest.approx([44.0, FRAME.y(np.zeros(1))[0]], abs=0.011)
    assert run[-1, 0] == pytest.approx(FRAME.x(np.array([179 / 0.3]))[0], abs=0.011)


def test_millivolts_are_the_normalized_wave_times_its_gain() -> None:
    two = replace(beat(("II", "V5")), gain_mv=np.array([0.5, 2.0], np.float32))
    shown = millivolts(two, ("V5", "V1", "II"))
    assert list(shown) == ["V5", "II"]
    np.testing.assert_allclose(shown["V5"], 2.0 * two.waveform[1])
    np.testing.assert_allclose(shown["II"], 0.5 * two.waveform[0])


def shape(svg: Node) -> tuple[str, ...]:
    return tuple(svg["viewbox"].split())


def test_one_lead_is_drawn_large_and_several_small_on_one_scale() -> None:
    two = replace(beat(("II", "V5")), gain_mv=np.array([0.5, 2.0], np.float32))
    (alone,) = (parse(svg).one("svg", "beat") for svg in beats(two, ("II",)))
    first, second = (parse(svg).one("svg", "beat") for svg in beats(two, ("II", "V5")))
    assert shape(alone) == ("0", "0", "440", "250")
    assert shape(first) == shape(second) == ("0", "0", "280", "190")
    assert first["aria-label"] == "Median beat of lead II, -0.2 to 2.1 mV"
    assert second["aria-label"] == "Median beat of lead V5, -0.2 to 2.1 mV"
    r_of = [points(svg.one("path", "trace")["d"])[0][:, 1] for svg in (first, second)]
    zero = [float(re.split("[ HM]", svg.one("path", "zero")["d"])[2]) for svg in (first, second)]
    assert (zero[1] - r_of[1].min()) / (zero[0] - r_of[0].min()) == pytest.approx(4.0, abs=0.05)


def test_leads_that_the_beat_lacks_are_left_out() -> None:
    assert beats(beat(("II",)), ("V5",)) == []
    assert len(beats(beat(("II",)), ("V5", "II"))) == 1


def numbers(svg: Node, anchor: str) -> dict[str, tuple[float, float]]:
    """Return the numbers along an axis with where they stand."""
    texts = [text for text in svg.all("text") if text.attributes.get("text-anchor") == anchor]
    return {text.text: (float(text["x"]), float(text["y"])) for text in texts}


def test_the_axes_bear_their_numbers_where_their_lines_are() -> None:
    svg = parse(panel("V5", FRAME, summary="so high")).one("svg")
    times = numbers(svg, "middle")
    at = {"−200": -200.0, "0": 0.0, "200": 200.0, "400": 400.0, "600": 600.0}
    assert {name: x for name, (x, _) in times.items() if name in at} == pytest.approx(
        {name: FRAME.x(np.full(1, ms))[0] for name, ms in at.items()}, abs=0.06
    )
    assert {times[name][1] for name in at} == {229.0}
    volts = numbers(svg, "end")
    heights = {"−0.5": -0.5, "0": 0.0, "0.5": 0.5, "1": 1.0, "1.5": 1.5}
    assert {name: y - 4 for name, (_, y) in volts.items() if name in heights} == pytest.approx(
        {name: FRAME.y(np.full(1, mv))[0] for name, mv in heights.items()}, abs=0.06
    )
    assert {volts[name][0] for name in heights} == {38.0}
    assert volts["mV"] == (38.0, 16.0)
    assert times["ms from R"] == (235.0, 246.0)


def test_the_lines_of_the_axes_cross_the_whole_frame_and_zero_has_its_own() -> None:
    svg = parse(panel("V5", FRAME, summary="so high")).one("svg")
    lines = svg.one("path", "axis")["d"]
    upright = [tuple(map(float, found)) for found in re.findall(r"M(\S+) (\S+)V([\d.]+)", lines)]
    level = [tuple(map(float, found)) for found in re.findall(r"M(\S+) (\S+)H([\d.]+)", lines)]
    assert [x for x, _, _ in upright] == pytest.approx([86.4, 171.3, 256.2, 341.1, 426.0], abs=0.06)
    assert {(top, bottom) for _, top, bottom in upright} == {(26.0, 214.0)}
    assert [y for _, y, _ in level] == pytest.approx([214.0, 167.0, 120.0, 73.0, 26.0])
    assert {(left, right) for left, _, right in level} == {(44.0, 426.0)}
    assert svg.one("path", "zero")["d"] == "M44 167.0H426"


def test_a_panel_names_its_lead_and_lays_its_lines_over_the_axes() -> None:
    svg = parse(panel("V5", FRAME, line(FRAME, np.zeros(270), "trace"), summary="so high")).one("svg", "beat")
    assert svg.one("title").text == "Median beat of lead V5"
    assert (svg["role"], svg["aria-label"]) == ("img", "Median beat of lead V5, so high")
    name = svg.one("text", "lead")
    assert (name.text, name["x"], name["y"]) == ("V5", "44", "16")
    classes = [node.attributes.get("class") for node in svg.below()]
    assert classes.index("zero") < classes.index("trace")
    assert shape(svg) == ("0", "0", "440", "250")
