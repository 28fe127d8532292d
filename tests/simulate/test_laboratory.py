"""What a laboratory makes of a potassium, which potassium a level draws, and what a record is made from."""

from __future__ import annotations

import importlib
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from kalemia.errors import SimulateError
from kalemia.records import LEADS
from kalemia.simulate import LEVELS, Level, simulate_one
from kalemia.simulate.laboratory import BloodTest, draw_blood
from kalemia.simulate.levels import DIALYSATE_MEQ_L, level_named
from kalemia.simulate.records import (
    _potassium,
    _recorded,
    check_counts,
    check_potassium,
    generators,
    twelve,
)


def blood_of(potassium: float, gap_min: float = 0.0, hemolysis: float = 0.0, count: int = 4000) -> list[BloodTest]:
    rng = np.random.default_rng(0)
    return [draw_blood(potassium, gap_min, hemolysis, rng) for _ in range(count)]


@pytest.mark.parametrize("potassium", [5.86, 6.55, 7.53])
def test_the_assay_errs_by_less_than_a_percent(potassium: float) -> None:
    measured = np.array([blood.measured_meq_l for blood in blood_of(potassium)])
    assert measured.mean() == pytest.approx(potassium, abs=0.01)
    rounding = 0.1 / np.sqrt(12)
    assert measured.std() == pytest.approx(np.hypot(0.008 * potassium, rounding), abs=0.012)


def test_laboratories_report_tenths() -> None:
    for blood in blood_of(4.23, 20.0, 0.2, 200):
        assert blood.measured_meq_l == round(blood.measured_meq_l, 1)
        assert blood.gap_min == round(blood.gap_min, 1)


def test_draws_come_before_and_after_the_ecg() -> None:
    gaps = np.array([blood.gap_min for blood in blood_of(4.2, gap_min=30.0)])
    assert gaps.std() == pytest.approx(30.0, rel=0.05)
    assert gaps.mean() == pytest.approx(0.0, abs=2.0)
    assert {blood.gap_min for blood in blood_of(4.2, count=20)} == {0.0}


def test_potassium_wanders_until_the_draw() -> None:
    far = blood_of(4.2, gap_min=240.0)
    error = np.array([abs(blood.measured_meq_l - 4.2) for blood in far])
    late = np.abs([blood.gap_min for blood in far]) > 240
    assert error[late].mean() > 2 * error[~late].mean() > 0.1


def test_hemolysis_adds_potassium_to_its_share() -> None:
    drawn = blood_of(4.2, hemolysis=0.25)
    hemolyzed = np.array([blood.hemolyzed for blood in drawn])
    added = np.array([blood.measured_meq_l for blood in drawn]) - 4.2
    assert hemolyzed.mean() == pytest.approx(0.25, abs=0.03)
    assert added[hemolyzed].mean() == pytest.approx(0.35 * np.exp(0.125), abs=0.04)
    assert added[hemolyzed].min() > -0.15
    assert not any(blood.hemolyzed for blood in blood_of(4.2, count=100))


def levels_potassium(level: Level, count: int = 4000) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    rng = np.random.default_rng(1)
    return np.array([level.potassium(rng) for _ in range(count)])


@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS.keys())
def test_a_level_draws_within_its_range_to_hundredths(level: Level) -> None:
    drawn = levels_potassium(level, 1000)
    low, high = level.range_meq_l
    assert low <= drawn.min() < drawn.max() <= high
    np.testing.assert_allclose(drawn, np.round(drawn, 2))


def test_ordinary_uniform_and_rare_values_have_their_shares() -> None:
    base = LEVELS["clinic"]
    ordinary = levels_potassium(replace(base, normal_share=1.0, uniform_share=0.0))
    assert (ordinary.mean(), ordinary.std()) == pytest.approx((4.3, 0.45), abs=0.03)
    anywhere = levels_potassium(replace(base, normal_share=0.0, uniform_share=1.0))
    np.testing.assert_allclose(np.histogram(anywhere, 4, base.range_meq_l)[0] / 4000, 0.25, atol=0.03)
    rare = levels_potassium(replace(base, normal_share=0.0, uniform_share=0.0))
    assert not ((rare > 3.5) & (rare < 5.2)).any()
    assert np.mean(rare < 4) == pytest.approx(0.5, abs=0.03)
    assert np.mean(5.2 - rare[rare > 5]) == pytest.approx(-0.6, abs=0.06)
    assert np.mean(3.5 - rare[rare < 4]) == pytest.approx(0.35, abs=0.05)


def test_the_kidney_level_is_like_the_founding_studys_cohort() -> None:
    drawn = levels_potassium(LEVELS["kidney"])
    assert drawn.min() >= 3.0
    assert 0.25 < np.mean(drawn > 5.5) < 0.55
    assert 0.6 < LEVELS["kidney"].normal_share + LEVELS["kidney"].uniform_share <= 1.0


