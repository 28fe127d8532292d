"""The chain: what happens, in which order, and never a silent "normal"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from streams import heart, high, normal

from compiled import network
from ecgs import P, R, T, Wave, r_times
from kalemia.errors import ModelError
from kalemia.estimate.model import Model
from kalemia.stream import Chain, Event, Kind, Level, Reason, Settings, Signal, Statement, of_model
from kalemia.stream.events import MISSING, MOST_UV
from kalemia.stream.tables import RATES_HZ, log_prior

Integers = NDArray[np.int64]


def events(samples: Sequence[int] | NDArray[np.integer], rate: int = 250, **settings: int) -> list[Event]:
    return Chain(Settings(rate, **settings), normal).push(samples)  # type: ignore[arg-type]


def of(kind: Kind, found: list[Event]) -> list[Event]:
    return [event for event in found if event.kind is kind]


def statements(found: list[Event]) -> list[Statement]:
    return [event.statement for event in found if event.statement is not None]


def signals(found: list[Event]) -> list[int]:
    return [event.value for event in of(Kind.SIGNAL, found)]


@pytest.mark.parametrize("rate", RATES_HZ)
def test_a_quiet_heart_is_followed_beat_by_beat(rate: int) -> None:
    found = events(heart(rate, 60.0), rate)
    beats = [event for event in found if event.kind in (Kind.BEAT, Kind.REFUSED)]
    assert [event.tick / 300 for event in beats] == pytest.approx(r_times(0.8, 57.5), abs=0.005)
    assert {event.value for event in of(Kind.REFUSED, found)} == {Reason.UNSETTLED}
    assert {event.value for event in of(Kind.BEAT, found)[1:]} <= {239, 240, 241}
    assert [event.tick for event in of(Kind.STATEMENT, found)] == [3899 + 3000 * k for k in range(5)]
    for statement in statements(found):
        assert statement.reason is Reason.NONE
        assert statement.level is Level.NORMAL
        assert statement.rr_ms == pytest.approx(800, abs=2)
        assert statement.alike == statement.beats
        assert statement.gain_uv == pytest.approx(1000, rel=0.05)
        assert statement.low_meq < statement.middle_meq < statement.high_meq
        assert len(statement.log_likelihood) == 30
    assert signals(found) == [Signal.GOOD]
    assert not of(Kind.WARNING, found)


@pytest.mark.parametrize("at_once", [1, 3, 250, 4001])
def test_pieces_make_no_difference(at_once: int) -> None:
    samples = np.concatenate([heart(250, 20.0), np.full(1500, 300), heart(250, 9.0, rr_s=0.5)])
    samples[700:720] = MISSING
    rng = np.random.default_rng(0)
    samples[4000:4600] += rng.integers(-900, 900, 600)
    whole, parts = Chain(Settings(250), network), Chain(Settings(250), network)
    pieces = [samples[at : at + at_once] for at in range(0, len(samples), at_once)]
    assert whole.push(samples) == [event for piece in pieces for event in parts.push(piece)]
    assert whole.gap(1000) == parts.gap(1000)
    assert whole.push(samples) == [event for piece in pieces for event in parts.push(piece)]


def test_nothing_is_an_answer_to_nothing() -> None:
    chain = Chain(Settings(250), normal)
    assert chain.push([]) == []
    assert (chain.statement, chain.signal, chain.warns) == (None, Signal.UNKNOWN, False)


def test_ticks_begin_anew_after_165_days() -> None:
    plain, late = events(heart()), events(heart(), first_tick=(1 << 32) - 2000)
    assert [(event.tick - 2000) % (1 << 32) for event in plain] == [event.tick for event in late]
    assert [event.kind for event in plain] == [event.kind for event in late]


@pytest.mark.parametrize(
    "samples",
    [
        np.full(250 * 40, 1234),
        np.round(400 * np.sin(2 * np.pi * 50 * np.arange(250 * 40) / 250)).astype(int),
        np.round(400 * np.sin(2 * np.pi * 60 * np.arange(250 * 40) / 250)).astype(int),
        np.full(250 * 40, MISSING),
        np.full(250 * 40, 10**9),
        np.full(250 * 40, -MOST_UV),
        np.where(np.arange(250 * 40) // 125 % 2, MOST_UV, -MOST_UV),
    ],
    ids=["flat", "50 Hz", "60 Hz", "missing", "above the limit", "below the limit", "from limit to limit"],
)
def test_a_lead_that_is_off_is_said_to_be_off(samples: Integers) -> None:
    found = events(samples)
    assert signals(found) == [Signal.OFF]
    assert of(Kind.SIGNAL, found)[0].tick < 5 * 300
    assert [statement.reason for statement in statements(found)] == [Reason.LEAD_OFF] * 3
    assert all(statement.level is Level.UNCERTAIN and not statement.middle_meq for statement in statements(found))


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_poor_and_never_normal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = np.round(np.cumsum(rng.normal(0, 60, 250 * 60)) % 3000 + rng.normal(0, 200, 250 * 60)).astype(np.int64)
    found = events(noise)
    assert signals(found) == [Signal.POOR]
    assert all(statement.reason and statement.level is Level.UNCERTAIN for statement in statements(found))


def test_a_lead_comes_off_and_on_again() -> None:
    samples = np.concatenate([heart(250, 30.0), np.full(250 * 30, 77), heart(250, 40.0)])
    found = events(samples)
    assert signals(found) == [Signal.GOOD, Signal.OFF, Signal.POOR, Signal.GOOD]
    off, on = of(Kind.SIGNAL, found)[1:3]
    assert 30 <= off.tick / 300 <= 35
    assert 60 <= on.tick / 300 <= 61
    assert {Reason.NONE, Reason.LEAD_OFF} <= {statement.reason for statement in statements(found)}


@pytest.mark.parametrize("seconds", [14.0, 17.0, 25.5, 26.9, 28.0])
def test_a_window_in_which_the_lead_comes_off_says_nothing(seconds: float) -> None:
    found = events(np.concatenate([heart(250, seconds), np.full(250 * 40, 77)]))
    off = of(Kind.SIGNAL, found)[-1]
    assert off.value == Signal.OFF
    after = [statement for statement in statements(found) if statement.tick >= off.tick]
    assert {(statement.reason, statement.level) for statement in after} == {(Reason.LEAD_OFF, Level.UNCERTAIN)}


def test_a_lead_that_was_off_for_a_moment_leaves_its_window_without_a_statement() -> None:
    samples = heart(250, 50.0)
    samples[250 * 26 : 250 * 27] = MISSING
    found = events(samples)
    assert signals(found) == [Signal.GOOD, Signal.OFF, Signal.POOR, Signal.GOOD]
    expected = [Reason.NONE, Reason.NONE, Reason.LEAD_OFF, Reason.NONE]
    assert [statement.reason for statement in statements(found)] == expected


def test_clipped_and_missing_beats_are_refused() -> None:
    samples = heart(250, 40.0, noise_mv=0.0)
    tops = np.round(r_times(0.8, 39.0) * 250).astype(int)
    samples[tops[20]] = MISSING
    found = Chain(Settings(250, rail_uv=2000), normal).push(samples)
    refused = [event for event in of(Kind.REFUSED, found) if event.value == Reason.UNMEASURED]
    assert [event.tick / 300 for event in refused] == pytest.approx([0.55 + 20 * 0.8], abs=0.02)
    clipped = Chain(Settings(250, rail_uv=900), normal).push(samples)
    assert {statement.reason for statement in statements(clipped)} == {Reason.UNMEASURED}
    assert signals(clipped) == [Signal.POOR]


def test_a_gap_ends_the_window_and_begins_anew() -> None:
    chain = Chain(Settings(250), normal)
    before = chain.push(heart(250, 30.0))
    gap = chain.gap(2500)
    after = chain.push(heart(250, 30.0))
    assert [event.kind for event in gap] == [Kind.STATEMENT, Kind.SIGNAL]
    assert [gap[0].value, gap[1].value] == [Reason.GAP, Signal.UNKNOWN]
    assert before[-1].tick < gap[0].tick <= 30 * 300
    again = events(heart(250, 30.0))
    assert [event.tick - again[place].tick for place, event in enumerate(after)] == [40 * 300] * len(after)
    assert signals(after) == [Signal.GOOD]


def test_the_longest_gap_is_told_at_once() -> None:
    chain = Chain(Settings(500), high)
    chain.push(heart(500, 60.0))
    assert chain.warns
    gap = chain.gap(500 * 86_400 * 400)
    assert len(gap) == 2
    assert chain.warns  # nothing has said that all is well
    assert chain.signal is Signal.UNKNOWN


def test_another_rate_is_a_gap() -> None:
    chain = Chain(Settings(250), normal)
    chain.push(heart(250, 20.0))
    assert [event.value for event in chain.set_rate(500)] == [Reason.GAP, Signal.UNKNOWN]
    assert statements(chain.push(heart(500, 15.0)))[0].rr_ms == pytest.approx(800, abs=2)
    with pytest.raises(ValueError, match="360 Hz"):
        chain.set_rate(360)


def test_the_example_of_the_docs_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "device.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(example, "docs/device.md", "exec"), {})
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [float(line[0]) for line in printed] == pytest.approx([13, 23], abs=0.01)
    assert {line[2] for line in printed} <= {"LOW", "NORMAL", "HIGH", "UNCERTAIN"}


def test_a_model_of_several_leads_is_none_of_a_stream(tiny: Model) -> None:
    of_model(tiny)
    several = SimpleNamespace(card=replace(tiny.card, leads=("I", "V5")))
    with pytest.raises(ModelError, match="reads 2 leads; a stream has one"):
        of_model(several)  # type: ignore[arg-type]


def test_a_prior_is_taken_from_the_next_window_on() -> None:
    chain = Chain(Settings(250, log_prior=log_prior("flat")), network)
    chain.push(heart(250, 20.0))
    flat = chain.statement
    chain.set_prior(log_prior("dialysis"))
    chain.push(heart(250, 14.0))
    assert flat is not None
    assert chain.statement is not None
    assert chain.statement.log_likelihood == flat.log_likelihood
    assert chain.statement.middle_meq != flat.middle_meq
    with pytest.raises(ValueError, match="2 logarithms"):
        chain.set_prior([0, 0])


def test_a_warning_begins_and_ends() -> None:
    answers = iter([20] * 5 + [9] * 10)
    chain = Chain(
        Settings(250), lambda *_: [-200 * (place - middle) ** 2 for middle in [next(answers)] for place in range(30)]
    )
    found = of(Kind.WARNING, chain.push(heart(250, 140.0)))
    assert [(event.tick, event.value) for event in found] == [(3899 + 3 * 3000, 1), (3899 + 8 * 3000, 0)]
    assert not chain.warns


@pytest.mark.parametrize(
    "samples",
    [
        [0.5],
        [np.nan],
        ["5"],
        [True],
        [1j],
        [[1, 2]],
        [[1], [2, 3]],
        5,
        [None],
        np.zeros(3, np.uint64),
        np.ma.array([0.1]),
    ],
)
def test_samples_that_are_no_whole_microvolts_are_a_sentence(samples: object) -> None:
    with pytest.raises(ValueError, match=r"samples of type .* and shape .*; expected whole microvolts \(n,\)"):
        Chain(Settings(250), normal).push(samples)  # type: ignore[arg-type]


@pytest.mark.parametrize("samples", [-1, 1.0, True, "5", None])
def test_a_gap_that_is_no_number_of_samples_is_a_sentence(samples: object) -> None:
    with pytest.raises(ValueError, match=r"a gap of .* samples; expected a whole number from 0 on"):
        Chain(Settings(250), normal).gap(samples)  # type: ignore[arg-type]


def test_masked_samples_are_missing() -> None:
    samples = heart(250, 40.0)
    lost = np.arange(len(samples)) // 700 % 2 == 1
    masked = np.ma.array(samples.astype(np.int16), mask=lost)
    assert events(masked) == events(np.where(lost, MISSING, samples))


@pytest.mark.parametrize(("gap_s", "begins"), [(10, False), (200, False), (300, True), (10**6, True)])
def test_the_rest_after_a_warning_runs_on_in_a_gap(gap_s: int, begins: bool) -> None:
    answers = iter([20] * 4 + [9] * 4 + [20] * 5)
    chain = Chain(
        Settings(250), lambda *_: [-200 * (place - middle) ** 2 for middle in [next(answers)] for place in range(30)]
    )
    assert len(of(Kind.WARNING, chain.push(heart(250, 84.0)))) == 2
    assert chain.gap(gap_s * 250)[0].value == Reason.GAP
    assert [event.value for event in of(Kind.WARNING, chain.push(heart(250, 54.0)))] == [1] * begins


@pytest.mark.parametrize(("rr_s", "reason"), [(2.2, Reason.RATE), (0.33, Reason.RATE), (1.5, Reason.NONE)])
def test_rates_that_no_network_knows_are_refused(rr_s: float, reason: Reason) -> None:
    waves = [P, R, T] if rr_s > 1 else [R, Wave(0.15, 0.2, 0.02)]
    found = statements(events(heart(250, 60.0, rr_s=rr_s, waves=waves)))
    assert {statement.reason for statement in found} == {reason}


def test_paced_beats_say_nothing() -> None:
    samples = heart(500, 40.0)
    spikes = np.round((r_times(0.8, 39.0) - 0.08) * 500).astype(int)
    samples[spikes] += 2000
    found = statements(events(samples, 500))
    assert {statement.reason for statement in found} == {Reason.PACED}


def test_t_waves_as_tall_as_r_are_not_counted() -> None:
    found = events(heart(250, 60.0, waves=(P, R, Wave(0.28, 1.2, 0.05))))
    assert {event.value for event in of(Kind.BEAT, found)[1:]} <= {239, 240, 241}


def test_a_pause_has_no_beats_and_a_small_one_is_found_in_it() -> None:
    times = np.arange(0.55, 58, 0.8)
    heights = np.where(np.arange(len(times)) % 10 == 5, 0.36, 1.0)
    heights[30] = 0.0
    t = np.arange(250 * 60) / 250
    mv = sum(h * np.exp(-0.5 * ((t - at) / 0.012) ** 2) for h, at in zip(heights, times, strict=True))
    found = events(np.round(1000 * np.asarray(mv)).astype(int))
    beats = [event.tick / 300 for event in found if event.kind in (Kind.BEAT, Kind.REFUSED)]
    assert beats == pytest.approx(times[(heights > 0) & (times < 57.5)], abs=0.02)


def test_a_signal_that_becomes_small_is_found_again() -> None:
    samples = np.concatenate([heart(250, 30.0), heart(250, 40.0) // 8])
    beats = [event.tick for event in events(samples) if event.kind is Kind.BEAT and event.tick > 300 * 40]
    assert len(beats) > 30
    assert {later - earlier for earlier, later in pairwise(beats)} <= set(range(237, 244))
