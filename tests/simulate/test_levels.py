"""Levels share one schema and are ordered by difficulty."""

import dataclasses

import numpy as np
import pytest

from kalemia.errors import SimulateError
from kalemia.simulate import LEVELS, Level
from kalemia.simulate.levels import level_named


def test_clean_is_easier_than_clinic_and_clinic_than_hospital() -> None:
    for name in (
        "spread",
        "sensitivity_spread",
        "muscle_mv",
        "wander_mv",
        "abnormal_share",
        "block_share",
        "pop_share",
    ):
        steps = [getattr(LEVELS[level], name) for level in ("clean", "clinic", "hospital")]
        assert sorted(steps) == steps, name
        assert steps[0] < steps[2], name
    assert LEVELS["clean"].penetrance > LEVELS["clinic"].penetrance > LEVELS["hospital"].penetrance


def test_potassium_of_a_hospital_is_mostly_ordinary() -> None:
    rng = np.random.default_rng(1)
    drawn = np.array([LEVELS["hospital"].potassium(rng) for _ in range(4000)])
    assert 0.02 < np.mean(drawn > 5.5) < 0.06
    assert 0.03 < np.mean(drawn < 3.3) < 0.12
    assert np.median(drawn) == pytest.approx(4.15, abs=0.1)


@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS.keys())
def test_numbers_of_a_level_make_sense(level: Level) -> None:
    for field in dataclasses.fields(level):
        value = getattr(level, field.name)
        if field.name.endswith("share") or field.name == "penetrance":
            assert 0 <= value <= 1, field.name
        if field.name.endswith("_mv"):
            assert 0 <= value < 0.2, field.name
    low, high = level.range_meq_l
    assert 2.0 <= low < high <= 10.0
    assert level.normal_share + level.uniform_share <= 1.0


def test_an_unknown_level_names_the_known() -> None:
    with pytest.raises(SimulateError, match=r"no level 'sunday'.*clean, clinic"):
        level_named("sunday")
