"""Laws that leads obey, on leads that were made to obey or to break them by so much."""

from __future__ import annotations

import made
import numpy as np
import pytest
from drawn_pages import ecg
from numpy.typing import NDArray

from kalemia.digitize import laws
from kalemia.digitize.laws import aligned

Reals = NDArray[np.float64]
RATE = 500.0
T = np.arange(2500) / RATE
TWELVE = made.twelve(5.0)
ONE, THREE = np.sin(2 * np.pi * 1.1 * T), np.sin(2 * np.pi * 1.7 * T + 1)
TWO = ONE + THREE
LIMB = {"I": ONE, "II": TWO, "III": THREE, "aVR": -(ONE + TWO) / 2, "aVL": ONE - TWO / 2, "aVF": TWO - ONE / 2}


def some(*names: str, **changed: Reals) -> dict[str, Reals]:
    return {name: TWELVE[name] for name in names} | changed


@pytest.mark.parametrize("late", [-20, 0, 13])
def test_how_late_a_repeated_lead_is(late: int) -> None:
    lead = np.cumsum(np.random.default_rng(1).normal(size=1000))
    short = np.where(np.arange(1000) < 600, lead, np.nan)
    agreed, found = aligned(np.roll(lead, late), short, 35)
    assert found == late
    assert agreed > 0.99


def test_leads_that_share_too_little_do_not_agree() -> None:
    lead = np.sin(np.arange(200.0))
    assert aligned(lead, np.where(np.arange(200) < 50, lead, np.nan), 0) == (-1.0, 0)
    assert aligned(lead, np.where(np.arange(200) < 51, lead, np.nan), 0)[0] == pytest.approx(1)
    assert aligned(lead, np.ones(200), 0) == (-1.0, 0)
    assert aligned(lead + 3, 2 * lead - 5, 0)[0] == pytest.approx(1)
    assert aligned(lead, -lead, 0)[0] == pytest.approx(-1)


@pytest.mark.parametrize(
    ("residual", "leads"),
    [
        (laws.residual, ("I", "II", "III")),
        (laws.residual, ("I", "aVR", "aVL")),
        (laws.goldberger, ("aVR", "aVL", "aVF")),
        (laws.goldberger, ("II", "III", "aVF")),
        (laws.goldberger, ("I", "II", "aVR")),
    ],
)
def test_leads_of_a_body_obey_every_law_and_one_turned_over_breaks_it(residual: type, leads: tuple[str, ...]) -> None:
    whole = {name: LIMB[name] for name in leads}
    assert residual(whole, RATE) == pytest.approx(0, abs=1e-6)
    for name in leads:
        assert residual(whole | {name: -whole[name]}, RATE) > 0.2
        assert residual({lead: whole[lead] for lead in leads if lead != name}, RATE) is None


def test_the_residual_is_the_power_left_over_that_of_the_strongest_lead() -> None:
    one, three = np.sin(2 * np.pi * T), 0.5 * np.sin(2 * np.pi * T)
    rest = 0.3 * np.sin(2 * np.pi * 30 * T)  # far from what moving a lead by 40 ms could hide
    found = laws.residual({"I": one, "II": one + three + rest, "III": three}, RATE)
    assert found == pytest.approx(0.3**2 / (1.5**2 + 0.3**2), rel=0.05)


def test_offsets_and_short_shifts_break_no_law() -> None:
    assert laws.residual(some("II", I=TWELVE["I"] + 0.7, III=TWELVE["III"] - 2), RATE) == pytest.approx(0, abs=1e-6)
    for shift in (20, -20):
        moved = some("I", "II", III=np.roll(TWELVE["III"], shift))
        assert laws.residual(moved, RATE) == pytest.approx(0, abs=1e-6)
        assert laws.residual(some("II", "III", I=np.roll(TWELVE["I"], shift)), RATE) == pytest.approx(0, abs=1e-6)
    far = laws.residual(some("II", "III", I=np.roll(TWELVE["I"], 60)), RATE)
    assert far is not None
    assert far > 0.1


