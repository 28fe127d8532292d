"""The report of an evaluation: files, page and table say what the evaluation says, all or none."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("polars")
pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

from PIL import Image
from typer.testing import CliRunner

from kalemia.cli import app
from kalemia.cohort import Cohort, simulated
from kalemia.errors import KalemiaError
from kalemia.estimate.model import Model
from kalemia.estimate.population import Population
from kalemia.judge import report
from kalemia.judge.estimates import CohortEstimates
from kalemia.judge.evaluation import Evaluation, evaluate
from kalemia.judge.pieces import PAGE

FIGURES = {"scatter", "bland-altman", "boxes", "calibration", "alarms", "probability", "coverage"}


@pytest.fixture(scope="module")
def evaluation(cohort: Cohort, made_up: CohortEstimates, tiny: Model) -> Evaluation:
    return evaluate(made_up, cohort, replace(tiny.card, metrics={"cut_likelihood_ratio": 1.1}))


@pytest.fixture(scope="module")
def written(
    cohort: Cohort, made_up: CohortEstimates, evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder with the report; figures take seconds to draw."""
    out = tmp_path_factory.mktemp("report") / "deep" / "out"
    assert report.write(made_up, cohort, evaluation, out) == out / PAGE
    return out


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "draw", lambda _: ({}, []))


def page(folder: Path) -> str:
    return unescape((folder / PAGE).read_text(encoding="utf-8"))


def test_every_figure_is_in_the_report_and_a_file_twice(written: Path) -> None:
    assert set(re.findall(r"\(([a-z-]+)\.svg\)", page(written))) == FIGURES
    assert {one.name for one in written.iterdir()} == {
        PAGE, report.JSON, report.CSV, *(f"{name}.{kind}" for name in FIGURES for kind in ("svg", "png")),
    }  # fmt: skip
    for name in FIGURES:
        with Image.open(written / f"{name}.png") as picture:
            assert min(picture.size) > 300


def test_the_page_says_what_was_judged(written: Path, evaluation: Evaluation, made_up: CohortEstimates) -> None:
    text = page(written)
    judged = evaluation.judged
    assert "<h1>tiny on kidney</h1>" in text
    assert "tiny 0.0.1, trained on nothing: the weights are drawn" in text
    assert (
        f"60 ECGs of the cohort kidney; {judged.ecgs} judged, {judged.estimated} estimated, of {judged.patients} "
        "patients." in text
    )
    assert f"Left out: {made_up.left_out['hemolyzed']} hemolyzed." in text
    assert f"Refused: {evaluation.refused['a lead is flat']}, a lead is flat." in text
    assert (
        f"The standard deviation of potassium is {evaluation.potassium_sd_meq_l:.2f} mEq/L; intervals are 1.6" in text
    )
    assert f"Called high, above 5.5: {evaluation.called_high.value:.1%} of those estimated." in text
    assert f"probability of that is {evaluation.probability.brier:.4f}; of the share alone" in text
    assert "The frozen cut is a likelihood ratio of 1.1: validation patients" in text
    assert "for 4% above 5.5" in text
    assert "These potassium values are simulated." in text
    assert "Not a medical device" in text
    assert "Estimates are of patients of the population dialysis." in text
    assert "where a patient of the population dialysis is given a probability." in text


