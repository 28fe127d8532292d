"""ST against beats whose level was drawn, and on simulated hearts that are injured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgs import P, R, T, Wave, beat_mv
from kalemia.records import EIGHT, LEADS, Beat, Recording
from kalemia.signal.beat import cut
from kalemia.signal.st import NOTHING, ST, segment
from kalemia.simulate.heart import RATE
from kalemia.simulate.levels import LEVELS
from kalemia.simulate.patient import Day, draw
from kalemia.simulate.records import twelve
from kalemia.simulate.rhythm import place

DAY = Day(0, 0, 0, 0, 0, rate_factor=1.0, voltage_factor=1.0, repolarization_ms=0)
NOW_S = (np.arange(270) - 90) / 300
UP, DOWN = (P, R, T), (P, replace(R, mv=-1.2), T)


def plateau(level_mv: float, until_s: float = 0.3) -> NDArray[np.float32]:
    """Return a level that begins in the QRS complex and ends smoothly."""
    begun, over = (1 / (1 + np.exp(-(NOW_S - at) / width)) for at, width in ((0.012, 0.004), (until_s, 0.015)))
    return np.asarray(level_mv * begun * (1 - over), np.float32)


def beat_of(leads_mv: Mapping[str, NDArray[np.float32]], rr_s: float = 0.8) -> Beat:
    """Return the beat of these leads."""
    mv = np.stack([*leads_mv.values()])
    gain, ones = np.abs(mv).max(axis=1), np.ones(len(mv), np.float32)
    return Beat(mv / gain[:, None], gain, tuple(leads_mv), rr_s, 9, ones, (None,) * len(mv))


def drawn(levels_mv: Mapping[str, float], down: tuple[str, ...] = ("V1", "V2")) -> Beat:
    """Return a beat of the eight leads with ST at these levels, elsewhere at zero."""
    shape = {lead: beat_mv(DOWN if lead in down else UP) for lead in EIGHT}
    return beat_of({lead: shape[lead] + plateau(levels_mv.get(lead, 0.0)) for lead in EIGHT})


@pytest.mark.parametrize(
    ("levels_mv", "raised", "lowered"),
    [
        ({}, "", ""),
        ({"V4": 0.15, "V5": 0.12}, "V4 V5", ""),
        ({"V4": 0.15, "V5": 0.08}, "", ""),
        ({"V4": 0.15, "V6": 0.15}, "", ""),  # not contiguous
        ({"V3": 0.17, "V4": 0.12}, "V3 V4", ""),
        ({"V3": 0.13, "V4": 0.12}, "", ""),  # V3 may be higher
        ({"II": 0.12}, "II aVF III", ""),
        ({"I": 0.12, "II": 0.06}, "", ""),  # aVL and -aVR lie at 0.09
        ({"I": 0.12, "II": 0.12}, "I -aVR II", ""),
        ({"I": 0.095, "II": 0.095}, "", ""),
        ({"II": 0.08, "I": -0.02}, "", ""),  # of the contrary aVL alone, at -0.06
        ({"I": 0.07, "II": -0.05}, "aVL I", ""),  # III lies at -0.12, aVF at -0.085
        ({"I": 0.07, "II": 0.0}, "", ""),  # aVF at -0.035
        ({"V5": -0.12, "V6": -0.12}, "", "V5 V6"),
        ({"V5": -0.12, "V6": -0.08}, "", ""),
        ({"V2": -0.12, "V3": -0.12, "II": 0.07, "I": 0.0}, "II aVF III", "V2 V3"),
        ({"V2": -0.12, "V3": -0.12, "V5": 0.04, "V6": 0.04}, "", "V2 V3"),
    ],
)
def test_two_contiguous_leads_must_reach_their_limits(
    levels_mv: Mapping[str, float], raised: str, lowered: str
) -> None:
    found = segment(drawn(levels_mv))
    assert (" ".join(found.raised), " ".join(found.lowered)) == (raised, lowered)
    for lead, level in {**found.raised, **found.lowered}.items():
        if lead in levels_mv:
            assert level == pytest.approx(levels_mv[lead], abs=0.02)


def test_in_a_lead_that_points_down_st_must_reach_a_quarter_of_its_depth() -> None:
    raised = [bool(segment(drawn({"V1": mv, "V2": mv})).raised) for mv in (0.25, 0.28, 0.32, 0.36)]
    assert raised == [False, False, True, True]  # S is 1.2 mV deep
    assert segment(drawn({"V1": 0.2, "V2": 0.2}, down=())).raised.keys() == {"V1", "V2"}


def test_a_contrary_lets_less_count_in_v2_and_v3_too() -> None:
    contrary = {"I": -0.01, "II": -0.08}  # aVF and III
    assert segment(drawn({"V2": 0.12, "V3": 0.12}, down=())).raised == {}
    assert segment(drawn({"V2": 0.12, "V3": 0.12} | contrary, down=())).raised.keys() == {"V2", "V3"}
    assert segment(drawn({"V2": 0.08, "V3": 0.08} | contrary, down=())).raised == {}


@pytest.mark.parametrize("sign", [1, -1])
def test_neither_a_notch_nor_a_steep_t_wave_is_a_shift(sign: int) -> None:
    lasting, notch = sign * plateau(0.3), sign * plateau(0.3, until_s=0.07)
    steep = beat_mv((Wave(0.2, sign * 0.9, 0.045),))  # at 0.2 mV 60 ms after J, at 0.01 mV 20 ms after it
    found = [
        segment(beat_of({lead: beat_mv((P, R)) + shape for lead in ("V4", "V5")})) for shape in (lasting, notch, steep)
    ]
    assert [bool(st.raised or st.lowered) for st in found] == [True, False, False]
    assert (found[0].raised or found[0].lowered)["V4"] == pytest.approx(sign * 0.3, abs=0.03)


def test_where_qrs_and_t_are_one_wave_there_is_no_segment() -> None:
    melted = {lead: beat_mv((Wave(0.0, 1.0, 0.03), Wave(0.13, 1.0, 0.04))) for lead in EIGHT}
    assert segment(beat_of(melted)) is NOTHING
    apart = {lead: beat_mv((P, R, T)) for lead in EIGHT}
    assert segment(beat_of(apart)).qrs_ms == pytest.approx(70, abs=15)


def test_the_next_beat_is_no_part_of_what_follows() -> None:
    leads = {lead: beat_mv((P, R, T, Wave(0.4, 1.0, 0.012))) + plateau(0.2) for lead in ("V4", "V5")}
    assert segment(beat_of(leads, rr_s=0.4)).raised.keys() == {"V4", "V5"}
    assert segment(beat_of(leads, rr_s=0.8)) is NOTHING


def test_only_sound_leads_count() -> None:
    beat = drawn({"V4": 0.2, "V5": 0.2, "II": 0.2})
    assert segment(replace(beat, problems=("flat", *beat.problems[1:]))).raised.keys() == {"V4", "V5"}
    assert segment(replace(beat, problems=(*beat.problems[:5], "noisy", None, None))).raised.keys() == {
        "II",
        "aVF",
        "III",
        "-aVR",
    }
    assert segment(replace(beat, problems=("flat",) * 8)) is NOTHING
    assert segment(beat_of({"I": beat_mv() + plateau(0.5)})).raised == {}


def test_the_shift_is_what_two_contiguous_leads_have() -> None:
    assert ST({}, {}, 90.0).shift_mv == 0.0
    assert ST({"V2": 0.3, "V3": 0.5, "V4": 0.4}, {}, 90.0).shift_mv == 0.4
    assert ST({"V2": 0.5, "V3": 0.2, "V4": 0.6, "V5": 0.1}, {"aVL": -0.35, "I": -0.25}, 90.0).shift_mv == 0.25


@cache
def simulated(region: int, injury: float, infarct: float, potassium: float) -> ST:
    """Return what is found in a clean patient."""
    patient = draw(np.random.default_rng(1), replace(LEVELS["clean"], spread=0.0))
    hurt = replace(patient, region=region, ischemia=injury, infarct=infarct)
    signal = place(hurt, DAY, potassium, 6 * RATE, np.random.default_rng(0))
    return segment(cut(Recording(twelve(signal, 0.001), float(RATE), LEADS), EIGHT))


@pytest.mark.parametrize(
    ("region", "first"),
    [(0, {"V2", "V3"}), (1, {"V3", "V4"}), (2, {"aVF", "III"}), (3, {"V5", "V6"})],
)
def test_injury_is_found_over_its_region_the_larger_the_clearer(region: int, first: set[str]) -> None:
    shifts = [simulated(region, injury, 0.0, 4.2).shift_mv for injury in (0.0, 0.4, 0.7, 1.0)]
    assert shifts[0] == 0.0
    assert shifts == sorted(shifts)
    assert shifts[-1] > 0.12
    assert simulated(region, 1.0, 0.0, 4.2).raised.keys() >= first


@pytest.mark.parametrize("potassium", [2.5, 4.2, 5.5, 6.5, 7.0, 7.5, 8.0])
def test_potassium_alone_shifts_nothing_far(potassium: float) -> None:
    assert simulated(0, 0.0, 0.0, potassium).shift_mv < 0.2
