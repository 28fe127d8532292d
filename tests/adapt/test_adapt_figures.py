"""Whether a gain is sure, and of how many ECGs it would be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("polars")

from kalemia.adapt.figures import Figures, Reached, covered, figures
from kalemia.adapt.folds import held
from kalemia.estimate.evidence import EDGES_MEQ_L
from kalemia.judge.spans import Span
from layers import ecgs, right

ANY = Span(0.5, 0.4, 0.6)


def gained(bits: float, error: float) -> Figures:
    return Figures(Reached(ANY, ANY, ANY), Reached(ANY, ANY, ANY), Span(bits, bits - error, bits + error), error)


@pytest.mark.parametrize(
    ("bits", "error", "sure", "enough"),
    [
        (0.05, 0.02, True, 64),
        (0.04, 0.02, False, 100),  # as many as there are
        (0.02, 0.02, False, 400),
        (0.013, 0.02, False, 950),
        (-0.01, 0.02, False, 1600),  # a standard error better would be 0.01
        (-0.02, 0.02, False, None),
        (0.001, 0.02, False, None),
        (0.0, 0.0, False, None),
    ],
)
def test_a_gain_is_sure_from_two_standard_errors_on(bits: float, error: float, sure: bool, enough: int | None) -> None:
    found = gained(bits, error)
    assert found.sure is sure
    assert found.enough(100) == enough


def test_a_layer_that_was_wrong_gains_and_one_that_was_right_does_not() -> None:
    some = ecgs(300)
    wrong = replace(right(), weights=-right().weights)
    better, same = (figures(held(layer, some), some) for layer in (wrong, right()))
    assert better.sure
    assert not same.sure
    assert (better.before.auroc.value or 0) < 0.5 < (better.after.auroc.value or 0)
    assert (better.after.bits.value or 0) > 0.2 > 0 > (better.before.bits.value or 0)
    assert (better.after.coverage.value or 0) > 0.8


def test_an_interval_holds_what_lies_in_it() -> None:
    bin_of_4_5 = int(np.searchsorted(EDGES_MEQ_L, 4.5))  # 4.5 to 4.75, of which the middle nine tenths are taken
    sure = np.full((4, len(EDGES_MEQ_L) - 1), -50.0)
    sure[:, bin_of_4_5] = 0
    assert covered(sure, np.array([4.505, 4.52, 4.73, 4.745])).tolist() == [False, True, True, False]
