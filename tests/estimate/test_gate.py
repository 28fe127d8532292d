"""What passes the quality gate and still is no beat that a model may judge is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.estimate.gate import gated, injured, recorded, refusal, unlike_beats, unsure
from kalemia.estimate.model import Model
from kalemia.estimate.predict import predict
from kalemia.records import LEADS, R_SAMPLE, Beat, Recording
from kalemia.signal.electrodes import Electrodes
from kalemia.signal.st import ST
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


def test_simulated_hearts_are_seldom_taken_for_something_else(tiny_path: Path) -> None:
    estimates = [predict(simulate_one(2, i, potassium_meq_l=4.3).recording, tiny_path) for i in range(60)]
    refused = [str(e.reason) for e in estimates if e.status != "estimated"]
    injured_ones = [reason for reason in refused if reason.startswith("ST is shifted")]
    assert len(refused) - len(injured_ones) <= 2
    assert len(injured_ones) <= 2  # infarctions of the level


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


def wave(*bumps: tuple[float, float, float]) -> NDArray[np.float32]:
    """Return a beat (270,) of bells: their sample from R on, height and width in samples."""
    at = np.arange(270) - R_SAMPLE
    return sum((mv * np.exp(-0.5 * ((at - x) / sd) ** 2) for x, mv, sd in bumps), np.zeros(270)).astype(np.float32)


BEAT = wave((0, 1.0, 3.0), (80, 0.2, 12.0))
SINE = "no QRS complex stands out from its other waves, as in a sine wave or a calibration signal"
NOTHING = "nothing follows its QRS complex, as when only a pacemaker's spikes are recorded"


def rate(bpm: float) -> str:
    return f"its rate of {bpm:.0f} bpm is outside of the 35 to 170 bpm that models are trained on"


@pytest.mark.parametrize(
    ("rr_s", "problem"),
    [
        (0.25, rate(240)),
        (60 / 171, rate(171)),
        (60 / 169.9, None),
        (0.8, None),
        (60 / 35.1, None),
        (60 / 34, rate(34)),
        (2.5, rate(24)),
    ],
)
def test_rates_beyond_those_of_training_are_refused(rr_s: float, problem: str | None) -> None:
    assert unlike_beats(np.stack([BEAT, -BEAT]), rr_s) == [problem, problem]


@pytest.mark.parametrize(
    ("beat", "problem"),
    [
        (BEAT, None),
        (-BEAT, None),
        (wave((0, 1.0, 18.0), (80, 0.6, 18.0)), SINE),  # as slow as a sine wave
        (wave((0, 1.0, 3.0), (80, 0.9, 3.0)), None),  # a wave nearly as steep
        (wave((0, 1.0, 3.0), (80, 0.97, 3.0)), SINE),
        (wave((0, 1.0, 3.0), (-40, 0.97, 3.0)), SINE),
        (wave((0, 1.0, 3.0), (-55, 3.0, 1.5), (140, 3.0, 1.5)), None),  # the beats before and after may be steeper
        (wave((0, 1.0, 3.0), (40, 0.7, 3.0), (60, 0.7, 3.0), (80, 0.7, 3.0)), SINE),  # 0.4 of the power
        (wave((0, 1.0, 3.0), (40, 0.7, 3.0), (70, 0.7, 3.0)), None),  # 0.5
        (wave((0, 1.0, 1.0), (80, 0.2, 12.0)), None),
        (wave((0, 1.0, 1.0), (80, 0.05, 12.0)), NOTHING),  # more than a hundred times as steep
        (wave((0, 1.0, 3.0)), NOTHING),
        (np.zeros(270, np.float32), None),  # which the gate before has refused
    ],
)
def test_what_is_no_heartbeat_by_its_slopes(beat: NDArray[np.float32], problem: str | None) -> None:
    assert unlike_beats(np.stack([beat, BEAT]), 0.8) == [problem, None]


@pytest.mark.parametrize(
    ("confidence", "problem"),
    [
        (1.0, None),
        (0.5, None),
        (0.494, "it was traced with a confidence of 0.49, at least 0.5 is needed"),
        (0.0, "it was traced with a confidence of 0.00, at least 0.5 is needed"),
    ],
)
def test_a_lead_that_was_traced_unsurely(confidence: float, problem: str | None) -> None:
    assert unsure(confidence) == problem


class Strict(Model):
    """A model of three leads that finds beats with a peak of one unlike its training."""

    def __init__(self) -> None:
        pass

    def unlike(self, waves: NDArray[np.float32]) -> list[str | None]:
        return ["unlike" if wave.max() == 1.0 else None for wave in waves]


def cut_beat(*problems: str | None, waves: Sequence[NDArray[np.float32]] | None = None) -> Beat:
    leads = LEADS[: len(problems)]
    ones = np.ones(len(leads), np.float32)
    waveform = np.stack(list(waves or [BEAT] * len(leads)))
    return Beat(waveform, ones, leads, 0.8, 9, ones, problems, r_peaks_s=np.arange(0.5, 9.5, 0.8))


def shown(leads: tuple[str, ...], confidence: tuple[float, ...] = ()) -> Recording:
    return Recording(np.zeros((len(leads), 5000), np.float32), 500.0, leads, confidence=confidence)


def test_of_each_lead_the_first_problem_counts() -> None:
    like = 0.99 * BEAT
    flat = np.zeros(270, np.float32) + np.sin(np.arange(270) / 20).astype(np.float32)
    beat = cut_beat("flat", None, None, None, None, None, waves=[flat, BEAT, flat, flat, BEAT, like])
    ecg = shown(LEADS[:6][::-1], (1.0, 1.0, 1.0, 1.0, 0.2, 0.2))  # of leads by name, not by place
    electrodes = Electrodes({"I": "II", "II": "V4", "III": "V3 and V5"}, ())
    found = gated(recorded(beat, ecg, electrodes), Strict())
    assert found.problems == (
        "flat",
        "it was traced with a confidence of 0.20, at least 0.5 is needed",
        "it runs against V3 and V5: its electrode or its sign is wrong",
        SINE,
        "unlike",
        None,
    )
    assert (found.count, found.good) == (9, ("aVF",))
    np.testing.assert_array_equal(found.waveform, beat.waveform)


@pytest.mark.parametrize(
    ("problems", "least", "reason"),
    [
        ((None, None, None), 1, None),
        (("flat",), 1, "lead I cannot be used (flat)"),
        (("flat", None), 1, None),  # half of them are good
        (("flat", "noisy", None), 1, "lead I cannot be used (flat); lead II cannot be used (noisy)"),
        (("flat", "flat", None), 1, "leads I, II cannot be used (flat)"),
        (("flat", None, None), 3, "lead I cannot be used (flat)"),
        (("short: 1", "short: 1", None), 1, None),  # a short lead is no bad one
        (("noisy", "flat", "flat", None), 1, "lead I cannot be used (noisy); leads II, III cannot be used (flat)"),
        (("short: 1", "flat", None), 1, None),
        (("short: 1", "short: 1"), 1, "leads I, II cannot be used (short: 1)"),
    ],
)  # fmt: skip
def test_where_most_leads_are_bad_none_is_judged(
    problems: tuple[str | None, ...], least: int, reason: str | None
) -> None:
    assert refusal(cut_beat(*problems), shown(LEADS[: len(problems)]), least) == reason


def test_a_paced_beat_is_not_judged() -> None:
    beat, ecg = cut_beat(None), shown(LEADS)
    ecg.signal[[3, 4], (500 * beat.r_peaks_s - 75).astype(int)[:, None]] = 1.0
    assert refusal(beat, ecg, 1) == "pacing spikes: a paced beat says nothing about potassium"
    assert refusal(beat, shown(LEADS), 1) is None


@pytest.mark.parametrize(
    ("st", "refused"),
    [
        (ST({}, {}, 90.0), False),
        (ST({"V2": 0.5, "V3": 0.3}, {}, 120.0), True),
        (ST({"V2": 0.5, "V3": 0.29}, {}, 90.0), False),
        (ST({"V2": 0.5, "V3": 0.3}, {}, 120.1), False),  # potassium itself may have widened it
        (ST({"V2": 0.2, "V3": 0.2}, {"V5": -0.3, "V6": -0.4}, 90.0), True),
    ],
)
def test_where_st_is_far_off_beside_a_narrow_complex_nothing_is_judged(st: ST, refused: bool) -> None:
    assert (injured(st) is not None) is refused


def test_the_reason_does_not_rule_high_potassium_out() -> None:
    assert injured(ST({"V2": 0.5, "V3": 0.31}, {"aVF": -0.2, "III": -0.2}, 90.0)) == (
        "ST is shifted by 0.31 mV: in V2, V3, aVF, III, beside a QRS complex that is not wide, as in a large "
        "infarction, which hides what potassium does to T, be it high or not"
    )
