"""People's tables: headers, delimiters, what DuckDB makes of lines, times and quotes, and where files lie."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import pytest

pytest.importorskip("polars")
pytest.importorskip("duckdb")

import polars as pl

from kalemia.cohort import foreign, header
from kalemia.cohort.foreign import ForeignTable
from kalemia.cohort.header import Header
from kalemia.cohort.mimic_draws import HEMOLYSIS_INDEX, NOT_HEMOLYZED, draws
from kalemia.cohort.mimic_files import MimicFiles, MimicFolders
from kalemia.errors import CohortError


def opened(path: Path, *columns: str) -> ForeignTable:
    return ForeignTable(foreign.connect(1), path, columns)


def written(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.mark.parametrize(
    ("text", "names", "delimiter"),
    [
        ("who,K\n1,4\n", ("who", "K"), ","),
        ("who;K\n1;4,2\n", ("who", "K"), ";"),
        ("who\tK\n1\t4\n", ("who", "K"), "\t"),
        ("who|K\n", ("who", "K"), "|"),
        (' who , "K" \n', ("who", '"K"'), ","),
        ('"a,b",who,K\n', ("a,b", "who", "K"), ","),
        ("who;x,K\nwho;x,1\n", ("who;x", "K"), ","),
        ("\ufeffwho,K\n1,4\n", ("who", "K"), ","),
        ("who,K\r\n1,4\r\n", ("who", "K"), ","),
        ('"who","K\nof blood"\n', ("who", "K\nof blood"), ","),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_a_header_is_read_with_the_delimiter_that_gives_what_is_needed(
    tmp_path: Path, text: str, names: tuple[str, ...], delimiter: str, suffix: str
) -> None:
    path = written(tmp_path / f"t{suffix}", text)
    needed = [name for name in names if name in ("K", "who")][:1]
    assert header.read(path, needed) == Header(names, delimiter)


@pytest.mark.parametrize(
    ("text", "rowless"),
    [("", True), ("a,b\n", True), ("a,b\n\n  \n", True), ("a,b\n1,2\n", False), ("a,b\n1,2", False)],
)
def test_a_table_without_rows(tmp_path: Path, text: str, rowless: bool) -> None:
    assert header.rowless(written(tmp_path / "t.csv", text)) == rowless
    assert header.rowless(written(tmp_path / "t.csv.gz", text)) == rowless


def test_what_cannot_be_read_is_not_called_rowless(tmp_path: Path) -> None:
    assert not header.rowless(tmp_path / "none.csv")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a,b\n")[:-6])
    assert not header.rowless(tmp_path / "t.csv.gz")


def test_columns_that_are_lacking_are_named_and_long_headers_cut(tmp_path: Path) -> None:
    names = [f"column {k}" for k in range(30)]
    found = header.lacking(tmp_path / "t.csv", ["K", "column 3", "who"], names)
    assert "has no column K, who; its columns are column 0, column 1," in found
    assert found.endswith("column 19")
    assert "x" * 41 not in header.lacking(tmp_path / "t.csv", ["K"], ["x" * 400])


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=r"none\.csv: cannot be read \(No such file"):
        header.read(tmp_path / "none.csv", ["K"])


def test_columns_are_text_and_missing_ones_null(tmp_path: Path) -> None:
    table = opened(written(tmp_path / "t.csv", 'who,K\n01,"4,2"\n,\n'), "who")
    columns = {"who": table.text("who"), "K": table.text("K"), "sex": table.text("sex")}
    assert table.select(columns, tmp_path / "copied.parquet").rows() == [("01", "4,2", None), (None, None, None)]
    assert table.rejected() == 0


def test_a_selection_takes_a_tail_and_odd_names(tmp_path: Path) -> None:
    table = opened(written(tmp_path / "t.csv", "who,K\na,4\nb,5\na,6\n"), "who")
    found = table.select({"who": table.text("who"), "how many": "count(*)"}, tmp_path / "c", "GROUP BY 1 ORDER BY 1")
    assert found.to_dicts() == [{"who": "a", "how many": 2}, {"who": "b", "how many": 1}]
    only = table.select({"K": table.text("K")}, tmp_path / "c", f"WHERE {table.text('who')} = 'b'")
    assert only["K"].to_list() == ["5"]


def test_a_parquet_file_is_a_table_too(tmp_path: Path) -> None:
    pl.DataFrame({"who": ["a"], "K": [4.2], 'odd"name': [1]}).write_parquet(tmp_path / "t.PQ")
    table = opened(tmp_path / "t.PQ", "who", "K")
    assert table.select({"K": table.text("K"), "o": table.text('odd"name')}, tmp_path / "c").rows() == [("4.2", "1")]
    assert table.rejected() == 0
    with pytest.raises(CohortError, match="has no column sex; its columns are who, K"):
        opened(tmp_path / "t.PQ", "sex")


@pytest.mark.parametrize(
    ("lines", "rejected", "rows"),
    [
        ("a,4\nb,5\n", 0, 2),
        ("a,4\nb,5,6\n", 1, 1),
        ("a,4\nb\nc,5\n", 1, 2),
        ('a,"4"\nb,"5""6"\n', 0, 2),
        ('a,4\nb,"5"6\nc,7\n', 1, 2),
    ],
)
def test_lines_that_are_no_rows_are_counted(tmp_path: Path, lines: str, rejected: int, rows: int) -> None:
    table = opened(written(tmp_path / "t.csv", f"who,K\n{lines}"), "who")
    assert len(table.select({"who": table.text("who")}, tmp_path / "c")) == rows
    assert table.rejected() == rejected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2150-03-01 09:00:00", datetime(2150, 3, 1, 9)),
        ("2150-03-01T09:05", datetime(2150, 3, 1, 9, 5)),
        (" 2150-3-1 9:05 ", datetime(2150, 3, 1, 9, 5)),
        ("2150-03-01 09:00:00.250", datetime(2150, 3, 1, 9, 0, 0, 250_000)),
        ("2150-02-30 09:00:00", None),
        ("2150-03-01 25:00:00", None),
        ("2150-03-01", None),
        ("2150-03-01 09:00:00Z", None),
        ("2150-03-01 09:00 PM", None),
        ("1066-10-14 09:00:00", None),
        ("9999-01-01 00:00:00", None),
        ("infinity", None),
        ("", None),
    ],
)
def test_a_time_is_local_and_whole_or_none(text: str, expected: datetime | None) -> None:
    query = f"SELECT {foreign.time('text')} FROM (SELECT ? AS text)"
    [(found,)] = foreign.connect(1).execute(query, [text]).fetchall()
    assert found == expected


def test_paths_are_quoted_and_no_patterns() -> None:
    assert foreign.quoted(Path("a'b")) == "a''b"
    assert foreign.globbed(Path("a*b?[1]'")) == "a[*]b[?][[]1]''"


@pytest.mark.parametrize("minutes", [0.0, -5.0, float("nan"), float("inf"), 7 * 24 * 60 + 1])
def test_a_window_is_up_to_a_week(minutes: float) -> None:
    with pytest.raises(CohortError, match="more than 0 and up to a week is accepted"):
        foreign.check_window(minutes)
    foreign.check_window(7 * 24 * 60)


def test_a_folder_must_be_one(tmp_path: Path) -> None:
    foreign.check_folder(tmp_path)
    with pytest.raises(CohortError, match="no such folder"):
        foreign.check_folder(written(tmp_path / "file", ""))


def test_files_are_found_as_they_are_or_gzipped(tmp_path: Path) -> None:
    assert foreign.find(tmp_path, "a.csv", "b.csv") is None
    second = written(tmp_path / "b.csv.gz", "x\n")
    assert foreign.find(tmp_path, "a.csv", "b.csv") == second
    first = written(tmp_path / "a.csv", "x\n")
    assert foreign.needed(tmp_path, "a.csv", "b.csv") == first
    with pytest.raises(CohortError, match=r"has no c\.csv or d\.csv \(or \.gz\); give the folder that holds it"):
        foreign.needed(tmp_path, "c.csv", "d.csv")


def test_mimics_files_may_lie_in_hosp_or_above_it(tmp_path: Path) -> None:
    records = written(tmp_path / "ecg" / "record_list.csv", "x\n")
    labs = written(tmp_path / "flat" / "labevents.csv", "x\n")
    assert MimicFiles.of(MimicFolders(tmp_path / "ecg", tmp_path / "flat")) == (records, labs, None, None, None)
    deep = written(tmp_path / "deep" / "hosp" / "labevents.csv.gz", "x\n")
    people = written(tmp_path / "deep" / "hosp" / "patients.csv", "x\n")
    files = MimicFiles.of(MimicFolders(tmp_path / "ecg", tmp_path / "deep"))
    assert (files.labs, files.patients, files.diagnoses) == (deep, people, None)
    with pytest.raises(CohortError, match=r"empty: has no labevents\.csv"):
        MimicFiles.of(MimicFolders(tmp_path / "ecg", tmp_path / "empty"))


@pytest.mark.parametrize(
    ("comment", "left"),
    [
        ("not hemolyzed", ""),
        ("no evidence of hemolysis noted", " noted"),
        ("no visible signs of haemolysis", ""),
        ("without any hemolysis", ""),
        ("hemolyzed", "hemolyzed"),
        ("not icteric, hemolyzed", "not icteric, hemolyzed"),
        ("casino hemolyzed", "casino hemolyzed"),
    ],
)
def test_a_negation_is_taken_out_of_a_comment(comment: str, left: str) -> None:
    [(found,)] = (
        foreign.connect(1).execute(f"SELECT regexp_replace(lower(?), '{NOT_HEMOLYZED}', '', 'g')", [comment]).fetchall()
    )
    assert found == left


HEAD = "subject_id,specimen_id,itemid,charttime,valuenum,valueuom,comments\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("1,s,50971,2150-01-01 10:00,4.2,mEq/L,\n", [(4.2, "serum", False)]),
        ("1,s,50971,2150-01-01 10:00,4.2, MMOL/L ,\n", [(4.2, "serum", False)]),
        ("1,s,50971,2150-01-01 10:00,4.2,,\n", [(4.2, "serum", False)]),
        ("1,s,50822,2150-01-01 10:00,4.2,mEq/L,\n", [(4.2, "whole blood", False)]),
        ("1,s,50971,2150-01-01 10:00,4.2,mg/dL,\n", []),
        ("1,s,50971,2150-01-01 10:00,1.4,mEq/L,\n", []),
        ("1,s,50971,2150-01-01 10:00,10.1,mEq/L,\n", []),
        ("1,s,50971,,4.2,mEq/L,\n", []),
        ("1,s,50971,2150-01-01 10:00,,mEq/L,\n", []),
        ("2,s,50971,2150-01-01 10:00,4.2,mEq/L,\n", []),  # no patient with an ECG
        ("1,s,50983,2150-01-01 10:00,4.2,mEq/L,\n", []),  # sodium
        ("1,s,50971,2150-01-01 10:00,4.2,mEq/L,Hemolyzed\n", [(4.2, "serum", True)]),
        (f"1,s,50971,2150-01-01 10:00,4.2,mEq/L,\n1,s,{HEMOLYSIS_INDEX},,49,,\n", [(4.2, "serum", False)]),
        (f"1,s,50971,2150-01-01 10:00,4.2,mEq/L,\n1,s,{HEMOLYSIS_INDEX},,50,,\n", [(4.2, "serum", True)]),
        (f"1,s,50971,2150-01-01 10:00,4.2,mEq/L,\n1,t,{HEMOLYSIS_INDEX},,90,,\n", [(4.2, "serum", False)]),
        (f"1,,50971,2150-01-01 10:00,4.2,mEq/L,\n1,,{HEMOLYSIS_INDEX},,90,,\n", [(4.2, "serum", False)]),
    ],
)
def test_which_lines_of_the_laboratory_are_draws(
    tmp_path: Path, lines: str, expected: list[tuple[float, str, bool]]
) -> None:
    labs = written(tmp_path / "labevents.csv", HEAD + lines)
    pl.DataFrame({"patient": ["1"]}).write_parquet(tmp_path / "listed.parquet")
    found, steps = draws(foreign.connect(1), labs, tmp_path / "listed.parquet", 50.0, tmp_path / "draws.parquet")
    rows = found.select("potassium_meq_l", "specimen", "hemolyzed").rows()
    assert [(round(k, 2), *rest) for k, *rest in rows] == expected
    assert steps[1].count == len(expected)
    assert steps[0].count == len(expected) + sum(steps[1].left_out.values())
