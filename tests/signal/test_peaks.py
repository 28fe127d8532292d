"""R peaks: which leads they are found in, how these are combined, and what is no beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgs import HEART, SCALE, R, T, drawn, r_times, recording
from kalemia.records import LEADS
from kalemia.signal import peaks
from kalemia.signal.condition import condition
from kalemia.signal.peaks import Detection, combine, detect, detection_leads, find, plausible, stretches

SECONDS = np.arange(5000) / 500.0
NAN = np.nan


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.sin(SECONDS), True),
        (np.full(5000, 0.3), False),
        (0.026 * np.sin(SECONDS), True),
        (0.024 * np.sin(SECONDS), False),
        (9.9 * np.sin(SECONDS), True),
        (10.1 * np.sin(SECONDS), False),
        (np.where(SECONDS < 7.4, NAN, np.sin(SECONDS)), True),  # a column of a page
        (np.where(SECONDS < 7.9, NAN, np.sin(SECONDS)), True),
        (np.where(SECONDS < 8.0, NAN, np.sin(SECONDS)), False),
        (np.full(5000, NAN), False),
        (np.empty(0), False),
    ],
)
def test_a_lead_is_plausible_where_it_moves_as_a_heart_does(samples: NDArray[np.floating], expected: bool) -> None:
    assert plausible(samples.astype(np.float32)) is expected


def moving(names: Sequence[str], *, from_to: dict[str, tuple[float, float]] | None = None) -> NDArray[np.float32]:
    """Return leads that all move, some of them recorded for a part of ten seconds only."""
    raw = np.tile(np.sin(SECONDS), (len(names), 1)).astype(np.float32)
    for name, (start, stop) in (from_to or {}).items():
        raw[names.index(name), (start > SECONDS) | (stop <= SECONDS)] = NAN
    return raw


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (LEADS, ["I", "II", "V5"]),
        (LEADS[::-1], ["I", "II", "V5"]),
        (("V1", "V2", "aVR", "V3"), ["V3", "V2", "aVR"]),
        (("MCL1", "V1", "X"), ["V1", "MCL1", "X"]),  # leads that are not known come last, as they stand
        (("V5",), ["V5"]),
    ],
)
def test_three_leads_with_an_upright_r_are_taken(names: tuple[str, ...], chosen: list[str]) -> None:
    assert detection_leads(names, moving(names)) == chosen


def test_a_lead_that_does_not_move_is_passed_over_and_none_is_better_than_nothing() -> None:
    raw = moving(LEADS)
    raw[[0, 10]] = 0.0
    assert detection_leads(LEADS, raw) == ["II", "V6", "V4"]
    assert detection_leads(LEADS, np.zeros_like(raw)) == ["I", "II", "V5"]


def test_what_lasts_comes_before_what_does_not() -> None:
    raw = moving(LEADS, from_to={"I": (0, 4.9), "II": (0, 5.1)})
    assert detection_leads(LEADS, raw)[:3] == ["II", "V5", "V6"]


def test_on_a_page_up_to_four_leads_of_each_column_are_asked() -> None:
    column = {name: (2.5 * (place // 3), 2.5 * (place // 3 + 1)) for place, name in enumerate(LEADS)}
    page = moving(LEADS, from_to={name: span for name, span in column.items() if name != "II"})
    chosen = detection_leads(LEADS, page)
    assert chosen[0] == "II"  # the rhythm strip
    assert set(chosen) == set(LEADS)
    crowded = moving(LEADS, from_to={name: (0, 5) if place < 6 else (5, 10) for place, name in enumerate(LEADS)})
    assert detection_leads(LEADS, crowded) == ["I", "II", "V5", "V6", "V4", "aVF", "III", "V3"]


def test_leads_are_combined_whatever_their_sign() -> None:
    """A sum would cancel them."""
    lead = recording(("II",)).lead("II")[::2].astype(np.float64)
    both = combine(np.stack([lead, -lead, 0.01 * np.sin(np.arange(lead.size))]).astype(np.float32))
    assert abs(np.corrcoef(both, lead)[0, 1]) > 0.99


def test_a_noisy_lead_counts_little() -> None:
    clean = recording(("II",), noise_mv=0.0).lead("II")
    noise = np.random.default_rng(0).normal(0, 1.0, clean.size)
    combined = combine(np.stack([clean, noise]).astype(np.float32))
    assert abs(np.corrcoef(combined, clean)[0, 1]) > 0.97


def test_the_steepest_part_is_the_largest_not_the_tallest_wave() -> None:
    t = (np.arange(3000) % 240 - 60) / 300
    tall_t = drawn((R, T), t) * 0.3 + drawn((T,), t) * 6
    upright = drawn((R,), t)
    combined = np.abs(combine(np.stack([upright, tall_t, 0.5 * upright]).astype(np.float32)))
    assert combined[60] > 1.5 * combined[60 + 84]
    assert tall_t[60 + 84] > 4 * tall_t[60]


def columns(*spans: tuple[int, int], samples: int = 1200) -> NDArray[np.float32]:
    """Return leads that were recorded in these spans only, R every 240 samples, each lead twice as large as before."""
    beats = drawn(HEART, (np.arange(samples) % 240 - 100) / 300)
    leads = np.full((len(spans), samples), NAN, np.float32)
    for row, (start, stop) in enumerate(spans):
        leads[row, start:stop] = -(2.0**row) * beats[start:stop]
    return leads


def test_each_stretch_of_a_page_is_combined_by_itself() -> None:
    combined = combine(columns((0, 600), (600, 1200)))
    assert combined[100] == pytest.approx(combined[820], abs=0.02) == 1.0  # upright, whatever the leads' own size
    assert combined.max() == pytest.approx(1.0)


def test_a_stretch_too_short_for_a_beat_or_of_no_lead_is_left_flat() -> None:
    combined = combine(columns((0, 500), (590, 1200)))
    assert not combined[500:590].any()
    short = combine(columns((0, 600), (600, 690), (690, 1200)))
    assert not short[600:690].any()
    assert combine(columns((0, 600), (600, 691), (691, 1200)))[600:691].any()
    assert combine(np.zeros((2, 900), np.float32) + np.array([[NAN], [0]], np.float32)).tolist() == [0.0] * 900


def test_the_stretches_are_those_of_the_same_leads() -> None:
    assert stretches(columns((0, 1200), (0, 1200))) == [0, 1200]
    assert stretches(columns((0, 600), (600, 1200))) == [0, 600, 1200]
    assert stretches(columns((0, 500), (590, 1200))) == [0, 500, 590, 1200]
    drops = np.zeros((1, 1200), np.float32)
    drops[0, 10:410:20] = NAN  # 20 drop-outs have 40 borders
    assert len(stretches(drops)) == 42
    drops[0, 600] = NAN
    assert stretches(drops) == [0, 1200]


def test_peaks_are_moved_to_the_largest_deflection() -> None:
    t = np.arange(3000) / 300
    for sign in (1, -1):
        signal = sign * np.sum([drawn(HEART, t - at) for at in r_times(0.8, 9.5)], axis=0)
        np.testing.assert_array_equal(detect(signal), np.round(300 * r_times(0.8, 9.5)).astype(int))


@pytest.mark.parametrize(
    ("signal", "asked"),
    [
        (np.zeros(3000), False),
        (np.full(3000, 0.7), False),
        (np.array([]), False),
        (np.arange(599.0), False),  # less than 2 s
        (np.arange(600.0), True),
        (np.maximum(np.arange(900.0), 600), True),
        (np.maximum(np.arange(900.0), 601), False),  # less than 1 s in which it moves
    ],
)
def test_the_detector_is_asked_only_where_two_beats_may_be(
    monkeypatch: pytest.MonkeyPatch, signal: NDArray[np.float64], asked: bool
) -> None:
    """It fails where hardly any signal is left."""
    given: list[NDArray[np.float64]] = []

    def detector(samples: NDArray[np.float64], rate: float) -> NDArray[np.int64]:
        assert rate == 300.0
        given.append(samples)
        return np.array([], np.int64)

    monkeypatch.setattr("sleepecg.heartbeats.detect_heartbeats", detector)
    found = detect(signal)
    assert found.dtype == np.intp
    assert not len(found)
    assert [samples is signal for samples in given] == [True] * asked


def test_what_is_not_steep_is_no_beat() -> None:
    """In a slow heart the detector takes T for a beat, a quarter as steep as R and less."""
    t = (np.arange(3000) % 900 - 150) / 300
    slow = drawn((R, T), t)
    assert len(detect(slow)) == 4 - (len(slow) % 900 < 150)


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ([0, 80, 240, 320, 480, 560, 720, 800, 960], [0, 240, 480, 720, 960]),  # R and T in pairs
        ([0, 80, 240, 320, 480, 566, 720], [0, 240, 480, 720]),  # equally close within 7 samples
        ([0, 60, 240, 320, 480, 580, 720, 780, 960, 1060], None),  # early by different times
        ([0, 125, 300, 425, 600, 725, 900], [0, 300, 600, 900]),
        ([0, 126, 300, 426, 600, 726, 900], None),  # farther apart than R and T lie
        ([0, 100, 220, 320, 440, 540, 660], None),  # T and the next R hardly farther
        ([0, 100, 221, 321, 442, 542, 663], [0, 221, 442, 663]),
        ([0, 80, 240, 480, 720, 960, 1200, 1440, 1680, 1920], None),  # one early beat of ten
        ([0, 80, 240, 480, 560, 720, 960, 1040, 1200, 1440], [0, 240, 480, 720, 960, 1200, 1440]),
        ([0, 80, 240], None),  # too few to tell
        ([], None),
    ],
)
def test_t_waves_in_pairs_with_r_are_dropped(found: list[int], kept: list[int] | None) -> None:
    left = peaks._without_t_waves(np.array(found, np.intp))
    assert left.tolist() == (found if kept is None else kept)


def test_the_largest_is_looked_for_on_both_sides_and_within_the_signal() -> None:
    values = np.zeros(50)
    values[[3, 20, 30, 46]] = [1.0, 2.0, 3.0, 4.0]
    near = peaks._largest(values, np.array([0, 25, 26, 49]), 5)
    assert near.tolist() == [3, 30, 30, 46]
    assert peaks._largest(values, np.array([25]), 4).tolist() == [21]  # none there: the first


def test_find_conditions_what_was_asked_for_and_looks_elsewhere() -> None:
    ecg = recording(LEADS)
    found = find(ecg.signal, ecg.rate, ecg.leads, ("V1", "aVL"))
    np.testing.assert_allclose(found.signal, condition(ecg.signal[[6, 4]], 500.0), atol=1e-5)
    np.testing.assert_allclose(found.peaks / 300, r_times(0.8, 10.0), atol=0.004)
    assert found.rr == pytest.approx(240, abs=1)
    large = {lead: abs(SCALE[lead]) for lead in LEADS}
    assert found.combined.shape == (3000,)
    assert np.abs(found.combined).max() > large["V1"]


def test_rr_is_the_median_between_peaks() -> None:
    nothing = np.zeros((1, 9), np.float32)
    assert Detection(nothing, np.zeros(9), np.array([10, 250, 490, 600])).rr == 240.0
