"""The quality gate: each fault is found by its own name, and what is sound is not called faulty."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgs import HEART, Wave, changed, r_times, recording
from kalemia.read import inputs, read
from kalemia.records import LEADS, Recording
from kalemia.signal import quality
from kalemia.signal.beat import cut
from kalemia.simulate import simulate_one

Float = NDArray[np.floating]
T = np.arange(5000) / 500.0
RNG = np.random.default_rng(4)


def flat(v5: Float) -> Float:
    return 0.01 * v5


def electrode_off(v5: Float) -> Float:
    return np.zeros_like(v5)


def drifting_but_flat(v5: Float) -> Float:
    return 0.01 * v5 + 0.5 * np.sin(2 * np.pi * 0.1 * T)


def clipped(v5: Float) -> Float:
    return np.clip(v5, -0.1, 0.6)


def clipped_below(v5: Float) -> Float:
    return np.clip(-v5, -0.5, 0.1)


def muscle(v5: Float) -> Float:
    return v5 + RNG.normal(0, 1.0, v5.size)


def noise_alone(v5: Float) -> Float:
    return RNG.normal(0, 0.2, v5.size)


def mostly_missing(v5: Float) -> Float:
    return np.where(T > 1.5, np.nan, v5)


def missing(v5: Float) -> Float:
    return np.full_like(v5, np.nan)


def one_beat_left(v5: Float) -> Float:
    return np.where((T > 1.2) & (T < 8.9), np.nan, v5)


@pytest.mark.parametrize(
    ("fault", "problems"),
    [
        (flat, ["flat"]),
        (electrode_off, ["flat"]),
        (drifting_but_flat, ["flat"]),
        (clipped, ["clipped"]),
        (clipped_below, ["clipped"]),
        (muscle, ["noisy", "too few beats"]),
        (noise_alone, ["noisy", "too few beats"]),
        (mostly_missing, ["not recorded for 85% of the time"]),
        (missing, ["not recorded for 100% of the time"]),
        (one_beat_left, ["short: 1 whole beat recorded"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_fault_of_one_lead_is_named_there_and_nowhere_else(fault: object, problems: list[str]) -> None:
    assert callable(fault)
    ecg = recording()
    beat = cut(changed(ecg, "V5", fault(ecg.lead("V5"))))
    found = dict(zip(beat.leads, beat.problems, strict=True))
    assert any((found["V5"] or "").startswith(problem) for problem in problems), found["V5"]
    assert [lead for lead, problem in found.items() if problem] == ["V5"]
    quality_of = dict(zip(beat.leads, beat.quality, strict=True))
    assert quality_of["V5"] == 0
    assert min(q for lead, q in quality_of.items() if lead != "V5") > 0.9


@pytest.mark.parametrize("step_mv", [0.005, 0.01])
def test_the_rest_between_beats_in_coarse_steps_is_no_limit_of_the_recorder(step_mv: float) -> None:
    quiet = recording().lead("V5")
    floored = np.round(np.maximum(0.3 * quiet, 0.0) / step_mv) * step_mv
    assert np.mean((np.diff(floored) == 0) & (floored[1:] == floored.min())) > 0.1  # it does stand still there
    assert quality.raw_problems(floored[None].astype(np.float32), 500.0) == [None]


def test_one_plateau_is_an_artefact_and_three_are_clipping() -> None:
    ecg = recording().lead("V5").copy()
    tops = [round(500 * at) for at in r_times(0.8, 10.0)]
    found = []
    for count in (1, len(tops)):
        held = ecg.copy()
        for top in tops[:count]:
            held[top - 5 : top + 40] = ecg.max()
        found.append(quality.raw_problems(held[None], 500.0)[0])
    assert found[0] is None
    assert (found[1] or "").startswith("clipped")


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
    assert quality.pacing_spikes(spiked(mv, before_s).signal, 500.0, beat.r_peaks_s)


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
    assert not quality.pacing_spikes(ecg.signal, ecg.rate, cut(ecg).r_peaks_s)


def test_a_recording_too_slow_to_show_spikes_is_not_judged() -> None:
    assert not quality.pacing_spikes(spiked(2.0, 0.05).signal, 200.0, r_times(0.8, 10.0))


@pytest.mark.parametrize("index", range(25))
def test_simulated_patients_pass(index: int) -> None:
    beat = cut(simulate_one(8, index, "clean").recording)
    sound = [lead for lead, problem in zip(beat.leads, beat.problems, strict=True) if problem is None]
    # a lead at a right angle to the heart's axis may truly be flat
    assert len(sound) >= 11


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.sin(T), True),
        (np.full(5000, 0.3), False),
        (30 * np.sin(T), False),
        (np.where(T < 7.4, np.nan, np.sin(T)), True),  # a column of a page
        (np.where(T < 8.5, np.nan, np.sin(T)), False),
        (np.full(5000, np.nan), False),
        (np.empty(0), False),
    ],
)
def test_a_lead_is_plausible_where_it_moves_as_a_heart_does(samples: Float, expected: bool) -> None:
    assert quality.plausible(samples.astype(np.float32)) is expected


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5])
def test_the_score_is_the_share_of_common_power(share: float) -> None:
    rng = np.random.default_rng(1)
    beat = np.sin(np.linspace(0, 12, 160)).astype(np.float32)
    rms = float(np.sqrt(np.mean(np.square(beat))))
    beats = beat + rng.normal(0, share * rms, (40, 160)).astype(np.float32)
    assert quality.score(beats, beat) == pytest.approx(1 - share**2, abs=0.02)


@pytest.mark.parametrize(
    ("count", "found", "score", "gain_mv", "problem"),
    [
        (10, 11, 0.95, 1.0, None),
        (1, 11, 0.95, 1.0, "too few beats: 1 of 11"),
        (10, 11, 0.95, 0.04, "flat: its beat is 40 uV high"),
        (4, 11, 0.95, 1.0, "noisy: only 4 of 11"),
        (10, 11, 0.6, 1.0, "a quality of 0.60, at least 0.7"),
        (2, 2, 0.7, 0.06, None),
    ],
)
def test_the_limits_of_a_usable_lead(count: int, found: int, score: float, gain_mv: float, problem: str | None) -> None:
    said = quality.beat_problem(count, found, score, gain_mv)
    assert (said is None) if problem is None else (said is not None and problem in said)


@pytest.mark.data
def test_most_ordinary_leads_of_real_patients_pass(data_folder: Path) -> None:
    problems = [problem for path in list(inputs([data_folder / "ptbxl"]))[::4] for problem in cut(read(path)).problems]
    assert len(problems) == 600
    assert sum(problem is not None for problem in problems) <= 0.1 * len(problems)
