"""The median cycle: where its beats stand, which of them it is of, and how alike they are."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgs import HEART, P, R, T, Wave, beat_mv, drawn
from kalemia.records import R_SAMPLE, SAMPLES
from kalemia.signal import cycle
from kalemia.signal.cycle import medians, qrs_onset, scores, snap
from kalemia.signal.peaks import Detection

NAN = np.nan
AT = np.array([150, 390, 630, 870])


def detection(*leads: NDArray[np.floating], peaks: NDArray[np.intp] = AT) -> Detection:
    """Return leads (samples,) at 300 Hz with peaks that are known; they were found in the first."""
    return Detection(np.stack(leads).astype(np.float32), leads[0].astype(np.float64), peaks)


def beating(waves: tuple[Wave, ...] = HEART, at: NDArray[np.intp] = AT, samples: int = 1200) -> NDArray[np.floating]:
    """Return a lead (samples,) at 300 Hz that beats at these samples, mV."""
    t = np.arange(samples) / 300
    return np.asarray(np.sum([drawn(waves, t - peak / 300) for peak in at], axis=0))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("moved", [-8, -6, 0, 4, 18])
def test_a_lead_snaps_to_its_own_largest_deflection(sign: int, moved: int) -> None:
    other = sign * beating(tuple(Wave(wave.at_s + moved / 300, wave.mv, wave.sd_s) for wave in (R, T)))
    windows = snap(detection(beating(), other))
    np.testing.assert_array_equal(windows.peaks, [AT, AT + moved])


def test_a_lead_that_peaks_farther_off_than_60_ms_is_held_back() -> None:
    late = beating((Wave(25 / 300, 1.0, 0.012),))
    assert (snap(detection(beating(), late)).peaks[1] - AT).max() <= 18


def test_between_beats_the_peak_of_a_lead_moves_by_17_ms_at_most() -> None:
    """The third beat has a larger wave 9 samples off, the second one 5 samples off."""
    lead = beating() + beating((Wave(5 / 300, 1.5, 0.006),), AT[1:2]) + beating((Wave(9 / 300, 1.5, 0.006),), AT[2:3])
    moved = snap(detection(beating(), lead)).peaks[1] - AT
    assert list(moved[[0, 1, 3]]) == [0, 5, 0]
    assert 0 <= moved[2] <= 5


@pytest.mark.parametrize(("first", "last", "kept"), [(108, 1001, True), (107, 1002, False)])
def test_only_beats_that_lie_inside_whole_are_cut(first: int, last: int, kept: bool) -> None:
    """A beat needs 90 samples before R and 180 from it on, and the reach of snapping; the lead has 1,200."""
    at = np.array([first, 400, 700, last])
    windows = snap(detection(beating(at=at), peaks=at))
    assert list(windows.peaks[0]) == (list(at) if kept else [400, 700])


def test_no_whole_beat_gives_no_window() -> None:
    found = detection(beating(at=AT[:1], samples=250), peaks=np.array([40, 220]))
    assert snap(found).peaks.shape == (1, 0)
    (only,) = medians(found)
    assert (only.alike, only.whole) == (0, 0)
    assert only.gain_mv == only.score == 0
    np.testing.assert_array_equal(only.waveform, np.zeros(SAMPLES))


@pytest.mark.parametrize("level", [-0.4, 0.0, 2.0])
def test_the_level_is_that_before_the_qrs_complex(level: float) -> None:
    windows = snap(detection(beating((R, T)) + level, beating((R, T)) - 2 * level))
    np.testing.assert_allclose(windows.level, np.outer([level, -2 * level], np.ones(4)), atol=2e-3)


def test_a_beat_in_a_gap_does_not_decide_where_the_others_have_r() -> None:
    holed = beating(tuple(Wave(wave.at_s + 0.02, wave.mv, wave.sd_s) for wave in HEART))
    holed[385:400] = NAN
    peaks = snap(detection(beating(), holed)).peaks[1]
    np.testing.assert_array_equal(peaks[[0, 2, 3]], AT[[0, 2, 3]] + 6)


@pytest.mark.parametrize(
    ("sd_s", "onset"), [(0.008, 83), (0.012, 79), (0.018, 75), (0.025, 69)], ids=lambda value: f"{value}"
)
def test_the_onset_is_where_the_slope_begins(sd_s: float, onset: int) -> None:
    assert qrs_onset(beat_mv((Wave(0, 1, sd_s), T)), R_SAMPLE) == pytest.approx(onset, abs=1)


def test_the_onset_of_what_has_no_quiet_before_it_is_80_ms_before_r() -> None:
    assert qrs_onset(np.arange(270) % 2 * 1.0 + np.arange(270) % 3, R_SAMPLE) == R_SAMPLE - 24
    assert qrs_onset(np.sin(np.arange(60.0)), 20) == 20 - 24  # the beat begins 20 samples before R


def test_the_onset_is_not_sought_in_p_nor_after_the_complex() -> None:
    quiet_after = np.zeros(270)
    quiet_after[:90] = np.arange(90) % 4 // 2
    assert qrs_onset(quiet_after, R_SAMPLE) == R_SAMPLE - 24
    assert qrs_onset(beat_mv((Wave(-0.25, 3.0, 0.01), R, T)), R_SAMPLE) == pytest.approx(79, abs=1)


def test_the_waveform_is_divided_by_the_largest_deflection_near_r() -> None:
    tall_t = beating((P, R, Wave(0.28, 2.5, 0.04)))
    (found,) = medians(detection(tall_t))
    assert found.gain_mv == pytest.approx(1.0, abs=0.02)  # T is no part of it
    np.testing.assert_allclose(found.waveform * found.gain_mv, beat_mv((P, R, Wave(0.28, 2.5, 0.04))), atol=0.02)
    assert found.waveform.dtype == np.float32
    assert (found.alike, found.whole) == (4, 4)
    assert found.score > 0.99


@pytest.mark.parametrize(("at", "within"), [(45, True), (149, True), (44, False), (150, False)])
def test_the_gain_is_looked_for_from_150_ms_before_to_200_ms_after_r(at: int, within: bool) -> None:
    beats = np.zeros((1, 3, SAMPLES), np.float32) + np.hanning(SAMPLES).astype(np.float32) * 0.1
    beats[:, :, at] = 5.0
    (found,) = cycle._cycles(beats, slice(66, 225))
    assert bool(found.gain_mv == 5.0) is within


def test_a_beat_of_another_shape_is_left_out() -> None:
    lead = beating()
    lead[870 - 40 : 870 + 60] = -1.5 * np.hanning(100)
    (found,) = medians(detection(lead))
    assert (found.alike, found.whole) == (3, 4)
    np.testing.assert_allclose(found.waveform[60:240] * found.gain_mv, beat_mv()[60:240], atol=0.01)


def test_beats_are_compared_from_the_complex_to_the_end_of_t() -> None:
    """P waves and what follows T may differ: the heart is fast, so that the next beat lies in the window."""
    at = np.array([150, 300, 460, 600, 760])
    lead = beating(at=at)
    lead[150 - 70 : 150 - 30] += 2 * np.hanning(40)
    lead[460 + 96 : 460 + 110] += 0.8  # the heart lasts 0.6 of 155 samples
    (found,) = medians(detection(lead, peaks=at))
    assert found.alike == found.whole == 5


@pytest.mark.parametrize("rr", [100, 225, 400])
def test_the_heart_lasts_six_tenths_of_rr_and_450_ms_at_most(rr: int) -> None:
    at = 150 + rr * np.arange(5)
    lead = beating((R,), at, samples=at[-1] + 300)
    end = R_SAMPLE + min(135, int(0.6 * rr))
    odd = lead.copy()
    odd[at[2] + end - R_SAMPLE :][: min(40, rr - end + R_SAMPLE - 30)] = 4.0
    np.testing.assert_array_equal(medians(detection(odd, peaks=at))[0].alike, 5)
    odd[at[2] + end - R_SAMPLE - 12 : at[2] + end - R_SAMPLE] = 4.0
    np.testing.assert_array_equal(medians(detection(odd, peaks=at))[0].alike, 4)


def score(beats: NDArray[np.float32], median: NDArray[np.float32]) -> float:
    """Return the score of one lead whose beats (beats, samples) are alike."""
    (found,) = scores(beats[None], np.ones((1, len(beats)), bool), median[None])
    return found


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5])
def test_the_score_is_the_share_of_common_power(share: float) -> None:
    rng = np.random.default_rng(1)
    beat = np.sin(np.linspace(0, 12, 160)).astype(np.float32)
    rms = float(np.sqrt(np.mean(np.square(beat))))
    beats = beat + rng.normal(0, share * rms, (40, 160)).astype(np.float32)
    assert score(beats, beat) == pytest.approx(1 - share**2, abs=0.02)


def test_noise_alone_and_silence_score_nothing() -> None:
    noise = np.random.default_rng(1).normal(0, 1, (9, 160)).astype(np.float32)
    assert score(noise, np.median(noise, axis=0)) == 0.0
    assert score(noise, np.zeros(160, np.float32)) == 0.0
    assert score(np.zeros((3, 160), np.float32), np.zeros(160, np.float32)) == 1.0


def test_each_lead_is_scored_by_its_own_beats_that_are_alike() -> None:
    rng = np.random.default_rng(2)
    beats = (np.sin(np.arange(160) / 13) + rng.normal(0, 0.3, (3, 5, 160))).astype(np.float32)
    alike = np.array([[1, 1, 1, 1, 1], [0, 1, 1, 0, 1], [0, 0, 0, 0, 0]], bool)
    median = np.array(
        [np.median(lead[own], axis=0) if own.any() else lead[0] for lead, own in zip(beats, alike, strict=True)]
    )
    own = [score(beats[0], median[0]), score(beats[1][alike[1]], median[1]), 0.0]
    assert scores(beats, alike, median) == own


@pytest.mark.parametrize(
    ("beats", "median"),
    [
        ([[1, 2, 3], [3, 2, 9], [2, 8, 4]], [2, 2, 4]),
        ([[1, NAN, 3], [3, 2, NAN], [2, 8, 4]], [2, 5, 3.5]),
        ([[NAN, 2, 3, NAN, NAN], [NAN, 4, 5, NAN, NAN]], [3, 3, 4, 4, 4]),  # the nearest that was recorded
        ([[7, NAN, NAN, NAN, 1]], [7, 7, 7, 1, 1]),
    ],
)
def test_where_no_beat_was_recorded_the_nearest_sample_stands(beats: list[list[float]], median: list[float]) -> None:
    (found,) = cycle._median(np.array([beats], np.float32), np.ones((1, len(beats)), bool))
    np.testing.assert_array_equal(found, np.array(median, np.float32))
    assert found.dtype == np.float32


def shaped(*factors: float) -> NDArray[np.float32]:
    """Return beats, each this much of a sine and the rest of a cosine."""
    t = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    return np.array([f * np.sin(t) + np.sqrt(1 - f * f) * np.cos(t) for f in factors], np.float32)


@pytest.mark.parametrize(
    ("beats", "alike"),
    [
        (shaped(1, 1, 0, 1), [1, 1, 0, 1]),
        (shaped(1, 0.91, 0), [1, 1, 0]),
        (shaped(1, 0.89, 1), [1, 0, 1]),  # the correlation is the factor
        (5 + 3 * shaped(1, 1, 0), [1, 1, 0]),  # neither level nor height counts
        (shaped(0, 1, 1, 0, 0), [1, 0, 0, 1, 1]),
        (np.vstack([shaped(1, 1), np.full((2, 200), NAN)]), [1, 1, 0, 0]),
        (np.full((3, 200), NAN), [0, 0, 0]),
        (np.empty((0, 200)), []),
        (np.zeros((2, 200)), [0, 0]),
    ],
)
def test_the_largest_group_of_one_shape_is_alike(beats: NDArray[np.float32], alike: list[int]) -> None:
    (found,) = cycle._alike(
        beats[None].astype(np.float32), np.array([np.isfinite(beat).all() for beat in beats], bool)[None]
    )
    np.testing.assert_array_equal(found, np.array(alike, bool))
