"""Records in WFDB's format, byte by byte; that others read them is tested where records are made."""

from __future__ import annotations

import numpy as np
import pytest

from kalemia.system.wfdb import UNKNOWN, counts, files


@pytest.mark.parametrize(
    ("mv", "stored"),
    [
        (0.0, 0),
        (1.0, 1000),
        (-0.0004, 0),
        (0.0006, 1),
        (-1.2346, -1235),
        (32.767, 32767),
        (40.0, 32767),
        (-40.0, -32767),
        (np.nan, UNKNOWN),
    ],
)
def test_a_millivolt_is_a_thousand_counts_and_what_is_unknown_is_the_lowest_number(mv: float, stored: int) -> None:
    made = counts(np.array([[mv]], np.float32))
    assert made.dtype == np.dtype("<i2")
    assert made.tolist() == [[stored]]
    assert UNKNOWN == -(2**15)


def test_a_record_is_a_header_and_samples_of_all_leads_interleaved() -> None:
    stored = np.array([[1, 2, -3], [400, 500, UNKNOWN]], "<i2")
    made = files("p1", ("II", "V5"), 250.0, stored, "simulated, K 5.1")
    assert made["p1.hea"].decode("ascii").splitlines() == [
        "p1 2 250 3",
        "p1.dat 16 1000(0)/mV 16 0 1 0 0 II",
        f"p1.dat 16 1000(0)/mV 16 0 400 {(400 + 500 - 32768) % 65536} 0 V5",
        "# simulated, K 5.1",
    ]
    assert made["p1.hea"].endswith(b"\n")
    assert np.frombuffer(made["p1.dat"], "<i2").tolist() == [1, 400, 2, 500, -3, UNKNOWN]
    assert list(made) == ["p1.hea", "p1.dat"]


@pytest.mark.parametrize(("rate", "shown"), [(500.0, "500"), (360.5, "360.5"), (128.0, "128")])
def test_the_rate_is_written_as_short_as_it_is(rate: float, shown: str) -> None:
    header = files("p", ("I",), rate, np.zeros((1, 5), "<i2"), "")["p.hea"].decode()
    assert header.startswith(f"p 1 {shown} 5\n")


def test_a_record_without_samples_has_a_header() -> None:
    made = files("p", ("I",), 500.0, np.empty((1, 0), "<i2"), "empty")
    assert made["p.dat"] == b""
    assert "p.dat 16 1000(0)/mV 16 0 0 0 0 I" in made["p.hea"].decode()
