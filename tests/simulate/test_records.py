"""Recordings: what they depend on, and what is refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from kalemia.errors import SimulateError
from kalemia.records import LEADS
from kalemia.simulate import LEVELS, dataset, simulate, simulate_one, write
from kalemia.simulate.laboratory import draw_blood


def test_a_record_depends_only_on_seed_level_and_index() -> None:
    whole = [made.recording.signal for made in simulate(5, seed=3)]
    parts = [made.recording.signal for start in (0, 2, 4) for made in simulate(min(2, 5 - start), seed=3, start=start)]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(whole[0], whole[1])
    assert not np.array_equal(whole[0], simulate_one(4, 0).recording.signal)
    assert not np.array_equal(whole[0], simulate_one(3, 0, "clean").recording.signal)


@pytest.mark.parametrize("level", sorted(LEVELS))
def test_limb_leads_obey_einthoven(level: str) -> None:
    recording = simulate_one(1, 0, level).recording
    assert recording.signal.dtype == np.float32
    if level == "wearable":
        assert recording.leads == ("I",)
        assert recording.signal.shape == (1, 15000)
        return
    assert recording.leads == LEADS
    assert recording.signal.shape == (12, 5000)
    one, two, three = (recording.lead(name) for name in ("I", "II", "III"))
    np.testing.assert_allclose(one + three, two, atol=1e-5)
    np.testing.assert_allclose(sum(recording.lead(name) for name in ("aVR", "aVL", "aVF")), 0, atol=1e-5)


def test_a_stated_potassium_changes_nothing_else() -> None:
    drawn, stated = simulate_one(1, 7), simulate_one(1, 7, potassium_meq_l=8.0)
    assert stated.potassium_meq_l == 8.0
    assert stated.parameters == drawn.parameters
    assert stated.variant == drawn.variant
    again = simulate_one(1, 7, potassium_meq_l=drawn.potassium_meq_l)
    np.testing.assert_array_equal(again.recording.signal, drawn.recording.signal)


def test_potassium_follows_the_level() -> None:
    drawn = np.array([made.potassium_meq_l for made in simulate(300, seed=5, level="clean")])
    low, high = LEVELS["clean"].range_meq_l
    assert drawn.min() >= low
    assert drawn.max() <= high
    assert 0.2 < np.mean(drawn > 5.5) < 0.45
    assert 0.4 < np.mean((drawn > 3.5) & (drawn < 5.2)) < 0.75


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"count": -1, "seed": 1}, "count is -1"),
        ({"count": 1, "seed": -1}, "seed is -1"),
        (
            {"count": 1, "seed": 1, "level": "moon"},
            "no level 'moon'.*clean, clinic, kidney, dialysis, hospital, wearable",
        ),
        ({"count": 1, "seed": 1, "start": -2}, "start is -2"),
    ],
)
def test_bad_arguments_are_refused_at_the_call(arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(SimulateError, match=sentence):
        simulate(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("potassium", [1.0, 12.0, float("nan")])
def test_potassium_outside_the_atlas_is_refused(potassium: float) -> None:
    with pytest.raises(SimulateError, match=r"outside the simulator's atlas; expected 2\.0 to 10\.0"):
        simulate_one(1, 0, potassium_meq_l=potassium)


def test_a_dialysis_patient_comes_again_and_potassium_falls() -> None:
    level = LEVELS["dialysis"]
    series = list(simulate(3, seed=1, level="dialysis"))
    assert len(series) == 3 * level.records == 36
    assert len({made.name for made in series}) == 36
    for patient in ("p000000", "p000001", "p000002"):
        own = [made for made in series if made.patient == patient]
        assert {made.variant for made in own} == {own[0].variant}
        assert {made.parameters["gain_mv"] for made in own} == {own[0].parameters["gain_mv"]}
        assert [(made.day, made.minute) for made in own] == [(d, m) for d in (0, 2, 4) for m in (0, 80, 160, 240)]
        for first in (0, 4, 8):
            session = [made.potassium_meq_l for made in own[first : first + 4]]
            assert sorted(session, reverse=True) == session
            assert len({made.parameters["electrode_seed"] for made in own[first : first + 4]}) == 1
        assert len({made.parameters["electrode_seed"] for made in own}) == 3


def test_the_same_heart_can_be_asked_for_on_many_days_at_one_potassium() -> None:
    days = [simulate_one(1, 4, "clinic", 4.3, visit=visit) for visit in range(3)]
    assert len({made.parameters["electrode_seed"] for made in days}) == 3
    assert len({made.parameters["gain_mv"] for made in days}) == 1
    assert not np.array_equal(days[0].recording.signal, days[1].recording.signal)
    np.testing.assert_array_equal(days[1].recording.signal, simulate_one(1, 4, "clinic", 4.3, 1).recording.signal)


def test_no_noise_is_shared_between_patients() -> None:
    """Quiet stretches of different records must not correlate."""
    noise = [np.diff(made.recording.signal[0], 4) for made in simulate(6, seed=9)]
    for first in range(6):
        for second in range(first):
            assert abs(np.corrcoef(noise[first], noise[second])[0, 1]) < 0.15


def test_the_laboratory_is_near_the_truth_and_hemolysis_above_it() -> None:
    rng = np.random.default_rng(3)
    draws = [draw_blood(4.2, 30.0, 0.2, rng) for _ in range(2000)]
    clean = np.array([draw.measured_meq_l - 4.2 for draw in draws if not draw.hemolyzed])
    hemolyzed = np.array([draw.measured_meq_l - 4.2 for draw in draws if draw.hemolyzed])
    assert abs(clean.mean()) < 0.02
    assert 0.03 < clean.std() < 0.2
    assert 0.3 < hemolyzed.mean() < 0.6
    assert np.mean([draw.hemolyzed for draw in draws]) == pytest.approx(0.2, abs=0.03)


def test_a_level_of_ones_own_goes_instead_of_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "CHUNK", 3)
    own = dataclasses.replace(LEVELS["clean"], name="mine", muscle_mv=0.1)
    made = simulate_one(1, 0, own)
    np.testing.assert_array_equal(made.recording.signal, next(simulate(1, 1, own)).recording.signal)
    noise = [np.std(np.diff(one.recording.signal[0], 3)) for one in (made, simulate_one(1, 0, "clean"))]
    assert noise[0] > 5 * noise[1]
    write(tmp_path / "one", 5, 1, own)
    write(tmp_path / "two", 5, 1, own, workers=2)
    for name in ("labels.csv", "0000/p000000.dat", "0000/p000004.dat"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