def test_a_law_needs_a_second_in_which_all_three_leads_are_there() -> None:
    early = np.arange(2500) < 500
    short = some("I", "II", III=np.where(early, TWELVE["III"], np.nan))
    assert laws.residual(short, RATE) == pytest.approx(0, abs=1e-6)
    short["III"][499] = np.nan
    assert laws.residual(short, RATE) is None
    assert laws.residual({name: np.zeros(2500) for name in ("I", "II", "III")}, RATE) is None
    gap = np.where((np.arange(2500) > 700) & (np.arange(2500) < 720), np.nan, TWELVE["II"])
    found = laws.residual(some("I", "III", II=gap), RATE)
    assert found is not None
    assert found < 0.05  # a gap is filled with the lead's median


@pytest.mark.parametrize("sign", [1, -1])
def test_chest_leads_that_obey_a_law_of_limb_leads_are_others(sign: int) -> None:
    assert not laws.repeats(some("V4", "V5", "V6"), RATE)
    assert not laws.repeats(some("V4", "V5"), RATE)
    assert laws.repeats({"V4": TWELVE["I"], "V6": TWELVE["III"], "V5": sign * TWELVE["II"]}, RATE)


def test_a_strip_is_one_lead_throughout() -> None:
    leads = ecg()
    half = np.arange(5000) < 2500
    assert laws.one_lead(leads["II"], RATE)
    assert laws.one_lead(np.full(5000, np.nan), RATE)
    assert laws.one_lead(np.zeros(5000), RATE)
    assert not laws.one_lead(np.where(half, leads["aVL"], leads["V1"]), RATE)


def test_what_is_too_short_for_four_beats_may_be_one_lead() -> None:
    leads = ecg()
    half = np.arange(5000) < 2500
    mixed = np.where(half, leads["aVL"], leads["V1"])
    around = np.abs(np.arange(5000) - 2500)
    assert laws.one_lead(np.where(around < 799, mixed, np.nan), RATE)
    assert not laws.one_lead(np.where(around < 1500, mixed, np.nan), RATE)


def test_slow_drift_does_not_make_another_lead() -> None:
    drift = np.linspace(0, 5, 5000)
    assert laws.one_lead(ecg()["V2"] + drift, RATE)
    gaps = np.where(np.arange(5000) % 700 < 15, np.nan, ecg()["II"])
    assert laws.one_lead(gaps, RATE)


def test_leads_that_stand_apart_and_have_gaps_obey_their_law() -> None:
    rest = 0.3 * np.sin(2 * np.pi * 30 * T)
    gap = (np.arange(2500) > 700) & (np.arange(2500) < 720)
    near = {name: np.where(gap, np.nan, lead) for name, lead in {"I": ONE, "II": TWO + rest, "III": THREE}.items()}
    apart = {"I": near["I"] + 9, "II": near["II"] - 5, "III": near["III"] + 30}
    assert laws.residual(apart, RATE) == pytest.approx(laws.residual(near, RATE), rel=1e-6)


def test_which_shifts_sum_up_to_nothing_whatever_their_offsets() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(4, 200)), rng.normal(size=(3, 200))
    rest = 0.1 * rng.normal(size=200)
    for k, m in ((0, 2), (3, 1)):
        c = -(a[k] + b[m]) + rest
        offsets = np.array([5.0, -3, 2, 9])
        assert laws._best(a + offsets[:, None], b - offsets[:3, None], c + 7) == (k, m)


def test_windows_are_brought_to_length_1_about_their_own_means() -> None:
    windows = np.array([[1.0, 3.0], [10.0, 10.0], [-4.0, 4.0]])
    unit, lengths = laws._unit(windows)
    half = np.sqrt(0.5)
    assert unit == pytest.approx(np.array([[-half, half], [0, 0], [-half, half]]))
    assert lengths == pytest.approx([np.sqrt(2), 0, np.sqrt(32)])


@pytest.mark.parametrize(("samples", "told"), [(1599, False), (1600, True)])
def test_four_beats_are_enough_to_tell_two_leads(samples: int, told: bool) -> None:
    leads = ecg()
    mixed = np.concatenate([leads["aVL"][:800], leads["V1"][:800]])
    assert laws.one_lead(np.where(np.arange(1600) < samples, mixed, np.nan), RATE) != told
