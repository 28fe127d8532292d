"""A model judged on a cohort: whom it is judged on, what is said, and bad cohorts."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("polars")
pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

import polars as pl
from typer.testing import CliRunner

from kalemia.cli import app
from kalemia.cohort import Cohort, simulated
from kalemia.errors import CohortError, KalemiaError
from kalemia.estimate.model import Model
from kalemia.estimate.predict import predict
from kalemia.judge import estimates, report
from kalemia.judge.estimates import estimate_cohort
from kalemia.judge.evaluation import Evaluation, evaluate
from kalemia.judge.pieces import PAGE


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("cohort") / "kidney"
    simulated.write(folder, 60, 4, "kidney")
    return Cohort.open(folder)


@pytest.fixture(scope="module")
def found(cohort: Cohort, tiny_path: Path) -> Evaluation:
    return evaluate(estimate_cohort(tiny_path, cohort), cohort, Model.load(tiny_path).card)


def test_it_says_what_predicting_says(cohort: Cohort, tiny_path: Path, found: Evaluation) -> None:
    rows = np.flatnonzero(~cohort.table["hemolyzed"].to_numpy())
    one_by_one = [predict(cohort.recording(int(row)), tiny_path) for row in rows]
    said = [one.potassium_meq_l for one in one_by_one if one.potassium_meq_l is not None]
    true = cohort.table["potassium_meq_l"].to_numpy()[rows][[one.status == "estimated" for one in one_by_one]]
    assert found.judged.ecgs == len(rows)
    assert found.judged.estimated == len(said)
    assert found.left_out.get("hemolyzed", 0) == len(cohort) - len(rows)
    assert found.figures["mae_meq_l"].value == pytest.approx(np.mean(np.abs(np.array(said) - true)), abs=1e-4)
    assert found.called_high.value == pytest.approx(np.mean(np.array(said) > 5.5), abs=1e-4)
    assert sum(found.refused.values()) == len(rows) - len(said)
    held = found.coverage_by_subgroup
    assert held["all"].value == found.figures["coverage"].value
    assert held["female"].ecgs + held["male"].ecgs == held["all"].ecgs
    assert sum(tenth.ecgs for tenth in found.probability.tenths) == len(said)
    told = found.probability.told
    assert told is not None
    assert told.prevalence == pytest.approx(np.mean(true > 5.5), abs=1e-4)
    own = [predict(cohort.recording(int(row)), tiny_path, prevalence=told.prevalence) for row in rows]
    chances = [one.probability_above["5.5"] for one in own if one.status == "estimated"]
    mean = np.average([one.said for one in told.tenths], weights=[one.ecgs for one in told.tenths])
    assert mean == pytest.approx(np.mean(chances), abs=2e-3)


def test_two_workers_say_the_same(cohort: Cohort, tiny_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "CHUNK", 20)
    one, two = (estimate_cohort(tiny_path, cohort, workers) for workers in (1, 2))
    assert one.estimates == two.estimates


def test_of_its_own_cohort_only_the_test_part_is_asked(
    cohort: Cohort, tiny: Model, tiny_path: Path, tmp_path: Path
) -> None:
    card = replace(tiny.card, name="own", training={"sources": [{"name": "cohort kidney", "cohort": cohort.digest}]})
    (tmp_path / "own.onnx").write_bytes(tiny_path.read_bytes())
    (tmp_path / "own.json").write_bytes(card.dump())
    judged = estimate_cohort(tmp_path / "own.onnx", cohort)
    assert tuple(judged.rows) == cohort.parts()["test"]
    assert judged.left_out["of patients that the model may have been trained with"] > len(judged.rows)
    assert tuple(estimate_cohort(tmp_path / "own.onnx", cohort, outside=True).rows) == tuple(judged.rows)


def test_simulated_patients_of_the_training_are_not_judged_again(
    cohort: Cohort, tiny: Model, tiny_path: Path, tmp_path: Path
) -> None:
    level, seed = cohort.made or ("", 0)
    simulated.write(tmp_path / "more", len(cohort) + 5, seed, level)
    more = Cohort.open(tmp_path / "more")
    assert more.digest != cohort.digest

    def trained(name: str, training: dict[str, Any]) -> Path:
        (tmp_path / f"{name}.onnx").write_bytes(tiny_path.read_bytes())
        (tmp_path / f"{name}.json").write_bytes(replace(tiny.card, name=name, training=training).dump())
        return tmp_path / f"{name}.onnx"

    def source(bases: str | None) -> dict[str, Any]:
        return {"config": {"seed": seed, "sources": [{"level": level, "share": 1.0, "bases": bases}]}}

    known = {"sources": [{"name": "cohort k", "cohort": cohort.digest, "level": level, "seed": seed}]}
    assert tuple(estimate_cohort(trained("cohort", known), more).rows) == more.parts()["test"]
    with pytest.raises(CohortError, match=rf"level {level} with seed {seed} makes the patients that simulated was"):
        estimate_cohort(trained("simulated", source(None)), more)
    assert len(estimate_cohort(trained("changed", source("bases.txt")), more).rows) == sum(
        map(len, more.parts().values())
    )


def test_the_report_from_the_command_line(cohort: Cohort, tiny_path: Path, tmp_path: Path, found: Evaluation) -> None:
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app, ["evaluate", str(tiny_path), str(cohort.folder), "--out", str(out), "--workers", "1"]
    )
    assert done.exit_code == 0, done.output
    assert "tiny 0.0.1 on" in done.output
    assert "(simulated potassium)" in done.output
    assert Evaluation.from_json((out / report.JSON).read_bytes()) == found
    table = list(csv.DictReader(io.StringIO((out / report.CSV).read_text())))
    assert len(table) == found.judged.ecgs
    assert {row["status"] for row in table} <= {"estimated", "refused"}
    page = (out / PAGE).read_text(encoding="utf-8")
    assert "These potassium values are simulated." in page
    assert "trained on nothing" in page
    for name in ("scatter", "bland-altman", "boxes", "calibration", "alarms", "probability", "coverage"):
        assert (out / f"{name}.svg").exists()
        assert (out / f"{name}.png").exists()
        assert f"({name}.svg)" in page


def test_a_report_that_is_stopped_leaves_the_earlier_one_whole(
    cohort: Cohort, tiny_path: Path, tmp_path: Path, found: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> str:
        raise KeyboardInterrupt

    (tmp_path / report.JSON).write_text("earlier")
    judged = estimate_cohort(tiny_path, cohort)
    monkeypatch.setattr(report, "_page", stopped)
    with pytest.raises(KeyboardInterrupt):
        report.write(judged, cohort, found, tmp_path)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [(report.JSON, "earlier")]


def test_a_cohort_without_the_lead_gets_a_sentence(tiny_path: Path, tmp_path: Path) -> None:
    simulated.write(tmp_path / "watch", 5, 1, "wearable")
    watch = Cohort.open(tmp_path / "watch")
    with pytest.raises(
        CohortError,
        match=r"0 of \d ECGs could be estimated, at least two are needed; the first reason is: the ECG has lead I",
    ):
        evaluate(estimate_cohort(tiny_path, watch), watch, Model.load(tiny_path).card)
    done = CliRunner().invoke(app, ["evaluate", str(tiny_path), str(tmp_path / "nothing")])
    assert "no cohort" in str(done.exception)


def test_of_another_cut_of_a_hospital_only_the_test_part_is_asked(
    cohort: Cohort, tiny: Model, tiny_path: Path, tmp_path: Path
) -> None:
    """A later period has the same people under the same names; --outside says that it has not."""
    source = {"name": "cohort before", "cohort": "another", "labels": "measured"}
    (tmp_path / "own.onnx").write_bytes(tiny_path.read_bytes())
    (tmp_path / "own.json").write_bytes(replace(tiny.card, name="own", training={"sources": [source]}).dump())
    measured = replace(cohort, table=cohort.table.with_columns(labels=pl.lit("measured")))
    assert tuple(estimate_cohort(tmp_path / "own.onnx", measured).rows) == cohort.parts()["test"]
    everybody = estimate_cohort(tmp_path / "own.onnx", measured, outside=True)
    assert len(everybody.rows) == sum(map(len, cohort.parts().values()))
    assert len(estimate_cohort(tmp_path / "own.onnx", cohort).rows) == len(everybody.rows)  # simulated: other people


def test_a_report_is_not_laid_among_others_files(tmp_path: Path) -> None:
    (tmp_path / "theirs.txt").write_text("theirs")
    with pytest.raises(KalemiaError, match="holds other files; give an empty folder, or that of an earlier evaluation"):
        report.claim(tmp_path)
    (tmp_path / report.JSON).write_text("{}")
    report.claim(tmp_path)
    with pytest.raises(KalemiaError, match="cannot be written"):
        report.claim(tmp_path / "theirs.txt")
