"""Predictions beside each other: the means of seeds, and differences on the same resampled patients."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from kalemia.judge import compare, resampled
from kalemia.judge.resampled import Predictions, merits, span
from kalemia.judge.spans import Span

RNG = np.random.default_rng(0)
N = 240
PATIENTS = np.array([f"p{k // 3}" for k in range(N)])
TRUE = RNG.normal(5, 1, N)
SHARED = RNG.normal(0, 0.8, N)
BASE, OTHER = (Predictions(TRUE + SHARED + RNG.normal(0, 0.1, N)) for _ in range(2))


@pytest.fixture(autouse=True)
def _fewer_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampled, "ROUNDS", 400)


def width(found: Span) -> float:
    assert found.low is not None
    assert found.high is not None
    assert found.value is not None
    assert found.low < found.value < found.high
    return found.high - found.low


def test_the_difference_of_two_is_surer_than_each() -> None:
    alone = compare.summary(TRUE, [BASE], PATIENTS)["r2"]
    paired = compare.paired(TRUE, [BASE], [OTHER], PATIENTS)["r2"]
    assert width(paired) < 0.5 * width(alone)


def test_who_is_better_has_a_higher_r2_and_a_smaller_error() -> None:
    found = compare.paired(TRUE, [BASE], [Predictions(TRUE + 0.1)], PATIENTS)
    assert tuple(found) == compare.COMPARED == ("r2", "mae_meq_l", "auroc_above_5.5")
    assert found["r2"].above_zero
    assert found["mae_meq_l"].below_zero
    assert found["mae_meq_l"].value == pytest.approx(0.1 - np.abs(BASE.potassium - TRUE).mean(), abs=1e-4)


def test_nobody_differs_from_oneself() -> None:
    assert compare.paired(TRUE, [BASE], [BASE], PATIENTS) == dict.fromkeys(compare.COMPARED, Span(0.0, 0.0, 0.0))


def test_one_way_round_is_the_other_with_its_ends_swapped() -> None:
    there, back = (compare.paired(TRUE, *both, PATIENTS) for both in (([BASE], [OTHER]), ([OTHER], [BASE])))
    for name in compare.COMPARED:
        assert back[name] == -there[name]


def test_figures_of_several_seeds_are_the_means_of_theirs() -> None:
    found = compare.summary(TRUE, [BASE, OTHER], PATIENTS)
    each = [merits(TRUE, seed, PATIENTS) for seed in (BASE, OTHER)]
    assert list(found) == list(each[0])
    for name in ("r2", "mae_meq_l", "auroc_at_least_6.0"):
        assert found[name] == span((each[0][name] + each[1][name]) / 2)