def test_the_table_of_the_page_has_every_figure_with_its_interval(written: Path, evaluation: Evaluation) -> None:
    rows = dict(re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td></tr>', page(written)))
    assert rows == {title: str(evaluation.figures[name]) for name, title in report.ROWS.items()}
    assert len(rows) == len(report.ROWS)


def test_a_page_without_a_cut_says_so(
    cohort: Cohort, made_up: CohortEstimates, evaluation: Evaluation, tmp_path: Path, undrawn: None
) -> None:
    report.write(made_up, cohort, replace(evaluation, cut_likelihood_ratio=None), tmp_path)
    assert "The model's card has no frozen cut." in page(tmp_path)


def test_without_anybody_above_there_is_no_figure_of_alarms(
    cohort: Cohort, made_up: CohortEstimates, evaluation: Evaluation
) -> None:
    below = replace(cohort, table=cohort.table.with_columns(potassium_meq_l=cohort.table["potassium_meq_l"] * 0 + 4))
    names = [drawing.name for drawing in report._drawings(made_up, below, evaluation)]
    assert set(names) == FIGURES - {"alarms", "probability"}


def test_the_csv_has_a_row_for_every_ecg(written: Path, cohort: Cohort, made_up: CohortEstimates) -> None:
    table = list(csv.DictReader(io.StringIO((written / report.CSV).read_text(encoding="utf-8"))))
    assert tuple(table[0]) == report.COLUMNS
    assert len(table) == len(made_up.rows)
    for row, place, one in zip(table, made_up.rows, made_up.estimates, strict=True):
        ecg, patient, potassium = cohort.table.select("ecg", "patient", "potassium_meq_l").row(int(place))
        assert (row["ecg"], row["patient"], row["potassium_meq_l"]) == (ecg, patient, f"{potassium:.2f}")
        assert row["status"] == one.status
        if one.status == "estimated":
            numbers = [float(row[name]) for name in ("estimate_meq_l", "low_meq_l", "high_meq_l")]
            assert numbers == [one.potassium_meq_l, *(one.interval_meq_l or ())]
            assert float(row["probability_above_5.5"]) == one.probability_above["5.5"]
            ratios = {side: float(row[f"likelihood_ratio_{side}"]) for side in ("high", "low")}
            assert ratios == one.likelihood_ratio
            assert row["reason"] == ""
        else:
            assert row["estimate_meq_l"] == row["low_meq_l"] == row["probability_above_5.5"] == ""
            assert row["likelihood_ratio_high"] == row["likelihood_ratio_low"] == ""
            assert row["reason"] == one.reason


def test_the_json_is_the_evaluation(written: Path, evaluation: Evaluation) -> None:
    assert Evaluation.from_json((written / report.JSON).read_bytes()) == evaluation


def test_a_report_that_is_stopped_leaves_the_earlier_one_whole(
    cohort: Cohort, made_up: CohortEstimates, evaluation: Evaluation, tmp_path: Path, undrawn: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def stopped(*_: object) -> str:
        raise KeyboardInterrupt

    (tmp_path / report.JSON).write_text("earlier")
    monkeypatch.setattr(report, "_page", stopped)
    with pytest.raises(KeyboardInterrupt):
        report.write(made_up, cohort, evaluation, tmp_path)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [(report.JSON, "earlier")]


def test_a_report_has_a_folder_that_may_be_written(
    cohort: Cohort, made_up: CohortEstimates, evaluation: Evaluation, tmp_path: Path, undrawn: None
) -> None:
    (tmp_path / "file").write_text("theirs")
    with pytest.raises(KalemiaError, match="file: cannot be written"):
        report.write(made_up, cohort, evaluation, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "theirs"


def test_a_report_is_not_laid_among_others_files(tmp_path: Path) -> None:
    report.claim(tmp_path / "new")
    assert (tmp_path / "new").is_dir()
    (tmp_path / "theirs.txt").write_text("theirs")
    with pytest.raises(KalemiaError, match="holds other files; give an empty folder, or that of an earlier evaluation"):
        report.claim(tmp_path)
    (tmp_path / report.JSON).write_text("{}")
    report.claim(tmp_path)
    with pytest.raises(KalemiaError, match="cannot be written"):
        report.claim(tmp_path / "theirs.txt")


def test_from_the_command_line(
    cohort: Cohort, tiny_path: Path, made_up: CohortEstimates, tmp_path: Path, undrawn: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    asked: list[dict[str, Any]] = []

    def estimate_cohort(
        _model: str, opened: Cohort, workers: int, _progress: object, *, outside: bool, population: Population
    ) -> CohortEstimates:
        asked.append({"folder": opened.folder, "workers": workers, "outside": outside, "from": population.name})
        return made_up

    monkeypatch.setattr("kalemia.judge.estimates.estimate_cohort", estimate_cohort)
    command = ["evaluate", str(tiny_path), str(cohort.folder), "--out", str(tmp_path / "out"), "--workers", "1"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert f"tiny 0.0.1 on {len(made_up.rows)} ECGs of kidney (simulated potassium)" in done.output
    assert "report.html" in done.output
    found = Evaluation.from_json((tmp_path / "out" / report.JSON).read_bytes())
    assert found.judged.ecgs == len(made_up.rows)
    assert CliRunner().invoke(app, [*command, "--outside", "--population", "emergency"]).exit_code == 0
    assert [(one["folder"], one["workers"], one["outside"], one["from"]) for one in asked] == [
        (cohort.folder, 1, False, "kidney"),
        (cohort.folder, 1, True, "emergency"),
    ]


def test_a_cohort_that_is_none_or_lacks_the_lead_gets_a_sentence(tiny_path: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", str(tiny_path), str(tmp_path / "nothing")])
    assert "no cohort" in str(done.exception)
    simulated.write(tmp_path / "watch", 3, 1, "wearable")
    out = tmp_path / "out"
    command = ["evaluate", str(tiny_path), str(tmp_path / "watch"), "--out", str(out), "--workers", "1"]
    done = CliRunner().invoke(app, command)
    assert re.search(
        r"0 of \d ECGs could be estimated, at least two are needed; the first reason is: the ECG has lead I",
        str(done.exception),
    )
    assert not list(out.iterdir())


def test_a_population_that_is_none_is_refused_before_anything_is_written(
    cohort: Cohort, tiny_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = ["evaluate", str(tiny_path), str(cohort.folder), "--out", str(out), "--population", "ward"]
    assert "no population 'ward'" in str(CliRunner().invoke(app, command).exception)
    assert not out.exists()


def test_numbers_of_a_drawing_are_what_was_measured_and_estimated(
    cohort: Cohort, made_up: CohortEstimates, evaluation: Evaluation
) -> None:
    drawing = next(report._drawings(made_up, cohort, evaluation))
    (panel,) = drawing.figure.axes
    points = np.asarray(panel.collections[0].get_offsets())
    assert points[:, 1].tolist() == made_up.numbers.potassium.tolist()
    assert points[:, 0] == pytest.approx(made_up.numbers.true(cohort), abs=0.0051)
    assert panel.texts[0].get_text() == f"R2 {evaluation.figures['r2'].value:.2f}"
