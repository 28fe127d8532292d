"""Ectopic beats: found whatever their height, told from sinus beats by shape and earliness, and never read."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgs import HEART, Wave, beat_mv, drawn, recording
from ectopic import PATTERNS, patterned
from kalemia.estimate.caveats import ectopy
from kalemia.records import Beat, Recording
from kalemia.signal.beat import cut
from kalemia.signal.ectopy import ectopic
from kalemia.signal.overlooked import lasting, low_of, overlooked, steepness

WIDE = (Wave(0.0, -1.4, 0.028), Wave(0.3, 0.3, 0.06))
RR_S = 0.8


def beating(pattern: str, *, early: float = 0.6, height: float = 1.0, wide: tuple[Wave, ...] = WIDE) -> Recording:
    """Return lead V5 of 12 s in which sinus (S) and ectopic (E) beats come in a pattern."""
    t = np.arange(6000) / 500
    signal = np.random.default_rng(0).normal(0, 0.003, t.size)
    for at, kind in zip(times(pattern, early), pattern * 20, strict=False):
        signal += drawn(HEART, t - at) if kind == "S" else height * drawn(wide, t - at)
    return Recording(signal[None].astype(np.float32), 500.0, ("V5",))


def times(pattern: str, early: float = 0.6) -> NDArray[np.float64]:
    """Return where the beats of `beating` stand, s: an ectopic one comes early, the sinus node keeps its time."""
    at: list[float] = []
    for place in range(14):
        kind = pattern[place % len(pattern)]
        at.append(0.5 + RR_S * place if kind == "S" else at[-1] + early * RR_S)
    return np.array(at)


def kinds(pattern: str) -> NDArray[np.bool_]:
    return np.array([kind == "E" for kind in (pattern * 20)[:14]])


def mv(beat: Beat) -> NDArray[np.float32]:
    return np.asarray(beat.waveform[0] * beat.gain_mv[0])


@pytest.mark.parametrize("height", [0.7, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("pattern", ["SE", "SSE", "SSSE", "SSSEE", "SEE", "SSSSSSE"])
def test_the_ectopic_beats_are_found_and_the_sinus_beat_is_read(pattern: str, height: float) -> None:
    beat = cut(beating(pattern, height=height))
    at, early = times(pattern), kinds(pattern)
    assert beat.problems == (None,)
    np.testing.assert_allclose(beat.r_peaks_s, at, atol=0.02)
    np.testing.assert_allclose(beat.ectopic_s, at[early], atol=0.02)
    assert beat.heart_rate_bpm == pytest.approx(60 / RR_S, abs=1)
    np.testing.assert_allclose(mv(beat)[64:150], beat_mv()[64:150], atol=0.05 * max(1.0, height))


def test_an_ectopic_beat_is_not_seen_in_the_cycle_of_the_sinus_beat_before_it() -> None:
    """In bigeminy one follows every sinus beat: from 80 ms before its R on the cycle stands still."""
    wave = mv(cut(beating("SE", early=0.65)))
    begins = 90 + round(0.65 * RR_S * 300) - 24
    assert np.ptp(wave[begins:]) < 0.02
    assert abs(wave[begins:]).max() < 0.1


def test_early_beats_of_the_sinus_shape_are_no_ectopic_ones() -> None:
    beat = cut(beating("SSE", wide=HEART))
    assert len(beat.r_peaks_s) == 14
    assert not len(beat.ectopic_s)


def test_wide_beats_that_come_late_are_no_ectopic_ones() -> None:
    assert not len(cut(beating("SSE", early=1.0)).ectopic_s)
    assert not len(cut(recording()).ectopic_s)


def test_a_rhythm_of_wide_beats_alone_has_no_ectopic_ones() -> None:
    assert not len(cut(recording(("V5",), waves=WIDE)).ectopic_s)


def test_too_few_beats_and_leads_of_columns_tell_nothing() -> None:
    whole = beating("SE")
    lead = whole.signal[:, ::5]
    assert not ectopic(lead, np.array([100, 300, 500])).any()
    lead[0, 700:] = np.nan
    assert not ectopic(lead, np.array([100, 200, 300, 400, 500])).any()


@pytest.mark.parametrize("name", [name for name in PATTERNS if name not in ("none", "couplets in bigeminy")])
def test_simulated_patients_keep_their_rate_and_their_sinus_beat(name: str) -> None:
    """Their ectopic beats are twice as tall and come from where the patient's do."""
    rates, missed, total = [], 0, 0
    for seed in (0, 4, 8):
        made = patterned(seed, PATTERNS[name], 2.0)
        beat = cut(made.recording)
        inside = (made.at_s > 0.3) & (made.at_s < 9.7)
        missed += sum(np.abs(beat.r_peaks_s - at).min() > 0.05 for at in made.at_s[inside & ~made.ectopic])
        total += inside.sum()
        rates.append(beat.rr_s / made.rr_s)
        alone = cut(patterned(seed, "S", 1.0).recording)
        good = [row for row in range(12) if beat.problems[row] is None and alone.problems[row] is None]
        like = [np.corrcoef(beat.waveform[row, 70:120], alone.waveform[row, 70:120])[0, 1] for row in good]
        assert np.median(like) > 0.97
    assert missed <= 0.02 * total
    np.testing.assert_allclose(rates, 1.0, atol=0.06)


