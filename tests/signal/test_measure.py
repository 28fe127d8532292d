"""P, QRS and T: against the Gaussians that they were drawn from, and against neurokit2."""

from __future__ import annotations

import math
import warnings
from dataclasses import astuple, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgs import P, R, T, Wave, beat_mv, changed, recording
from kalemia.signal import measure as room
from kalemia.signal.beat import cut
from kalemia.signal.measure import measure, qrs_bounds, waves
from kalemia.simulate import simulate_one

SLOPE = math.exp(-0.5)
"""A Gaussian's steepest slope, in heights per standard deviation; its tangent there meets zero at two of them."""


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("at_s", "mv", "sd_s"),
    [(0.28, 0.3, 0.04), (0.25, 0.1, 0.05), (0.3, 0.8, 0.025), (0.4, 0.3, 0.045), (0.22, 1.2, 0.03), (0.28, 0.05, 0.04)],
)
def test_the_t_wave_is_the_one_that_was_drawn(sign: int, at_s: float, mv: float, sd_s: float) -> None:
    found = waves(beat_mv((P, R, Wave(at_s, sign * mv, sd_s))), rr_s=0.9)
    assert found.t_mv == pytest.approx(sign * mv, rel=0.05)
    assert found.t_peak_ms == pytest.approx(1000 * at_s, abs=4)
    assert found.t_end_ms == pytest.approx(1000 * (at_s + 2 * sd_s), abs=8)
    assert found.t_width_ms == pytest.approx(2355 * sd_s, abs=10)
    assert found.t_downslope_mv_s == pytest.approx(SLOPE * mv / sd_s, rel=0.1)
    assert found.t_area_mv_ms == pytest.approx(sign * mv * 1000 * sd_s * math.sqrt(2 * math.pi), rel=0.05)


@pytest.mark.parametrize("mv", [0.05, 0.12, 0.25])
@pytest.mark.parametrize("at_s", [-0.2, -0.16, -0.13])
def test_the_p_wave_is_the_one_that_was_drawn(at_s: float, mv: float) -> None:
    found = waves(beat_mv((Wave(at_s, mv, 0.02), R, T)), 0.8)
    assert found.p_mv == pytest.approx(mv, rel=0.1)
    assert found.p_peak_ms == pytest.approx(1000 * at_s, abs=4)
    assert found.pr_ms == pytest.approx(1000 * (-at_s + 2.1 * 0.02) - 35, abs=12)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("sd_s", [0.014, 0.018, 0.022, 0.026])
def test_the_p_wave_lasts_from_tenth_to_tenth(sign: int, sd_s: float) -> None:
    found = waves(beat_mv((Wave(-0.18, 0.12 * sign, sd_s), R, T)), 0.8)
    assert found.p_ms == pytest.approx(2 * 2.15 * 1000 * sd_s, abs=12)
    assert found.p_ms < found.pr_ms


def test_without_a_p_wave_it_is_small() -> None:
    assert abs(waves(beat_mv((R, T)), 0.8).p_mv) < 0.004


@pytest.mark.parametrize("sign", [1, -1])
def test_the_qrs_complex_is_the_one_that_was_drawn(sign: int) -> None:
    heart = (P, Wave(-0.03, -0.2 * sign, 0.008), Wave(0, sign, 0.01), Wave(0.03, -0.4 * sign, 0.008), T)
    found = waves(beat_mv(heart), 0.8)
    if sign > 0:
        assert (found.q_mv, found.r_mv, found.s_mv) == pytest.approx((-0.2, 1.0, -0.4), abs=0.05)
    else:
        assert found.q_mv == pytest.approx(-1.0, abs=0.01)
        assert found.r_mv == pytest.approx(0.4, abs=0.05)
    assert found.qrs_ms == pytest.approx(60 + 2 * 2.5 * 8, abs=15)


def test_a_slower_complex_is_a_wider_one() -> None:
    widths = [waves(beat_mv((P, replace(R, sd_s=sd), T)), 0.8).qrs_ms for sd in (0.008, 0.012, 0.018, 0.025, 0.03)]
    assert widths == sorted(widths)
    assert widths[-1] > widths[0] + 60
    np.testing.assert_allclose(widths, [5.5 * 1000 * sd for sd in (0.008, 0.012, 0.018, 0.025, 0.03)], atol=15)


def test_a_steeper_t_wave_is_a_steeper_one() -> None:
    found = [waves(beat_mv((P, R, replace(T, sd_s=sd))), 0.8) for sd in (0.055, 0.045, 0.035, 0.025)]
    assert [w.t_downslope_mv_s for w in found] == sorted(w.t_downslope_mv_s for w in found)
    assert [-w.t_width_ms for w in found] == sorted(-w.t_width_ms for w in found)
    assert [-w.qt_ms for w in found] == sorted(-w.qt_ms for w in found)


@pytest.mark.parametrize("factor", [0.2, 5.0])
def test_amplitudes_follow_the_voltage_and_times_do_not(factor: float) -> None:
    one, other = waves(beat_mv(), 0.8), waves(np.asarray(factor * beat_mv(), dtype=np.float32), 0.8)
    for name, value in vars(one).items():
        scale = factor if name.endswith("_mv") or "_mv_" in name else 1.0
        assert vars(other)[name] == pytest.approx(scale * value, rel=1e-3, abs=1e-4), name


