"""Values with their intervals, as text."""

from __future__ import annotations

import pytest

from kalemia.judge.spans import Span, number


@pytest.mark.parametrize(
    ("span", "plain", "signed"),
    [
        (Span(0.1824, 0.14, 0.221), "0.182 (0.140 to 0.221)", "+0.182 (+0.140 to +0.221)"),
        (Span(-0.012, -0.03, 0.004), "−0.012 (−0.030 to 0.004)", "−0.012 (−0.030 to +0.004)"),
        (Span(0.5, None, None), "0.500", "+0.500"),
        (Span(0.5, 0.4, None), "0.500", "+0.500"),
        (Span(0.5, None, 0.6), "0.500", "+0.500"),
        (Span(None, None, None), "undefined", "undefined"),
        (Span(None, 0.1, 0.2), "undefined", "undefined"),
        (Span(-0.0004, -0.0006, 0.0004), "0.000 (−0.001 to 0.000)", "0.000 (−0.001 to +0.000)"),
    ],
)
def test_a_span_is_written_with_its_interval(span: Span, plain: str, signed: str) -> None:
    assert str(span) == f"{span}" == plain
    assert f"{span:+}" == signed


def test_its_parts_are_written_alone() -> None:
    span = Span(-1.23456, -2.0, 0.5)
    assert span.number() == "−1.235"
    assert span.number(decimals=2) == "−1.23"
    assert span.number("+", 1) == "−1.2"
    assert span.interval("+") == "−2.000 to +0.500"
    assert Span(1.0, None, 2.0).interval() == ""
    assert Span(None, 1.0, 2.0).interval() == ""


@pytest.mark.parametrize(
    ("value", "sign", "decimals", "text"),
    [
        (1.0, "", 3, "1.000"),
        (-1.0, "", 3, "−1.000"),
        (0.0, "+", 3, "+0.000"),
        (-0.0, "", 2, "0.00"),
        (-0.004, "", 2, "0.00"),
        (-0.006, "", 2, "−0.01"),
        (-0.0004, "+", 3, "0.000"),
    ],
)
def test_zero_has_no_minus_and_minus_is_a_minus(value: float, sign: str, decimals: int, text: str) -> None:
    assert number(value, sign, decimals) == text


def test_a_difference_the_other_way_round_swaps_its_ends() -> None:
    assert -Span(0.1, -0.2, 0.4) == Span(-0.1, -0.4, 0.2)
    assert -Span(0.1, None, 0.4) == Span(-0.1, -0.4, None)
    assert -Span(None, None, None) == Span(None, None, None)


@pytest.mark.parametrize(
    ("span", "above", "below"),
    [
        (Span(0.1, 0.01, 0.2), True, False),
        (Span(-0.1, -0.2, -0.01), False, True),
        (Span(0.1, -0.01, 0.2), False, False),
        (Span(0.1, 0.0, 0.2), False, False),
        (Span(-0.1, -0.2, 0.0), False, False),
        (Span(0.1, None, None), False, False),
    ],
)
def test_whether_all_of_it_is_on_one_side_of_zero(span: Span, above: bool, below: bool) -> None:
    assert (span.above_zero, span.below_zero) == (above, below)
