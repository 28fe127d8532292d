"""What a recorder adds: each kind of noise alone, its size, its frequencies, and what filters leave of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kalemia.simulate import LEVELS, Level
from kalemia.simulate.noise import _basis, _filtered, _move, _pop, add_noise

RATE = 500
CLEAR: dict[str, Any] = {
    "muscle_mv": 0.0, "wander_mv": 0.0, "mains_mv": 0.0, "motion_share": 0.0, "pop_share": 0.0, "filtered": False,
}  # fmt: skip
SILENT = replace(LEVELS["clinic"], **CLEAR)

Signals = np.ndarray[tuple[int, int], np.dtype[np.float32]]


def noise(level: Level, seeds: int = 12, samples: int = 5000) -> Signals:
    """Return noise alone, (seeds * 8, samples) mV."""
    zeros = np.zeros((8, samples), np.float32)
    return np.concatenate([add_noise(zeros, RATE, level, np.random.default_rng(seed)) for seed in range(seeds)])


def power_below(signals: Signals, hertz: float) -> float:
    """Return the share of the power below a frequency."""
    power = (np.abs(np.fft.rfft(signals, axis=1)) ** 2).sum(axis=0)
    return float(power[np.fft.rfftfreq(signals.shape[1], 1 / RATE) <= hertz].sum() / power.sum())


def test_a_silent_recorder_adds_nothing_and_leaves_its_input_alone() -> None:
    signal = np.random.default_rng(0).normal(0, 1, (8, 1000)).astype(np.float32)
    before = signal.copy()
    np.testing.assert_array_equal(add_noise(signal, RATE, SILENT, np.random.default_rng(1)), signal)
    add_noise(signal, RATE, LEVELS["hospital"], np.random.default_rng(1))
    np.testing.assert_array_equal(signal, before)


def test_muscle_is_as_large_as_the_level_has_it_in_the_median_and_less_above_125_hz() -> None:
    found = noise(replace(SILENT, muscle_mv=0.02), 40)
    assert np.median(found.std(axis=1)) == pytest.approx(0.02, rel=0.15)
    assert np.abs(found.mean(axis=1)).max() < 0.01
    assert 0.6 < power_below(found, 125.0) < 0.95
    twice = noise(replace(SILENT, muscle_mv=0.04), 40)
    np.testing.assert_allclose(twice, 2 * found, rtol=1e-3, atol=1e-5)


def test_records_and_leads_differ_in_how_noisy_they_are() -> None:
    spread = np.log(noise(replace(SILENT, muscle_mv=0.02), 60).std(axis=1)).reshape(60, 8)
    assert spread.std(axis=1).mean() == pytest.approx(0.6, abs=0.12)  # between leads
    assert spread.mean(axis=1).std() == pytest.approx(np.hypot(0.4, 0.6 / np.sqrt(8)), abs=0.12)


def test_wander_is_slow() -> None:
    found = noise(replace(SILENT, wander_mv=0.1))
    assert power_below(found, 2.0) > 0.97
    assert 0.05 < np.median(found.std(axis=1)) < 0.3


def test_mains_are_in_half_of_the_records_and_of_one_frequency() -> None:
    found = noise(replace(SILENT, mains_mv=0.01), 60).reshape(60, 8, -1)
    hums = found.std(axis=(1, 2)) > 0
    assert hums.mean() == pytest.approx(0.5, abs=0.2)
    spectrum = np.abs(np.fft.rfft(found[hums], axis=2)).mean(axis=1)
    hertz = np.fft.rfftfreq(found.shape[2], 1 / RATE)[spectrum.argmax(axis=1)]
    assert set(hertz) == {50.0, 60.0}
    assert np.mean(hertz == 50.0) == pytest.approx(0.7, abs=0.25)


@pytest.mark.parametrize("kind", ["motion_share", "pop_share"])
def test_motion_and_steps_hit_their_share_of_leads(kind: str) -> None:
    found = noise(replace(SILENT, **{kind: 0.25}), 60)  # type: ignore[arg-type]
    hit = np.abs(found).max(axis=1) > 0
    assert hit.mean() == pytest.approx(0.25, abs=0.08)
    assert not (np.abs(noise(replace(SILENT, **{kind: 0.0}), 2)).max(axis=1) > 0).any()  # type: ignore[arg-type]


def test_a_burst_of_motion_is_short_and_an_electrode_steps_once() -> None:
    for seed in range(10):
        moved = np.zeros(5000, np.float32)
        _move(moved, RATE, 0.2, np.random.default_rng(seed))
        there = np.flatnonzero(moved)
        assert 0.3 * RATE < np.ptp(there) < 2.5 * RATE
        popped = np.zeros(5000, np.float32)
        _pop(popped, RATE, 0.5, np.random.default_rng(seed))
        first = int(np.flatnonzero(popped)[0])
        assert (np.diff(np.abs(popped[first:])) <= 1e-6).all()  # it jumps, and dies away
        assert not popped[:first].any()


def test_a_burst_at_the_end_is_cut_off() -> None:
    short = np.zeros(200, np.float32)
    _move(short, RATE, 0.2, np.random.default_rng(0))
    assert np.isfinite(short).all()
    assert short.any()


def test_filters_pass_none_a_low_pass_or_a_high_pass() -> None:
    white = np.random.default_rng(0).normal(0, 1, (2, 4000)).astype(np.float32)
    level = np.ones((2, 4000), np.float32)
    kinds = {"none": 0, "smoother": 0, "sinks": 0}
    for seed in range(60):
        made = _filtered(white.copy(), RATE, np.random.default_rng(seed))
        flat = _filtered(level.copy(), RATE, np.random.default_rng(seed))
        sinks, smoother = abs(flat[0, -1]) < 0.5, power_below(made, 60.0) > 1.3 * power_below(white, 60.0)
        kinds["sinks"] += sinks
        kinds["smoother"] += smoother
        kinds["none"] += bool(np.array_equal(made, white))
        assert flat[0, 0] == pytest.approx(0.0 if sinks else 1.0, abs=1e-6)
    assert 20 < kinds["none"] < 45
    assert 10 < kinds["smoother"] < 32
    assert 4 < kinds["sinks"] < 22


def test_the_spline_passes_through_its_knots() -> None:
    basis = _basis(1001, 11)
    np.testing.assert_allclose(basis[:, ::100], np.eye(11), atol=1e-6)
    np.testing.assert_allclose(basis.sum(axis=0), 1.0, atol=1e-5)


def test_noise_is_another_for_every_stream() -> None:
    level = LEVELS["clinic"]
    zeros = np.zeros((8, 2000), np.float32)
    first, again, other = (add_noise(zeros, RATE, level, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.dtype == np.float32
