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


def first_problem(samples: Float) -> str | None:
    """Return what `problems` names of a lead whose beats are sound."""
    sound = Cycle(np.zeros(270, np.float32), np.float32(1), 9, 9, 0.9)
    return quality.problems(samples[None].astype(np.float32), 500.0, [sound])[0]


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
    assert first_problem(floored) is None


def test_one_plateau_is_an_artefact_and_three_are_clipping() -> None:
    ecg = recording().lead("V5").copy()
    tops = [round(500 * at) for at in r_times(0.8, 10.0)]
    found = []
    for count in (1, len(tops)):
        held = ecg.copy()
        for top in tops[:count]:
            held[top - 5 : top + 40] = ecg.max()
        found.append(first_problem(held))
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
        (0, 0, 0.95, 1.0, "short: 0 whole beats recorded, at least 2 are needed"),
        (1, 1, 0.95, 1.0, "short: 1 whole beat recorded, at least 2 are needed"),
        (1, 2, 0.95, 1.0, "too few beats: 1 of 2 look alike, at least 2 are needed"),
        (0, 11, 0.95, 0.0, "too few beats: 0 of 11 look alike, at least 2 are needed"),
        (10, 11, 0.95, 20.5, "loud: its beat is 20 mV high, more than 20 mV is no heart"),
        (10, 11, 0.95, 19.9, None),
        (10, 11, 0.95, 0.0492, "flat: its beat is 49 uV high"),
        (10, 11, 0.95, 0.0501, None),
        (4, 11, 0.95, 1.0, "noisy: only 4 of 11 beats look alike"),
        (4, 10, 0.95, 1.0, None),
        (10, 11, 0.694, 1.0, "noisy: its beats have a quality of 0.69, at least 0.7 is needed"),
        (2, 2, 0.7, 0.06, None),
    ],
)
def test_the_limits_of_a_usable_lead(alike: int, whole: int, score: float, gain_mv: float, problem: str | None) -> None:
    cycle = Cycle(np.zeros(270, np.float32), np.float32(gain_mv), alike, whole, score)
    assert quality.beat_problem(cycle) == problem


SINE = np.sin(2 * np.pi * T)


@pytest.mark.parametrize(
    ("samples", "problem"),
    [
        (SINE, None),
        (0.0245 * SINE, "flat: it spans 49 uV"),
        (0.0251 * SINE, None),
        (np.zeros(5000), "flat: it spans 0 uV"),
        (np.full(5000, np.nan), "not recorded for 100% of the time"),
        (np.full(5000, np.inf), "not recorded for 100% of the time"),
        (np.where(T < 8.1, np.inf, SINE), "not recorded for 81% of the time"),
        (np.where(T < 0.1, -np.inf, 0.0245 * SINE), "flat: it spans 49 uV"),
        (np.empty(0), "flat: it spans 0 uV"),
        (np.where(T < 8.1, np.nan, SINE), "not recorded for 81% of the time"),
        (np.where(T < 7.9, np.nan, SINE), None),  # two seconds are there
        (np.where(T[:1500] < 1.4, np.nan, SINE[:1500]), None),  # more than half of three
        (np.where(T[:1500] < 1.6, np.nan, SINE[:1500]), "not recorded for 53% of the time"),
    ],
)
def test_what_is_wrong_before_any_filter(samples: Float, problem: str | None) -> None:
    with np.errstate(all="raise"):
        assert quality.raw_problem(samples.astype(np.float32), 500.0) == problem
        assert not len(samples) or first_problem(samples) == problem


def test_the_first_thing_that_is_wrong_is_named_lead_by_lead() -> None:
    noisy = Cycle(np.zeros(270, np.float32), np.float32(1), 9, 9, 0.5)
    sound = Cycle(np.zeros(270, np.float32), np.float32(1), 9, 9, 0.9)
    raw = np.stack([SINE, SINE, 0 * SINE, 0 * SINE]).astype(np.float32)
    found = quality.problems(raw, 500.0, [sound, noisy, sound, noisy])
    assert [problem and problem.partition(":")[0] for problem in found] == [None, "noisy", "flat", "flat"]


def held(samples: int, times: int, limit: float = 1.0, rest: float = 0.0) -> Float:
    """Return ten seconds of noise round `rest`, held this often and this long at a limit, and spanning one mV."""
    lead = rest + 0.1 * np.random.default_rng(3).uniform(-1, 1, 5000)
    lead[[0, 2]] = 0.0, 0.999
    for start in 600 * np.arange(times) + 100:
        lead[start : start + samples] = limit
    return lead


@pytest.mark.parametrize(
    ("samples", "times", "problem"),
    [
        (9, 3, "clipped: it stays at its limits for 0.5% of the time"),  # eight of nine do not move
        (9, 2, None),  # two plateaus are artefacts
        (6, 3, None),  # 0.3 % are few
        (6, 5, "clipped: it stays at its limits for 0.5% of the time"),
        (2, 8, None),  # a plateau has three samples
        (3, 8, None),  # 16 of 4,999 are 0.3 %
        (200, 8, "clipped: it stays at its limits for 31.8% of the time"),
    ],
)
def test_how_long_and_how_often_a_clipped_lead_stands_still(samples: int, times: int, problem: str | None) -> None:
    top = held(samples, times).astype(np.float32)
    assert first_problem(top) == problem
    assert first_problem(-top) == problem


def test_both_limits_count_together() -> None:
    lead = held(6, 4, rest=0.5)  # 0.4 % above, as many below
    for start in 600 * np.arange(4) + 400:
        lead[start : start + 6] = 0.0
    assert first_problem(lead) == "clipped: it stays at its limits for 0.8% of the time"


@pytest.mark.parametrize(("rest", "clipped"), [(0.74, True), (0.77, False)])
def test_a_limit_near_the_median_is_the_rest_between_beats(rest: float, clipped: bool) -> None:
    lead = held(12, 8, rest=rest)
    lead[lead > 1] = 0.9
    assert (first_problem(lead) is not None) is clipped


@pytest.mark.parametrize(("share", "clipped"), [(0.7, False), (0.9, True)])
def test_a_lead_that_is_hardly_anywhere_else_stands_at_its_limit(share: float, clipped: bool) -> None:
    lead = np.zeros(5000)
    lead[: round((1 - share) * 5000)] = np.random.default_rng(1).uniform(0.1, 1, round((1 - share) * 5000))
    assert (first_problem(lead) is not None) is clipped


def test_a_thousandth_of_the_span_from_the_limit_is_still_the_limit() -> None:
    for below, clipped in ((0.0009, True), (0.0015, False)):
        lead = held(9, 4, limit=1.0 - below)
        lead[4000] = 1.0
        assert (first_problem(lead) is not None) is clipped


@pytest.mark.data
def test_most_ordinary_leads_of_real_patients_pass(data_folder: Path) -> None:
    problems = [problem for path in list(inputs([data_folder / "ptbxl"]))[::4] for problem in cut(read(path)).problems]
    assert len(problems) == 600
    assert sum(problem is not None for problem in problems) <= 0.1 * len(problems)
