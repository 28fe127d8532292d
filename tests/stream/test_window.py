"""The beats of a window become one: what `signal` makes of the same beats."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgs import HEART, P, R, Wave, drawn
from kalemia.estimate.gate import HIDDEN_QRS, LONE_QRS, unlike_beats
from kalemia.signal.cycle import Cycle as FloatCycle
from kalemia.signal.cycle import medians
from kalemia.signal.peaks import Detection
from kalemia.signal.quality import beat_problem
from kalemia.stream.events import Reason
from kalemia.stream.window import BEFORE, KEPT, ONE, Cycle, cycle, fault, unlike

RR = 240
Integers = NDArray[np.int64]


def signal_of(waves: tuple[Wave, ...], noise_uv: float, seed: int, beats: int = 12) -> tuple[Integers, Integers]:
    """Return a conditioned signal, uV, and the ticks near its R peaks."""
    rng = np.random.default_rng(seed)
    places = 300 + RR * np.arange(beats) + rng.integers(-4, 5, beats)
    t = np.arange(places[-1] + 300) / 300
    mv = sum((drawn(waves, t - at / 300) for at in places), start=np.zeros_like(t))
    return np.round(1000 * mv + rng.normal(0, noise_uv, len(t))).astype(np.int64), places


def cut(signal: Integers, places: Integers) -> Integers:
    return np.stack([signal[at - BEFORE : at - BEFORE + KEPT] for at in places])


def of_file(signal: Integers, places: Integers) -> FloatCycle:
    mv = (signal / 1000).astype(np.float32)
    (found,) = medians(Detection(mv[None], mv.astype(np.float64), places))
    return found


@pytest.mark.parametrize("noise_uv", [0.0, 20.0, 45.0])
@pytest.mark.parametrize("flip", [1, -1])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_median_of_a_file(noise_uv: float, flip: int, seed: int) -> None:
    waves = tuple(Wave(w.at_s, w.mv * flip, w.sd_s) for w in HEART)
    signal, places = signal_of(waves, noise_uv, seed)
    found, expected = cycle(cut(signal, places), 2 * RR), of_file(signal, places)
    assert found.wave / ONE == pytest.approx(expected.waveform, abs=0.003)
    assert found.gain_uv == pytest.approx(1000 * expected.gain_mv, abs=1.5)
    assert found.alike == expected.alike
    assert found.quality == pytest.approx(1000 * expected.score, abs=3)
    assert (fault(found, len(places)) is Reason.NONE) == (beat_problem(expected) is None)


def test_ectopic_beats_are_left_out() -> None:
    signal, places = signal_of(HEART, 5.0, 1)
    wide, _ = signal_of((Wave(0.0, -2.0, 0.05),), 0.0, 1)
    beats = cut(signal, places)
    beats[3::4] = cut(wide, places)[3::4]
    found = cycle(beats, 2 * RR)
    assert found.alike == 9
    assert found.wave / ONE == pytest.approx(cycle(cut(signal, places), 2 * RR).wave / ONE, abs=0.02)


@pytest.mark.parametrize("count", [2, 3, 16])
def test_beats_that_are_all_noise_are_not_used(count: int) -> None:
    noise = np.random.default_rng(0).integers(-500, 500, (count, KEPT))
    assert fault(cycle(noise, 2 * RR), count) in (Reason.DIFFERENT, Reason.NOISY)


@pytest.mark.parametrize("height", [0, 7, -32_767])
def test_a_level_is_no_beat(height: int) -> None:
    found = cycle(np.full((5, KEPT), height), 2 * RR)
    assert (found.gain_uv, found.alike, found.quality) == (0, 0, 0)
    assert fault(found, 5) is Reason.DIFFERENT


@pytest.mark.parametrize(
    ("gain_uv", "alike", "quality", "reason"),
    [
        (1000, 4, 700, Reason.NONE),
        (1000, 1, 990, Reason.DIFFERENT),
        (1000, 3, 990, Reason.DIFFERENT),
        (20_001, 9, 990, Reason.LOUD),
        (20_000, 9, 990, Reason.NONE),
        (49, 9, 990, Reason.FLAT),
        (50, 9, 990, Reason.NONE),
        (1000, 9, 699, Reason.NOISY),
    ],
)
def test_limits_are_those_of_a_file(gain_uv: int, alike: int, quality: int, reason: Reason) -> None:
    found = Cycle(np.zeros(270, np.int64), gain_uv, alike, quality)
    assert fault(found, 10) is reason
    same = FloatCycle(np.zeros(270, np.float32), np.float32(gain_uv / 1000), alike, 10, quality / 1000)
    assert (beat_problem(same) is None) == (reason is Reason.NONE)


@pytest.mark.parametrize("rr_twice", [211, 212, 600, 1028, 1029])
@pytest.mark.parametrize("waves", [HEART, (R, P), (Wave(0.0, 1.0, 0.15),), (Wave(0.0, 1.0, 0.004),)])
def test_what_no_network_can_judge_is_that_of_a_file(waves: tuple[Wave, ...], rr_twice: int) -> None:
    wave = np.round(ONE * drawn(waves, (np.arange(270) - 90) / 300)).astype(np.int64)
    (expected,) = unlike_beats((wave[None] / ONE).astype(np.float32), rr_twice / 600)
    found = unlike(wave, rr_twice)
    known = {None: Reason.NONE, HIDDEN_QRS: Reason.HIDDEN_QRS, LONE_QRS: Reason.LONE_QRS}
    assert found is known.get(expected, Reason.RATE)
