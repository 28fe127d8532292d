"""Whole studies: from the command line, by several processes, and of cohorts that do not suffice."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pl = pytest.importorskip("polars")

from typer.testing import CliRunner

from kalemia.cli import app
from kalemia.cohort import Cohort, simulated
from kalemia.errors import TrainError
from kalemia.study import crossval, studies
from kalemia.study.plan import Budget, Entrant
from kalemia.train.design import Design

BUDGET = Budget(folds=2, rates=(0.01,), patience=3, halve=2, epochs=2, batch=16)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("cohort") / "kidney"
    simulated.write(folder, 60, 1, "kidney")
    return Cohort.open(folder)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the study of sizes one of two tiny networks, trained for two epochs."""
    monkeypatch.setattr(studies, "QUICK", BUDGET)
    sizes = studies.STUDIES["size"]
    own = (sizes.entrants[0], sizes.entrants[2])
    small = tuple(replace(one, design=Design("DSCRNN", 2 + k, 2)) for k, one in enumerate(own))
    monkeypatch.setitem(studies.STUDIES, "size", replace(sizes, entrants=small))


def test_two_processes_of_torchrun_do_a_study_together(
    two: None, cohort: Cohort, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    alone = studies.run("size", cohort, tmp_path / "alone", quick=True)
    out = tmp_path / "both"
    assert studies.run("size", cohort, out, quick=True) == alone  # for what both cut and write
    for fit in (out / "fits").glob("*fold*.npz"):
        fit.unlink()
    (out / "size.json").unlink()
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    waited: list[str] = []

    def absent(files: list[Path]) -> None:
        waited.extend(file.name for file in files if not file.exists())

    monkeypatch.setattr(crossval, "wait_for", absent)
    with pytest.raises(FileNotFoundError):  # of the first process, which has not begun
        studies.run("size", cohort, out, quick=True)
    assert ["fold0" in name for name in waited] == [True]
    assert sorted("fold1" in fit.name for fit in (out / "fits").glob("*fold*.npz")) == [True, True]
    assert not (out / "size.json").exists()  # that is the first one's to write
    monkeypatch.setenv("RANK", "0")
    assert studies.run("size", cohort, out, quick=True) == alone
    assert (out / "size.json").read_bytes() == (tmp_path / "alone" / "size.json").read_bytes()


def test_a_study_from_the_command_line(two: None, cohort: Cohort, tmp_path: Path) -> None:
    arguments = ["study", "size", "--cohort", str(cohort.folder), "--out", str(tmp_path), "--quick", "--workers", "1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "On simulated potassium" in result.output
    said = json.loads((tmp_path / "size.json").read_text())
    assert said["quick"]
    assert "Made with --quick" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert [row["name"] for row in said["entrants"]] == ["180k", "4k"]
    assert [row["against"] for row in said["differences"]] == ["180k"]
    table = list(csv.DictReader(io.StringIO((tmp_path / "size.csv").read_text())))
    assert len(table) == sum(row["ecgs"] for row in said["entrants"])
    first = (tmp_path / "size.json").read_bytes()
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert (tmp_path / "size.json").read_bytes() == first
    with pytest.raises(TrainError, match="no study depth; the studies are lead, window, network, size, separable"):
        studies.run("depth", cohort, tmp_path)
    with pytest.raises(TrainError, match="with other settings, as with --quick or without"):
        studies.run("size", cohort, tmp_path)
    plan = (tmp_path / "fits" / "plan.json").read_bytes()
    (tmp_path / "fits" / "plan.json").unlink()
    with pytest.raises(TrainError, match=r"plan\.json: missing"):
        studies.run("size", cohort, tmp_path, quick=True)
    (tmp_path / "fits" / "plan.json").write_bytes(plan)
    (tmp_path / "fits" / "plan.json").write_text("{")
    with pytest.raises(TrainError, match=r"plan\.json: damaged"):
        studies.run("size", cohort, tmp_path)


def test_a_cohort_that_is_too_small_is_refused(tmp_path: Path) -> None:
    simulated.write(tmp_path / "few", 3, 1)
    with pytest.raises(TrainError, match=r"180k: fold \d has \d ECGs with V5 for \w+; give a larger cohort"):
        studies.run("size", Cohort.open(tmp_path / "few"), tmp_path / "out", quick=True)
    simulated.write(tmp_path / "watch", 8, 1, "wearable")
    with pytest.raises(TrainError, match="needs lead V5; the cohort has I"):
        studies.run("size", Cohort.open(tmp_path / "watch"), tmp_path / "out2", quick=True)
    assert not (tmp_path / "out2").exists()


def test_a_cohort_of_which_nothing_can_be_studied_gets_a_sentence(cohort: Cohort, tmp_path: Path) -> None:
    none = replace(cohort, table=cohort.table.with_columns(hemolyzed=pl.lit(value=True)))
    with pytest.raises(TrainError, match=r"none of its 60 ECGs \(60 hemolyzed\) has a usable V5; give another cohort"):
        studies._data(none, Entrant("4k", ("V5",)), tmp_path)


def test_a_study_is_not_written_among_others_files(cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(TrainError, match="holds other files; give an empty folder, or that of earlier studies"):
        studies.run("size", cohort, tmp_path, quick=True)
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(("leads", "window_s"), [(("V5",), None), (("V4", "V5"), None), (("V5",), 2.0)])
def test_an_entrant_reads_what_is_good_and_not_hemolyzed(
    cohort: Cohort, tmp_path: Path, leads: tuple[str, ...], window_s: float | None
) -> None:
    entrant = Entrant("some", leads, None, window_s)
    own = studies._data(cohort, entrant, tmp_path)
    assert own.waves.shape[1:] == (len(leads), entrant.cut.samples)
    assert own.waves.any(axis=(1, 2)).all()
    table = cohort.table[own.number]
    assert not table["hemolyzed"].any()
    np.testing.assert_array_equal(own.potassium, table["potassium_meq_l"].to_numpy().astype(np.float32))
    assert len(own) > 0.8 * (len(cohort) - cohort.hemolyzed)
