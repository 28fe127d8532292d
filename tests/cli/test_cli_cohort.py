"""`kalemia cohort`: what each option means to the room that makes cohorts, and what is printed in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from commands import invoke

from kalemia.errors import KalemiaError

pytest.importorskip("polars")
pytest.importorskip("duckdb")

from kalemia.cohort import flow, mimic_iv, physionet, simulated
from kalemia.cohort import table as tables
from kalemia.cohort.flow import Step
from kalemia.cohort.mimic_files import MimicFolders

STEPS = (Step("ECGs", 5, 3), Step("pairs", 2, 2, {"hemolyzed": 3}))


@dataclass
class Writer:
    """Stands in the place of what writes a cohort, and says what it was asked for."""

    asked: list[Any] = field(default_factory=list)

    def __call__(self, *given: Any) -> tuple[Step, ...]:
        *arguments, report = given
        report(2, 2)
        self.asked.append(tuple(arguments))
        return STEPS


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    made = Writer()
    for room in (simulated, mimic_iv, tables):
        monkeypatch.setattr(room, "write", made)
    return made


def test_a_cohort_is_simulated_as_large_as_the_founding_studys(writer: Writer, tmp_path: Path) -> None:
    result = invoke("cohort", "simulate", "--out", tmp_path / "c", "--workers", 2)
    assert writer.asked == [(tmp_path / "c", 1879, 0, "kidney", 2)]
    assert result.stdout == flow.text(STEPS) + "\n"
    assert result.stderr.splitlines() == [
        "simulating 2/2", f"cohort: {tmp_path / 'c'} (flow diagram: {tmp_path / 'c' / 'flow.svg'})"
    ]  # fmt: skip


def test_every_option_reaches_the_simulator(writer: Writer, tmp_path: Path) -> None:
    options = ("--level", "hospital", "--count", 50, "--seed", 7, "--workers", 1)
    assert invoke("cohort", "simulate", "--out", tmp_path, *options).exit_code == 0
    assert writer.asked == [(tmp_path, 50, 7, "hospital", 1)]


def test_every_option_reaches_the_pairing_of_a_hospital(writer: Writer, tmp_path: Path) -> None:
    folders = ("--ecg", tmp_path / "ecg", "--clinical", tmp_path / "clinical", "--out", tmp_path / "c")
    plain = invoke("cohort", "mimic-iv", *folders, "--workers", 3)
    invoke("cohort", "mimic-iv", *folders, "--workers", 3, "--window", 30, "--hemolysis-index", 80)
    assert writer.asked == [
        (MimicFolders(tmp_path / "ecg", tmp_path / "clinical", *limits), tmp_path / "c", 3)
        for limits in ((60.0, 50.0), (30.0, 80.0))
    ]
    assert "reading ECGs 2/2" in plain.stderr
    assert plain.stdout == flow.text(STEPS) + "\n"


def test_the_open_demos_are_fetched_first_where_they_are_asked_for(
    writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[tuple[Path, Path, int]] = []

    def fetch(ecg: Path, clinical: Path, report: Callable[[str, int, int], None]) -> None:
        report("fetching", 1, 1)
        fetched.append((ecg, clinical, len(writer.asked)))

    monkeypatch.setattr(physionet, "fetch_demos", fetch)
    folders = ("--ecg", tmp_path / "ecg", "--clinical", tmp_path / "clinical", "--out", tmp_path / "c")
    invoke("cohort", "mimic-iv", *folders)
    assert fetched == []
    result = invoke("cohort", "mimic-iv", *folders, "--download-demo")
    assert fetched == [(tmp_path / "ecg", tmp_path / "clinical", 1)]  # one cohort was written before
    assert result.stderr.startswith("fetching 1/1\n")


def test_columns_of_a_table_get_our_names(writer: Writer, tmp_path: Path) -> None:
    columns = ("--column", "path=file", "--column", " potassium_meq_l = K ", "--column", "path=file")
    invoke("cohort", "table", "t.csv", "--out", tmp_path, "--ecg", "ecgs", "--window", 5, "--workers", 1, *columns)
    invoke("cohort", "table", "t.csv", "--out", tmp_path, "--workers", 1)
    names = {"path": "file", "potassium_meq_l": "K"}
    assert writer.asked == [
        (tables.OwnTable(Path("t.csv"), Path("ecgs"), names, 5.0), tmp_path, 1),
        (tables.OwnTable(Path("t.csv"), Path(), {}, 60.0), tmp_path, 1),
    ]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (["potassium"], "--column is 'potassium'; expected such as potassium_meq_l=K"),
        (["=K"], "--column is '=K'; expected such as potassium_meq_l=K"),
        (["path="], "--column is 'path='; expected such as potassium_meq_l=K"),
        (["path=a", "path=b"], "--column names a and b for path; one is accepted"),
    ],
)
def test_a_column_that_names_none_is_refused(writer: Writer, tmp_path: Path, columns: list[str], sentence: str) -> None:
    named = [part for column in columns for part in ("--column", column)]
    result = invoke("cohort", "table", "t.csv", "--out", tmp_path, *named)
    assert isinstance(result.exception, KalemiaError)
    assert str(result.exception) == sentence
    assert writer.asked == []


def test_a_folder_that_is_no_cohort_is_not_shown(tmp_path: Path) -> None:
    result = invoke("cohort", "show", tmp_path)
    assert isinstance(result.exception, KalemiaError)
    assert str(tmp_path) in str(result.exception)


def test_a_cohort_without_a_command_shows_its_help() -> None:
    result = invoke("cohort")
    assert result.exit_code == 2
    assert all(command in result.output for command in ("simulate", "mimic-iv", "table", "show"))
