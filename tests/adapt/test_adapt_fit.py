"""A last layer is fitted, and pulled back to what it was."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("polars")

from kalemia.adapt.fit import Line, line, sureness, weights
from kalemia.adapt.layer import Layer, surprise
from layers import ecgs, right


def surprised(layer: Layer, seed: int = 9) -> float:
    """Return how much fresh ECGs surprise a layer."""
    fresh = ecgs(1000, seed)
    return float(surprise(layer.says(fresh.states), fresh.log_shares(), fresh.bins).mean())


def test_a_line_that_changes_nothing_changes_nothing() -> None:
    states = ecgs(20).states
    np.testing.assert_allclose(Line().moved(right()).says(states), right().says(states), atol=1e-9)


def test_a_line_gives_a_potassium_the_likelihood_of_another() -> None:
    states, two_bins = ecgs(20).states, 0.5
    moved = Line(shift_meq_l=two_bins, sureness=2.0).moved(right()).says(states)
    np.testing.assert_allclose(moved[:, :-2], 2 * right().says(states)[:, 2:])
    stretched = Line(slope=2.0).moved(right())  # about 4.5 mEq/L, between the bins of 4.375 and 4.625
    np.testing.assert_allclose(stretched.says(states)[:, 10], right().says(states)[:, [10, 11]].mean(axis=1), rtol=0.05)


def test_an_offset_and_too_much_sureness_are_found() -> None:
    layer = right()
    off = line(layer, ecgs(600, off_meq_l=0.6))
    assert off.shift_meq_l == pytest.approx(0.6, abs=0.15)
    assert off.slope == pytest.approx(1, abs=0.1)
    sure = line(replace(layer, weights=3 * layer.weights), ecgs(600))
    assert sure.sureness == pytest.approx(1 / 3, abs=0.07)
    assert sure.shift_meq_l == pytest.approx(0, abs=0.1)


def test_two_ecgs_hardly_move_a_line() -> None:
    moved = line(right(), ecgs(2, off_meq_l=1.0))
    assert abs(moved.shift_meq_l) < 0.2
    assert abs(math.log(moved.slope)) < 0.15
    assert abs(math.log(moved.sureness)) < 0.25


def test_weights_are_pulled_back_the_more_the_stronger() -> None:
    wrong = replace(right(), weights=right().weights + np.array([[-4.0, 3.0], [4.0, 2.0]]))
    fixed, held, free = weights(wrong, ecgs(400), (math.inf, 1e6, 1.0))
    assert surprised(free) < surprised(wrong) - 0.2
    assert surprised(free) == pytest.approx(surprised(right()), abs=0.05)
    np.testing.assert_allclose(held.weights, wrong.weights, atol=0.01)
    np.testing.assert_array_equal(fixed.weights, wrong.weights)


def test_a_strength_is_the_same_from_wherever_it_is_reached() -> None:
    some = ecgs(200)
    alone, after = weights(right(), some, (10.0,))[0], weights(right(), some, (math.inf, 1000.0, 10.0))[-1]
    np.testing.assert_allclose(after.says(some.states), alone.says(some.states), atol=0.1)


def test_a_state_that_hardly_varies_is_not_blown_up() -> None:
    some = ecgs(200)
    some = replace(some, states=np.column_stack([some.states, np.full(len(some), 1e-9)]))
    layer = replace(right(), weights=np.vstack([right().weights, [0.0, 0.0]]))
    assert np.abs(weights(layer, some, (1.0,))[0].weights[2]).max() < 1e-3


def test_how_sure_a_layer_may_be_is_found() -> None:
    some = ecgs(600)
    said = right().says(some.states)
    assert sureness(said, some.log_shares(), some.bins) == pytest.approx(1, abs=0.12)
    assert sureness(2 * said, some.log_shares(), some.bins) == pytest.approx(0.5, abs=0.07)
