"""Rhythm strips, and traces drawn as paths: what they repeat and where they belong."""

from __future__ import annotations

import made
import numpy as np
import pytest
from drawn_pages import ecg
from numpy.typing import NDArray

from kalemia.digitize import drawn, strips
from kalemia.digitize.layout import STANDARD, Layout
from kalemia.digitize.row import Lead
from kalemia.digitize.trace import Paths

Reals = NDArray[np.float64]
TRUE = ecg()
LEADS = made.in_columns(TRUE)


def strip(signal: Reals, row: int = 3) -> Lead:
    return made.lead("", signal, row=row)


@pytest.mark.parametrize("name", ["II", "V1", "V5", "aVR"])
def test_a_strip_has_the_name_of_the_lead_that_it_repeats(name: str) -> None:
    found = strips.named([strip(TRUE[name])], LEADS)
    assert list(found.leads) == list(found.agreement) == [name]
    assert found.leads[name].name == name
    assert found.agreement[name] == pytest.approx(1, abs=1e-3)
    assert found.assumed == []


def test_where_no_usual_strip_is_among_the_leads_the_one_that_agrees_best_is_taken() -> None:
    found = strips.named([strip(TRUE["I"])], {name: LEADS[name] for name in ("V3", "I", "V4")})
    assert list(found.leads) == ["I"]


@pytest.mark.parametrize("late", [-12, 30])
def test_a_strip_printed_late_is_moved_to_the_time_of_its_lead(late: int) -> None:
    found = strips.named([strip(np.roll(TRUE["II"], late))], LEADS).leads["II"]
    known = np.isfinite(found.signal)
    np.testing.assert_array_equal(found.signal[known], TRUE["II"][known])
    assert known.sum() == 5000 - abs(late)


def test_several_strips_are_several_leads() -> None:
    found = strips.named([strip(TRUE["V1"], 3), strip(TRUE["II"], 4), strip(TRUE["V5"], 5)], LEADS)
    assert {name: lead.row for name, lead in found.leads.items()} == {"V1": 3, "II": 4, "V5": 5}
    twice = strips.named([strip(TRUE["II"], 3), strip(TRUE["II"], 4)], LEADS)
    assert {name: lead.row for name, lead in twice.leads.items()} == {"II": 3}
    assert twice.assumed == []


def test_a_strip_that_agrees_with_no_lead_is_not_used() -> None:
    noise = np.cumsum(np.random.default_rng(1).normal(size=5000))
    found = strips.named([strip(noise)], LEADS)
    assert found.leads == {}
    assert list(found.agreement) == ["II"]
    assert found.agreement["II"] < 0.9
    (sentence,) = found.assumed
    assert sentence.startswith("The rhythm strip agrees with no lead (r 0.")
    two = strips.named([strip(noise), strip(TRUE["II"], 4)], LEADS)
    assert list(two.leads) == list(two.agreement) == ["II"]
    assert two.assumed == []
    assert strips.named([strip(noise)], {"V1": LEADS["V1"]}).agreement == {}


def test_a_strip_that_changes_its_look_is_not_used() -> None:
    half = np.where(np.arange(5000) < 2500, TRUE["II"], TRUE["V1"])
    (sentence,) = strips.named([strip(half)], LEADS).assumed
    assert sentence == "The rhythm strip does not look like one lead from end to end; it is not used."


@pytest.mark.parametrize(
    ("agreed", "likely"),
    [
        ({"II": 0.95, "aVF": 0.99}, "II"),
        ({"II": 0.92, "aVF": 0.99}, "aVF"),
        ({"II": 0.95, "V5": 0.97, "V6": 0.99}, "V5"),
        ({"aVF": 0.99, "V6": 0.5}, "aVF"),
        ({"V1": 0.95, "II": 0.94, "V2": 0.97}, "V1"),
    ],
)
def test_what_is_usually_a_strip_is_likely(agreed: dict[str, float], likely: str) -> None:
    assert strips._likely(agreed, max(agreed, key=lambda name: agreed[name])) == likely


def test_a_usual_strip_that_agrees_less_is_said_to_be_assumed() -> None:
    alike = 0.2 * TRUE["II"] + 0.8 * TRUE["aVF"]
    assert list(strips.named([strip(alike)], LEADS).leads) == ["II"]
    mixed = 0.65 * TRUE["II"] + 0.35 * TRUE["V1"]
    leads = {"II": made.lead("II", TRUE["II"]), "aVF": made.lead("aVF", mixed)}
    found = strips.named([strip(mixed)], leads)
    assert list(found.leads) == ["II"]
    assert 0.94 < found.agreement["II"] < 0.98
    assert found.assumed == ["The rhythm strip is assumed to be II, as usual, although aVF agrees better."]


