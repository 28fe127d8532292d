"""Recordings: what they depend on, and what is refused."""

import numpy as np
import pytest

from kalemia.errors import SimulateError
from kalemia.records import LEADS
from kalemia.simulate import LEVELS, simulate, simulate_one


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
    assert recording.leads == LEADS
    assert recording.signal.shape == (12, 5000)
    assert recording.signal.dtype == np.float32
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
        ({"count": 1, "seed": 1, "level": "moon"}, "no level 'moon'.*clean, clinic"),
        ({"count": 1, "seed": 1, "start": -2}, "start is -2"),
    ],
)
def test_bad_arguments_are_refused_at_the_call(arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(SimulateError, match=sentence):
        simulate(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("potassium", [1.0, 12.0, float("nan")])
def test_potassium_outside_the_atlas_is_refused(potassium: float) -> None:
    with pytest.raises(SimulateError, match=r"outside the simulator's atlas; expected 2\.0 to 9\.5"):
        simulate_one(1, 0, potassium_meq_l=potassium)