@pytest.mark.parametrize(("minute", "share"), [(0, 0.0), (80, 0.5), (160, 0.75), (240, 0.875)])
def test_dialysis_takes_half_of_the_rest_every_eighty_minutes(minute: int, share: float) -> None:
    level = replace(LEVELS["dialysis"], normal_share=1.0, normal_meq_l=(6.0, 0.0))
    streams = [np.random.default_rng(k) for k in (0, 1)]
    found = _potassium(level, streams[0], streams[1], 0, minute)
    removable = 0.6 * (6.0 - DIALYSATE_MEQ_L)
    assert found == pytest.approx(6.0 - share * removable, abs=0.0051)


def test_another_session_begins_near_the_first() -> None:
    level = replace(LEVELS["dialysis"], normal_share=1.0, normal_meq_l=(5.0, 0.0))
    begun = [_potassium(level, np.random.default_rng(0), np.random.default_rng(k), 1, 0) for k in range(800)]
    assert np.mean(begun) == pytest.approx(5.0, abs=0.04)
    assert np.std(begun) == pytest.approx(0.35, abs=0.03)


def test_without_dialysis_nothing_falls() -> None:
    level = replace(LEVELS["clinic"], normal_share=1.0, normal_meq_l=(6.0, 0.0))
    assert _potassium(level, np.random.default_rng(0), np.random.default_rng(0), 0, 240) == 6.0


def test_streams_are_independent_and_named() -> None:
    first, second = generators(3, "clinic", (7,), 2)
    assert not np.array_equal(first.random(5), second.random(5))

    def start(seed: int, kind: str, *key: int) -> float:
        return float(generators(seed, kind, key, 1)[0].random())

    values = [
        start(3, "clinic", 7),
        start(4, "clinic", 7),
        start(3, "clean", 7),
        start(3, "clinic", 8),
        start(3, "clinic", 7, 1),
    ]
    assert len(set(values)) == 5
    assert start(3, "clinic", 7) == values[0]


def test_twelve_leads_follow_from_eight_in_steps() -> None:
    eight = np.random.default_rng(0).normal(0, 1, (8, 50)).astype(np.float32)
    made = dict(zip(LEADS, twelve(eight, 0.005), strict=True))
    steps = np.round(eight / np.float32(0.005)) * np.float32(0.005)
    np.testing.assert_array_equal(made["I"], steps[0])
    np.testing.assert_array_equal(made["II"], steps[1])
    for k in range(6):
        np.testing.assert_array_equal(made[f"V{k + 1}"], steps[2 + k])
    np.testing.assert_allclose(made["III"], steps[1] - steps[0], atol=1e-6)
    np.testing.assert_allclose(made["aVR"], -(steps[0] + steps[1]) / 2, atol=1e-6)
    np.testing.assert_allclose(made["aVL"], (made["I"] - made["III"]) / 2, atol=1e-6)
    np.testing.assert_allclose(made["aVF"], (made["II"] + made["III"]) / 2, atol=1e-6)


def test_a_watch_records_the_first_lead_alone() -> None:
    quiet = np.ones((8, 500), np.float32) * np.arange(1, 9, dtype=np.float32)[:, None]
    level = replace(LEVELS["clean"], leads=("I",), muscle_mv=0.0, step_mv=0.25)
    found = _recorded(quiet, level, np.random.default_rng(0))
    np.testing.assert_array_equal(found, np.ones((1, 500)))


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [({"count": -1}, "count is -1; expected 0 or more"), ({"seed": 0, "visit": -2}, "visit is -2; expected 0 or more")],
)
def test_negative_numbers_are_named(numbers: dict[str, int], sentence: str) -> None:
    with pytest.raises(SimulateError, match=sentence):
        check_counts(**numbers)
    check_counts(**dict.fromkeys(numbers, 0))


@pytest.mark.parametrize(("name", "value"), [("index", -1), ("visit", -1), ("seed", -1)])
def test_a_record_is_asked_for_by_whole_numbers(name: str, value: int) -> None:
    with pytest.raises(SimulateError, match=f"{name} is {value}"):
        simulate_one(**({"seed": 1, "index": 0} | {name: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize("potassium", [2.0, 10.0, None])
def test_the_ends_of_the_atlas_can_be_asked_for(potassium: float | None) -> None:
    check_potassium(potassium)


def test_a_records_name_tells_patient_and_visit() -> None:
    assert simulate_one(1, 12, "clean").name == "p000012"
    assert simulate_one(1, 12, "clean", visit=3).name == "p000012-03"
    first = simulate_one(1, 12, "dialysis", visit=4)
    assert (first.name, first.patient, first.day, first.minute) == ("p000012-04", "p000012", 2, 0)


def test_a_level_is_taken_by_name_or_as_it_is() -> None:
    own = replace(LEVELS["clean"], name="mine")
    assert level_named(own) is own
    assert level_named("clean") is LEVELS["clean"]


def test_the_room_has_what_it_names_and_loads_it_late() -> None:
    room = importlib.import_module("kalemia.simulate")
    assert all(callable(getattr(room, name)) for name in room.__all__ if name != "LEVELS")
    with pytest.raises(AttributeError, match="has no attribute 'stimulate'"):
        _ = room.stimulate
    code = "import sys, kalemia.simulate; print([m for m in ('scipy', 'kalemia.simulate.atlas') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
