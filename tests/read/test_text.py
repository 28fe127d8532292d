"""Text of any encoding, and numbers of any region: one reading, or none."""

from __future__ import annotations

import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read.text import STYLES, decides, decode, is_number, numbers


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "mac-roman"]
)
def test_every_encoding_gives_one_text(encoding: str) -> None:
    assert decode("V5 (\u00b5V)\n0.1\n".encode(encoding)) == "V5 (\u03bcV)\n0.1\n"


def test_a_character_that_is_cut_is_left() -> None:
    assert decode("I (\u00b5".encode()[:-1]) == "I ("


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1\u00a0234", "1 234"), ("1\u202f234", "1 234"), ("\u22120.5", "-0.5"), ("1\u2019234", "1'234"),
        ("\u0661\u0662\u066b\u0665", "12.5"), ("\u06f1\u06f2", "12"), ("\u200e-5\u200f", "-5"),
        ("\uff11\uff0c\uff15", "1,5"),
        ("\u2160", "I"), ("plain", "plain"), ("\u338c", "\u03bcF"),
    ],
)  # fmt: skip
def test_what_is_written_in_several_ways_becomes_one(written: str, read: str) -> None:
    assert decode(written.encode()) == read


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["0.5", "-1.25", "+3", ".5", "1e-3", "2.5E+1"], [0.5, -1.25, 3, 0.5, 0.001, 25]),
        (["0,5", "-1,25", "3"], [0.5, -1.25, 3]),
        (["1,234.5", "-2,345,678"], [1234.5, -2345678]),
        (["1.234,5", "12"], [1234.5, 12]),
        (["1 234,5", "0"], [1234.5, 0]),
        (["1'234.5", "1'234'567"], [1234.5, 1234567]),
        (["1 234", "12"], [1234, 12]),
        (["", "nan", "-inf", "5"], [np.nan, np.nan, np.nan, 5]),
        (["1,234", "0,5"], [1.234, 0.5]),
        (["1,234", "1234,5"], [1.234, 1234.5]),
        (["1.234", "-0.001"], [1.234, -0.001]),
    ],
)
def test_numbers_of_every_region(cells: list[str], values: list[float]) -> None:
    found = numbers(cells)
    assert found is not None
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("cells", [["1,234"], ["1.234", "567"], ["24,442", "5,893", "12"]])
def test_thousands_or_decimals_are_not_guessed(cells: list[str]) -> None:
    with pytest.raises(ReadError, match=r"^whether a point or comma parts thousands or decimals cannot be told"):
        numbers(cells)
    assert numbers(cells, STYLES[:1]) is not None


@pytest.mark.parametrize(
    "cells", [["0.5", "0,5"], ["x"], ["1_000"], ["1,23,4"], ["0,123.5"], ["1.2.3"], ["--1"], ["1e"], ["0x10"], ["1 23"]]
)
def test_what_is_no_number_of_one_style_is_none(cells: list[str]) -> None:
    assert numbers(cells) is None


def test_a_cell_is_a_number_by_itself() -> None:
    assert all(map(is_number, ["1", "1,5", "1.5", "nan", "1 234"]))
    assert not any(map(is_number, ["", "I", "1V", "1_0"]))


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("0.123", True), ("-0.123", True), ("1.23\n", True), ("1.2345", True), ("1234.567", True), (".123", True),
        ("1.234e-3", True), ("1.", True), ("1.234\n5.678", False), ("100.000", False), ("12\n34", False), ("", False),
    ],
)  # fmt: skip
def test_a_mark_that_can_only_be_decimal(text: str, decided: bool) -> None:
    assert decides(".", text) == decided
    assert decides(",", text.replace(".", ",")) == decided
    if "." in text and decided:
        np.testing.assert_array_equal(numbers(text.split()), [float(cell) for cell in text.split()])
