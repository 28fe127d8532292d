"""Cohorts of one's own table, of simulated patients, the split, and the download of the demos."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

pl = pytest.importorskip("polars")
pytest.importorskip("duckdb")

from hypothesis import given
from hypothesis import strategies as st
from mimic_tree import FIRST, subject, tree, write_csv
from typer.testing import CliRunner

from kalemia.cli import app
from kalemia.cohort import Cohort, fold_of, physionet, place_of, shards, simulated, table
from kalemia.cohort.claim import claim
from kalemia.cohort.shards import Shape, framed
from kalemia.cohort.table import OwnTable
from kalemia.errors import CohortError
from kalemia.records import LEADS, Recording
from kalemia.simulate import simulate

COLUMNS = ("file", "who", "K", "time", "draw_time", "hemolyzed", "sex")
NAMES = {"path": "file", "patient": "who", "potassium_meq_l": "K"}


@pytest.fixture
def ours(tmp_path: Path) -> list[dict[str, object]]:
    """Return rows of a table of our own, whose ECGs lie in tmp_path/ecg."""
    tree(tmp_path, 5)
    paths = sorted(path.relative_to(tmp_path / "ecg") for path in (tmp_path / "ecg").rglob("*.hea"))
    return [
        {
            "file": str(path.with_suffix("")),
            "who": f" p{k // 2} ",
            "K": 4.0 + k / 2,
            "time": FIRST.isoformat(),
            "draw_time": FIRST.replace(minute=5 * k).isoformat(),
            "hemolyzed": "yes" if k == 1 else "no",
            "sex": "Female" if k % 2 else "m",
        }
        for k, path in enumerate(paths)
    ]


def test_a_table_of_ones_own(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    broken = [dict(ours[0]), {**ours[1], "K": "n/a"}, {**ours[2], "who": " "}, {**ours[3], "time": ""}]
    broken.append({**ours[4], "draw_time": FIRST.replace(hour=23).isoformat()})
    write_csv(tmp_path / "ours.csv", COLUMNS, [*ours, *broken])
    steps = table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES), tmp_path / "cohort")
    cohort = Cohort.open(tmp_path / "cohort")
    assert cohort.table["potassium_meq_l"].to_list() == [4.0, 4.5, 5.0, 5.5, 6.0]
    assert cohort.table["patient"].to_list() == ["p0", "p0", "p1", "p1", "p2"]
    assert cohort.table["hemolyzed"].to_list() == [False, True, False, False, False]
    assert cohort.table["sex"].to_list() == ["male", "female"] * 2 + ["male"]
    assert cohort.table["gap_min"].to_list() == [0, 5, 10, 15, 20]
    assert steps[1].left_out == {
        "lines that are no rows": 0,
        "without a draw within 60 min": 1,
        "without a path or a patient": 1,
        "without a potassium": 1,
        "without both times to the minute, or with a zone": 1,
        "listed twice": 1,
        "listed twice, contradicting the first": 0,
        "with the name of another ECG": 0,
    }


def test_every_row_that_is_left_out_is_listed_with_its_reason(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    rows = [
        *ours[:3],
        {**ours[3], "K": "n/a"},
        {**ours[0], "K": 9.0},
        dict(ours[1]),
        {**ours[4], "file": "nowhere"},
        {**ours[4], "file": "damaged"},
    ]
    (tmp_path / "ecg" / "damaged").write_text("no ECG")
    write_csv(tmp_path / "ours.csv", COLUMNS, rows)
    with (tmp_path / "ours.csv").open("a", encoding="utf-8") as more:
        more.write("half,a\n")
    steps = table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES), tmp_path / "cohort")
    listed = pl.read_csv(tmp_path / "cohort" / "dropped.csv")
    assert dict(zip(listed["row"], listed["why"], strict=True)) == {
        4: "without a potassium",
        5: "listed twice, contradicting the first",
        6: "listed twice",
        7: "whose file is not there",
        8: "cannot be read as an ECG",
        None: "no row: missing columns",
    }
    assert listed["potassium as written"].to_list()[0] == "n/a"
    assert listed["path"].to_list()[-1] == "line 10: half,a"
    assert len(listed) == sum(sum(step.left_out.values()) for step in steps)
    assert len(Cohort.open(tmp_path / "cohort")) == 3


def test_a_bound_counts_as_such(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    bounds = [">8.0", "< 2,5", "≥ 7", "<=3.0", 4.2]
    write_csv(tmp_path / "ours.csv", COLUMNS, [{**row, "K": k} for row, k in zip(ours, bounds, strict=True)])
    steps = table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES), tmp_path / "cohort")
    made = Cohort.open(tmp_path / "cohort").table
    assert made["potassium_meq_l"].to_list() == pytest.approx([8.0, 2.5, 7.0, 3.0, 4.2])
    assert made["censored"].to_list() == ["above", "below", "above", "below", None]
    assert "4 values are bounds, such as >8.0; they count at the bound, marked in the column censored" in steps[1].notes


def test_a_cohort_of_before_bounds_is_opened(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    write_csv(tmp_path / "ours.csv", COLUMNS, ours)
    table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES), tmp_path / "cohort")
    path = tmp_path / "cohort" / "cohort.parquet"
    pl.read_parquet(path).drop("censored").write_parquet(path)
    assert Cohort.open(tmp_path / "cohort").table["censored"].null_count() == 5


def test_parquet_is_read_as_csv_is(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    pl.DataFrame([{**row, "hemolyzed": row["hemolyzed"] == "yes"} for row in ours]).write_parquet(
        tmp_path / "o.parquet"
    )
    write_csv(tmp_path / "o.csv", COLUMNS, ours)
    for form in ("parquet", "csv"):
        arguments = [str(tmp_path / f"o.{form}"), "--ecg", str(tmp_path / "ecg"), "--out", str(tmp_path / form)]
        named = [part for ours_, theirs in NAMES.items() for part in ("--column", f"{ours_}={theirs}")]
        result = CliRunner().invoke(app, ["cohort", "table", *arguments, *named, "--workers", "1"])
        assert result.exit_code == 0, result.output
    assert Cohort.open(tmp_path / "parquet").table.equals(Cohort.open(tmp_path / "csv").table)


def test_what_is_wrong_with_a_table_is_said(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    write_csv(tmp_path / "mg.csv", COLUMNS, [{**row, "K": 3.91 * float(str(row["K"]))} for row in ours])
    with pytest.raises(CohortError, match=r"5 of 5 values of K lie outside 1.5 to 10 .* mg/dL are 3.91 times as many"):
        table.write(OwnTable(tmp_path / "mg.csv", tmp_path / "ecg", NAMES), tmp_path / "c")
    with pytest.raises(CohortError, match="has no column path, patient, potassium_meq_l; its columns are file, who, K"):
        table.write(OwnTable(tmp_path / "mg.csv", tmp_path / "ecg"), tmp_path / "d")
    with pytest.raises(CohortError, match="has no column drawn; its columns are file, who, K"):
        table.write(OwnTable(tmp_path / "mg.csv", tmp_path / "ecg", {**NAMES, "draw_time": "drawn"}), tmp_path / "d")
    with pytest.raises(CohortError, match="no column kalium in a cohort"):
        table.write(OwnTable(tmp_path / "mg.csv", tmp_path / "ecg", {"kalium": "K"}), tmp_path / "e")
    with pytest.raises(CohortError, match="no such file"):
        table.write(OwnTable(tmp_path / "none.csv", tmp_path / "ecg"), tmp_path / "f")
    (tmp_path / "noise.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(CohortError, match=r"noise\.parquet: (no table|cannot be read)"):
        table.write(OwnTable(tmp_path / "noise.parquet", tmp_path / "ecg"), tmp_path / "g")
    write_csv(tmp_path / "ours.csv", COLUMNS, ours)
    with pytest.raises(CohortError, match="elsewhere: no such folder"):
        table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "elsewhere", NAMES), tmp_path / "h")
    with pytest.raises(CohortError, match=r"no ECG is left .* 5 whose file is not there"):
        table.write(OwnTable(tmp_path / "ours.csv", tmp_path, NAMES), tmp_path / "h")
    with pytest.raises(CohortError, match="the window is nan minutes"):
        table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES, float("nan")), tmp_path / "i")
    write_csv(tmp_path / "empty.csv", COLUMNS, [])
    with pytest.raises(CohortError, match="there are no rows"):
        table.write(OwnTable(tmp_path / "empty.csv", tmp_path / "ecg", NAMES), tmp_path / "j")
    with pytest.raises(CohortError, match="already exists"):
        table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES), Path("/"))


def test_what_a_value_does_not_say_is_not_guessed(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    rows = [
        {**ours[0], "hemolyzed": "1.0", "sex": "Mrs"},
        {**ours[1], "hemolyzed": "slightly"},
        {**ours[2], "time": "2150-03-01T09:00:00+05:00"},
        {**ours[3], "time": "infinity", "draw_time": "infinity"},
        {**ours[4], "hemolyzed": "", "file": f"./{ours[4]['file']}.hea"},
        {**ours[4], "hemolyzed": ""},
    ]
    write_csv(tmp_path / "ours.csv", COLUMNS, rows)
    steps = table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES), tmp_path / "cohort")
    cohort = Cohort.open(tmp_path / "cohort")
    assert cohort.table["hemolyzed"].to_list() == [True, False]
    assert cohort.table["sex"].to_list() == [None, "male"]
    assert steps[1].left_out == {
        "lines that are no rows": 0,
        "without both times to the minute, or with a zone": 2,
        "hemolyzed by neither yes nor no": 1,
        "listed twice": 1,
        "listed twice, contradicting the first": 0,
        "with the name of another ECG": 0,
    }


@pytest.mark.parametrize(
    "time",
    ["2150-03-01", "2150-03-01 09:00:00 PM", "2150-03-01 09:00 UTC", "2150-03-01 09:00:00 Europe/Paris", "09:00",
     "2150-03-01T09:00:00Z", "2150-03-01 24:10:00", "03/01/2150 09:00"],
)  # fmt: skip
def test_a_time_that_leaves_hours_to_a_guess_is_none(tmp_path: Path, ours: list[dict[str, object]], time: str) -> None:
    write_csv(tmp_path / "ours.csv", COLUMNS, [*ours[:2], {**ours[2], "time": time, "draw_time": time}])
    steps = table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES), tmp_path / "cohort")
    assert steps[1].left_out["without both times to the minute, or with a zone"] == 1


def test_what_describes_and_is_not_understood_is_counted(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    rows = [
        {**row, "dialysis": word, "age_y": "63 years"}
        for row, word in zip(ours, ("HD", "", "no", "1", "x"), strict=True)
    ]
    rows = [{key: value for key, value in row.items() if key != "draw_time"} for row in rows]
    rows[0]["time"] = "1.3.2150"
    names = (*(name for name in COLUMNS if name != "draw_time"), "dialysis", "age_y")
    write_csv(tmp_path / "ours.csv", names, rows)
    steps = table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES), tmp_path / "cohort")
    assert steps[1].notes == ["values that are not understood count as unknown: 1 of time, 5 of age_y, 2 of dialysis"]
    assert Cohort.open(tmp_path / "cohort").table["dialysis"].to_list() == [None, None, False, True, None]


def test_a_column_has_one_name(tmp_path: Path) -> None:
    arguments = ["cohort", "table", str(tmp_path / "t.csv"), "--ecg", str(tmp_path), "--out", str(tmp_path / "o")]
    done = CliRunner().invoke(app, [*arguments, "--column", "time=a", "--column", "time=b"])
    assert "--column names a and b for time; one is accepted" in str(done.exception)


def test_what_is_listed_twice_must_agree_and_have_one_name(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    rows = [{**row, "ecg": name} for row, name in zip(ours, "aabcd", strict=True)]
    write_csv(tmp_path / "ours.csv", (*COLUMNS, "ecg"), [*rows, {**rows[4], "hemolyzed": "yes"}])
    steps = table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES), tmp_path / "cohort")
    assert Cohort.open(tmp_path / "cohort").table["ecg"].to_list() == list("abcd")
    assert steps[1].left_out["with the name of another ECG"] == 1
    assert steps[1].left_out["listed twice, contradicting the first"] == 1
    assert "hemolyzed False and True" in steps[1].notes[0]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_table_is_read_with_the_delimiter_of_its_header(
    tmp_path: Path, ours: list[dict[str, object]], delimiter: str
) -> None:
    write_csv(tmp_path / "ours.csv", COLUMNS, ours)
    text = (tmp_path / "ours.csv").read_text().replace(",", delimiter)
    (tmp_path / "ours.csv").write_text(text, encoding="utf-8-sig")
    assert table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES), tmp_path / "c")[-1].count == 5


def test_a_decimal_comma_is_one_where_it_can_be_nothing_else(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    values = ("4,0", "4,55", "4,125", "4.2", "1,5.0")
    write_csv(tmp_path / "ours.csv", COLUMNS, [{**row, "K": value} for row, value in zip(ours, values, strict=True)])
    steps = table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES), tmp_path / "c")
    assert Cohort.open(tmp_path / "c").table["potassium_meq_l"].to_list() == pytest.approx([4.0, 4.55, 4.2])
    assert steps[1].left_out["without a potassium"] == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("file,who,K\na,1,4\n".encode("utf-16"), "is text in UTF-16; CSV in UTF-8 .* is accepted"),
        ("file,who,K\na,1,4\n".encode("utf-16-le"), "its first line is no text in UTF-8"),
        ("größe,who,K\na,1,4\n".encode("latin-1"), "its first line is no text in UTF-8"),
        (b"file who K\na 1 4\n", "has no column file, who, K; its columns are file who K"),
        (b"file,who,K,who\na,1,4,2\n", "has 2 columns called who"),
        (b"", "the file is empty; expected a header with file, who, K"),
        (b"\nfile,who,K\na,1,4\n", "its first line is empty"),
        (b"file,who,K\na,1,4,0\nb,2,4,2\nc,3,4\n", "2 of 3 lines are no rows; .* a decimal comma"),
        (b'file,who,K\na,1,4\nb,"2,4\n' + 9 * b"c,3,4\n", "line 3 has a quote that is not closed"),
    ],
)
def test_a_table_that_is_written_otherwise_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "ours.csv").write_bytes(content)
    with pytest.raises(CohortError, match=said):
        table.write(OwnTable(tmp_path / "ours.csv", tmp_path, NAMES), tmp_path / "c")


def test_a_field_of_megabytes_costs_its_row(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    for k in range(2):  # the first line that is read, or a later one
        rows = [*ours[:k], {**ours[0], "sex": "x" * 5_000_000}, *ours[k:]]
        write_csv(tmp_path / "ours.csv", COLUMNS, rows)
        steps = table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES), tmp_path / f"c{k}")
        assert steps[1].left_out["lines that are no rows"] == 1
        assert steps[-1].count == 5


def test_rows_that_contradict_each_other_are_named(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    rows = [*ours, {**ours[1], "K": 6.6}, {**ours[1], "who": "p9"}, {**ours[2], "sex": "f"}]
    write_csv(tmp_path / "ours.csv", COLUMNS, rows)
    named = [part for ours_, theirs in NAMES.items() for part in ("--column", f"{ours_}={theirs}")]
    arguments = [str(tmp_path / "ours.csv"), "--ecg", str(tmp_path / "ecg"), "--out", str(tmp_path / "c"), *named]
    result = CliRunner().invoke(app, ["cohort", "table", *arguments, "--workers", "1"])
    for line in (
        "left out: 1 listed twice\n",
        "left out: 2 listed twice, contradicting the first\n",
        f"note: {ours[1]['file']} is listed with potassium_meq_l 4.5 and 6.6; the first counts\n",
    ):
        assert line in result.output
    assert "2 listed twice, contradicting" in (tmp_path / "c" / "flow.svg").read_text()
    shown = CliRunner().invoke(app, ["cohort", "show", str(tmp_path / "c")]).output
    assert "potassium_meq_l 4.5 and 6.6" in shown
    assert Cohort.open(tmp_path / "c").table["potassium_meq_l"].to_list() == [4.0, 4.5, 5.0, 5.5, 6.0]


def test_a_patient_is_one_in_a_spreadsheet_s_spelling_and_other_spellings_are_named(
    tmp_path: Path, ours: list[dict[str, object]]
) -> None:
    for name, patients, found, said in (
        ("one", ("1", "1.0", "1.00", "10", "1.5"), {"1", "10", "1.5"}, []),
        ("two", ("1", "1.0", "01", "P 7", "p7"), {"1", "01", "P 7", "p7"}, ["4 names of .* '01' and '1'"]),
    ):
        write_csv(tmp_path / "o.csv", COLUMNS, [{**row, "who": p} for row, p in zip(ours, patients, strict=True)])
        steps = table.write(OwnTable(tmp_path / "o.csv", tmp_path / "ecg", NAMES), tmp_path / name)
        assert set(Cohort.open(tmp_path / name).table["patient"]) == found
        assert len(steps[1].notes) == len(said)
        assert all(map(re.match, said, steps[1].notes))
    pl.DataFrame([{**row, "who": float(k)} for k, row in enumerate(ours)]).write_parquet(tmp_path / "o.parquet")
    table.write(OwnTable(tmp_path / "o.parquet", tmp_path / "ecg", NAMES), tmp_path / "floats")
    assert set(Cohort.open(tmp_path / "floats").table["patient"]) == set("01234")


def test_names_are_no_patterns_and_no_sql(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    folder = tmp_path / "a*b'; DROP TABLE x; --"
    folder.mkdir()
    quoted = 'K"; DROP TABLE x; --'
    names = {**NAMES, "potassium_meq_l": quoted}
    for name, count in (("x[1].csv", 3), ("x1.csv", 5), ("x*.csv", 2)):
        rows = [{**row, quoted: row["K"]} for row in ours[:count]]
        write_csv(folder / name, (*COLUMNS, quoted), rows)
    for name, count in (("x[1].csv", 3), ("x*.csv", 2)):
        out = tmp_path / f"out {count}"
        assert table.write(OwnTable(folder / name, tmp_path / "ecg", names), out)[-1].count == count


def test_files_that_no_file_can_be_are_left_out(tmp_path: Path, ours: list[dict[str, object]]) -> None:
    (tmp_path / "ecg" / "loop.hea").symlink_to("loop.hea")
    odd = [{**ours[0], "file": name} for name in ("loop", "x" * 5000, "a\0b")]
    write_csv(tmp_path / "ours.csv", COLUMNS, [*ours, *odd])
    one_lead = tmp_path / "ecg" / str(ours[0]["file"])
    text = one_lead.with_suffix(".hea").read_text()
    for lead in LEADS:
        text = text.replace(f" {lead}\n", f" X{lead}\n")
    one_lead.with_suffix(".hea").write_text(text)
    steps = table.write(OwnTable(tmp_path / "ours.csv", tmp_path / "ecg", NAMES), tmp_path / "cohort")
    assert steps[-1].count == 4
    assert steps[-1].left_out["whose file is not there"] == 3
    assert sum(steps[-1].left_out.values()) == 4


def test_a_folder_of_others_is_never_emptied_and_two_runs_do_not_meet(
    tmp_path: Path, ours: list[dict[str, object]]
) -> None:
    partial = tmp_path / "mine.partial"
    partial.mkdir()
    (partial / "plan.json").write_text("{}")
    (partial / "thesis.txt").write_text("years of work")
    with pytest.raises(CohortError, match="holds something else"):
        simulated.write(tmp_path / "mine", 2, 1)
    assert (partial / "thesis.txt").read_text() == "years of work"
    with (
        claim(tmp_path / "theirs", {"from": "simulate"}),
        pytest.raises(CohortError, match="another run is building there"),
        claim(tmp_path / "theirs", {"from": "simulate"}),
    ):
        pass
    write_csv(tmp_path / "ours.csv", COLUMNS, ours)


def test_what_was_begun_is_looked_at_before_it_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "PER_SHARD", 2)
    simulated.write(tmp_path / "whole", 6, 1)

    def stop(done: int, _all: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    for damage in ("done-0000.json", "rows-0000.parquet", "signals-0000.npy"):
        out = tmp_path / damage
        with pytest.raises(KeyboardInterrupt):
            simulated.write(out, 6, 1, progress=stop)
        (tmp_path / f"{damage}.partial" / damage).write_bytes(b"")
        simulated.write(out, 6, 1)
        for name in ("cohort.parquet", "signals-0000.npy"):
            assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_damaged_cohort_is_said_to_be(tmp_path: Path) -> None:
    simulated.write(tmp_path / "c", 2, 1)
    card, kept = tmp_path / "c" / "cohort.json", (tmp_path / "c" / "cohort.parquet").read_bytes()
    whole = card.read_text()
    card.write_text(whole.replace('"rate_hz": 500.0', '"rate_hz": 0'))
    with pytest.raises(CohortError, match="damaged"):
        Cohort.open(tmp_path / "c")
    card.write_text(whole)
    frame = pl.read_parquet(tmp_path / "c" / "cohort.parquet")
    for broken in (
        frame.clear(),
        frame.with_columns(shard=pl.lit("../c/signals-0000.npy")),
        frame.with_columns(pl.col("potassium_meq_l").cast(pl.String)),
        frame.drop("gap_min"),
        frame.head(1),
        pl.concat([frame.head(1)] * 2),
        frame.with_columns(potassium_meq_l=pl.col("potassium_meq_l") * pl.lit(39.1, pl.Float32)),
        frame.with_columns(potassium_meq_l=pl.lit(float("nan"), pl.Float32)),
        frame.with_columns(patient=pl.lit(None, pl.String)),
    ):
        broken.write_parquet(tmp_path / "c" / "cohort.parquet")
        with pytest.raises(CohortError, match="build the cohort again"):
            Cohort.open(tmp_path / "c")
    (tmp_path / "c" / "cohort.parquet").write_bytes(kept)
    signals = np.load(tmp_path / "c" / "signals-0000.npy")
    np.save(tmp_path / "c" / "signals-0000.npy", signals[:, :1])  # of fewer leads than the card tells
    with pytest.raises(CohortError, match="build the cohort again"):
        Cohort.open(tmp_path / "c").recording(0)
    (tmp_path / "c" / "signals-0000.npy").write_bytes(b"")
    with pytest.raises(CohortError, match="build the cohort again"):
        Cohort.open(tmp_path / "c").recording(0)


def test_a_simulated_cohort_holds_what_the_simulator_made(tmp_path: Path) -> None:
    simulated.write(tmp_path / "c", 2, 3, "dialysis")
    cohort = Cohort.open(tmp_path / "c")
    made = list(simulate(2, 3, "dialysis"))
    assert cohort.labels == "simulated"
    assert cohort.table["ecg"].to_list() == [one.name for one in made]
    assert cohort.table["true_meq_l"].to_list() == pytest.approx([one.potassium_meq_l for one in made])
    assert cohort.table["potassium_meq_l"].to_list() == pytest.approx([one.blood.measured_meq_l for one in made])
    assert cohort.table.filter(pl.col("patient") == "p000000")["time"].is_sorted()
    assert np.abs(cohort.recording(13).signal - made[13].recording.signal).max() < 0.0011
    simulated.write(tmp_path / "two", 2, 3, "dialysis", workers=2)
    for name in ("cohort.parquet", "signals-0000.npy"):
        assert (tmp_path / "c" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    with pytest.raises(CohortError, match="count is 0"):
        simulated.write(tmp_path / "none", 0, 3)
    (tmp_path / "c" / "signals-0000.npy").unlink()
    with pytest.raises(CohortError, match=r"signals-0000\.npy with 24 ECGs is missing"):
        Cohort.open(tmp_path / "c")


def test_other_rates_lengths_and_gaps_are_framed() -> None:
    t = np.arange(2000) / 250
    wave = np.sin(2 * np.pi * 5 * t).astype(np.float32)
    wave[1000:1100] = np.nan
    found = framed(Recording(wave[None], 250.0, ("V5",)), Shape(LEADS, 5000))
    assert found.shape == (12, 5000)
    assert np.isnan(found[:10]).all()
    at = np.arange(4000) / 500
    known = np.isfinite(found[10, :4000])
    assert known.mean() == pytest.approx(0.95, abs=0.001)
    inner = known & (np.abs(at - 4.2) > 0.3) & (at > 0.1) & (at < 7.9)
    assert np.abs(found[10, :4000] - np.sin(2 * np.pi * 5 * at))[inner].max() < 0.01
    assert np.isnan(found[10, 4000:]).all()


@given(st.lists(st.text(min_size=1), min_size=1, max_size=60), st.integers(2, 10), st.text())
def test_no_patient_is_in_two_folds_and_further_patients_move_none(names: list[str], folds: int, salt: str) -> None:
    found = fold_of([*names, *names], folds, salt)
    assert (found[: len(names)] == found[len(names) :]).all()
    assert found.min() >= 0
    assert found.max() < folds
    assert (fold_of([*names, "one more"], folds, salt)[:-1] == found[: len(names)]).all()


def test_folds_are_about_as_large_as_each_other() -> None:
    counts = np.bincount(fold_of([f"p{k:06d}" for k in range(10_000)], 5))
    assert counts.min() > 1850
    assert 0 <= place_of("p1") < 1
    assert place_of("p1") != place_of("p1", "other")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve a tree as PhysioNet does, on this machine."""
    tree(tmp_path / "made", 3)
    root = tmp_path / "files"
    (root / "mimic-iv-demo").mkdir(parents=True)
    (root / "mimic-iv-ecg-demo").mkdir()
    (tmp_path / "made" / "clinical").rename(root / physionet.CLINICAL)
    (tmp_path / "made" / "ecg").rename(root / physionet.ECG)
    for base in (root / physionet.CLINICAL, root / physionet.ECG):
        sums = [
            f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.relative_to(base).as_posix()}"
            for path in base.rglob("*")
            if path.is_file()
        ]
        (base / "SHA256SUMS.txt").write_text("\n".join(sums) + "\n")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root))) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        monkeypatch.setenv("KALEMIA_PHYSIONET", f"http://127.0.0.1:{served.server_port}")
        yield root
        served.shutdown()


