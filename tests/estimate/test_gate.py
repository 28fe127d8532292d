"""What passes the quality gate and still is no beat that a model may judge is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.estimate.gate import unlike_a_beat
from kalemia.estimate.predict import predict
from kalemia.records import Recording
from kalemia.simulate import simulate_one

Float = NDArray[np.floating]
T = np.arange(5000) / 500.0
RNG = np.random.default_rng(5)


def sine(t: Float) -> Float:
    return np.asarray(np.sin(2 * np.pi * t))


def calibration(t: Float) -> Float:
    return np.where(t % 1.0 < 0.2, 1.0, 0.0) + RNG.normal(0, 0.005, t.size)


def spikes(t: Float) -> Float:
    return np.where(t % 0.8 < 0.004, 1.5, 0.0) + RNG.normal(0, 0.001, t.size)


@pytest.mark.parametrize("signal", [sine, calibration, spikes])
def test_what_is_no_heartbeat_is_refused(signal: Callable[[Float], Float], tiny_path: Path) -> None:
    estimate = predict(Recording(signal(T)[None].astype(np.float32), 500.0, ("V5",)), tiny_path)
    assert estimate.status == "refused"
    assert estimate.potassium_meq_l is None
    assert estimate.reason


@pytest.mark.parametrize(("rr_s", "refused"), [(0.25, True), (0.36, False), (0.8, False), (1.6, False), (2.5, True)])
def test_rates_beyond_those_of_training_are_refused(rr_s: float, refused: bool) -> None:
    wave = np.exp(-0.5 * np.square((np.arange(270) - 90) / 3.0)) + 0.2 * np.exp(
        -0.5 * np.square((np.arange(270) - 170) / 12.0)
    )
    reason = unlike_a_beat(wave.astype(np.float32), rr_s)
    assert (reason is not None) is refused
    assert reason is None or "bpm" in reason


def test_simulated_hearts_are_seldom_taken_for_something_else(tiny_path: Path) -> None:
    estimates = [predict(simulate_one(2, i, potassium_meq_l=4.3).recording, tiny_path) for i in range(60)]
    assert sum(e.status != "estimated" for e in estimates) <= 2


def test_pacing_is_seen_in_leads_that_the_model_does_not_take(tiny_path: Path) -> None:
    """A spike that V5 does not show, 30 ms before the complexes of the other leads."""
    from kalemia.signal.beat import cut

    paced = simulate_one(2, 0, potassium_meq_l=4.3).recording
    signal = paced.signal.copy()
    for at in cut(paced, ("V5",)).r_peaks_s:
        signal[[6, 7, 8], round((at - 0.08) * 500)] += 1.0
    estimate = predict(Recording(signal, 500.0, paced.leads), tiny_path)
    assert estimate.status == "refused"
    assert "pacing" in str(estimate.reason)
