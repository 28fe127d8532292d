"""The filter as a stream: what `condition` says of the same samples, however they come."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgs import recording
from kalemia.signal.condition import condition
from kalemia.stream import conditioning, tables
from kalemia.stream.conditioning import LATE, LONGEST_STEP, UNKNOWN, Conditioner, Ticks

Integers = NDArray[np.int64]


def samples_of(rate: int, seconds: float = 20.0, offset_uv: int = 0) -> Integers:
    lead = recording(("II",), rate=float(rate), seconds=seconds, noise_mv=0.02).signal[0]
    wander = 800 * np.sin(np.arange(len(lead)) * 2 * np.pi * 0.2 / rate) + offset_uv
    return np.asarray(np.round(1000 * lead + wander), np.int64)


def pushed(rate: int, samples: Integers, known: NDArray[np.bool_] | None = None, at_once: int = 10**9) -> Ticks:
    """Return all ticks of a signal that comes in pieces."""
    room = Conditioner(rate)
    known = np.ones(len(samples), np.bool_) if known is None else known
    places = range(0, len(samples), at_once)
    parts = [room.push(samples[at : at + at_once], known[at : at + at_once]) for at in places]
    names = ("level", "known", "conditioned")
    return Ticks(0, *(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@pytest.mark.parametrize("rate", tables.RATES_HZ)
def test_it_is_the_filter_of_a_file_with_its_delay_taken_back(rate: int) -> None:
    samples = samples_of(rate)
    expected = 1000 * condition((samples[None] / 1000).astype(np.float32), float(rate))[0]
    found = pushed(rate, samples).conditioned[LATE:]
    same = slice(LATE, len(found))  # before, the file's filter mirrors what the stream cannot know
    assert len(found) > len(expected) - LATE - 30
    assert found[same] == pytest.approx(expected[same], abs=6)
    assert np.sqrt(np.mean(np.square(found[same] - expected[same]))) < 2


@pytest.mark.parametrize("rate", tables.RATES_HZ)
@pytest.mark.parametrize("at_once", [1, 7, 500])
def test_pieces_make_no_difference(rate: int, at_once: int) -> None:
    samples = samples_of(rate, 5.0)
    known = np.arange(len(samples)) % 400 > 3
    whole, parts = pushed(rate, samples, known), pushed(rate, samples, known, at_once)
    for name in ("level", "known", "conditioned"):
        assert np.array_equal(getattr(whole, name), getattr(parts, name)), name


@pytest.mark.parametrize("rate", tables.RATES_HZ)
def test_an_offset_of_electrodes_leaves_nothing(rate: int) -> None:
    assert not pushed(rate, np.full(6 * rate, 299_999)).conditioned.any()
    taps, up, _ = tables.lowpass(rate)
    assert {int(taps[phase::up].sum()) for phase in range(up)} == {1 << tables.TAP_BITS}
    assert np.abs(taps).max() < 1 << 15


def test_hours_leave_no_error() -> None:
    samples = np.random.default_rng(0).integers(-(1 << 19), 1 << 19, 125 * 1200)
    samples[-125 * 20 :] = 77
    assert not pushed(125, samples, at_once=12_500).conditioned[-100:].any()


def test_what_was_not_measured_is_marked() -> None:
    samples, known = samples_of(300, 6.0), np.ones(1800, np.bool_)
    known[700:710] = False
    marked = np.flatnonzero(pushed(300, samples, known).conditioned == UNKNOWN)
    assert marked.tolist() == [at + LATE for at in range(700, 710)]


def test_a_jump_is_followed_as_fast_as_steps_allow() -> None:
    samples = np.where(np.arange(3000) < 1500, 0, 400_000)
    ticks = pushed(300, samples)
    assert np.abs(np.diff(ticks.level)).max() == LONGEST_STEP
    assert ticks.level[-1] == 400_000


def test_the_sums_fit_into_64_bits() -> None:
    largest = (2 * LONGEST_STEP + 2 * (1 << 20)) * conditioning._WEIGHT
    assert 4 * largest < 1 << 63
