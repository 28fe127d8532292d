"""Leads held against each other: exchanged arms, wrong signs and wrong gains, in their exact words."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgs import SCALE, R, Wave, changed, recording
from kalemia.records import LEADS, Recording
from kalemia.signal import electrodes
from kalemia.signal.electrodes import correlation, examined, opposed, oversized, slopes, spans, upside_down

ECG = recording()
ARMS = "Lead I runs against V6: the arm electrodes may be exchanged."
DOWN = "I, II, V5 and V6 point down and aVR up: the ECG may be stored upside down."


def turned(*leads: str, ecg: Recording = ECG) -> Recording:
    """Return an ECG with some leads of the other sign."""
    for lead in leads:
        ecg = changed(ecg, lead, -ecg.lead(lead))
    return ecg


def only(ecg: Recording, *leads: str) -> Recording:
    return Recording(np.stack([ecg.lead(lead) for lead in leads]), ecg.rate, leads)


def alike(ecg: Recording, one: str, other: str) -> float:
    moves = slopes(ecg)
    return correlation(moves[one], moves[other])


def test_an_ordinary_ecg_has_nothing_against_itself() -> None:
    found = examined(ECG, LEADS)
    assert (dict(found.opposed), found.warnings) == ({}, ())


@pytest.mark.parametrize(("lead", "neighbours"), [("V4", "V3 and V5"), ("V5", "V4 and V6"), ("V6", "V5 and V4")])
def test_a_chest_lead_of_the_wrong_sign_runs_against_its_neighbours(lead: str, neighbours: str) -> None:
    assert opposed(slopes(turned(lead)), lead) == neighbours
    assert dict(examined(turned(lead), (lead, "I")).opposed) == {lead: neighbours}
    assert opposed(slopes(ECG), lead) is None


def test_both_neighbours_must_be_against_it_and_one_is_enough_where_one_is_there() -> None:
    assert opposed(slopes(turned("V5", "V6")), "V5") is None
    assert opposed(slopes(only(turned("V5"), "V5", "V6", "I")), "V5") == "V6"
    assert opposed(slopes(only(turned("V5"), "V5", "I")), "V5") is None
    assert opposed(slopes(turned("V1")), "V1") is None  # V1 and V2 may differ in any heart


def mixed(share: float) -> Recording:
    """Return V4 and V6 alike, and V5 whose slope runs against theirs with this share of its power."""
    t = np.arange(5000) / 500
    common, own = (np.sin(2 * np.pi * hertz * t) / np.sin(np.pi * hertz * 0.012) for hertz in (5, 7))
    against = np.sqrt(1 - share) * own - np.sqrt(share) * common
    return Recording(np.stack([common, against, common]).astype(np.float32), 500.0, ("V4", "V5", "V6"))


@pytest.mark.parametrize(("share", "against"), [(0.18, "V4 and V6"), (0.14, None)])
def test_how_much_it_must_run_against_them(share: float, against: str | None) -> None:
    assert opposed(slopes(mixed(share)), "V5") == against


@pytest.mark.parametrize("rate", [60.0, 250.0, 500.0, 1000.0])
def test_slopes_correlate_over_12_ms(rate: float) -> None:
    lag = max(1, round(0.012 * rate))
    rng = np.random.default_rng(1)
    signal = rng.normal(0, 1, (2, 800)).astype(np.float32)
    ecg = Recording(signal, rate, ("I", "V6"))
    a, b = signal[:, lag:] - signal[:, :-lag]
    expected = a @ b / np.sqrt((a @ a) * (b @ b))
    assert alike(ecg, "I", "V6") == pytest.approx(expected, abs=1e-5)
    assert alike(ecg, "I", "I") == pytest.approx(1.0)


def test_slopes_of_gaps_and_of_flat_leads_count_nothing() -> None:
    holed = changed(ECG, "I", np.where(np.arange(5000) < 2500, np.nan, ECG.lead("I")))
    assert alike(holed, "I", "I") == pytest.approx(1.0)
    assert 0.6 < alike(holed, "I", "V6") < 0.8  # half of V6 has no counterpart
    assert alike(changed(ECG, "I", np.zeros(5000)), "I", "V6") == 0.0
    assert alike(changed(ECG, "I", np.full(5000, np.inf)), "I", "V6") == 0.0


def test_exchanged_arms_are_said_where_the_model_reads_lead_i() -> None:
    arms = turned("I")
    assert examined(arms, ("I", "II")).warnings == (ARMS,)
    assert examined(arms, ("II", "V6")).warnings == ()
    assert examined(only(arms, "I", "II"), ("I", "II")).warnings == ()


@pytest.mark.parametrize(("share", "exchanged"), [(0.38, True), (0.34, False)])
def test_arms_are_exchanged_only_where_i_runs_clearly_against_v6(share: float, exchanged: bool) -> None:
    pair = mixed(share)
    ecg = Recording(pair.signal[:2], 500.0, ("V6", "I"))
    assert alike(ecg, "I", "V6") == pytest.approx(-np.sqrt(share), abs=0.01)
    assert (ARMS in examined(ecg, ("I",)).warnings) is exchanged


def test_an_ecg_upside_down_is_said() -> None:
    down = Recording(-ECG.signal, ECG.rate, ECG.leads)
    assert upside_down(down)
    assert not upside_down(ECG)
    assert examined(down, ("V1",)).warnings == (DOWN,)
    for lead in ("I", "II", "V5", "V6", "aVR"):  # all five must be there
        assert not upside_down(only(down, *(name for name in LEADS if name != lead)))


def test_how_many_leads_must_point_down() -> None:
    """Each points by about one, so that more than half must: four of five leave 3 against 1."""
    assert upside_down(turned("I", "II", "V5", "V6"))
    assert not upside_down(turned("I", "II", "aVR"))
    assert upside_down(turned("I", "II", "V5", "aVR"))


def test_each_lead_points_by_its_own_size() -> None:
    """A lead a hundred times larger than the others has no more to say than they."""
    large = changed(ECG, "V5", 100 * ECG.lead("V5"))
    assert upside_down(turned("I", "II", "V6", "aVR", ecg=large))
    assert not upside_down(turned("V5", ecg=large))


def test_a_gap_and_a_slow_rate_change_nothing_about_up_and_down() -> None:
    for rate in (100.0, 240.0, 1000.0):
        ecg = recording(rate=rate)
        holed = ecg.signal.copy()
        holed[:, : holed.shape[1] // 3] = np.nan
        assert not upside_down(Recording(holed, rate, LEADS))
        assert upside_down(Recording(-holed, rate, LEADS))


@pytest.mark.parametrize(
    ("rate", "samples", "shape"),
    [(500.0, 5000, (6, 375)), (200.0, 2000, (6, 300)), (100.0, 1000, (6, 150)), (1000.0, 100, (1, 20))],
)
def test_windows_hold_a_beat_at_200_hz_or_more(rate: float, samples: int, shape: tuple[int, int]) -> None:
    signal = np.arange(2 * samples, dtype=np.float32).reshape(2, samples)
    windows = electrodes._windows(Recording(signal, rate, ("I", "V5")), ("V5", "I"))
    assert windows.shape == (2, *shape)
    step = max(1, int(rate // 200))
    np.testing.assert_array_equal(windows[0].ravel(), signal[1, ::step][: windows[0].size])


@pytest.mark.parametrize(("factor", "times"), [(3.5, None), (6.0, True)])
def test_a_chest_lead_far_larger_than_its_neighbours_is_named(factor: float, times: bool | None) -> None:
    ecg = changed(ECG, "V5", factor * SCALE["V4"] / SCALE["V5"] * ECG.lead("V5"))
    found = oversized(spans(ecg), "V5")
    assert (found is None) if times is None else (found == pytest.approx(factor, rel=0.02))
    sentence = "V5 is 6 times as large as the leads beside it: its gain may be wrong."
    assert examined(ecg, ("I", "V5")).warnings == ((sentence,) if times else ())
    assert examined(ecg, ("I", "V4")).warnings == ()


def test_beside_flat_leads_and_alone_no_lead_is_large() -> None:
    flat: NDArray[np.float64] = np.zeros(5000)
    ecg = changed(changed(changed(ECG, "V4", flat), "V6", flat), "V5", 9 * ECG.lead("V5"))
    assert oversized(spans(ecg), "V5") is None
    assert oversized(spans(only(ecg, "V5", "I")), "V5") is None
    assert oversized(spans(ecg), "V1") is None
    small = recording(waves=(R, Wave(0.28, 0.1, 0.04)), scale=0.045)  # V4 spans 50 uV, V6 less
    assert oversized(spans(changed(small, "V5", 9 * ECG.lead("V5"))), "V5") == pytest.approx(9 * 1.3 / 0.05, rel=0.3)
