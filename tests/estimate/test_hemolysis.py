"""A hemolyzed sample beside an ECG: how likely the true potassium is high."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import kalemia
from ecgs import recording
from kalemia.cli import app
from kalemia.errors import LaboratoryError
from kalemia.estimate.evidence import BINS, Evidence, Shares
from kalemia.estimate.hemolysis import Hemolyzed, judged
from kalemia.estimate.population import Population
from kalemia.records import DoubtfulDraw
from kalemia.simulate import simulate_one
from kalemia.simulate.formats import write_wfdb
from likelihoods import bell

FLAT = Population.load("flat")
NOTHING = Evidence.of(np.zeros(BINS))


def known(draw: Hemolyzed) -> Shares:
    """Return what a value says where every potassium was as likely before."""
    return FLAT.given(draw.evidence())


def test_a_sound_sample_has_what_was_measured() -> None:
    low, high = known(Hemolyzed(6.4, 0)).interval(0.9)
    assert known(Hemolyzed(6.4, 0)).quantile(0.5) == pytest.approx(6.4, abs=0.05)
    assert high - low == pytest.approx(2 * 1.645 * np.hypot(0.2, 0.25 / 12**0.5), abs=0.06)  # and a bin's width


@pytest.mark.parametrize(("index", "added"), [(50, 0.225), (100, 0.45), (200, 0.9), (400, 1.8)])
def test_hemolysis_takes_away_as_much_as_it_adds(index: float, added: float) -> None:
    """0.45 mEq/L per 0.1 g/dL of free hemoglobin, which are 100 mg/dL; and the more, the less sure."""
    assert known(Hemolyzed(6.4, index)).quantile(0.5) == pytest.approx(6.4 - added, abs=0.08)
    less, more = (np.diff(known(Hemolyzed(7.4, many)).interval(0.9))[0] for many in (index, 2 * index))
    assert more > less


def test_where_only_hemolyzed_is_known_it_is_as_hemolyzed_samples_are() -> None:
    found = known(Hemolyzed(6.4))
    assert found.quantile(0.5) == pytest.approx(
        6.4 - 0.75, abs=0.15
    )  # the median of what is skewed, with the mean 0.86
    assert found.above(6.9) < 0.02  # hemolysis takes nothing away
    low, high = found.interval(0.9)
    assert 1.5 < high - low < 2.8


@pytest.mark.parametrize(
    "draw",
    [
        Hemolyzed(6.4),
        Hemolyzed(6.4, 150),
        Hemolyzed(2.0, 1000),
        Hemolyzed(9.9, 1),
        Hemolyzed(6.4, 1e-200),
        Hemolyzed(6.4, 5e-324),
    ],
)
def test_no_value_is_so_sure_that_nothing_speaks_against_it(draw: Hemolyzed) -> None:
    assert np.isfinite(draw.evidence().log_likelihood).all()


@pytest.mark.parametrize(("middle", "side"), [(7.5, 1), (4.0, -1)])
def test_an_ecg_speaks_for_or_against_a_doubtful_value(middle: float, side: int) -> None:
    kidney = Population.load("kidney")
    found = judged(Hemolyzed(6.4, 200), kidney, Evidence.of(bell(middle, 1.0)))
    assert side * (found.probability_with_ecg - found.probability_without_ecg) > 0.1
    silent = judged(Hemolyzed(6.4, 200), kidney, NOTHING)
    assert silent.probability_with_ecg == silent.probability_without_ecg == found.probability_without_ecg
    assert silent == DoubtfulDraw(6.4, 200, 0.9, silent.probability_without_ecg, silent.probability_without_ecg)


def test_where_few_are_high_a_value_says_less() -> None:
    without = [
        judged(Hemolyzed(6.2), Population.load(name), NOTHING).probability_without_ecg
        for name in ("hospital", "kidney", "dialysis")
    ]
    assert without == sorted(set(without))


@pytest.mark.parametrize(
    ("draw", "why"),
    [
        (Hemolyzed(16.4), "the laboratory's potassium is 16.4; 1.5 to 10 mEq/L is accepted"),
        (Hemolyzed(float("nan")), "the laboratory's potassium is nan; 1.5 to 10 mEq/L is accepted"),
        (Hemolyzed(6.4, -1), "the hemolysis index is -1; 0 to 2000 mg/dL is accepted"),
        (Hemolyzed(6.4, 2001), "the hemolysis index is 2001; 0 to 2000 mg/dL is accepted"),
        (Hemolyzed(6.4, float("inf")), "the hemolysis index is inf; 0 to 2000 mg/dL is accepted"),
    ],
)
def test_what_no_laboratory_says_is_refused(tiny_path: Path, draw: Hemolyzed, why: str) -> None:
    with pytest.raises(LaboratoryError) as caught:
        kalemia.predict(recording(), tiny_path, lab=draw)
    assert str(caught.value) == why


def test_it_goes_into_nothing_else(tiny_path: Path) -> None:
    plain = kalemia.predict(recording(), tiny_path).to_dict()
    doubted = kalemia.predict(recording(), tiny_path, lab=Hemolyzed(6.4, 150)).to_dict()
    assert plain.pop("doubtful_draw") is None
    assert doubted.pop("doubtful_draw")["hemolysis_index"] == 150
    assert plain == doubted


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["predict", *arguments])
    return result.exit_code, f"{result.output}{result.exception or ''}"


def test_the_command_line_judges_a_doubtful_draw(tmp_path: Path, tiny_path: Path) -> None:
    write_wfdb(tmp_path / "a", simulate_one(2, 3, "clean"))
    ecg = (str(tmp_path / "a.hea"), "--model", str(tiny_path))
    code, output = run(*ecg, "--lab", "6.4", "--hemolysis-index", "150", "--json")
    assert code == 0
    line = json.loads(output)
    expected = kalemia.predict(tmp_path / "a.hea", tiny_path, lab=Hemolyzed(6.4, 150)).doubtful_draw
    assert expected is not None
    assert line["doubtful_draw"] == vars(expected)
    _, text = run(*ecg, "--lab", "6.4", "--hemolyzed")
    assert (
        "The laboratory found 6.4 mEq/L in a hemolyzed sample, of which burst cells may have added about 0.9." in text
    )
    assert "This was tried on no patient and rules nothing out: draw blood again now." in text
    for half in (("--lab", "6.4"), ("--hemolyzed",), ("--hemolysis-index", "5")):
        code, output = run(*ecg, *half)
        assert code != 0
        assert "give both, or neither" in output
    write_wfdb(tmp_path / "b", simulate_one(2, 4, "clean"))
    code, output = run(str(tmp_path / "b.hea"), *ecg, "--lab", "6.4", "--hemolyzed")
    assert code != 0
    assert "--lab is of one blood sample; 2 ECGs are given, give the one of that time" in output


def test_an_index_of_minus_nothing_is_nothing(tiny_path: Path) -> None:
    draw = kalemia.predict(recording(), tiny_path, lab=Hemolyzed(6.4, -0.0)).doubtful_draw
    assert draw is not None
    assert (str(draw.hemolysis_index), str(draw.added_meq_l)) == ("0.0", "0.0")
