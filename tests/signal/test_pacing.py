"""Pacemakers: their spikes are seen before the beats, and nothing else is taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from ecgs import HEART, Wave, r_times, recording
from kalemia.records import LEADS, Recording
from kalemia.signal.beat import cut
from kalemia.signal.pacing import pacing_spikes


def spiked(mv: float, before_s: float, leads: tuple[str, ...] = LEADS, width: int = 1) -> Recording:
    """Return an ECG with a pacemaker's spike of `width` samples before every R."""
    ecg = recording()
    signal = ecg.signal.copy()
    rows = [LEADS.index(lead) for lead in leads]
    for at in r_times(0.8, 10.0):
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


def test_a_recording_too_slow_to_show_spikes_is_not_judged() -> None:
    assert not pacing_spikes(spiked(2.0, 0.05).signal, 200.0, r_times(0.8, 10.0))
