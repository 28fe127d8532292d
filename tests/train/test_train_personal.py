"""How much of an error stays with a patient, where it is known."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("polars", reason="cohorts need polars")

from kalemia.train import personal


@pytest.mark.parametrize(("between", "within"), [(0.6, 0.5), (0.0, 0.7), (1.0, 0.1)])
def test_both_parts_are_found_again(between: float, within: float) -> None:
    """Of 400 patients with 12 ECGs `between` has a standard error of at most 0.036, a third of what it may be off."""
    rng = np.random.default_rng(1)
    names = np.repeat([f"p{k}" for k in range(400)], 12)
    error = np.repeat(rng.normal(0, between, 400), 12) + rng.normal(0, within, len(names))
    parts = personal.spreads(error, names)
    assert parts["between_meq_l"] == pytest.approx(between, abs=0.12)
    assert parts["within_meq_l"] == pytest.approx(within, abs=0.03)
    assert parts["patients"] == 400


def test_the_line_is_found_again_with_what_it_is_off_by() -> None:
    """Of 400 patients with 12 ECGs slope and intercept have standard errors of 0.012 and 0.07."""
    rng = np.random.default_rng(2)
    names = np.repeat([f"p{k}" for k in range(400)], 12)
    true = rng.uniform(3, 8, len(names))
    alone = 1.5 + 0.6 * true + np.repeat(rng.normal(0, 0.5, 400), 12) + rng.normal(0, 0.3, len(names))
    found = personal.components(alone, true, names)
    assert found["slope"] == pytest.approx(0.6, abs=0.05)
    assert found["intercept_meq_l"] == pytest.approx(1.5, abs=0.3)
    assert found["between_meq_l"] == pytest.approx(0.5, abs=0.1)
    assert found["within_meq_l"] == pytest.approx(0.3, abs=0.03)


def test_a_network_that_follows_nothing_has_the_least_slope() -> None:
    true, names = np.tile([3.0, 5.0, 7.0], 9), np.repeat([f"p{k}" for k in range(9)], 3)
    found = personal.components(9.0 - true, true, names)
    assert found["slope"] == 0.01


def test_by_hand() -> None:
    """Means 1 and 4, variances 1 and 4: what stays is mean(1 - 1/3, 16 - 4/3) and what comes is mean(1, 4)."""
    error, names = np.array([0.0, 1, 2, 2, 4, 6]), np.repeat(["a", "b"], 3)
    parts = personal.spreads(error, names)
    assert parts["between_meq_l"] == pytest.approx(((2 / 3 + 44 / 3) / 2) ** 0.5, abs=1e-4)
    assert parts["within_meq_l"] == pytest.approx(2.5**0.5, abs=1e-4)


def test_what_all_patients_are_off_by_stays_with_each() -> None:
    error, names = np.tile([0.9, 1.0, 1.1], 20), np.repeat([f"p{k}" for k in range(20)], 3)
    assert personal.spreads(error, names)["between_meq_l"] == pytest.approx(1.0, abs=0.01)


def test_short_series_say_nothing() -> None:
    error = np.array([0.0, 1, 2, 50, -50])
    parts = personal.spreads(error, np.array(["a", "a", "a", "b", "b"]))
    assert (parts["patients"], parts["within_meq_l"]) == (1, 1.0)


@pytest.mark.parametrize(("records", "count"), [(0, 8), (240, 8), (3000, 100), (1_000_000, 200)])
def test_there_are_as_many_series_as_the_training_is_worth(records: int, count: int) -> None:
    assert personal.patients(records) == range(count)


def test_they_are_in_no_part_of_the_data() -> None:
    maker = personal.maker(3)
    assert (maker.level, maker.each, maker.seed) == ("dialysis", 12, 3 + 1_000_003)
