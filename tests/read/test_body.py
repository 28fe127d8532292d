"""What holds for every ECG of a body, at its limits."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import ecg_writers as write
import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia import body
from kalemia.errors import ReadError
from kalemia.records import LEADS, Recording

MADE = write.ecg(4)
WHOLE = Recording(MADE.mv, MADE.rate, LEADS)


def square(mv: float, seconds: float = 6.0, leads: int = 1, rate: int = 100) -> NDArray[np.float32]:
    """Return leads (leads, samples) that swing from 0 to `mv` and back every 0.4 s."""
    row = np.where(np.arange(round(seconds * rate)) % 40 < 20, 0.0, mv)
    return np.tile(row, (leads, 1)).astype(np.float32)


def test_only_what_moves_was_recorded() -> None:
    nan = np.nan
    rows = np.array([[1, 1, 1], [1, 1, 2], [nan, nan, nan], [nan, 3, 3], [nan, 3, 4]], np.float32)
    assert body.not_recorded(rows).tolist() == [True, False, True, True, False]


@pytest.mark.parametrize(
    ("samples", "rate", "sentence"),
    [
        (50, 50.0, None),
        (20_000, 20_000.0, None),
        (5000, 49.9, "the sampling rate is 49.9 Hz; 50 to 20,000 Hz are accepted"),
        (90_000, 20_001.0, "the sampling rate is 20001 Hz; 50 to 20,000 Hz are accepted"),
        (5000, math.nan, "the sampling rate is nan Hz; 50 to 20,000 Hz are accepted"),
        (499, 500.0, "the ECG has 499 samples at 500 Hz; at least 1 s are accepted"),
    ],
)
def test_rate_and_length_of_an_ecg(samples: int, rate: float, sentence: str | None) -> None:
    if sentence is None:
        body.lasts(samples, rate)
        return
    with pytest.raises(ReadError, match=f"^{re.escape(sentence)}$"):
        body.lasts(samples, rate)


def test_what_is_no_number_was_not_recorded_and_what_is_too_large_is_none() -> None:
    signal = np.array([[0.0, np.inf, -np.inf, np.nan, -10_000.0]], np.float32)
    body.finite(signal)
    assert np.isnan(signal).tolist() == [[False, True, True, True, False]]
    with pytest.raises(
        ReadError, match=r"^the samples exceed 10,000 mV, which is no ECG; the unit or the file is wrong$"
    ):
        body.finite(np.array([[0.0, -10_001.0]], np.float32))


def test_einthoven_is_the_share_of_lead_ii_that_is_missing() -> None:
    t = np.arange(2000) / 500
    two = np.sin(2 * np.pi * 8 * t)
    limb = np.stack([0.4 * two, two, 0.3 * two]).astype(np.float32)
    assert body.einthoven(limb, 500.0) == pytest.approx(0.3, rel=1e-3)
    limb[2] = 0.6 * two
    assert body.einthoven(limb, 500.0) == pytest.approx(0.0, abs=1e-6)
    limb[2] = 0.64 * two
    assert body.einthoven(limb, 500.0) == pytest.approx(0.04, rel=1e-3)


def test_an_offset_of_lead_ii_is_no_part_of_its_spread_and_one_of_the_error_counts_until_filtered() -> None:
    t = np.arange(2000) / 500
    two = np.sin(2 * np.pi * 8 * t)
    limb = np.stack([0.4 * two, two + 5, 0.6 * two + 5]).astype(np.float32)
    assert body.einthoven(limb, 500.0) == pytest.approx(0.0, abs=1e-5)
    limb[2] -= 5  # a constant, which the band of an ECG lacks
    assert body.einthoven(limb, 500.0) == pytest.approx(0.0, abs=1e-4)


def test_rounding_is_taken_off_in_steps_of_the_stored_values() -> None:
    rng = np.random.default_rng(3)
    t = np.arange(5000) / 500
    two = 0.2 * np.sin(2 * np.pi * 8 * t)
    limb = np.round(np.stack([0.4 * two, two, 0.6 * two]) + rng.uniform(-0.01, 0.01, (3, 5000)), 2).astype(np.float32)
    without = body.einthoven(limb, 500.0)
    assert 0.005 < body.einthoven(limb, 500.0, 0.001) <= without
    assert body.einthoven(limb, 500.0, 0.01) == 0.0


def test_leads_that_share_no_second_obey_no_law() -> None:
    limb = MADE.mv[:3].copy()
    limb[0, 249:] = np.nan
    assert math.isnan(body.einthoven(limb, 250.0))
    limb = MADE.mv[:3].copy()
    limb[0, 250:] = np.nan
    assert body.einthoven(limb, 250.0) < 1e-5


def test_the_contradiction_is_said_with_its_share() -> None:
    assert body.contradiction(0.257) == (
        "leads I, II and III contradict each other (I + III - II is 26% of lead II); "
        "up to 5% is accepted of a digital ECG"
    )


def test_a_recording_of_a_body_is_returned_as_it_is() -> None:
    assert body.checked(WHOLE) is WHOLE


def test_limb_leads_in_memory_are_held_against_the_law_unless_they_were_traced() -> None:
    signal = MADE.mv.copy()
    signal[2] *= 1.5
    wrong = Recording(signal, MADE.rate, LEADS)
    with pytest.raises(ReadError, match="contradict each other"):
        body.checked(wrong)
    traced = replace(wrong, confidence=(1.0,) * 11 + (0.99,))
    assert body.checked(traced) is traced
    shuffled = Recording(MADE.mv[::-1], MADE.rate, LEADS[::-1])  # found by name, not by place
    assert body.checked(shuffled) is shuffled
    without = Recording(np.delete(signal, 1, axis=0), MADE.rate, tuple(np.delete(LEADS, 1)))
    assert body.checked(without) is without
    signal[0] = 0.0  # an electrode that was off: no law without lead I
    assert body.checked(Recording(signal, MADE.rate, LEADS)).warnings == ()


def test_steps_in_memory_are_found_and_taken_off() -> None:
    rng = np.random.default_rng(5)
    t = np.arange(5000) / 500
    two = 0.05 * np.sin(2 * np.pi * 8 * t)
    limb = np.stack([0.4 * two, two, 0.6 * two]) + rng.uniform(-0.01, 0.01, (3, 5000))
    rough = Recording(np.round(limb, 2).astype(np.float32) * np.float32(8), 500, ("I", "II", "III"))
    assert body.einthoven(rough.signal, 500.0) > body.EINTHOVEN
    assert body.checked(rough) is rough


def test_numbers_in_memory_that_are_no_millivolts_are_refused() -> None:
    signal = MADE.mv.copy()
    signal[6, 5] = -10_000.0
    assert body.checked(Recording(signal, MADE.rate, LEADS)).leads == LEADS
    signal[6, 5] = -10_001.0
    with pytest.raises(ReadError, match=r"exceed 10,000 mV, which is no ECG; a signal in mV is accepted$"):
        body.checked(Recording(signal, MADE.rate, LEADS))


def test_what_is_too_short_or_empty_is_left_to_who_looks_for_beats() -> None:
    short = Recording(MADE.mv[:, :249] * 1e6, MADE.rate, LEADS)
    assert body.checked(short) is short
    empty = Recording(np.full((1, 500), np.nan, np.float32), 250, ("V5",))
    assert body.checked(empty) is empty


def test_odd_amplitudes_in_memory_are_warned_of_once() -> None:
    large = Recording(MADE.mv * np.float32(5), MADE.rate, LEADS, warnings=("Before.",))
    warned = body.checked(large)
    assert len(warned.warnings) == 2
    assert warned.warnings[0] == "Before."
    assert "unusually large for a body" in warned.warnings[1]
    assert body.checked(warned) is warned


@pytest.mark.parametrize(
    ("mv", "leads", "word"),
    [
        (0.33, 6, None), (0.32, 6, "small"), (3.19, 6, None), (3.3, 6, "large"), (0.32, 5, None), (0.1, 5, None),
        (0.09, 5, "small"), (3.3, 5, None), (8.0, 1, None), (8.1, 1, "large"), (50.0, 1, "large"),
    ],
)  # fmt: skip
def test_amplitudes_of_many_and_few_leads(mv: float, leads: int, word: str | None) -> None:
    sentences = body.amplitudes(square(mv, leads=leads), 100.0)
    if word is None:
        assert sentences == []
        return
    assert sentences == [
        f"The leads typically span {mv:.2g} mV, unusually {word} for a body; the gain of the file may be wrong."
    ]


def test_microvolts_taken_for_millivolts_are_refused() -> None:
    with pytest.raises(ReadError, match=r"^the leads typically span 1,200 mV, which no body makes; microvolts may"):
        body.amplitudes(square(1200.0), 100.0)


def test_leads_that_were_not_recorded_do_not_count_as_small() -> None:
    signal = square(1.0, leads=7)
    signal[:4] = np.nan
    assert body.amplitudes(signal, 100.0) == []
    signal[3:] *= 5  # three leads are few, which may be large
    assert body.amplitudes(signal, 100.0) == []


def test_the_span_is_that_of_a_window_so_that_neither_drift_nor_artefact_decides() -> None:
    signal = square(1.0, seconds=9.0)
    signal[0, 10] = 30.0
    assert body.spans(signal, 100.0).tolist() == [1.0]
    steps = np.repeat(np.arange(6, dtype=np.float32) * 10, 150)[None, :]
    assert body.spans(square(1.0, seconds=9.0) + steps, 100.0).tolist() == [1.0]


def test_windows_that_were_recorded_by_half_or_less_say_nothing() -> None:
    signal = square(1.0, seconds=4.5, leads=2)
    signal[0, 150:] *= 2
    signal[0, 150:225] = np.nan  # half of the second window
    signal[1] = np.nan
    assert body.spans(signal[:, :300], 100.0).tolist() == [1.0, 0.0]
    signal[0, 150:224] = np.nan
    signal[0, 224] = 0.0
    assert body.spans(signal[:, :300], 100.0).tolist() == [1.5, 0.0]


def test_what_is_shorter_than_a_window_is_one() -> None:
    assert body.spans(square(2.0, seconds=0.8), 100.0).tolist() == [2.0]
    assert body.spans(square(2.0, seconds=1.9), 100.0).tolist() == [2.0]  # the rest is no window
