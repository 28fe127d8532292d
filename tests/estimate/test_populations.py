"""Who a patient is taken from: published shares, and tables of laboratory values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kalemia.errors import PopulationError
from kalemia.estimate.evidence import BINS
from kalemia.estimate.population import DEFAULT, KNOWN, MOVES_MEQ_L, Population, _cumulative


@pytest.mark.parametrize(
    ("name", "below"),
    [
        ("kidney", {3.5: 0.037, 5.0: 0.824, 6.0: 0.9815}),
        ("dialysis", {3.0: 0.004, 4.0: 0.140, 5.0: 0.591, 6.0: 0.948}),
        ("hospital", {3.5: 0.055, 5.0: 0.964}),
        ("emergency", {3.5: 0.201, 5.5: 0.970}),
        ("flat", {3.5: 6 / 28.02, 5.5: 14 / 28.02, 9.0: 28 / 28.02}),
    ],
)
def test_a_population_has_the_shares_that_were_counted(name: str, below: dict[float, float]) -> None:
    known = Population.load(name)
    assert known.shares.sum() == pytest.approx(1)
    assert (known.shares > 0).all()  # nobody's ECG can be so clear that it must not be believed
    for cut, share in below.items():
        assert known.below(cut) == pytest.approx(share, abs=0.004)
    assert known.name == name
    assert known.people
    assert known.source


def test_high_potassium_is_commonest_before_dialysis() -> None:
    above = {name: Population.load(name).above(5.5) for name in KNOWN}
    assert above["dialysis"] > above["kidney"] > above["emergency"] > above["hospital"] > 0.005


def test_the_default_is_who_this_is_for() -> None:
    assert DEFAULT == "kidney"
    assert DEFAULT in KNOWN


def test_between_two_shares_it_is_a_normal_distribution() -> None:
    """That with the mean 4.5 and a standard deviation of 0.5 is below 4 in 15.87 % and below 5 in 84.13 %."""
    cumulative = _cumulative({4.0: 0.158655, 5.0: 0.841345})
    assert cumulative[[6, 10, 14]] == pytest.approx([0.02275, 0.5, 0.97725], abs=1e-5)  # 3.5, 4.5, 5.5


def test_a_draw_pulls_towards_itself_and_several_as_much_as_one() -> None:
    flat = Population(np.full(BINS, 1 / BINS), "even", "nobody", "a test")
    drawn = flat.beside(np.array([5.5]), np.array([1.0]))
    assert drawn.quantile(0.5) == pytest.approx(5.5, abs=0.05)
    assert drawn.quantile(0.8413) - drawn.quantile(0.5) == pytest.approx(MOVES_MEQ_L, abs=0.05)
    assert (drawn.name, drawn.people) == ("even", "nobody, with this patient's blood draws")
    thrice = flat.beside(np.array([5.0, 5.5, 6.0]), np.ones(3))
    np.testing.assert_allclose(thrice.shares, drawn.shares)
    kidney = Population.load("kidney")
    assert kidney.above(5.5) < kidney.beside(np.array([6.0]), np.array([1.0])).above(5.5) < drawn.above(5.5)


def test_a_draw_of_long_ago_hardly_pulls() -> None:
    kidney = Population.load("kidney")
    found = [kidney.beside(np.array([6.5]), np.array([weight])).above(5.5) for weight in (0.0, 0.1, 0.5, 1.0)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(kidney.above(5.5))
    assert found[1] < found[0] + 0.02


# Values of one's own


def table(folder: Path, text: str, name: str = "values.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


VALUES = np.random.default_rng(0).normal(4.6, 0.6, 400).round(1)
COLUMN = "\n".join(f"{value:.1f}" for value in VALUES)


@pytest.mark.parametrize(
    "text",
    [
        f"potassium_meq_l\n{COLUMN}\n",
        f"potassium_meq_l\n{COLUMN}\n".replace(".", ","),
        "date,potassium_meq_l\n" + "".join(f"2026-01-02,{value}\n" for value in VALUES),
        "potassium_meq_l;unit\n" + "".join(f"{value};mmol/l\n".replace(".", ",") for value in VALUES),
        f"\ufeffpotassium_meq_l\r\n{COLUMN}\n\n",
    ],
)
def test_a_table_of_values_is_a_population(tmp_path: Path, text: str) -> None:
    known = Population.load(table(tmp_path, text))
    assert (known.name, known.people) == ("values.csv", "the 400 blood tests of values.csv")
    assert known.shares.sum() == pytest.approx(1)
    assert known.quantile(0.5) == pytest.approx(4.6, abs=0.1)
    assert known.above(5.5) == pytest.approx(np.mean(VALUES > 5.5), abs=0.03)


def test_one_further_patient_may_have_anything(tmp_path: Path) -> None:
    known = Population.load(table(tmp_path, "potassium_meq_l\n" + "4.2\n" * 100))
    assert known.shares.min() == pytest.approx(1 / BINS / 101, rel=1e-6)
    assert known.below(3.5) == pytest.approx(0.2 / 101, abs=1e-3)


def test_more_values_are_blurred_less() -> None:
    """Half below 4 and half above 6: of many values few are put between."""
    two = np.repeat([3.9, 6.1], 50)
    few, many = (Population.of(np.tile(two, n), "", "", "") for n in (1, 1000))
    assert few.above(4.5) - few.above(5.5) > 2 * (many.above(4.5) - many.above(5.5))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("potassium_meq_l\n" + "4.2\n" * 99, "holds 99 values; 100 to 1,000,000 make a population"),
        ("potassium_meq_l\n", "holds 0 values"),
        ("", "its first row names no one column potassium_meq_l; expected it, in mEq/L"),
        ("a,b\n1,2\n", "names no one column potassium_meq_l"),
        ("calcium_mmol_l\n2.3\n", "names no one column potassium_meq_l"),
        ("4.2\n" * 120, "names no one column potassium_meq_l"),
        ("potassium_meq_l,potassium_meq_l\n4,5\n", "names no one column potassium_meq_l"),
        ("patient,potassium_meq_l\n\n7,4,5\n", "line 3 has more or fewer fields than there are columns; a decimal"),
        ("potassium_meq_l\n4_2\n", "line 2 holds no number"),
        (
            "potassium_meq_l\n" + "4.2\n" * 100 + "-1\n-2\n",
            "2 of its values, such as -1, are no potassium of a living person; 1.5 to 10",
        ),
        ("potassium_meq_l\n" + "16.4\n" * 100, "100 of its values, such as 16.4, are no potassium"),
        ("potassium_meq_l\n4.2\nhigh\n", "line 3 holds no number in potassium_meq_l; expected mEq/L"),
        ("potassium_meq_l\n4.2\nnan\n", "line 3 holds no number"),
        ("a,potassium_meq_l\n1\n", "line 2 has more or fewer fields"),
    ],
)
def test_what_makes_no_population_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = table(tmp_path, text)
    with pytest.raises(PopulationError, match=message) as caught:
        Population.load(path)
    assert str(caught.value).startswith(str(path))


def test_bytes_are_no_table(tmp_path: Path) -> None:
    path = tmp_path / "values.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(PopulationError, match="no CSV text; expected a table of potassium values"):
        Population.load(path)


@pytest.mark.parametrize("name", ["kidneys", "", "KIDNEY"])
def test_an_unknown_name_names_the_known_ones(name: str) -> None:
    with pytest.raises(
        PopulationError, match=f"no population '{name}'; kidney, dialysis, hospital, emergency, flat are"
    ):
        Population.load(name)


def test_a_name_that_no_file_can_have_is_no_population() -> None:
    with pytest.raises(PopulationError, match=r"no population 'k{59}; kidney, dialysis"):
        Population.load("k" * 300)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(PopulationError, match=r"nowhere\.csv"):
        Population.load("nowhere.csv")
