"""Pages that are bright on dark."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from drawn_pages import NAMES, columns, ecg, page, read, snr_db
from numpy.typing import NDArray

from kalemia.digitize.reader import INVERTED
from kalemia.errors import DigitizeError

Pixels = NDArray[np.uint8]
TRUE = ecg()


def inverted(picture: Pixels) -> Pixels:
    return 255 - picture


def green(picture: Pixels) -> Pixels:
    """Return a page as a monitor shows it: a green trace, darker green lines, on black."""
    return np.asarray((255 - picture.min(axis=2))[..., None] * np.array([0.2, 1.0, 0.3]), np.uint8)


@pytest.mark.parametrize("shown", [inverted, green])
def test_a_bright_trace_on_a_dark_page_is_read_and_that_is_said(shown: Callable[[Pixels], Pixels]) -> None:
    found = read(shown(page(TRUE, columns(NAMES, 3))))
    assert found.layout == "3x4"
    assert INVERTED in found.recording.warnings
    assert snr_db(TRUE["II"][:1250], found.recording.lead("II")[:1250]) > 12


def test_a_dark_page_without_an_ecg_is_refused_for_what_it_is() -> None:
    with pytest.raises(DigitizeError, match="no grid of an ECG is seen"):
        read(np.full((400, 600, 3), 30, np.uint8))
    assert INVERTED not in read(page(TRUE, columns(NAMES, 3))).recording.warnings
