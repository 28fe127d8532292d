"""Metrics of read pages against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import ecgs
from kalemia.records import LEADS, Recording
from printed.digitizing import decibels, einthoven, fidelity, heart_rate_bpm

RATE = 500.0
T = np.arange(5000) / RATE


def wave(amplitude_mv: float, hz: float = 1.0) -> NDArray[np.float64]:
    return amplitude_mv * np.sin(2 * np.pi * hz * T)


def recorded(**leads: NDArray[np.float64]) -> Recording:
    return Recording(np.stack(list(leads.values())), RATE, tuple(leads))


def moved(recording: Recording, samples: int) -> Recording:
    return Recording(np.roll(recording.signal, samples, axis=1), recording.rate, recording.leads)


def three_by_four(recording: Recording) -> Recording:
    """Keep of each lead what a page of three rows and four columns prints."""
    signal = np.full_like(recording.signal, np.nan)
    for row in range(12):
        columns = slice(1250 * (row // 3), 1250 * (row // 3 + 1))
        signal[row, columns] = recording.signal[row, columns]
    return Recording(signal, recording.rate, recording.leads)


def test_the_ratio_sums_power_over_the_leads() -> None:
    # Signal 4 + 1 parts, error 0.01 * 4 + 1 (the second lead is missing, so all of it is error).
    true = recorded(I=wave(2.0), II=wave(1.0))
    found = fidelity(true, recorded(I=wave(2.2)))
    assert found.ratio == pytest.approx(5 / 1.04, rel=1e-3)
    assert found.db == pytest.approx(10 * np.log10(5 / 1.04), abs=0.01)
    assert found.lead_db == pytest.approx(20.0, abs=0.01)
    assert found.coverage == pytest.approx(0.5)
    assert found.gain_error == pytest.approx(0.1, abs=1e-3)


def test_a_set_is_the_mean_of_ratios_not_of_decibels() -> None:
    assert decibels([1.0, 100.0]) == pytest.approx(10 * np.log10(50.5))


def test_shift_and_offset_are_forgiven_within_their_reach() -> None:
    true = ecgs.recording(noise_mv=0.0)
    near = moved(true, 90)
    assert fidelity(true, Recording(near.signal + 0.4, RATE, near.leads)).db > 17  # 90 samples of 5000 are lost
    far = fidelity(true, moved(true, 150))
    assert far.db < 3
    assert far.lead_db > 60  # 0.3 s lies within the reach of the Challenge of 2024


def test_an_unread_page_is_worth_nothing() -> None:
    found = fidelity(ecgs.recording(), None)
    assert found.ratio == pytest.approx(1.0, abs=1e-4)
    assert found.coverage == 0.0
    assert np.isnan([found.lead_db, found.gain_error, found.t_error_mv]).all()


def test_a_stretch_that_is_not_printed_does_not_count() -> None:
    whole = ecgs.recording()
    assert fidelity(three_by_four(whole), whole).coverage == 1.0
    assert fidelity(three_by_four(whole), whole).ratio > 1e6
    assert fidelity(whole, three_by_four(whole)).coverage == pytest.approx(0.25)


@pytest.mark.parametrize("page", [lambda whole: whole, three_by_four])
def test_the_t_wave_is_compared_in_millivolts(page: type) -> None:
    true = ecgs.recording(noise_mv=0.0)
    lower = ecgs.recording(noise_mv=0.0, waves=(ecgs.P, ecgs.R, ecgs.Wave(0.28, 0.2, 0.04)))
    # A third of 0.3 mV is gone, in each lead times its size; half of them are larger than 0.7.
    assert fidelity(page(true), page(lower)).t_error_mv == pytest.approx(0.07, abs=0.012)
    assert fidelity(page(true), page(true)).t_error_mv == 0.0


def test_other_rates_and_empty_pages_are_refused() -> None:
    one = recorded(I=wave(1.0))
    with pytest.raises(ValueError, match="both need one rate"):
        fidelity(one, Recording(one.signal, 250.0, ("I",)))
    with pytest.raises(ValueError, match="nothing is printed"):
        fidelity(Recording(np.full((1, 9), np.nan), RATE, ("I",)), one)


def test_einthovens_residual_by_hand() -> None:
    # I + III - II is a tenth of II, whose power is the largest; any shift would make it more.
    found = einthoven(recorded(I=wave(1.0), II=wave(2.0) + 5, III=wave(0.8) - 3))
    assert found == pytest.approx((0.2 / 2.0) ** 2, rel=0.02)
    true = ecgs.recording(noise_mv=0.0)
    assert einthoven(true) < 1e-6
    assert einthoven(three_by_four(true)) < 1e-6


def test_rows_may_start_forty_milliseconds_apart_but_not_more() -> None:
    true = ecgs.recording(noise_mv=0.0)
    late = true.signal.copy()
    late[0] = np.roll(late[0], 18)
    assert einthoven(Recording(late, RATE, LEADS)) < 0.001
    late[0] = np.roll(late[0], 18)
    assert einthoven(Recording(late, RATE, LEADS)) > 0.1


def test_einthoven_needs_three_leads_at_once() -> None:
    assert np.isnan(einthoven(recorded(I=wave(1.0), II=wave(1.0))))
    apart = ecgs.recording().signal.copy()
    apart[0, 1250:], apart[2, :1250] = np.nan, np.nan
    assert np.isnan(einthoven(Recording(apart, RATE, LEADS)))


@pytest.mark.parametrize("rr_s", [0.5, 1.0])
def test_heart_rate_of_whole_and_of_short_leads(rr_s: float) -> None:
    whole = ecgs.recording(rr_s=rr_s)
    assert heart_rate_bpm(whole) == pytest.approx(60 / rr_s, rel=0.01)
    assert heart_rate_bpm(three_by_four(whole)) == pytest.approx(60 / rr_s, rel=0.01)
    assert np.isnan(heart_rate_bpm(Recording(np.full((1, 5000), np.nan), RATE, ("I",))))