# ---- drawn traces

PER_S = 200.0
SHOWN = Layout(3, 1, 0, STANDARD[:3])


def path(signal: Reals, zero: float, left: float = 50.0, rate: float = 500.0) -> Reals:
    """Return a trace as a program draws it: a point a sample."""
    x = left + np.arange(len(signal)) / rate * PER_S
    return np.stack([x, zero - signal * 80], -1)


def rows(count: int = 3) -> Paths:
    return made.paths([np.full(2200, 100.0 + 200 * row) for row in range(count)], 200 * count)


def test_drawn_traces_take_the_place_of_pixels_row_by_row() -> None:
    lines = [path(TRUE[name], 100.0 + 200 * row) for row, name in enumerate(("I", "II", "III"))]
    placed = drawn.placed(rows(), SHOWN, lines[::-1], 2000.0, PER_S)
    assert placed is not None
    assert placed.columns.edges == (50.0, 2050.0)
    assert placed.columns.clear == 1.0
    for row, name in enumerate(("I", "II", "III")):
        x, y = placed.paths.lines[row]
        at = np.arange(5, 4990) * PER_S / 500 + 50
        assert 100 + 200 * row - np.interp(at, x, y) == pytest.approx(TRUE[name][5:4990] * 80, abs=0.25)
        assert placed.paths.on[row, 50:2049].min() == 1
        assert placed.paths.on[row, :50].max() == 0


def test_each_column_begins_at_its_border_wherever_it_was_drawn() -> None:
    shown = Layout(1, 2, 0, ("I", "II"))
    lines = [path(TRUE["II"][:2500], 100.0, left=1060.0), path(TRUE["I"][:2500], 100.0)]
    placed = drawn.placed(rows(1), shown, lines, 1000.0, PER_S)
    assert placed is not None
    assert placed.columns.edges == (50.0, 1050.0, 2050.0)
    x, y = placed.paths.lines[0]
    at = np.arange(5, 2400) * PER_S / 500
    assert 100 - np.interp(at + 1050, x, y) == pytest.approx(TRUE["II"][5:2400] * 80, abs=0.25)
    assert 100 - np.interp(at + 50, x, y) == pytest.approx(TRUE["I"][5:2400] * 80, abs=0.25)
    assert (np.diff(x) > 0).all()
    assert placed.shown(0, np.array([0.0, 60.0, 1049.0, 1050.0, 1100.0])).tolist() == [0, 60, 1049, 1060, 1110]


def test_drawn_traces_that_are_not_one_a_lead_do_not_fit() -> None:
    lines = [path(TRUE["I"], 100.0), path(TRUE["II"], 300.0)]
    assert drawn.placed(rows(), SHOWN, lines, 2000.0, PER_S) is None
    assert drawn.placed(rows(), SHOWN, [*lines, lines[0]], 2000.0, PER_S) is None
    strip_below = Layout(2, 1, 1, ("I", "II"))
    assert drawn.placed(rows(), strip_below, [*lines, path(TRUE["II"], 500.0)], 2000.0, PER_S) is not None


@pytest.mark.parametrize(("off", "true"), [(1.006, True), (0.994, True), (1.02, False), (1.0, True)])
def test_points_nearly_at_a_usual_rate_are_at_that_rate(off: float, true: bool) -> None:
    line = path(np.sin(np.arange(1000) / 20), 100.0, rate=500.0)
    line[:, 0] = 50 + (line[:, 0] - 50) * off
    x, y = drawn._smooth(line, PER_S)
    assert x[0] == 0
    assert np.diff(x) == pytest.approx(np.full(len(x) - 1, PER_S / 1000))
    assert x[-1] == pytest.approx(999 / 500 * PER_S * (1 if true else off), abs=0.5)
    assert y[0] == pytest.approx(100)


def test_uneven_points_stay_where_they_are() -> None:
    x = np.sort(np.random.default_rng(1).uniform(0, 400, 300))
    line = np.stack([x + 7, 100 + x / 10], -1)
    at, y = drawn._smooth(line, PER_S)
    assert y == pytest.approx(100 + (at + x[0]) / 10, abs=1e-3)
