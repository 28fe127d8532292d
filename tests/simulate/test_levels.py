"""Levels share one schema and are ordered by difficulty."""

import dataclasses

import pytest

from kalemia.errors import SimulateError
from kalemia.simulate import LEVELS, Level
from kalemia.simulate.levels import level_named


def test_clean_is_easier_than_clinic() -> None:
    clean, clinic = LEVELS["clean"], LEVELS["clinic"]
    for name in ("spread", "sensitivity_spread", "muscle_mv", "wander_mv", "mains_mv", "abnormal_share"):
        assert getattr(clean, name) < getattr(clinic, name), name
    assert clean.penetrance > clinic.penetrance


@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS.keys())
def test_numbers_of_a_level_make_sense(level: Level) -> None:
    for field in dataclasses.fields(level):
        value = getattr(level, field.name)
        if field.name.endswith("share") or field.name == "penetrance":
            assert 0 <= value <= 1, field.name
        if field.name.endswith("_mv"):
            assert 0 <= value < 0.2, field.name
    low, high = level.range_meq_l
    assert 2.0 <= low < high <= 9.5


def test_an_unknown_level_names_the_known() -> None:
    with pytest.raises(SimulateError, match=r"no level 'sunday'.*clean, clinic"):
        level_named("sunday")