def test_qt_is_corrected_by_fridericia() -> None:
    found = waves(beat_mv(), 0.512)
    assert found.qtc_ms == pytest.approx(found.qt_ms / 0.8)
    assert waves(beat_mv(), 1.0).qtc_ms == pytest.approx(waves(beat_mv(), 1.0).qt_ms)


@pytest.mark.parametrize(
    "beat",
    [
        np.zeros(270, np.float32),
        np.ones(270, np.float32),
        np.linspace(-1, 1, 270, dtype=np.float32),
        np.random.default_rng(0).normal(0, 1, 270).astype(np.float32),
        beat_mv((P, R)),
        beat_mv((Wave(0.5, 1.0, 0.2),)),
    ],
)
@pytest.mark.parametrize("rr_s", [0.2, 0.8, 4.0])
def test_no_beat_is_too_odd_to_be_measured(beat: NDArray[np.float32], rr_s: float) -> None:
    assert np.isfinite(astuple(waves(beat, rr_s))).all()


@pytest.mark.parametrize(
    ("height", "start", "step", "level", "reached"),
    [
        ([0, 1, 2, 3, 4], 4, -1, 1.5, 1.5),
        ([4, 3, 2, 1, 0], 0, 1, 1.5, 2.5),
        ([0, 4, 0], 1, 1, 1.0, 1.75),  # between samples, by a straight line
        ([0, 4, 0], 1, -1, 1.0, 0.25),
        ([5, 4, 0], 1, -1, 1.0, 0.0),  # never below: 18 samples, as far as the beat goes
        ([5.0] * 40, 20, 1, 1.0, 38.0),
        ([5.0] * 40, 20, -1, 1.0, 2.0),
        ([5.0] * 40, 30, 1, 1.0, 39.0),
    ],
)
def test_a_wave_ends_where_it_falls_below_a_level(
    height: list[float], start: int, step: int, level: float, reached: float
) -> None:
    assert room._reached(np.array(height, float), start, step, level) == pytest.approx(reached)


@pytest.mark.parametrize(
    ("smooth", "peak", "start", "width"),
    [
        ([0, 0, 1, 4, 8, 4, 1, 0], 4, 0, 4),  # below half at 2 and 6
        ([9, 0, 1, 4, 8, 4, 1, 0], 4, 0, 4),  # of the first side the last counts
        ([5, 5, 5, 6, 8, 6, 5, 5], 4, 1, 6),  # never below half: to where T may begin, and to the end
    ],
)
def test_a_half_width_is_counted_in_samples(smooth: list[float], peak: int, start: int, width: float) -> None:
    assert room._half_width(np.array(smooth, float), peak, start) == width


def test_the_st_segment_is_read_40_ms_after_the_complex() -> None:
    raised = beat_mv((R, Wave(0.095, 0.2, 0.02), T))
    found = waves(raised, 0.8, (80, 100))
    assert found.st_mv == pytest.approx(raised[112])
    assert found.qrs_ms == pytest.approx(20 / 0.3)
    assert found.qrs_area_mv_ms == pytest.approx(raised[80:101].sum() / 0.3)
    late = waves(raised, 0.8, (80, 262))
    assert late.st_mv == pytest.approx(raised[269])


@pytest.mark.parametrize(("rr_s", "seen"), [(0.5, False), (1.0, True)])
def test_t_is_looked_for_within_six_tenths_of_rr(rr_s: float, seen: bool) -> None:
    """In a fast heart the next P wave, larger than T, comes where a slow heart still has T."""
    found = waves(beat_mv((R, replace(T, at_s=0.22), Wave(0.45, 0.6, 0.02))), rr_s)
    assert found.t_peak_ms == pytest.approx(450 if seen else 220, abs=8)


def test_every_lead_bounds_the_complex_whatever_its_size() -> None:
    """A lead of twenty times the voltage has no more to say of where it ends."""
    narrow, late = beat_mv((P, R, T)), beat_mv((P, Wave(0.04, 0.5, 0.012), T))
    bounds = qrs_bounds(np.stack([narrow, late]))
    assert qrs_bounds(np.stack([20 * narrow, late])) == bounds
    assert qrs_bounds(np.stack([narrow, 20 * late])) == bounds


def test_a_noisy_lead_raises_the_floor_by_its_own_noise() -> None:
    """Steps of 0.05 mV are noise beside an R of 1 mV; beside one of 20 mV they are none."""
    steps = np.where(np.arange(270) % 4 < 2, 0.05, 0.0).astype(np.float32)
    alone, beside = qrs_bounds(beat_mv((R, T))[None]), qrs_bounds(np.stack([20 * beat_mv((R, T)) + steps] * 2))
    assert beside == pytest.approx(alone, abs=1)


