"""Real recordings as bases: which are taken, and what is known of their beats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bases import eight, write_bases, write_recording

from ecgs import R, T, Wave, r_times, recording
from kalemia.errors import BeatError, SimulateError
from kalemia.records import EIGHT, LEADS, Recording
from kalemia.simulate import read_bases
from kalemia.simulate.base import base_of
from kalemia.simulate.marks import BEFORE, TIMES_MS, marks, ramp, retimed


def test_marks_lie_where_the_waves_are() -> None:
    base = base_of(recording(), "drawn")
    own = base.marks
    assert own.t_peak == pytest.approx(280, abs=10)
    assert (own.p_start, own.p_end) == pytest.approx((-160 - 60, -160 + 50), abs=8)
    assert own.p_start < -160 < own.p_end < own.onset < 0 < own.end < own.t_start < own.t_peak < own.t_end
    assert -60 < own.onset < -15
    assert 340 < own.t_end < 400
    assert own.stop < 800 - 160 - 50  # before the next P
    assert (np.diff(own.knots) > 0).all()


def test_the_peaks_and_the_median_beat_are_those_that_were_drawn() -> None:
    base = base_of(recording(noise_mv=0.02), "drawn")
    np.testing.assert_allclose(base.peaks / 500, r_times(0.8, 10.0), atol=0.0041)
    t_peak = base.beat[:, BEFORE + 140]
    np.testing.assert_allclose(t_peak / 0.3, [0.6, 1, -0.5, -0.7, 0.4, 1.1, 1.3, 0.9], atol=0.06)
    assert np.abs(base.beat[:, BEFORE - 35]).max() < 0.03  # the PR segment


def test_the_signal_is_kept_as_recorded() -> None:
    made = recording(noise_mv=0.02)
    np.testing.assert_array_equal(base_of(made, "drawn").signal, eight(made))


@pytest.mark.parametrize("rate", [250.0, 360.0, 1000.0])
def test_other_rates_become_500_hz(rate: float) -> None:
    base = base_of(recording(rate=rate, seconds=12.0), "drawn")
    assert base.signal.shape == (8, 5000)
    at_500 = base_of(recording(), "drawn")
    np.testing.assert_allclose(base.signal[:, 200:-200], at_500.signal[:, 200:-200], atol=0.03)
    np.testing.assert_allclose(base.peaks, at_500.peaks, atol=2)


def test_eight_seconds_go_on_with_their_own_beats() -> None:
    made = recording(seconds=8.0)
    base = base_of(replace(made, signal=made.signal + np.float32(0.5)), "drawn")
    assert base.signal.shape == (8, 5000)
    np.testing.assert_allclose(base.peaks / 500, r_times(0.8, 10.0), atol=0.0041)
    np.testing.assert_allclose(base.signal - 0.5, eight(recording()), atol=0.03)  # regular: nobody sees the joint


def test_a_slow_heart_goes_on_more_than_once() -> None:
    base = base_of(recording(seconds=8.0, rr_s=1.7), "slow")
    assert base.signal.shape == (8, 5000)
    np.testing.assert_allclose(base.peaks / 500, r_times(1.7, 10.0), atol=0.0041)


def test_no_beat_takes_a_change_from_the_next_p_on() -> None:
    base = base_of(recording(rr_s=0.5, waves=(Wave(-0.13, 0.1, 0.015), R, Wave(0.22, 0.3, 0.03))), "fast")
    next_p = TIMES_MS > 500 - 130 - 45
    assert base.shares[0, base.marks.t_peak // 2 * 2 == TIMES_MS] > 0.9
    assert base.shares[:, next_p].max() == 0
    assert base.shares[:, 0].max() == 0
    early = replace(base.marks, stop=590.0)
    assert base.marks.stop < early.stop


def test_an_early_beat_of_another_shape_takes_none() -> None:
    made = eight(recording())
    at = 500 * r_times(0.8, 10.0)[5]
    wide = -2.0 * np.exp(-0.5 * ((np.arange(5000) - at) / 25) ** 2)
    near = ramp(-290, -200) * (1 - ramp(500, 590))
    first = int(at) - BEFORE
    made[:, first : first + 450] *= 1 - near
    made += (wide * np.array([1, 1, -1, -1, -1, 1, 1, 1])[:, None]).astype(np.float32)
    base = base_of(Recording(made, 500.0, EIGHT), "ectopic")
    taken = base.shares.max(axis=1)
    assert (taken[np.abs(base.peaks - at) < 100] < 0.1).all()
    assert (taken[np.abs(base.peaks - at) > 100] > 0.99).all()
    typical = base_of(recording(), "regular")
    np.testing.assert_allclose(base.beat, typical.beat, atol=0.03)


@pytest.mark.parametrize("strange", [0.0, 0.3, 0.45, 0.6, 1.0])
def test_a_beat_takes_a_change_as_far_as_it_is_alike(strange: float) -> None:
    """None below a correlation of 0.6 with the median beat, all from 0.85 on, and between in proportion."""
    made = eight(recording(noise_mv=0.0))
    first = int(500 * r_times(0.8, 10.0)[5]) - BEFORE
    whole = made[:, first : first + 400].copy()
    made[:, first : first + 400] = (1 - strange) * whole + strange * whole[::-1]  # of other leads
    base = base_of(Recording(made, 500.0, EIGHT), "odd")
    own = slice(BEFORE + round(base.marks.onset / 2) - 5, BEFORE + round(base.marks.t_end / 2))
    typical, odd = (beat - beat.mean(axis=1, keepdims=True) for beat in (base.beat[:, own], made[:, first:][:, own]))
    alike = float((typical * odd).sum() / np.sqrt((typical**2).sum() * (odd**2).sum()))
    taken = float(base.shares[np.abs(base.peaks - first - BEFORE).argmin()].max())
    assert taken == pytest.approx(np.clip((alike - 0.6) / 0.25, 0, 1), abs=0.12)


def test_moving_nothing_changes_nothing() -> None:
    base = base_of(recording(), "drawn")
    np.testing.assert_allclose(retimed(base.beat, base.marks, base.marks), base.beat, atol=1e-4)
    later = replace(base.marks, t_peak=base.marks.t_peak + 20, t_end=base.marks.t_end + 20)
    moved = retimed(base.beat, base.marks, later)[6, BEFORE + 70 :]
    assert moved.argmax() - base.beat[6, BEFORE + 70 :].argmax() == pytest.approx(10, abs=1)


def test_marks_are_in_order_for_noise_too() -> None:
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(0, 0.3, (8, 270)).astype(np.float32)
        for rr_s in (0.35, 0.8, 1.7):
            assert (np.diff(marks(noise, rr_s).knots) > 0).all()


def without(lead: str) -> Recording:
    return recording([name for name in LEADS if name != lead])


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (without("V3"), "lead V3 is missing; expected I, II, V1"),
        (recording(seconds=7.0), r"it lasts 7\.0 s; expected 8 s or longer"),
        (Recording(np.zeros((12, 5000), np.float32), 500.0, LEADS), "heartbeats found"),
        (recording(rate=60.0), r"sampled at 60 Hz; expected 100 Hz or more"),
        (recording(rr_s=3.5), "3 heartbeats found; expected 4 or more"),
        (recording(noise_mv=1.0), "noisy|beats|heartbeats"),
    ],
)
def test_what_cannot_be_changed_is_refused(made: Recording, sentence: str) -> None:
    with pytest.raises((SimulateError, BeatError), match=sentence):
        base_of(made, "bad")


def test_gaps_a_flat_lead_and_a_pacemaker_are_refused() -> None:
    gap, flat, paced = (eight(recording()) for _ in range(3))
    gap[3, 1000:1100] = np.nan
    flat[7] = 0.0
    for at in r_times(0.8, 10.0):
        paced[:, int(500 * (at - 0.08))] += 2.0
    for signal, sentence in ((gap, "not recorded"), (flat, "lead V6 is flat"), (paced, "pacemaker")):
        with pytest.raises(SimulateError, match=sentence):
            base_of(Recording(signal, 500.0, EIGHT), "bad")


def test_bad_files_among_good_ones_are_skipped_with_a_reason(tmp_path: Path) -> None:
    good = write_bases(tmp_path / "set", (0, 1))
    write_recording(tmp_path / "set" / "base7", without("V3"))
    (tmp_path / "set" / "base0.dat").with_name("broken.hea").write_text("broken 12 500 5000\n")
    bases = read_bases(tmp_path / "set")
    assert [base.name for base in bases.usable] == [path.stem for path in good]
    assert [path.name for path, _ in bases.skipped] == ["base7.hea", "broken.hea"]
    assert "lead V3 is missing" in bases.skipped[0][1]


def test_a_list_keeps_its_order_and_is_read_once(tmp_path: Path) -> None:
    paths = write_bases(tmp_path / "set", (0, 1))
    bases = read_bases(paths[::-1])
    assert [base.name for base in bases.usable] == ["base1", "base0"]
    assert read_bases(iter(paths[::-1])) is bases
    assert [base.name for base in read_bases(str(paths[0])).usable] == ["base0"]


def test_nothing_usable_is_one_sentence(tmp_path: Path) -> None:
    expected = "expected recordings with leads I, II and V1 to V6 of 8 s or longer"
    with pytest.raises(SimulateError, match=f"no usable ECG in .*gone.*cannot be opened.*{expected}"):
        read_bases(tmp_path / "gone")
    with pytest.raises(SimulateError, match="no usable ECG in an empty list"):
        read_bases([])
    write_recording(tmp_path / "few", recording(("I", "II", "V5"), waves=(R, T)))
    with pytest.raises(SimulateError, match="lead V1, V2, V3, V4, V6 is missing"):
        read_bases(tmp_path)