def test_the_demos_are_fetched_and_paired(tmp_path: Path, server: Path) -> None:
    folders = ["--ecg", str(tmp_path / "e"), "--clinical", str(tmp_path / "c")]
    arguments = ["cohort", "mimic-iv", *folders, "--out", str(tmp_path / "o"), "--download-demo", "--workers", "1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert Cohort.open(tmp_path / "o").table["patient"].to_list() == [subject(k) for k in range(3)]
    seen = (tmp_path / "e" / "record_list.csv").stat().st_mtime_ns
    physionet.fetch_demos(tmp_path / "e", tmp_path / "c")
    assert (tmp_path / "e" / "record_list.csv").stat().st_mtime_ns == seen


def test_a_damaged_or_hostile_download_is_refused(
    tmp_path: Path, server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, sums = (server / physionet.ECG / name for name in ("record_list.csv", physionet.SUMS))
    whole = listed.read_text()
    listed.write_text(whole + "1,2,3,2150-01-01,x\n")
    with pytest.raises(CohortError, match="differs from its checksum"):
        physionet.fetch_demos(tmp_path / "e", tmp_path / "c")
    before = hashlib.sha256(whole.encode()).hexdigest()
    listed.write_text(whole.replace("files/", "../../files/"))
    sums.write_text(sums.read_text().replace(before, hashlib.sha256(listed.read_bytes()).hexdigest()))
    with pytest.raises(CohortError, match="leads out of the folder"):
        physionet.fetch_demos(tmp_path / "e", tmp_path / "c")
    listed.unlink()
    (tmp_path / "e" / "record_list.csv").unlink()
    with pytest.raises(CohortError, match="cannot be fetched"):
        physionet.fetch_demos(tmp_path / "e", tmp_path / "c")
    sums.unlink()
    with pytest.raises(CohortError, match=r"SHA256SUMS\.txt: cannot be fetched"):
        physionet.fetch_demos(tmp_path / "e", tmp_path / "c")
    monkeypatch.setenv("KALEMIA_PHYSIONET", "file:///etc")
    with pytest.raises(CohortError, match="begins with https"):
        physionet.fetch_demos(tmp_path / "e", tmp_path / "c")
