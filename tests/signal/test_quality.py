"""The quality gate: each fault is found by its own name, and what is sound is not called faulty."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgs import changed, r_times, recording
from kalemia.read import inputs, read
from kalemia.signal import quality
from kalemia.signal.beat import cut
from kalemia.signal.cycle import Cycle
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
    assert quality.raw_problem(floored.astype(np.float32), 500.0) is None


def test_one_plateau_is_an_artefact_and_three_are_clipping() -> None:
    ecg = recording().lead("V5").copy()
    tops = [round(500 * at) for at in r_times(0.8, 10.0)]
    found = []
    for count in (1, len(tops)):
        held = ecg.copy()
        for top in tops[:count]:
            held[top - 5 : top + 40] = ecg.max()
        found.append(quality.raw_problem(held, 500.0))
    assert found[0] is None
    assert (found[1] or "").startswith("clipped")


@pytest.mark.parametrize("index", range(25))
def test_simulated_patients_pass(index: int) -> None:
    beat = cut(simulate_one(8, index, "clean").recording)
    sound = [lead for lead, problem in zip(beat.leads, beat.problems, strict=True) if problem is None]
    # a lead at a right angle to the heart's axis may truly be flat
    assert len(sound) >= 11


@pytest.mark.parametrize(
    ("alike", "whole", "score", "gain_mv", "problem"),
    [
        (10, 11, 0.95, 1.0, None),
        (1, 11, 0.95, 1.0, "too few beats: 1 of 11"),
        (10, 11, 0.95, 0.04, "flat: its beat is 40 uV high"),
        (4, 11, 0.95, 1.0, "noisy: only 4 of 11"),
        (10, 11, 0.6, 1.0, "a quality of 0.60, at least 0.7"),
        (2, 2, 0.7, 0.06, None),
    ],
)
def test_the_limits_of_a_usable_lead(alike: int, whole: int, score: float, gain_mv: float, problem: str | None) -> None:
    found = quality.beat_problem(Cycle(np.zeros(270, np.float32), np.float32(gain_mv), alike, whole, score))
    assert (found is None) if problem is None else (found is not None and problem in found)


@pytest.mark.data
def test_most_ordinary_leads_of_real_patients_pass(data_folder: Path) -> None:
    problems = [problem for path in list(inputs([data_folder / "ptbxl"]))[::4] for problem in cut(read(path)).problems]
    assert len(problems) == 600
    assert sum(problem is not None for problem in problems) <= 0.1 * len(problems)
