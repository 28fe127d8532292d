"""Waves of a beat moved, stretched and raised: where they come to lie, and what stays as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_morph import NOTHING

from ecgs import P, R, T, Wave, recording
from kalemia.simulate.base import Base, base_of
from kalemia.simulate.change import Change
from kalemia.simulate.marks import BEFORE, SAMPLES, TIMES_MS, Marks, ramp, retimed
from kalemia.simulate.shape import FURTHEST, _gains, changed, departures, moved, recombined

OWN = Marks(
    begin=-260.0,
    p_start=-200.0,
    p_end=-110.0,
    onset=-40.0,
    end=44.0,
    t_start=80.0,
    t_peak=280.0,
    t_end=360.0,
    stop=500.0,
)


@pytest.fixture(scope="module")
def base() -> Base:
    return base_of(recording(), "drawn")


def test_nothing_moves_where_nothing_changes() -> None:
    assert moved(OWN, NOTHING) == OWN


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"qrs_width": 1.5}, {"onset": -60.0, "end": 66.0, "p_start": -220.0, "p_end": -130.0}),
        ({"pr_ms": 20.0}, {"p_start": -220.0, "p_end": -130.0}),
        ({"p_width": 1.2}, {"p_end": -92.0}),
        ({"t_late_ms": 30.0}, {"t_peak": 310.0, "t_end": 390.0, "t_start": 110.0}),
        ({"t_width": 0.5}, {"t_start": 180.0, "t_end": 320.0}),
        ({"t_fall": 0.5}, {"t_end": 320.0}),
        ({"t_gain": 2.0, "qrs_gain": 0.5, "p_gain": 0.1, "u_mv": 0.2, "st_mv": 0.1}, {}),
    ],
)
def test_a_change_moves_its_own_marks(change: dict[str, float], expected: dict[str, float]) -> None:
    new = moved(OWN, replace(NOTHING, **change))
    for name, value in vars(OWN).items():
        assert getattr(new, name) == pytest.approx(expected.get(name, value)), name


@pytest.mark.parametrize(
    ("change", "name", "limit"),
    [
        ({"qrs_width": 9.0}, "onset", -210.0),
        ({"qrs_width": 20.0}, "end", 380.0),
        ({"pr_ms": 500.0}, "p_start", -252.0),
        ({"t_late_ms": 900.0}, "t_peak", 460.0),
        ({"t_late_ms": -900.0}, "t_peak", 84.0),
        ({"t_width": 9.0}, "t_end", 492.0),
        ({"t_width": 0.01}, "t_end", 304.0),
    ],
)
def test_a_wave_stops_at_its_neighbours(change: dict[str, float], name: str, limit: float) -> None:
    assert getattr(moved(OWN, replace(NOTHING, **change)), name) == pytest.approx(limit)


def test_gains_act_on_their_own_wave() -> None:
    def of(change: Change) -> dict[str, float]:
        gains = _gains(OWN, change)
        return {
            name: float(gains[int(ms / 2) + BEFORE]) for name, ms in (("p", -160), ("r", 0), ("t", 280), ("pr", -60))
        }

    assert of(NOTHING) == {"p": 1.0, "r": 1.0, "t": 1.0, "pr": 1.0}
    assert of(replace(NOTHING, t_gain=1.5)) == pytest.approx({"p": 1, "r": 1, "t": 1.5, "pr": 1})
    assert of(replace(NOTHING, p_gain=0.2)) == pytest.approx({"p": 0.2, "r": 1, "t": 1, "pr": 1})
    assert of(replace(NOTHING, qrs_gain=0.7)) == pytest.approx({"p": 1, "r": 0.7, "t": 1, "pr": 1})


def test_t_turns_over_where_its_gain_is_negative(base: Base) -> None:
    over = changed(base.beat, base.marks, replace(NOTHING, t_gain=-0.5))
    at = int(base.marks.t_peak / 2) + BEFORE
    np.testing.assert_allclose(over[:, at], -0.5 * base.beat[:, at], atol=0.01)
    np.testing.assert_allclose(over[:, BEFORE], base.beat[:, BEFORE], atol=0.01)


def test_an_added_u_wave_and_st_level_are_seen_by_lead(base: Base) -> None:
    u = changed(base.beat, base.marks, replace(NOTHING, u_mv=0.1)) - base.beat
    at = int((base.marks.t_end + NOTHING.u_late_ms) / 2) + BEFORE
    np.testing.assert_allclose(u[:, at], 0.1 * np.array([0.5, 0.8, 0.2, 1.0, 1.0, 0.9, 0.7, 0.5]), atol=0.004)
    st = changed(base.beat, base.marks, replace(NOTHING, st_mv=-0.1)) - base.beat
    middle = int((base.marks.end + 90) / 2) + BEFORE
    np.testing.assert_allclose(st[:, middle], -0.1 * np.array([0.6, 0.9, -0.2, 0.3, 0.8, 1.0, 1.0, 0.8]), atol=0.004)
    np.testing.assert_allclose(st[:, base.marks.onset > TIMES_MS], 0.0, atol=1e-4)


def test_blur_lowers_the_steepest_part_and_keeps_the_sum(base: Base) -> None:
    blurred = changed(base.beat, base.marks, replace(NOTHING, blur_ms=20.0))
    assert np.abs(np.diff(blurred)).max() < 0.5 * np.abs(np.diff(base.beat)).max()
    np.testing.assert_allclose(blurred.sum(axis=1), base.beat.sum(axis=1), rtol=0.02, atol=0.5)


def test_hearts_of_other_rates_are_brought_together_within_limits(base: Base) -> None:
    fast = replace(base, rr_s=base.rr_s / 8)
    _, marks = recombined(base, fast)
    b = fast.marks
    assert FURTHEST == (0.7, 1.35)
    assert marks.t_peak == pytest.approx(min(base.marks.end + 1.35 * (b.t_peak - b.end), base.marks.stop - 60.0))
    beat, own = recombined(base, base)
    assert own.t_peak == pytest.approx(base.marks.t_peak)
    np.testing.assert_allclose(beat, base.beat, atol=0.01)


def test_p_and_qrs_stay_with_the_first_heart(base: Base) -> None:
    other = base_of(recording(waves=(Wave(-0.16, 0.4, 0.02), R, T)), "tall p")
    beat, _ = recombined(base, other)
    before = base.marks.onset > TIMES_MS
    np.testing.assert_array_equal(beat[:, before], base.beat[:, before])
    assert recombined(other, base)[0][1, before].max() > 2 * beat[1, before].max()
    assert P.mv < 0.4


def test_departures_are_smooth_random_and_about_one() -> None:
    curves = np.concatenate([departures(np.random.default_rng(seed)) for seed in range(40)])
    assert curves.shape == (320, SAMPLES)
    assert curves.std() == pytest.approx(0.85, abs=0.2)
    assert np.abs(curves.mean()) < 0.1
    assert np.diff(curves, axis=1).std() < 0.15 * curves.std()
    np.testing.assert_array_equal(departures(np.random.default_rng(1)), departures(np.random.default_rng(1)))


def test_a_ramp_goes_from_nothing_to_all_between_its_times() -> None:
    step = ramp(-20.0, 80.0)
    assert (step[TIMES_MS <= -20.0] == 0.0).all()
    assert (step[TIMES_MS >= 80.0] == 1.0).all()
    assert step[int(30 / 2) + BEFORE] == pytest.approx(0.5)
    assert (np.diff(step) >= 0).all()


def test_retiming_moves_a_wave_with_its_marks() -> None:
    beat = np.zeros((1, SAMPLES), np.float32)
    beat[0] = np.exp(-0.5 * ((TIMES_MS - OWN.t_peak) / 20) ** 2)
    later = retimed(beat, OWN, replace(OWN, t_start=120.0, t_peak=320.0, t_end=400.0))
    assert TIMES_MS[later[0].argmax()] == pytest.approx(320.0, abs=2.0)
    assert later.max() == pytest.approx(1.0, abs=0.01)
    wide = retimed(beat, OWN, replace(OWN, t_end=440.0))
    assert wide[0, TIMES_MS > 280].sum() == pytest.approx(2 * beat[0, TIMES_MS > 280].sum(), rel=0.05)


def test_marks_know_their_order() -> None:
    assert OWN.knots.shape == (12,)
    assert (np.diff(OWN.knots) > 0).all()
    assert 0.0 in OWN.knots
