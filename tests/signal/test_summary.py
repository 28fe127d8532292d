"""An ECG in the usual numbers, held against hearts whose numbers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecgs import HEART, SCALE, R, T, recording
from kalemia.signal.beat import cut
from kalemia.signal.summary import summary

BEAT = cut(recording())


def test_the_numbers_of_a_heart_are_found() -> None:
    found = summary(BEAT)
    assert found is not None
    assert found.heart_rate_bpm == pytest.approx(75, abs=0.5)
    assert found.regular
    assert found.rr_ms == pytest.approx((800, 800), abs=8)
    assert found.has_p
    # P begins 160 + 2.15 * 20 ms before R, QRS about 2.5 * 12.
    assert found.pr_ms == pytest.approx(170, abs=25)
    assert 40 < found.qrs_ms < 90
    assert found.qt_ms == pytest.approx(280 + 80 + 30, abs=30)
    assert found.qtc_ms == pytest.approx(found.qt_ms / 0.8 ** (1 / 3), rel=0.01)


def test_the_axis_is_that_of_the_limb_leads() -> None:
    found = summary(BEAT)
    assert found is not None
    true = np.degrees(np.arctan2(2 / np.sqrt(3) * SCALE["aVF"], SCALE["I"]))
    assert found.axis_degrees == pytest.approx(true, abs=2)


def test_a_turned_limb_lead_turns_the_axis() -> None:
    row = BEAT.leads.index("I")
    waveform = BEAT.waveform.copy()
    waveform[row] *= -1
    found, usual = summary(replace(BEAT, waveform=waveform)), summary(BEAT)
    assert found is not None
    assert usual is not None
    assert abs(found.axis_degrees or 0) > 90 > abs(usual.axis_degrees or 0)


def test_without_limb_leads_there_is_no_axis() -> None:
    found = summary(cut(recording(("V5",))))
    assert found is not None
    assert found.axis_degrees is None


def test_without_p_or_t_their_times_are_not_told() -> None:
    no_p, no_t = (summary(cut(recording(waves=waves))) for waves in ((R, T), HEART[:2]))
    assert no_p is not None
    assert (no_p.has_p, no_p.pr_ms) == (False, None)
    assert no_t is not None
    assert (no_t.qt_ms, no_t.qtc_ms) == (None, None)


@pytest.mark.parametrize(
    ("peaks", "ectopic", "regular"),
    [
        (np.arange(10) * 0.8, [], True),
        (np.cumsum([0.6, 1.0, 0.7, 1.1, 0.5, 0.9, 1.2, 0.6]), [], False),
        (np.arange(4) * 0.8, [], None),
        (np.array([0, 0.8, 1.6, 2.0, 3.2, 4.0, 4.8, 5.6]), [2.0], True),
        (np.empty(0), [], None),
    ],
)
def test_a_rhythm_is_regular_where_intervals_are_alike_but_for_ectopic_beats(
    peaks: np.ndarray, ectopic: list[float], regular: bool | None
) -> None:
    found = summary(replace(BEAT, r_peaks_s=peaks, ectopic_s=np.array(ectopic)))
    assert found is not None
    assert found.regular is regular
    assert (found.rr_ms is None) == (peaks.size == 0)


def test_of_no_sound_lead_nothing_is_told() -> None:
    assert summary(replace(BEAT, problems=("flat",) * len(BEAT.leads))) is None
