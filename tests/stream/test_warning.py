"""When it is warned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kalemia.stream import Settings
from kalemia.stream.warning import Warner

H, L, M, N = 9000, 0, 4000, None
"""A probability that speaks for a warning, against it, for neither, and none at all."""


def turned(windows: Sequence[int | None], **settings: int) -> list[int]:
    """Return the windows at which the warning changed."""
    warner = Warner(Settings(250, **settings))  # type: ignore[arg-type]
    return [place for place, above in enumerate(windows) if warner.push(above)]


@pytest.mark.parametrize(
    ("windows", "changes"),
    [
        ([H] * 3, []),
        ([H] * 9, [3]),
        ([H, L, H, L, H, H], [5]),
        ([H, L, L, H, L, H, H], []),
        ([H, L, L, L, H, H, H], []),
        ([H, N, H, N, H, H], [5]),
        ([N] * 40, []),
        ([H] * 4 + [M] * 20, [3]),
        ([H] * 4 + [N] * 40, [3]),
        ([H] * 4 + [L] * 4, [3, 7]),
        ([H] * 4 + [L, N, L, N, L, L], [3, 9]),
        ([H] * 4 + [L] * 4 + [H] * 7, [3, 7]),
        ([H] * 4 + [L] * 4 + [H] * 20, [3, 7, 17]),
    ],
)
def test_four_of_six_begin_and_end_it(windows: Sequence[int | None], changes: list[int]) -> None:
    assert turned(windows, rest=10) == changes


def test_levels_are_inclusive_where_it_begins() -> None:
    assert turned([5000] * 4 + [3000] * 9 + [2999] * 4) == [3, 16]
    assert turned([4999] * 20) == []


def test_one_window_may_be_enough() -> None:
    assert turned([H, L, H], enough=1, among=1, rest=0) == [0, 1, 2]


def test_a_rest_of_one_window_is_over_at_the_next() -> None:
    assert turned([H, L, H], enough=1, among=1, rest=1) == [0, 1, 2]
    assert turned([H, L, H, H], enough=1, among=1, rest=2) == [0, 1, 3]


def test_32_windows_are_remembered() -> None:
    assert turned([H] * 40, enough=32, among=32) == [31]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"rate": 360}, "a stream of 360 Hz; 125, 250, 300, 500 Hz are taken"),
        ({"enough": 7}, "7 of 6 windows"),
        ({"enough": 0}, "0 of 6 windows"),
        ({"among": 33}, "4 of 33 windows"),
        ({"off": 6000}, "off at 6000 and on at 5000"),
        ({"on": 10_001}, "on at 10001"),
        ({"rail_uv": 0}, "a limit of 0 uV"),
        ({"rail_uv": (1 << 19) + 1}, "524,288"),
        ({"rest": -1}, "a rest of -1 windows"),
        ({"rest": 1 << 16}, "0 to 65,535"),
        ({"log_prior": (0,) * 29}, "29 logarithms of a prior"),
        ({"log_prior": (1 << 15,) * 30}, "within 16 bits"),
        ({"log_prior": (0.5,) * 30}, "whole ones"),
        ({"rate": 250.0}, "rate is 250.0; expected a whole number"),
        ({"rest": True}, "rest is True"),
        ({"on": "high"}, "on is 'high'"),
    ],
)
def test_settings_that_cannot_be_are_a_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Settings(**{"rate": 250, **wrong})
