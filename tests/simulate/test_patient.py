"""Patients: how often a level's conditions occur, what age and sex move, how strongly potassium acts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hearts import TYPICAL, usual

from kalemia.simulate import LEVELS, Level
from kalemia.simulate.patient import (
    IONIZED_CALCIUM_MMOL_L,
    Day,
    Patient,
    _aged,
    draw,
    draw_day,
    rotation,
)

SENSITIVITIES = (
    "repolarization_low", "repolarization_high", "conduction_sensitivity", "t_sensitivity", "atrial_sensitivity",
    "u_sensitivity",
)  # fmt: skip
COUNT = 1500


@pytest.fixture(scope="module")
def clinic() -> list[Patient]:
    return [draw(np.random.default_rng(seed), LEVELS["clinic"]) for seed in range(COUNT)]


def share(patients: list[Patient], name: str, value: float | None = None) -> float:
    numbers = np.array([getattr(patient, name) for patient in patients], dtype=float)
    return float(np.mean(numbers != 0 if value is None else numbers == value))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("female", 1, 0.45),
        ("dialysis", 1, 0.3),
        ("block", 1, 0.018),
        ("block", -1, 0.012),
        ("drug", 1, 0.075),
        ("drug", 2, 0.025),
        ("paced", 1, 0.0),
        ("ectopic_share", None, 0.08),
        ("infarct", None, 0.035),
        ("ischemia", None, 0.035),
        ("late_region_ms", None, 0.04),
        ("sinus_sensitivity", None, 0.3),
        ("hypertrophy", None, 0.065),  # twice as often on dialysis
    ],
)
def test_conditions_occur_as_often_as_the_level_has_it(
    clinic: list[Patient], name: str, value: float | None, expected: float
) -> None:
    margin = 4 * np.sqrt(max(expected * (1 - expected), 1e-4) / COUNT)
    assert share(clinic, name, value) == pytest.approx(expected, abs=margin)


def test_the_right_bundle_is_blocked_more_often_than_the_left() -> None:
    level = dataclasses.replace(TYPICAL, block_share=1.0)
    blocks = np.array([draw(np.random.default_rng(seed), level).block for seed in range(COUNT)])
    assert set(blocks) == {1, -1}
    assert np.mean(blocks == 1) == pytest.approx(0.6, abs=0.05)


def test_ages_are_those_of_adults_round_the_levels_mean(clinic: list[Patient]) -> None:
    ages = np.array([patient.age_y for patient in clinic])
    assert ages.min() >= 18.0
    assert ages.max() <= 100.0
    assert ages.mean() == pytest.approx(62.0, abs=1.5)
    assert ages.std() == pytest.approx(16.0, abs=1.2)


def test_fibrillation_grows_with_age(clinic: list[Patient]) -> None:
    old = [patient for patient in clinic if patient.age_y > 70]
    young = [patient for patient in clinic if patient.age_y < 50]
    assert share(old, "fibrillation") > 1.5 * share(young, "fibrillation")


def test_ionized_calcium_is_lower_on_dialysis(clinic: list[Patient]) -> None:
    on, off = ([p.calcium_mmol_l for p in clinic if p.dialysis == value] for value in (1, 0))
    assert np.mean(off) == pytest.approx(IONIZED_CALCIUM_MMOL_L, abs=0.01)
    assert np.mean(on) == pytest.approx(IONIZED_CALCIUM_MMOL_L - 0.06, abs=0.02)
    assert np.std(on) == pytest.approx(0.1, abs=0.015)


def test_a_third_hardly_answers_and_parts_of_a_heart_answer_together(clinic: list[Patient]) -> None:
    of = {name: np.log([getattr(patient, name) for patient in clinic]) for name in SENSITIVITIES}
    mean = np.mean([of[name] for name in SENSITIVITIES], axis=0)
    deaf = mean < np.log(0.4)
    assert np.mean(deaf) == pytest.approx(0.35, abs=0.08)
    for name in SENSITIVITIES[1:]:
        assert np.corrcoef(of[name], of[SENSITIVITIES[0]])[0, 1] > 0.7


def test_a_level_where_everybody_answers_alike() -> None:
    people = [draw(np.random.default_rng(seed), TYPICAL) for seed in range(20)]
    for name, median in zip(SENSITIVITIES, (0.95, 1.2, 0.95, 1.0, 0.7, 0.8), strict=True):
        assert [getattr(patient, name) for patient in people] == pytest.approx([median] * 20), name
    deaf = dataclasses.replace(TYPICAL, penetrance=0.0)
    assert draw(np.random.default_rng(0), deaf).t_sensitivity == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("potassium", "low", "high", "expected"),
    [
        (4.3, 1.0, 1.0, 4.3),
        (5.3, 9.0, 0.5, 4.8),
        (3.3, 0.5, 9.0, 3.8),
        (9.0, 1.0, 2.0, 10.0),  # the atlas ends there
        (2.0, 3.0, 1.0, 2.0),
    ],
)
def test_tissue_sees_the_change_times_its_sensitivity(
    potassium: float, low: float, high: float, expected: float
) -> None:
    assert usual().seen(potassium, low, high) == pytest.approx(expected)


def test_every_number_of_a_patient_is_told_by_name() -> None:
    told = usual().parameters()
    names = {f.name for f in dataclasses.fields(Patient)} - {"body"} | {
        f.name for f in dataclasses.fields(usual().body)
    }
    assert set(told) == names
    assert all(isinstance(value, float) for value in told.values())
    assert told["gain_mv"] == usual().body.gain_mv


@pytest.mark.parametrize("female", [True, False])
def test_age_turns_the_axis_to_the_left_and_prolongs_pr(female: bool) -> None:
    young, old = (_aged(usual().body, years, female, np.random.default_rng(0), 1.0) for years in (-1.0, 1.0))
    assert old.turn_frontal - young.turn_frontal == pytest.approx(-0.12)
    assert old.pr_ms / young.pr_ms == pytest.approx(1.03 / 0.97)
    assert old.gain_mv == young.gain_mv


def test_women_have_smaller_voltages_and_a_longer_qt() -> None:
    woman, man = (_aged(usual().body, 0.0, female, np.random.default_rng(0), 1.0) for female in (True, False))
    assert woman.gain_mv / man.gain_mv == pytest.approx(np.exp(-0.11))
    assert woman.apd_scale / man.apd_scale == pytest.approx(1.008 / 0.994)
    same = _aged(usual().body, 2.0, True, np.random.default_rng(0), 0.0)
    assert same == usual().body


def test_days_differ_and_are_as_far_apart_as_the_level_has_it() -> None:
    level = LEVELS["clinic"]
    days = [draw_day(np.random.default_rng(seed), level) for seed in range(800)]

    def spread(name: str) -> float:
        return float(np.std([getattr(day, name) for day in days]))

    assert spread("posture_frontal") == pytest.approx(0.06, abs=0.008)
    assert spread("posture_horizontal") == pytest.approx(0.08, abs=0.01)
    assert spread("repolarization_ms") == pytest.approx(4.0, abs=0.5)
    assert np.median([day.rate_factor for day in days]) == pytest.approx(level.rr_factor, abs=0.02)
    assert np.std(np.log([day.voltage_factor for day in days])) == pytest.approx(0.06, abs=0.008)
    still: Day = draw_day(np.random.default_rng(0), TYPICAL)
    assert (still.electrode_cm, still.posture_long, still.voltage_factor) == (0.0, 0.0, 1.0)
    assert still.parameters()["rate_factor"] == still.rate_factor


def test_electrodes_sit_as_far_off_as_the_day_says_and_stay_there() -> None:
    day = dataclasses.replace(draw_day(np.random.default_rng(0), LEVELS["clinic"]), electrode_cm=1.0)
    shift = day.electrode_shift()
    assert shift.shape == (6, 3)
    np.testing.assert_array_equal(shift, day.electrode_shift())
    np.testing.assert_allclose(dataclasses.replace(day, electrode_cm=2.0).electrode_shift(), 2 * shift)
    assert not dataclasses.replace(day, electrode_cm=0.0).electrode_shift().any()
    many = np.stack([dataclasses.replace(day, electrode_seed=float(seed)).electrode_shift() for seed in range(300)])
    np.testing.assert_allclose(many.std(axis=(0, 1)), [1.0, 1.0, 0.5], atol=0.08)  # less towards the back


@pytest.mark.parametrize("angles", [(0.3, 0.0, 0.0), (0.0, -0.4, 0.0), (0.0, 0.0, 1.0), (0.2, 0.5, -0.7)])
def test_a_rotation_keeps_lengths_and_hands(angles: tuple[float, float, float]) -> None:
    turn = rotation(*angles)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1.0)


def test_rotations_are_about_the_axes_they_are_named_for() -> None:
    np.testing.assert_allclose(rotation(0.0, 0.0, 0.0), np.eye(3))
    for axis, angles in ((2, (0.5, 0.0, 0.0)), (1, (0.0, 0.5, 0.0)), (0, (0.0, 0.0, 0.5))):
        still = np.eye(3)[axis]
        np.testing.assert_allclose(rotation(*angles) @ still, still, atol=1e-12)


@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS.keys())
def test_every_level_draws_patients(level: Level) -> None:
    for seed in range(5):
        patient = draw(np.random.default_rng(seed), level)
        assert 0 <= patient.variant < 40
        assert 0 <= patient.ventricular_site < 8
        assert 0 <= patient.region < 4
        assert 0.0 <= patient.ectopic_share <= 0.4
