"""Beats a minute of leads whose beats are known."""

from __future__ import annotations

import made
import numpy as np
import pytest
from drawn_pages import ecg
from numpy.typing import NDArray

from kalemia.digitize import heart
from kalemia.digitize.row import Lead

Reals = NDArray[np.float64]


def columns(bpm: float) -> dict[str, Lead]:
    return made.in_columns(ecg(bpm=bpm))


@pytest.mark.parametrize("bpm", [45.0, 72.0, 110.0])
def test_the_rate_of_columns_and_of_a_strip(bpm: float) -> None:
    assert heart.rate_bpm(columns(bpm), {}) == pytest.approx(bpm, abs=1)
    assert heart.rate_bpm(columns(bpm), {"II": made.lead("II", ecg(bpm=bpm)["II"], row=3)}) == pytest.approx(bpm, abs=1)


def test_a_strip_is_asked_before_the_rows_and_rows_where_it_shows_none() -> None:
    strip = {"II": made.lead("II", ecg(bpm=90)["II"], row=3)}
    assert heart.rate_bpm(columns(60), strip) == pytest.approx(90, abs=1)
    flat = {"II": made.lead("II", np.full(5000, np.nan), row=3)}
    assert heart.rate_bpm(columns(60), flat) == pytest.approx(60, abs=1)


def test_where_nothing_is_printed_there_is_no_rate() -> None:
    nothing = made.lead("II", np.full(5000, np.nan))
    assert heart.rate_bpm({"II": nothing}, {}) is None
    short = made.lead("II", np.where(np.arange(5000) < 900, ecg()["II"], np.nan))
    assert heart.rate_bpm({"II": short}, {}) is None


@pytest.mark.parametrize(
    ("beats", "bpm"),
    [
        ([0.0, 1.0], None),
        ([0.0, 1.0, 2.0], 60),
        ([0.0, 1.0, 2.0, 3.0, 3.5, 4.0, 5.0], 60),  # half a second is no interval of this heart
        ([0.0, 1.0, 2.0, 4.0, 5.0, 6.0], 60),  # nor 2 s, where a beat was missed
        ([0.0, 1.0, 2.5, 3.5, 4.5], 60 / 1.125),  # 1.5 times the usual one is
        ([0.0, 1.0, 2.0, 3.6], 60),  # 1.6 times it is not
        ([0.0, 3.1, 6.2], None),  # 19 a minute
        ([0.0, 3.0, 6.0], 20),
        ([0.0, 0.19, 0.38], None),  # 316 a minute
        ([0.0, 0.2, 0.4], 300),
    ],
)
def test_intervals_unlike_the_median_one_do_not_count(beats: list[float], bpm: float | None) -> None:
    assert heart._rate(np.array(beats)) == (None if bpm is None else pytest.approx(bpm))


def test_a_row_is_joined_and_its_inner_borders_are_known() -> None:
    leads = [made.lead("I", np.where(np.arange(1000) < 400, 1.0, np.nan))]
    leads.append(made.lead("V1", np.where(np.arange(1000) >= 410, 2.0, np.nan)))
    joined = heart._joined(leads)
    assert joined[[0, 399, 405, 410, 999]].tolist() == [1, 1, 0, 2, 2]
    assert heart._borders(leads).tolist() == [0.8, 0.82]
    assert heart._borders(leads[:1]).size == 0
    assert heart._borders([made.lead("I", np.full(9, np.nan))] * 2).size == 0
    within = [np.where((np.arange(1000) >= low) & (np.arange(1000) < low + 300), 1.0, np.nan) for low in (100, 500)]
    assert heart._borders([made.lead("I", part) for part in within]).tolist() == [0.8, 1.0]
    broken = np.where(np.abs(np.arange(1000) - 500) < 50, np.nan, 1.0)
    assert heart._borders([made.lead("II", broken)]).size == 0, "where a lead alone is interrupted no other begins"


def test_what_is_seen_at_a_border_is_no_beat() -> None:
    signal = ecg(bpm=60)["II"]
    beats = heart._beats(signal, np.zeros(0))
    assert len(beats) == 10
    assert np.diff(beats) == pytest.approx(np.ones(9), abs=0.01)
    assert heart._beats(signal, beats[3:4] + 0.14).tolist() == np.delete(beats, 3).tolist()
    assert heart._beats(signal, beats[3:4] + 0.16).tolist() == beats.tolist()
    for known, seen in ((999, 0), (1000, 2)):
        assert heart._beats(np.where(np.arange(5000) < known, signal + 1e-3, 0), np.zeros(0)).size == seen


def test_opposite_rows_are_seen_row_by_row() -> None:
    signal = ecg(bpm=60)["II"]
    leads = {"aVR": made.lead("aVR", -signal, row=0), "II": made.lead("II", signal, row=1)}
    assert heart.rate_bpm(leads, {}) == pytest.approx(60, abs=1)


def test_rows_vote_for_beats() -> None:
    true = np.array([1.0, 2.0, 3.0])
    rows = [true, true + 0.04, np.array([1.02, 2.5]), np.array([2.7])]
    assert heart._shared(rows) == pytest.approx([1.02, 2.02, 3.02])  # each is seen by two rows of four at least
    assert heart._shared([true]).tolist() == true.tolist()
    assert heart._shared([true, true + 0.3]).size == 0
    assert heart._shared([np.array([1.0, 1.05]), np.zeros(0)]).size == 0  # twice by one row is once
    assert heart._shared([np.array([0.5, 1.0]), np.array([1.02])]) == pytest.approx([1.01])  # after one row's alone


def test_many_rows_need_a_third_of_them() -> None:
    two = [np.array([1.0])] * 2 + [np.zeros(0)] * 10
    four = [np.array([1.0])] * 4 + [np.zeros(0)] * 8
    assert heart._shared(two).size == 0
    assert heart._shared(four).tolist() == [1.0]


def test_a_flat_bump_of_a_strip_is_a_beat_only_where_a_row_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    t, times = np.arange(5000) / 500, np.array([1.0, 2.0, 3.0, 4.0, 5.5])
    signal = sum(np.exp(-0.5 * ((t - at) / 0.014) ** 2) for at in times[:4]) + np.zeros(5000)
    signal += 0.9 * np.exp(-0.5 * ((t - times[4]) / 0.04) ** 2)
    monkeypatch.setattr(heart, "_beats", lambda *_: times)
    assert heart._of_strip(signal, np.zeros(0)).tolist() == times[:4].tolist()
    assert heart._of_strip(signal, np.array([5.69])).tolist() == times.tolist()
    assert heart._of_strip(signal, np.array([5.71])).tolist() == times[:4].tolist()
    steeper = signal + 0.2 * np.exp(-0.5 * ((t - times[4]) / 0.008) ** 2)
    assert heart._of_strip(steeper, np.zeros(0)).tolist() == times.tolist()
    for late, kept in ((0.06, 5), (0.09, 4)):  # a steep flank within 0.07 s is the beat's
        beside = signal + 0.5 * (t >= times[4] + late)
        assert heart._of_strip(beside, np.zeros(0)).size == kept
    seen: list[int] = []

    def none(_: Reals, borders: Reals) -> Reals:
        seen.append(borders.size)
        return np.zeros(0)

    monkeypatch.setattr(heart, "_beats", none)
    assert heart._of_strip(signal, times).size == 0
    assert seen == [0], "a strip has no borders"
