"""The scale of an estimate and the bars, by their numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from markup_tree import Node, parse, percent
from report_examples import HIGH, LOW, NORMAL, UNCERTAIN, estimate

from kalemia.records import Estimate
from kalemia.report.markup import element
from kalemia.report.scales import CURVES_HEIGHT, bar, scale, signed_bar


def position(potassium_meq_l: float) -> Any:
    """Where a potassium stands on a scale from 2 to 10 mEq/L, in percent of its width."""
    return pytest.approx((potassium_meq_l - 2) / 8 * 100, abs=0.006)


def drawn(shown: Estimate) -> Node:
    return parse(scale(shown)).one("svg")


@pytest.mark.parametrize("shown", [HIGH, LOW, NORMAL, UNCERTAIN], ids=["high", "low", "normal", "uncertain"])
def test_the_point_and_the_interval_stand_at_their_potassium(shown: Estimate) -> None:
    svg = drawn(shown)
    assert shown.interval_meq_l is not None
    low, high = shown.interval_meq_l
    interval = svg.one("rect", "interval")
    assert percent(svg.one("circle", "point")["cx"]) == position(shown.potassium_meq_l or 0)
    assert percent(interval["x"]) == position(low)
    assert percent(interval["x"]) + percent(interval["width"]) == position(high)


def test_low_normal_and_high_reach_from_limit_to_limit() -> None:
    svg = drawn(NORMAL)
    zones = svg.all("rect", "zone")
    assert [zone["class"] for zone in zones] == ["zone zone-low", "zone zone-normal", "zone zone-high"]
    assert [percent(zone["x"]) for zone in zones] == [position(2.0), position(3.5), position(5.5)]
    ends = [percent(zone["x"]) + percent(zone["width"]) for zone in zones]
    assert ends == [position(3.5), position(5.5), position(10.0)]
    names = svg.all("text", "zone-name")
    assert [(name.text, percent(name["x"])) for name in names] == [
        ("low", position(2.75)),
        ("normal", position(4.5)),
        ("high", position(7.75)),
    ]


def test_every_whole_number_is_written_at_its_place() -> None:
    ticks = drawn(NORMAL).all("text", "tick")
    assert [(tick.text, percent(tick["x"])) for tick in ticks] == [(str(k), position(k)) for k in range(2, 11)]


def test_the_two_limits_are_lines_through_the_whole_band_with_their_numbers_above() -> None:
    svg = drawn(NORMAL)
    (zone, *_), lines, names = svg.all("rect", "zone"), svg.all("line", "limit"), svg.all("text", "limit-name")
    top, bottom = float(zone["y"]), float(zone["y"]) + float(zone["height"])
    assert [(percent(line["x1"]), percent(line["x2"])) for line in lines] == [(position(k),) * 2 for k in (3.5, 5.5)]
    assert all(float(line["y1"]) < top and float(line["y2"]) == bottom for line in lines)
    assert [(name.text, percent(name["x"])) for name in names] == [("3.5", position(3.5)), ("5.5", position(5.5))]
    assert all(float(name["y"]) < float(lines[0]["y1"]) for name in names)


def test_the_point_lies_in_the_middle_of_the_interval_within_the_band_below_its_names() -> None:
    svg = drawn(HIGH)
    zone, interval, point = svg.all("rect", "zone")[0], svg.one("rect", "interval"), svg.one("circle")
    middle = float(interval["y"]) + float(interval["height"]) / 2
    assert float(point["cy"]) == middle
    assert float(interval["rx"]) == float(interval["height"]) / 2
    assert float(zone["y"]) < middle - float(point["r"])
    assert middle + float(point["r"]) < float(zone["y"]) + float(zone["height"]) < float(svg["height"])
    names = [float(name["y"]) for name in svg.all("text", "zone-name")]
    assert all(float(zone["y"]) + 10 < y < middle - float(point["r"]) for y in names)  # letters stand on their y
    ticks = svg.all("text", "tick")
    assert all(
        float(zone["y"]) + float(zone["height"]) + 12 < float(tick["y"]) < float(svg["height"]) for tick in ticks
    )


def test_what_is_drawn_later_lies_above_and_that_is_the_point() -> None:
    order = [node.attributes.get("class", "") for node in drawn(HIGH).below()]
    assert order.index("zone zone-high") < order.index("limit") < order.index("interval") < order.index("point")
    assert order[-1] == "point"


@pytest.mark.parametrize(("low", "high"), [(2.0, 10.0), (1.9, 4.0), (6.0, 10.1), (1.2, 11.3)])
def test_an_interval_ends_where_the_scale_does(low: float, high: float) -> None:
    interval = drawn(estimate(3.9, low, high, "uncertain")).one("rect", "interval")
    assert percent(interval["x"]) == position(max(low, 2.0))
    assert percent(interval["x"]) + percent(interval["width"]) == position(min(high, 10.0))


@pytest.mark.parametrize(("potassium", "at"), [(1.4, 0.0), (2.0, 0.0), (10.0, 100.0), (12.5, 100.0)])
def test_a_point_beyond_the_scale_stands_at_its_edge(potassium: float, at: float) -> None:
    assert percent(drawn(estimate(potassium, 2.5, 9.5, "high")).one("circle")["cx"]) == at


def test_without_an_interval_there_is_the_point_alone() -> None:
    svg = drawn(replace(HIGH, interval_meq_l=None))
    assert svg.all("rect", "interval") == []
    assert percent(svg.one("circle")["cx"]) == position(5.9)
    assert svg.one("desc").text == "5.9 mEq/L, no interval. Low is below 3.5, high is above 5.5."


def test_curves_make_the_band_taller_and_stand_between_its_names_and_the_interval() -> None:
    plain, taller = drawn(HIGH), parse(scale(HIGH, element("path", d="M0 0"))).one("svg", "scale")
    by = float(taller["height"]) - float(plain["height"])
    assert by == CURVES_HEIGHT
    for shown in ("zone", "interval", "limit", "tick", "point"):
        attribute = {"zone": "height", "limit": "y2", "point": "cy"}.get(shown, "y")
        for before, after in zip(plain.all(None, shown), taller.all(None, shown), strict=True):
            assert float(after[attribute]) - float(before[attribute]) == by
    for name in ("zone-name", "limit-name"):
        assert [text["y"] for text in taller.all("text", name)] == [text["y"] for text in plain.all("text", name)]
    curves = taller.one("svg", "curves")
    top, bottom = float(curves["y"]), float(curves["y"]) + float(curves["height"])
    assert curves.one("path")["d"] == "M0 0"
    assert float(taller.all("text", "zone-name")[0]["y"]) < top
    assert bottom < float(taller.one("circle")["cy"]) - float(taller.one("circle")["r"])
    order = [node.attributes.get("class", "") for node in taller.below()]
    assert order.index("zone zone-high") < order.index("curves") < order.index("limit")


def test_who_does_not_see_the_scale_hears_it() -> None:
    svg = drawn(HIGH)
    assert (svg["class"], svg["role"], svg["width"], svg["height"]) == ("scale", "img", "100%", "88")
    assert [svg.one(id_)["id"] for id_ in ("title", "desc")] == svg["aria-labelledby"].split()
    assert svg.one("title").text == "The estimate on a scale from 2 to 10 mEq/L"
    assert svg.one("desc").text == "5.9 mEq/L, 90 % interval 5.1 to 6.8. Low is below 3.5, high is above 5.5."


@pytest.mark.parametrize(
    ("fraction", "filled"),
    [(0.0, 0.0), (0.123, 12.3), (0.5, 50.0), (1.0, 100.0), (2.0, 100.0), (-1.0, 0.0), (float("nan"), 0.0)],
)
def test_a_bar_is_filled_by_its_fraction(fraction: float, filled: float) -> None:
    svg = parse(bar(fraction)).one("svg", "bar")
    track, fill = svg.all("rect")
    assert (track["class"], track["width"]) == ("track", "100%")
    assert (fill["class"], percent(fill["width"])) == ("fill", filled)
    assert track["height"] == fill["height"] == svg["height"]
    assert float(track["rx"]) == float(fill["rx"]) == float(fill["height"]) / 2
    assert svg["width"] == "100%"
    assert svg["aria-hidden"] == "true"


@pytest.mark.parametrize(
    ("value", "reach", "left", "width", "side"),
    [
        (0.5, 1.0, 50.0, 25.0, "raises"),
        (-0.5, 1.0, 25.0, 25.0, "lowers"),
        (0.5, 2.0, 50.0, 12.5, "raises"),
        (3.0, 1.0, 50.0, 50.0, "raises"),
        (-3.0, 1.0, 0.0, 50.0, "lowers"),
        (0.0, 1.0, 50.0, 0.0, "lowers"),
    ],
)
def test_a_signed_bar_goes_right_for_what_raises_and_left_for_what_lowers(
    value: float, reach: float, left: float, width: float, side: str
) -> None:
    svg = parse(signed_bar(value, reach)).one("svg", "bar")
    track, filled = svg.all("rect")
    assert (track["class"], track["width"]) == ("track", "100%")
    assert (percent(filled["x"]), percent(filled["width"]), filled["class"]) == (left, width, side)
    middle = svg.one("line", "limit")
    assert (middle["x1"], middle["x2"], middle["y1"], middle["y2"]) == ("50%", "50%", "0", svg["height"])
    assert track["height"] == filled["height"] == svg["height"]
    assert svg["width"] == "100%"
    assert svg["aria-hidden"] == "true"
