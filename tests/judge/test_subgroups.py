"""Shares of ECGs, altogether and in the groups that a table knows."""

from __future__ import annotations

import numpy as np
import pytest

pl = pytest.importorskip("polars")
pytest.importorskip("sklearn")

from scipy.stats import binomtest

from kalemia.cohort.cohort import SUBGROUPS
from kalemia.judge.subgroups import Share, coverages, subgroups

TABLE = pl.DataFrame(
    {
        "kidney_disease": [True, True, True, True],
        "dialysis": [True, False, None, False],
        "atrial_fibrillation": [None, None, None, None],
        "wide_qrs": [False, False, False, True],
        "sex": ["female", "male", "female", None],
        "age_y": [64.9, 65.0, None, 80.0],
        "variant": ["wall-02", None, "wall-01", "wall-02"],
    },
    schema={**dict.fromkeys(SUBGROUPS, pl.Boolean), "sex": pl.String, "age_y": pl.Float32, "variant": pl.String},
)
GROUPS = {
    "kidney disease": [0, 1, 2, 3],
    "no kidney disease": [],
    "dialysis": [0],
    "no dialysis": [1, 3],
    "atrial fibrillation": [],
    "no atrial fibrillation": [],
    "wide QRS": [3],
    "no wide QRS": [0, 1, 2],
    "female": [0, 2],
    "male": [1],
    "65 years and older": [1, 3],
    "younger than 65": [0],
    "ionic variant wall-01": [2],
    "ionic variant wall-02": [0, 3],
}


def test_each_row_is_in_the_groups_that_it_says_it_is_in() -> None:
    assert {name: np.flatnonzero(inside).tolist() for name, inside in subgroups(TABLE).items()} == GROUPS


def test_coverage_is_told_of_all_first_and_then_of_each_group_that_has_an_ecg() -> None:
    covered = np.array([True, False, True, True])
    found = coverages(covered, TABLE)
    assert list(found) == ["all", *(name for name, rows in GROUPS.items() if rows)]
    assert found["all"] == Share.of(covered)
    for name, rows in GROUPS.items():
        if rows:
            assert (found[name].ecgs, found[name].value) == (len(rows), round(covered[rows].mean(), 4))


@pytest.mark.parametrize("hits", [0, 3, 10])
def test_a_share_has_wilsons_interval(hits: int) -> None:
    share = Share.of(np.arange(10) < hits)
    interval = binomtest(hits, 10).proportion_ci(method="wilson")
    assert share == Share(10, hits / 10, round(float(interval.low), 4), round(float(interval.high), 4))


def test_a_share_of_the_means_of_several_models_has_the_interval_of_the_nearest_count() -> None:
    share = Share.of(np.array([1.0, 2 / 3, 1.0, 0.0]))  # 2.67 hits, of which three is the nearest
    assert share.value == 0.6667
    assert (share.low, share.high) == (Share.of(np.arange(4) < 3).low, Share.of(np.arange(4) < 3).high)


def test_a_share_is_written_with_its_interval() -> None:
    assert str(Share(10, 0.9, 0.5958, 0.9821)) == "0.900 (0.596 to 0.982)"


@pytest.mark.parametrize("wrong", [(1.1, 0.9, 1.0), (0.5, 0.6, 0.4), (0.5, -0.1, 0.6), (float("nan"), 0.4, 0.6)])
def test_a_share_that_is_none_is_an_error(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="a share is not from 0 to 1, or its interval does not rise"):
        Share(5, *wrong)
