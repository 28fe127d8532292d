"""Rhythm strips: which lead they repeat."""

from __future__ import annotations

import made
import numpy as np
import pytest
from drawn_pages import ecg
from numpy.typing import NDArray

from kalemia.digitize import strips
from kalemia.digitize.label import Label
from kalemia.digitize.row import Lead

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


def word(*names: str, whole: bool = True) -> Label:
    """Return a label that is as much like one name as like another."""
    return Label(0.0, 0.0, 20.0, np.max([made.like(name) for name in names], axis=0), whole)


@pytest.mark.parametrize("label", ["V5", "V6"])
def test_a_label_decides_between_leads_that_are_alike(label: str) -> None:
    found = strips.named([strip(0.5 * (TRUE["V5"] + TRUE["V6"]))], LEADS, [[word(label)]])
    assert list(found.leads) == [label]
    assert found.assumed == []


def test_of_names_that_are_alike_in_print_the_lead_that_agrees_is_meant() -> None:
    assert list(strips.named([strip(TRUE["V1"])], LEADS, [[word("V4", "V1")]]).leads) == ["V1"]
    assert list(strips.named([strip(TRUE["V1"])], LEADS, [[word("V6", whole=False)]]).leads) == ["V1"]


def test_a_labelled_strip_that_does_not_look_like_its_lead_is_not_used() -> None:
    found = strips.named([strip(TRUE["V1"])], LEADS, [[word("II")]])
    assert found.leads == {}
    assert found.names == {3: "II"}
    assert found.assumed == ["The rhythm strip labelled II cannot be followed; it is not used."]


def test_a_lead_of_the_same_look_but_another_height_is_another_lead() -> None:
    leads = {"V3": made.lead("V3", TRUE["V3"]), "V4": made.lead("V4", 0.5 * TRUE["V3"])}
    assert list(strips.named([strip(0.52 * TRUE["V3"])], leads).leads) == ["V4"]