def test_where_nothing_is_quiet_the_complex_has_a_usual_width() -> None:
    restless = (np.arange(270) % 4 // 2).astype(np.float32)
    restless[:40] = restless[155:] = 0.0  # or it would be the noise of the lead
    assert qrs_bounds(restless[None]) == (90 - 24, 90 + 36)


def test_q_lies_before_r_and_s_after_it() -> None:
    beat = np.zeros(270, np.float32)
    beat[[85, 88, 90, 91, 93]] = -0.1, -0.2, 1.0, -0.6, -0.4
    found = waves(beat, 0.8, (84, 95))
    assert (found.q_mv, found.r_mv, found.s_mv) == pytest.approx((-0.2, 1.0, -0.6))


@pytest.mark.parametrize("slope", [-0.02, 0.0, 0.01])
def test_p_is_seen_from_the_line_through_its_feet(slope: float) -> None:
    """A tilted level is no wave, and what rides on one is as high as without."""
    level = np.linspace(0.3, 0.3 + 269 * slope, 270)
    assert room._p_wave(level, 120).height == pytest.approx(0.0, abs=1e-9)
    bump = np.zeros(270)
    bump[70:81] = 0.1 * (1 - np.abs(np.arange(-5, 6)) / 5)  # a tent of 0.1 mV, five samples to either side
    found = room._p_wave(level + bump, 120)
    assert found.peak == 75
    assert found.height == pytest.approx(0.1, abs=1e-9)
    assert found.width == pytest.approx(5.0)
    assert found.start == pytest.approx(75 - 4.5)


def test_near_the_complex_the_second_foot_of_p_ends_before_it() -> None:
    level = np.linspace(0.0, 1.0, 270)
    level[122:] += 5.0  # the complex begins
    assert room._p_wave(level, 120).height == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("level", [0.4, -0.3])
def test_a_level_after_the_complex_is_its_own_height_and_ends_where_it_is(level: float) -> None:
    found = room._t_wave(np.full(270, level), 110, 0.8)
    assert found.height == pytest.approx(level)
    assert found.end == found.peak == 124  # 47 ms after the complex, where T may begin
    assert found.downslope == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(("qrs_end", "start"), [(100, 114), (120, 134), (225, 230)])
def test_t_begins_47_ms_after_the_complex(qrs_end: int, start: int) -> None:
    falling = np.exp(-np.arange(270) / 10.0)
    assert room._t_wave(falling, qrs_end, 1.2).peak == start


def test_the_complex_is_bounded_over_all_leads_together() -> None:
    narrow, late = beat_mv((P, R, T)), beat_mv((P, Wave(0.04, 0.5, 0.012), T))
    onset, end = qrs_bounds(np.stack([narrow, late]))
    alone = qrs_bounds(narrow[None])
    assert onset == pytest.approx(alone[0], abs=2)
    assert end > alone[1] + 8


def test_measure_names_the_leads_that_may_be_used() -> None:
    ecg = recording()
    beat = cut(changed(ecg, "V2", np.zeros(5000)))
    found = measure(beat)
    assert set(found) == {lead for lead in ecg.leads if lead != "V2"}
    assert len({w.qrs_ms for w in found.values()}) == 1
    assert found["V5"].t_mv == pytest.approx(1.3 * T.mv, rel=0.08)
    assert found["aVR"].t_mv == pytest.approx(-0.8 * T.mv, rel=0.08)
    assert measure(replace(beat, problems=("flat",) * 12)) == {}


@pytest.mark.parametrize("index", range(6))
def test_potassium_makes_the_t_wave_steeper(index: int) -> None:
    """The cells of every simulated patient answer so; it is what a potassium estimate lives on."""
    slopes = []
    for potassium in (4.0, 6.0, 8.0):
        beat = cut(simulate_one(3, index, "clean", potassium).recording, ("V4",))
        found = measure(beat)["V4"]
        slopes.append(found.t_downslope_mv_s / max(abs(found.t_mv), 0.03))
    assert slopes[0] < min(slopes[1:])


def test_times_agree_with_neurokit2() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        neurokit2 = pytest.importorskip("neurokit2", reason="neurokit2 is the oracle")
        differences = np.array([_against(neurokit2, index) for index in range(8)])
    assert np.abs(np.nanmedian(differences, axis=0)).max() < 12
    assert np.nanmedian(np.abs(differences), axis=0).max() < 15


def _against(neurokit2: object, index: int) -> list[float]:
    """Return ours less neurokit2's P peak, T peak and T end, ms."""
    ecg = simulate_one(3, index, "clean", 4.5).recording
    beat = cut(ecg, ("II",))
    peaks = np.round(beat.r_peaks_s * ecg.rate).astype(int)
    delineate = vars(neurokit2)["ecg_delineate"]
    _, found = delineate(ecg.lead("II").astype(float), peaks, sampling_rate=500, method="dwt")

    def median(name: str) -> float:
        lag = np.asarray(found[name], dtype=float)[: len(peaks)] - peaks
        return float(np.nanmedian(lag)) / ecg.rate * 1000

    own = measure(beat)["II"]
    theirs = [median(f"ECG_{name}") for name in ("P_Peaks", "T_Peaks", "T_Offsets")]
    return list(np.array([own.p_peak_ms, own.t_peak_ms, own.t_end_ms]) - theirs)
