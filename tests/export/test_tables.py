"""The tables that exported networks look things up in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kalemia.estimate.evidence import EDGES_MEQ_L, NORMAL_MEQ_L
from kalemia.export import tables

NET = Path(__file__).parents[2] / "firmware" / "net"


@pytest.mark.parametrize(("name", "written"), [("kal_tables.h", tables.header), ("kal_tables.c", tables.source)])
def test_the_runtime_has_the_tables_as_they_are_written(name: str, written: object) -> None:
    assert callable(written)
    assert (NET / name).read_text(encoding="utf-8") == written(), "python -m kalemia.export.tables firmware/net"


def test_a_line_between_entries_is_near_the_function() -> None:
    x = np.linspace(0, 7.9, 1000)
    for table, unit, exact in (
        (tables.sigmoids(), 32768, 1 / (1 + np.exp(-x))),
        (tables.log_sums(), 65536, np.log1p(np.exp(-x))),
    ):
        between = np.interp(x, np.arange(tables.ENTRIES) / 16, table / unit)
        assert np.abs(between - exact).max() < 4e-4


def test_normal_bins_lie_within_normal_limits() -> None:
    first, count = tables.normal_bins()
    assert tuple(EDGES_MEQ_L[[first, first + count]]) == NORMAL_MEQ_L


def test_numbers_are_wrapped_within_the_line() -> None:
    text = tables.braced(range(-300, 300))
    assert max(map(len, text.splitlines())) <= 120
    assert [int(number) for number in text.strip("{}").split(",")] == list(range(-300, 300))
