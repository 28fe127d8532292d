"""Speed and gain of paper, from pulses of known sizes."""

from __future__ import annotations

import pytest

from kalemia.digitize import paper
from kalemia.digitize.layout import STANDARD, Layout
from kalemia.digitize.paper import ASSUMED_GAIN, ASSUMED_SPEED, LONG, Paper
from kalemia.digitize.pulse import Pulse


def pulse(height: float = 10.0, width: float = 5.0, whole: bool = True) -> Pulse:
    return Pulse(3.0, 3.0 + width, height, whole)


@pytest.mark.parametrize(
    ("pulses", "speed", "gain", "assumed"),
    [
        ([], 25, 10, (ASSUMED_GAIN, ASSUMED_SPEED)),
        ([pulse()], 25, 10, ()),
        ([pulse(5.2)], 25, 5, ()),
        ([pulse(19)], 25, 20, ()),
        ([pulse(7.0)], 25, 10, (ASSUMED_GAIN,)),  # between two gains it is that of none
        ([pulse(11.9)], 25, 10, ()),
        ([pulse(12.1)], 25, 10, (ASSUMED_GAIN,)),
        ([pulse(14.2)], 25, 10, (ASSUMED_GAIN,)),
        ([pulse(width=10)], 50, 10, ()),
        ([pulse(width=7.6)], 50, 10, ()),
        ([pulse(width=7.5)], 25, 10, ()),
        ([pulse(width=4.0)], 25, 10, ()),
        ([pulse(width=3.9)], 25, 10, (ASSUMED_SPEED,)),
        ([pulse(5.0, 2.6, whole=False)], 25, 5, (ASSUMED_SPEED,)),
        ([pulse(10.0, 10, whole=False)], 25, 10, (ASSUMED_SPEED,)),  # one that is cut off tells no width
        ([pulse(), pulse(20, whole=False), pulse(20, whole=False)], 25, 10, ()),  # whole ones are believed first
        ([pulse(10), pulse(10), pulse(5)], 25, 10, ()),
    ],
)
def test_pulses_tell_speed_and_gain(pulses: list[Pulse], speed: float, gain: float, assumed: tuple[str, ...]) -> None:
    assert paper.of_pulses(pulses) == Paper(speed, gain, assumed, pulse=bool(pulses))


def test_traces_longer_than_thirteen_seconds_are_printed_faster() -> None:
    known = Paper(25.0, 10.0, (), pulse=True)
    unknown = Paper(25.0, 10.0, (ASSUMED_GAIN, ASSUMED_SPEED), pulse=False)
    assert paper.of_length(known, 500.0) == known
    assert paper.of_length(unknown, 324.0) == unknown
    assert paper.of_length(unknown, 325.0) == Paper(50.0, 10.0, (ASSUMED_GAIN, LONG), pulse=False)


def test_chest_leads_in_rows_of_their_own_have_the_gain_of_their_pulses() -> None:
    limb, chest = [[pulse(10.0)]] * 6, [[pulse(5.0)]] * 6
    of_page = paper.of_pulses([pulse(10.0)])
    gains = [row.gain for row in paper.of_rows(of_page, [*limb, *chest], Layout(12, 1))]
    assert gains == [10.0] * 6 + [5.0] * 6
    two = paper.of_rows(of_page, [*limb, *([[]] * 4), [pulse(5.0)], [pulse(5.0)]], Layout(12, 1))
    assert {row.gain for row in two} == {10.0}, "two pulses are too few"
    uneven = [[pulse(5.0)], [pulse(5.0)], [pulse(6.0)], *([[]] * 3)]
    assert {row.gain for row in paper.of_rows(of_page, [*limb, *uneven], Layout(12, 1))} == {10.0}
    cut = [[pulse(5.0)], [pulse(5.0)], [pulse(5.0, whole=False)], *([[]] * 3)]
    assert {row.gain for row in paper.of_rows(of_page, [*limb, *cut], Layout(12, 1))} == {10.0}, "one is cut off"
    for layout in (Layout(3, 4), Layout(6, 2)):
        several = paper.of_rows(of_page, [[pulse(5.0)]] * layout.rows, layout)
        assert several == [of_page] * layout.rows, "rows of several leads have one gain"
    fast = paper.of_rows(of_page, [[pulse(10.0, 10.0)]] * 6, Layout(6, 1, 0, STANDARD[6:]))
    assert {row.speed for row in fast} == {50.0}


def test_limb_leads_in_rows_of_their_own_have_the_gain_of_their_pulses() -> None:
    limb = [[pulse(20.0)], [pulse(21.0)], [pulse(20.0)], *([[]] * 3)]
    rows = paper.of_rows(paper.of_pulses([pulse(10.0)]), [*limb, *([[pulse(10.0)]] * 6)], Layout(12, 1))
    assert [row.gain for row in rows] == [20.0] * 6 + [10.0] * 6, "three pulses of about one height are enough"


@pytest.mark.parametrize(
    ("given", "speed", "gain", "assumed"),
    [
        ((None, None), 25.0, 10.0, (ASSUMED_GAIN, ASSUMED_SPEED)),
        ((50.0, None), 50.0, 10.0, (ASSUMED_GAIN,)),
        ((None, 5.0), 25.0, 5.0, (ASSUMED_SPEED,)),
        ((12.5, 20.0), 12.5, 20.0, ()),
    ],
)
def test_what_a_user_gives_is_not_assumed(
    given: tuple[float | None, float | None], speed: float, gain: float, assumed: tuple[str, ...]
) -> None:
    found = paper.of_pulses([]).stated(*given)
    assert (found.speed, found.gain, found.assumed, found.given) == (speed, gain, assumed, given[1] is not None)


def test_a_gain_that_is_given_stands_against_pulses_and_that_is_said() -> None:
    half = [[pulse(5.0)]] * 12
    found = paper.of_pulses([each for row in half for each in row]).stated(None, 10.0)
    assert found.assumed == ("The calibration pulses show 5 mm/mV; the given gain of 10 is used.",)
    assert {row.gain for row in paper.of_rows(found, half, Layout(12, 1))} == {10.0}
    assert paper.of_pulses([pulse(10.0)]).stated(None, 10.0).assumed == ()
