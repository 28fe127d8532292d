"""Storage formats of WFDB, number by number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import packing

NAN = math.nan


@pytest.mark.parametrize(
    ("form", "data", "numbers", "kind"),
    [
        (8, "01 ff 80 7f", [1, -1, -128, 127], np.float64),
        (16, "01 00 ff ff 00 80 ff 7f 55", [1, -1, NAN, 32767], np.float32),
        (24, "01 00 00 ff ff ff 00 00 80 ff ff 7f 01", [1, -1, NAN, 8_388_607], np.float32),
        (32, "01 00 00 00 ff ff ff ff 00 00 00 80 ff ff ff 7f", [1, -1, NAN, 2_147_483_647], np.float64),
        (61, "00 01 ff ff 80 00 7f ff", [1, -1, NAN, 32767], np.float32),
        (80, "80 81 7f 00 ff", [0, 1, -1, NAN, 127], np.float32),
        (160, "00 80 01 80 ff 7f 00 00 ff ff", [0, 1, -1, NAN, 32767], np.float32),
        (212, "01 f0 02 00 80 00", [1, -254, 0, NAN], np.float32),
        (212, "ff 07", [2047], np.float32),
        (212, "ff 0f ff 01", [-1, 255], np.float32),
        (310, "02 08 04 10", [1, 2, 2 << 5 | 1], np.float32),
        (310, "fe 07 00 04", [-1, NAN, 0], np.float32),
        (310, "02 08 04 10 fe 07", [1, 2, 2 << 5 | 1, -1], np.float32),
        (310, "02 08 04 10 fe 07 01", [1, 2, 2 << 5 | 1, -1], np.float32),
        (310, "02 08 04 10 fe", [1, 2, 2 << 5 | 1], np.float32),
        (311, "01 08 30 00 ff 03", [1, 2, 3, -1], np.float32),
        (311, "01 08 30 00 01 08 00", [1, 2, 3, 1, 2], np.float32),
        (311, "01 08 30 00 01", [1, 2, 3], np.float32),
        (311, "01 08 30 00", [1, 2, 3], np.float32),
        (311, "ff ff ff ff", [-1, -1, -1], np.float32),
        (311, "00 02 00 20", [NAN, 0, NAN], np.float32),
    ],
)
def test_every_format_by_hand(form: int, data: str, numbers: list[float], kind: type) -> None:
    got = packing.unpack(bytes.fromhex(data), form)
    np.testing.assert_array_equal(got, numbers)
    assert got.dtype == kind


def test_a_format_that_is_not_read_is_named_with_those_that_are() -> None:
    with pytest.raises(
        ReadError, match=r"WFDB format 99; the formats 8, 16, .*, 212, 310, 311, 508, 516, 524 are accepted$"
    ):
        packing.unpack(b"", 99)