def test_a_patient_without_ectopic_beats_has_none() -> None:
    for seed in range(4):
        made = patterned(seed, "S", 1.0)
        beat = cut(made.recording)
        assert not len(beat.ectopic_s)
        assert beat.rr_s == float(np.median(np.diff(np.round(beat.r_peaks_s * 300)))) / 300


def slopes(*beats: tuple[int, float, float], samples: int = 3000) -> NDArray[np.float32]:
    """Return a lead at 300 Hz of Gaussians: sample, mV, standard deviation in samples."""
    t = np.arange(samples)
    lead = sum((mv * np.exp(-0.5 * ((t - at) / sd) ** 2) for at, mv, sd in beats), start=np.zeros(samples))
    return np.asarray(lead[None], np.float32)


USUAL = [(at, 1.0, 4.0) for at in range(150, 2900, 300)]
FOUND = np.arange(150, 2900, 300)


@pytest.mark.parametrize(
    ("beside", "added"),
    [
        ([], 0),
        ([(900, 0.6, 6.0)], 1),
        ([(900, 0.15, 6.0)], 0),  # low
        ([(900, 0.9, 25.0)], 0),  # lasting
        ([(at + 80, 0.9, 8.0) for at in range(150, 2900, 300)], 0),  # after every beat, where T stands
        ([(at - 50, 0.9, 8.0) for at in range(450, 2900, 300)], 0),  # before every beat, where P stands
        ([(at + 150, 0.6, 6.0) for at in range(150, 2700, 300)], 9),  # after every beat, where no wave stands
        ([(830, 0.9, 8.0)], 1),  # there after one beat only
    ],
)
def test_what_is_steep_and_soon_over_is_a_beat(beside: list[tuple[int, float, float]], added: int) -> None:
    more = overlooked(slopes(*USUAL, *beside), FOUND, [0, 3000])
    assert len(more) == added
    assert all(min(abs(at - place) for place, *_ in beside) <= 10 for at in more)


def test_a_pause_and_a_narrow_complex_need_less() -> None:
    low = (1200, 0.3, 6.0)
    assert not len(overlooked(slopes(*USUAL, low), FOUND, [0, 3000]))
    paused = [beat for beat in USUAL if beat[0] != 1050]
    assert len(overlooked(slopes(*paused, low), np.setdiff1d(FOUND, 1050), [0, 3000])) == 1
    wide = [(at, 1.0, 12.0) for at, *_ in USUAL]  # steep for 160 ms
    assert len(overlooked(slopes(*wide, (900, 0.13, 4.0)), FOUND, [0, 3000])) == 1


def test_a_strip_is_asked_over_all_columns_of_a_page() -> None:
    strip = slopes(*USUAL, (900, 0.6, 6.0))
    column = np.full_like(strip, np.nan)
    column[0, :1500] = strip[0, :1500]
    leads = np.concatenate([strip, column])
    assert len(overlooked(leads, FOUND, [0, 1500, 3000])) == 1
    assert not len(overlooked(leads, FOUND[:0], [0, 1500, 3000]))


def test_steepness_is_measured_against_the_lead_s_own_and_a_peak_lasts_while_a_third_as_steep() -> None:
    lead = slopes((500, 1.0, 4.0), (1500, 2.0, 4.0))
    steep = steepness(np.concatenate([lead, 0 * lead]))
    assert steep.shape == (3000,)
    assert steep[1480:1520].max() == pytest.approx(2 * steep[480:520].max(), rel=0.01)
    box = np.zeros(300)
    box[100:120], box[150] = 1.0, 0.2
    assert lasting(box, np.array([110])).tolist() == [20]
    assert low_of(np.arange(11.0)[::-1], 0.3) == 3.0


def test_how_many_beats_are_ectopic_is_said() -> None:
    assert ectopy(cut(recording())) == []
    assert ectopy(cut(beating("SSSSSSE")))[0].startswith("2 of 14 beats are ectopic")
    once = cut(beating("SSSSSSSSSSES"))
    assert ectopy(once)[0].startswith("1 of 14 beats is ectopic")
