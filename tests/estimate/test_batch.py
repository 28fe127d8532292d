"""Many ECGs from Python: what is found, how Estimates come, and the table of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kalemia
from ecgs import recording
from kalemia.estimate.batch import Estimates
from kalemia.estimate.predict import Result
from kalemia.estimate.table import COLUMNS, row, to_csv, to_table
from kalemia.records import Estimate, ModelName

ONE = Estimate(
    "ward/one.dcm",
    "estimated",
    5.62,
    (4.36, 7.13),
    0.9,
    {"5.5": 0.55, "6.0": 0.34, "6.5": 0.17},
    {"3.5": 0.001},
    "high",
    {"high": 14.2, "low": 0.3},
    recorded=datetime(2026, 3, 2, 8, 15),
    heart_rate_bpm=74.1,
    beats_used=11,
    leads_used=("I", "V5"),
    quality={"I": 0.93, "V5": 0.97},
    warnings=("One.", 'Two, "so".'),
    model=ModelName("12-4k", "7.1.0", "", "simulated"),
)
NONE = Estimate("two.dcm", "failed", reason="it is no ECG")


def test_a_folder_a_file_or_several_are_taken(patients: Path, flat: Path, tiny_path: Path) -> None:
    folder = patients / "0000"
    whole = kalemia.predict_many(folder, tiny_path)
    assert len(whole) == len(list(folder.glob("*.hea"))) == len(list(whole))
    assert [one.source for one in kalemia.predict_many(str(flat), tiny_path)] == [str(flat)]
    named: list[Any] = [folder / "p000001.hea", flat, recording(("V5",))]
    assert [one.source for one in kalemia.predict_many(named, tiny_path)] == [*map(str, named[:2]), "memory"]


def test_what_is_in_memory_is_estimated_as_its_file(tiny_path: Path) -> None:
    shown = recording(("V5",))
    arrays = [shown.signal, shown.signal.T]
    found = list(kalemia.predict_many(arrays, tiny_path, rate=500, leads="V5"))
    known = kalemia.predict(shown, tiny_path)
    assert found == [known, known] == kalemia.predict(arrays, tiny_path, rate=500, leads="V5")


@pytest.mark.parametrize("workers", [1, 2])
def test_one_in_memory_that_is_no_ecg_fails_alone(tiny_path: Path, workers: int) -> None:
    shown = recording(("V5",)).signal
    found = list(kalemia.predict_many([shown[:, :20], shown], tiny_path, rate=500, leads="V5", workers=workers))
    assert [one.status for one in found] == ["failed", "estimated"]
    assert "at least 1 s" in str(found[0].reason)


def test_a_folder_without_an_ecg_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing\nof note\n")
    with pytest.raises(kalemia.KalemiaError, match=r"no ECG found in .*, where files are: 1 x"):
        kalemia.predict_many(tmp_path)


def test_one_who_gives_predict_a_folder_is_told_what_takes_it(patients: Path, tiny_path: Path) -> None:
    assert "predict_many takes folders" in str(kalemia.predict(patients, tiny_path).reason)


def test_wrong_usage_is_told_before_the_first() -> None:
    with pytest.raises(TypeError, match="such as rate=500"):
        kalemia.predict_many([np.zeros((1, 5000))], leads="V5")
    with pytest.raises(TypeError, match=r"takes rate=500, not fs="):
        kalemia.predict_many([np.zeros((1, 5000))], leads="V5", fs=500)  # type: ignore[call-arg]
    with pytest.raises(kalemia.KalemiaError, match="population"):
        kalemia.predict_many("ecg.dcm", population="nobody's")


def test_a_page_is_written_of_each_that_asks_for_it(flat: Path, tiny_path: Path) -> None:
    seen: list[tuple[str, Result]] = []
    (one,) = kalemia.predict_many(flat, tiny_path, each=lambda *given: seen.append(given))
    assert [(source, result.estimate) for source, result in seen] == [(str(flat), one)]


def counted(done: list[int]) -> Iterator[Estimate]:
    for number in range(3):
        done.append(number)
        yield replace(NONE, source=str(number))


def test_estimates_come_one_by_one_and_stay() -> None:
    done: list[int] = []
    coming = Estimates(counted(done), 3)
    assert (len(coming), done) == (3, [])
    assert next(iter(coming)).source == "0"
    assert done == [0]
    assert [one.source for one in coming] == ["0", "1", "2"] == [one.source for one in coming]
    assert done == [0, 1, 2]
    assert coming.to_table()["source"].to_list() == ["0", "1", "2"]


def test_two_may_go_through_them_at_once() -> None:
    coming = Estimates(counted([]), 3)
    assert [(a.source, b.source) for a, b in zip(coming, coming, strict=True)] == [("0", "0"), ("1", "1"), ("2", "2")]


def test_a_row_has_every_column_in_its_order() -> None:
    for estimate in (ONE, NONE):
        assert [*row(estimate)] == [*COLUMNS]
    assert row(ONE)["low_meq_l"] == 4.36
    assert row(ONE)["warnings"] == 'One. | Two, "so".'
    assert row(ONE)["worst_quality"] == 0.93
    assert row(NONE)["potassium_meq_l"] is None


def test_csv_is_read_back() -> None:
    first, second = csv.DictReader(io.StringIO(to_csv([ONE, NONE])))
    assert [*first] == [*COLUMNS]
    assert (first["above_5.5"], first["recorded"], first["leads_used"]) == ("0.55", "2026-03-02T08:15:00", "I V5")
    assert first["warnings"] == 'One. | Two, "so".'
    assert (second["potassium_meq_l"], second["reason"]) == ("", "it is no ECG")
    assert to_csv([ONE], head=False) == to_csv([ONE]).partition("\n")[2]


@pytest.mark.parametrize("kind", ["polars", "pandas"])
def test_tables_have_the_same_columns(kind: str) -> None:
    pytest.importorskip(kind)
    table = to_table([ONE, NONE], kind)
    assert [*table.columns] == [*COLUMNS]
    assert table["recorded"][0] == ONE.recorded
    assert table["potassium_meq_l"][0] == 5.62


def test_a_column_without_a_value_keeps_its_kind() -> None:
    polars = pytest.importorskip("polars")
    assert to_table([NONE]).schema == to_table([ONE]).schema
    assert to_table([]).schema["potassium_meq_l"] == polars.Float64


def test_another_kind_of_table_is_no_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="'polars' or 'pandas'"):
        to_table([ONE], "excel")

    def missing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr("kalemia.estimate.table.import_module", missing)
    with pytest.raises(kalemia.KalemiaError, match="pip install polars"):
        to_table([ONE])
