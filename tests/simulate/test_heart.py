"""One ventricular beat: activation, durations, the rules on T, and how it is put together from faces."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hearts import DAY, II, V5, qrs_ms, shown, t_peak_ms, t_wave, usual, with_body

from kalemia.simulate.geometry import LV_ENDO, LV_EPI, RV_ENDO, SITES, heart
from kalemia.simulate.heart import (
    COARSE,
    LONGEST,
    ONSET_MS,
    RATE,
    _every_sample,
    _instants,
    _lengths,
    _lookup,
    _regions,
    activation,
    durations,
    smooth,
    t_gain,
)
from kalemia.simulate.patient import DIGITALIS, QT_DRUG


def test_activation_begins_at_nothing_and_reaches_every_face() -> None:
    times = activation(heart(), usual(), 1.0)
    assert times.shape == heart().layer.shape
    assert times.min() == 0.0
    assert 40 < times.max() < 110  # a QRS complex of 80 to 100 ms
    assert heart().layer[times.argmin()] == LV_ENDO


def test_activation_takes_longer_where_conduction_is_slow() -> None:
    usual_ms = activation(heart(), usual(), 1.0).max()
    assert 1.3 < activation(heart(), usual(), 1.5).max() / usual_ms <= 1.5
    slow = with_body(usual(), conduction_scale=usual().body.conduction_scale * 1.5)
    assert 1.3 < activation(heart(), slow, 1.0).max() / usual_ms <= 1.5
    thick = dataclasses.replace(usual(), hypertrophy=1.0)
    assert 1.05 < activation(heart(), thick, 1.0).max() / usual_ms <= 1.12


@pytest.mark.parametrize("site", range(len(SITES)))
def test_an_ectopic_beat_begins_at_its_site(site: int) -> None:
    times = activation(heart(), usual(), 1.0, site)
    surface, *place = SITES[site]
    first = int(times.argmin())
    assert heart().layer[first] == surface
    near = np.linalg.norm(heart().frame[heart().layer == surface] - np.array(place), axis=1).min()
    assert np.linalg.norm(heart().frame[first] - np.array(place)) == pytest.approx(near)


@pytest.mark.parametrize(("block", "late", "early"), [(1, RV_ENDO, LV_ENDO), (-1, LV_ENDO, RV_ENDO)])
def test_a_blocked_bundle_leaves_its_own_ventricle_for_last(block: int, late: int, early: int) -> None:
    blocked = activation(heart(), dataclasses.replace(usual(), block=block), 1.0)
    ordinary = activation(heart(), usual(), 1.0)
    layer = heart().layer
    later = blocked - ordinary
    assert later[layer == late].mean() > later[layer == early].mean() + 10


@pytest.mark.parametrize("entry", ["anterior_late_ms", "posterior_late_ms", "septal_late_ms", "right_late_ms"])
def test_a_late_entry_delays_some_faces_and_hastens_none(entry: str) -> None:
    early, late = (activation(heart(), with_body(usual(), **{entry: ms}), 1.0) for ms in (15.0, 35.0))
    moved = late - early
    moved -= moved.min()  # both start at their first face
    assert moved.max() <= 20.0 + 1e-9
    assert moved.max() > 1.0


def test_durations_are_gradients_over_the_heart() -> None:
    flat = with_body(
        usual(), apd_apex_ms=0.0, apd_right_ms=0.0, apd_across_ms=0.0, apd_coupling=0.0, apd_epi_ms=0.0, apd_rv_ms=0.0,
        patch_ms=0.0, ripple_ms=0.0,
    )  # fmt: skip
    times = activation(heart(), flat, 1.0)
    np.testing.assert_array_equal(durations(heart(), flat, times), 0.0)
    apex = durations(heart(), with_body(flat, apd_apex_ms=10.0), times)
    np.testing.assert_allclose(apex, 10 * heart().frame[:, 0])
    outer = durations(heart(), with_body(flat, apd_epi_ms=7.0), times)
    assert set(np.unique(outer)) == {0.0, 7.0}
    assert (outer[heart().layer == LV_EPI] == 7.0).all()
    coupled = durations(heart(), with_body(flat, apd_coupling=1.0), times)
    np.testing.assert_allclose(coupled + times, times.mean())  # what is late is short: all repolarize at once
    strained = durations(heart(), dataclasses.replace(flat, hypertrophy=0.5), times)
    assert strained.max() == pytest.approx(17.5)


def test_regions_are_where_they_are_called_and_fade() -> None:
    regions = _regions()
    assert regions.shape == (4, len(heart().layer))
    assert ((regions >= 0) & (regions <= 1)).all()
    assert (regions.max(axis=1) > 0.9).all()
    assert (regions.min(axis=1) < 0.01).all()
    apical = regions[1]
    assert heart().frame[apical > 0.9, 0].min() > 0.3  # frame's first axis points to the apex


@pytest.mark.parametrize(
    ("potassium", "growth"),
    [
        (4.3, 1.0),
        (3.3, np.exp(-0.125)),
        (2.3, np.exp(-0.25)),
        (5.3, np.exp(0.09)),
        (7.3, np.exp(0.27)),
        (9.9, np.exp(0.27)),
    ],
)
def test_t_grows_by_the_rule_and_no_further_than_three_above(potassium: float, growth: float) -> None:
    one = dataclasses.replace(usual(), t_sensitivity=1.0)
    gain, at_normal = (t_gain(400, one, k, 100.0) for k in (potassium, 4.3))
    assert gain[-1] / at_normal[-1] == pytest.approx(growth, rel=1e-5)
    assert gain[0] == 1.0  # QRS keeps its height
    assert (gain[: int(130 * RATE / 1000)] == 1.0).all()


def test_t_answers_by_its_own_sensitivity_alone() -> None:
    deaf = dataclasses.replace(usual(), t_sensitivity=0.0)
    np.testing.assert_array_equal(t_gain(400, deaf, 8.0, 100.0), t_gain(400, deaf, 2.5, 100.0))
    taller = with_body(deaf, t_gain=2 * deaf.body.t_gain)
    assert t_gain(400, taller, 4.3, 100.0)[-1] == pytest.approx(2 * t_gain(400, deaf, 4.3, 100.0)[-1])
    drugged = dataclasses.replace(deaf, drug=QT_DRUG)
    assert t_gain(400, drugged, 4.3, 100.0)[-1] == pytest.approx(0.8 * t_gain(400, deaf, 4.3, 100.0)[-1])


def test_the_action_potential_follows_rate_drugs_calcium_and_the_day() -> None:
    def lengths(**changes: float) -> tuple[float, float]:
        return _lengths(dataclasses.replace(usual(), **changes), DAY, 1.0, 300.0, 300.0, 4.3)  # type: ignore[arg-type]

    usual_stretch, usual_ms = lengths()
    assert lengths(drug=QT_DRUG)[0] == pytest.approx(1.07 * usual_stretch)
    assert lengths(drug=DIGITALIS)[0] == pytest.approx(0.93 * usual_stretch)
    assert lengths(calcium_mmol_l=usual().calcium_mmol_l - 0.1)[1] == pytest.approx(usual_ms + 9.0)
    slower, _ = _lengths(usual(), DAY, 1.44, 300.0, 300.0, 4.3)
    assert slower == pytest.approx(usual_stretch * 1.44 ** usual().body.qt_rate)
    tired, more_ms = _lengths(usual(), dataclasses.replace(DAY, repolarization_ms=5.0), 1.0, 300.0, 300.0, 4.3)
    assert (tired, more_ms) == pytest.approx((usual_stretch, usual_ms + 5.0))


@pytest.mark.parametrize(("potassium", "hold"), [(3.0, 1.15), (6.0, 0.85)])
def test_most_of_the_cables_change_of_duration_is_taken_back(potassium: float, hold: float) -> None:
    stretch, _ = _lengths(usual(), DAY, 1.0, 330.0, 300.0, potassium)
    same, _ = _lengths(usual(), DAY, 1.0, 300.0, 300.0, potassium)
    assert stretch / same == pytest.approx((300 / 330) ** hold)


def test_qrs_widens_only_far_above_normal() -> None:
    width = {k: qrs_ms(shown(usual(), k)) for k in (2.5, 4.3, 6.0, 9.0)}
    assert width[2.5] == pytest.approx(width[4.3], abs=8)
    assert width[6.0] <= 1.25 * width[4.3]
    assert width[9.0] > 1.3 * width[4.3]


def test_t_comes_later_at_a_slow_rate() -> None:
    fast, slow = (t_peak_ms(shown(usual(), 4.3, rr_s=rr_s)[V5]) for rr_s in (0.6, 1.2))
    assert 40 < slow - fast < 140
    assert 200 < fast < slow < 420


def test_a_beat_begins_at_zero_and_a_body_scales_it() -> None:
    beat = shown(usual(), 4.3)
    assert beat.dtype == np.float32
    assert beat.shape[0] == 8
    assert 0 < beat.shape[1] <= LONGEST
    np.testing.assert_allclose(beat[:, : int((ONSET_MS - 15) * RATE / 1000)], 0.0, atol=0.01)
    assert beat[II].max() > 0.3
    twice = shown(with_body(usual(), gain_mv=2 * usual().body.gain_mv), 4.3)
    np.testing.assert_allclose(twice, 2 * beat, rtol=1e-4, atol=1e-5)
    chest = shown(with_body(usual(), chest_gain=1.5 * usual().body.chest_gain), 4.3)
    np.testing.assert_allclose(chest[:2], beat[:2], atol=1e-5)
    np.testing.assert_allclose(chest[2:], 1.5 * beat[2:], rtol=1e-3, atol=1e-4)


def test_who_does_not_answer_has_the_same_beat_at_any_potassium() -> None:
    deaf = dataclasses.replace(
        usual(), repolarization_low=0.0, repolarization_high=0.0, conduction_sensitivity=0.0, t_sensitivity=0.0
    )
    low, high = shown(deaf, 4.4), shown(deaf, 8.0)
    np.testing.assert_allclose(high[:, : low.shape[1]], low[:, : high.shape[1]], atol=2e-3)


def test_instants_are_every_sample_first_and_every_fourth_then() -> None:
    at, quick = _instants(np.array([0.0, 80.0]), np.array([1.0, 1.0]), 600.0)
    assert quick == int((ONSET_MS + 80.0 + 60.0) * RATE / 1000)
    steps = np.diff(at)
    np.testing.assert_allclose(steps[: quick - 1], 2.0)
    np.testing.assert_allclose(steps[quick:], 2.0 * COARSE)
    forever, _ = _instants(np.array([0.0]), np.array([50.0]), 600.0)
    assert forever[-1] <= LONGEST * 1000 / RATE


def test_a_straight_line_is_filled_in_straight() -> None:
    at = np.concatenate([np.arange(20), np.arange(20, 100, COARSE)]).astype(np.float32)
    filled = _every_sample(np.stack([at, -2 * at]), 20)
    np.testing.assert_allclose(filled[:, :93], [np.arange(93), -2 * np.arange(93)], atol=1e-4)
    short = np.ones((2, 21), np.float32)
    np.testing.assert_array_equal(_every_sample(short, 20), short)


def test_a_face_is_looked_up_at_its_own_time_and_stretch() -> None:
    faces = len(heart().layer)
    ramp = np.tile(np.arange(400, dtype=np.float32), (3, 1))  # a quarter of a ms a sample
    now = np.array([ONSET_MS, ONSET_MS + 10], np.float32)
    found = _lookup(ramp, np.zeros(faces), np.ones(faces), 20, now)
    np.testing.assert_allclose(found[0], [80.0, 120.0])  # 20 ms before activation, then 10 ms on
    late = _lookup(ramp, np.full(faces, 5.0), np.ones(faces), 20, now)
    np.testing.assert_allclose(found - late, 20.0)
    slow = _lookup(ramp, np.zeros(faces), np.full(faces, 2.0), 20, np.array([ONSET_MS + 25, ONSET_MS + 35], np.float32))
    assert slow[0, 1] - slow[0, 0] == pytest.approx(20.0)  # stretched after the upstroke


@pytest.mark.parametrize("sigma_ms", [3.0, 40.0])
def test_smoothing_keeps_a_level_and_the_sum(sigma_ms: float) -> None:
    level = np.full((2, 300), 0.7, np.float32)
    np.testing.assert_allclose(smooth(level, sigma_ms), level, rtol=1e-5)
    spike = np.zeros((1, 601), np.float32)
    spike[0, 300] = 1.0
    made = smooth(spike, sigma_ms)[0].astype(float)
    assert made.sum() == pytest.approx(1.0, abs=1e-4)
    at = (np.arange(601) - 300) * 2.0
    assert float(made @ at) == pytest.approx(0.0, abs=0.05)
    assert np.sqrt(made @ at**2) == pytest.approx(sigma_ms, rel=0.05)


def test_smoothing_may_be_wider_towards_earlier() -> None:
    spike = np.zeros((1, 601), np.float32)
    spike[0, 300] = 1.0
    made = smooth(spike, 4.0, step_ms=1.0, ahead=12.0)[0]
    assert made[:300].sum() > 2 * made[301:].sum()


def test_injured_muscle_lifts_st_and_a_dead_region_is_silent() -> None:
    lateral = dataclasses.replace(usual(), region=3)
    healthy = shown(lateral, 4.3)
    st = int((ONSET_MS + 130) * RATE / 1000)
    lifted = shown(dataclasses.replace(lateral, ischemia=0.7), 4.3)[V5, st] - healthy[V5, st]
    sunk = shown(dataclasses.replace(lateral, ischemia=-0.7), 4.3)[V5, st] - healthy[V5, st]
    assert lifted > 0.02 > -0.005 > sunk
    dead = shown(dataclasses.replace(lateral, infarct=0.9), 4.3)
    assert dead[V5].max() < 0.95 * healthy[V5].max()


def test_a_late_region_turns_t_over() -> None:
    inverted = shown(dataclasses.replace(usual(), region=3, late_region_ms=70.0), 4.3)
    assert t_wave(inverted[V5])[0] < 0.7 * t_wave(shown(usual(), 4.3)[V5])[0]
