"""Pacemakers: their spikes are seen before the beats, and nothing else is taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from ecgs import HEART, Wave, r_times, recording
from kalemia.records import LEADS, Recording
from kalemia.signal.beat import cut
from kalemia.signal.pacing import pacing_spikes

TIMES = r_times(0.8, 10.0)


def spiked(mv: float, before_s: float, leads: tuple[str, ...] = LEADS, width: int = 1) -> Recording:
    """Return an ECG with a pacemaker's spike of `width` samples before every R."""
    ecg = recording()
    signal = ecg.signal.copy()
    rows = [LEADS.index(lead) for lead in leads]
    for at in TIMES:
        start = round((at - before_s) * 500)
        signal[rows, start : start + width] += np.float32(mv)
    return Recording(signal, ecg.rate, ecg.leads)


@pytest.mark.parametrize("before_s", [0.05, 0.16])
@pytest.mark.parametrize("mv", [-0.8, 0.5, 2.0])
def test_pacing_spikes_are_seen(mv: float, before_s: float) -> None:
    beat = cut(spiked(mv, before_s))
    assert pacing_spikes(spiked(mv, before_s).signal, 500.0, beat.r_peaks_s)


@pytest.mark.parametrize(
    "ecg",
    [
        spiked(0.1, 0.16),  # smaller than a spike is
        spiked(1.0, 0.16, ("V1",)),  # in one lead: its own artefact
        spiked(0.5, -0.3),  # after R
        spiked(0.6, 0.16, width=20),  # 40 ms: a wave
        recording(waves=[*HEART, Wave(0.03, -0.9, 0.008)]),  # a sharp S wave
    ],
)
def test_what_is_no_pacemaker_is_not_called_one(ecg: Recording) -> None:
    assert not pacing_spikes(ecg.signal, ecg.rate, cut(ecg).r_peaks_s)


def spikes(*times_s: float, leads: int = 2, rate: float = 500.0, mv: float = 1.0, width: int = 1) -> np.ndarray:
    """Return leads (leads, samples) of ten seconds that hold nothing but spikes."""
    raw = np.zeros((leads, round(10 * rate)), np.float32)
    for at in times_s:
        raw[:, round(at * rate) : round(at * rate) + width] = mv
    return raw


@pytest.mark.parametrize("before_s", [0.05, 0.15, 0.24])
def test_a_spike_leads_its_beat_by_45_to_250_ms(before_s: float) -> None:
    assert pacing_spikes(spikes(*(TIMES - before_s)), 500.0, TIMES)


@pytest.mark.parametrize("before_s", [-0.1, 0.0, 0.04, 0.26])
def test_a_spike_at_another_time_is_none_of_a_pacemaker(before_s: float) -> None:
    assert not pacing_spikes(spikes(*(TIMES - before_s)), 500.0, TIMES)


@pytest.mark.parametrize(("paced", "seen"), [(12, True), (8, True), (7, False), (0, False)])
def test_six_in_ten_beats_are_paced(paced: int, seen: bool) -> None:
    assert len(TIMES) == 12
    assert pacing_spikes(spikes(*(TIMES[:paced] - 0.15)), 500.0, TIMES) is seen


@pytest.mark.parametrize(("mv", "seen"), [(0.26, True), (-0.26, True), (0.24, False), (-0.24, False)])
def test_a_spike_jumps_by_a_quarter_of_a_millivolt(mv: float, seen: bool) -> None:
    assert pacing_spikes(spikes(*(TIMES - 0.15), mv=mv), 500.0, TIMES) is seen


@pytest.mark.parametrize(("width", "seen"), [(1, True), (3, True), (4, False), (9, False)])
def test_a_spike_is_over_within_4_ms(width: int, seen: bool) -> None:
    assert pacing_spikes(spikes(*(TIMES - 0.15), width=width), 500.0, TIMES) is seen


def test_one_lead_alone_may_show_it_and_of_several_two_must() -> None:
    at = TIMES - 0.15
    assert pacing_spikes(spikes(*at, leads=1), 500.0, TIMES)
    one_of_two = spikes(*at)
    one_of_two[1] = 0.0
    assert not pacing_spikes(one_of_two, 500.0, TIMES)
    two_of_four = spikes(*at, leads=4)
    two_of_four[2:] = np.nan  # what was not recorded says nothing
    assert pacing_spikes(two_of_four, 500.0, TIMES)


@pytest.mark.parametrize(("rate", "seen"), [(250.0, True), (249.0, False), (200.0, False), (1000.0, True)])
def test_a_recording_too_slow_to_show_spikes_is_not_judged(rate: float, seen: bool) -> None:
    assert pacing_spikes(spikes(*(TIMES - 0.15), rate=rate), rate, TIMES) is seen


@pytest.mark.parametrize(("beats", "seen"), [(2, False), (3, True)])
def test_fewer_than_three_beats_are_not_judged(beats: int, seen: bool) -> None:
    assert pacing_spikes(spikes(*(TIMES - 0.15)), 500.0, TIMES[:beats]) is seen


@pytest.mark.parametrize("samples", [0, 1, 4, 7, 8, 9])
def test_a_few_samples_hold_no_spike(samples: int) -> None:
    assert not pacing_spikes(np.zeros((2, samples), np.float32), 500.0, TIMES)
