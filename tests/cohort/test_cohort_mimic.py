"""A tree shaped like MIMIC-IV becomes a cohort, and what is wrong with it gets a sentence and a count."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("polars")
pytest.importorskip("duckdb")

from mimic_tree import FIRST, lab, subject, tree, write_csv
from typer.testing import CliRunner

from kalemia.cli import app
from kalemia.cohort import Cohort, mimic_iv, shards
from kalemia.cohort.flow import Step
from kalemia.cohort.mimic_files import MimicFolders
from kalemia.errors import CohortError


def at(number: int, minutes: float) -> timedelta:
    return timedelta(days=number, minutes=minutes)


def built(folder: Path, **options: float) -> tuple[Cohort, list[Step]]:
    steps = mimic_iv.write(MimicFolders(folder / "ecg", folder / "clinical", **options), folder / "cohort")
    return Cohort.open(folder / "cohort"), steps


def test_every_ecg_gets_the_potassium_of_its_patient(tmp_path: Path) -> None:
    made = tree(tmp_path)
    cohort, steps = built(tmp_path)
    assert cohort.labels == "measured"
    assert cohort.table["patient"].to_list() == [subject(k) for k in range(12)]
    assert cohort.table["potassium_meq_l"].to_list() == pytest.approx([one.blood.measured_meq_l for one in made])
    assert set(cohort.table["gap_min"]) == {20.0}
    assert cohort.table["kidney_disease"].to_list() == [True, True, False, True] * 3
    assert cohort.table["dialysis"].to_list() == [False, True, False, False] * 3
    assert cohort.table["wide_qrs"].to_list() == [False, True] * 6
    assert cohort.table["atrial_fibrillation"].to_list() == [bool(one.parameters["fibrillation"]) for one in made]
    assert cohort.table["sex"][0] == ("female" if made[0].parameters["female"] else "male")
    assert cohort.table["age_y"].to_list() == [round(one.parameters["age_y"]) for one in made]
    for number, one in enumerate(made):
        recording = cohort.recording(number)  # leads by name, whatever order the file has
        assert recording.leads == one.recording.leads
        assert np.abs(recording.signal - one.recording.signal).max() < 0.0011
    assert [step.count for step in steps] == [12, 12, 12, 12, 12, 12]
    assert not (tmp_path / "cohort.partial").exists()


def test_what_cannot_be_trusted_is_left_out_and_counted(tmp_path: Path) -> None:
    extra = [
        lab(0, None, 4.4),
        lab(1, FIRST + at(1, 1), 17.2, valueuom="mg/dL"),
        lab(2, FIRST + at(2, 1), 42),
        lab(3, FIRST + at(3, 1), ""),
        lab(4, FIRST + at(4, 1), 8.8, comments="HEMOLYZED, SLIGHTLY"),
        lab(7, FIRST + at(7, 1), 6.2, comments="Specimen not hemolyzed."),
        lab(5, FIRST + at(5, 1), 8.8, specimen_id="x"),
        lab(5, FIRST + at(5, 1), 120, item="50934", specimen_id="x"),
        lab(6, FIRST + at(6, 19), 6.1, item="50822"),
        lab(99, FIRST, 4.0),
    ]
    tree(tmp_path, extra=extra)
    cohort, steps = built(tmp_path)
    assert steps[0].count == 20
    assert steps[1].left_out == {
        "in mg/dl instead of mEq/L": 1,
        "lines that are no rows": 0,
        "outside 1.5 to 10 mEq/L": 1,
        "without a number": 1,
        "without a time": 1,
    }
    assert steps[1].patients == 12
    assert cohort.table["hemolyzed"].to_list() == [False] * 12
    assert not {8.8, 42.0, 17.2} & {round(k, 1) for k in cohort.table["potassium_meq_l"].to_list()}
    assert cohort.table["potassium_meq_l"][7] == pytest.approx(6.2)
    assert cohort.table["specimen"].to_list() == ["serum"] * 6 + ["whole blood"] + ["serum"] * 5
    assert cohort.card.flow[1].left_out["without a time"] == 1
    drawing = (tmp_path / "cohort" / "flow.svg").read_text()
    ElementTree.fromstring(drawing)
    assert "1 without a time" in drawing
    assert "12 ECGs in the cohort of 12 patients" in drawing


def test_a_hemolyzed_draw_is_taken_where_there_is_no_other_and_flagged(tmp_path: Path) -> None:
    tree(tmp_path, 4)
    labs = [
        lab(0, FIRST + at(0, -5), 6.4, comments="Hemolysis falsely elevates this test."),
        lab(1, FIRST + at(1, -59), 4.0),
        lab(2, FIRST + at(2, 61), 4.0),
        lab(3, FIRST + at(3, 50), 4.1),
        lab(3, FIRST + at(3, -49), 4.2),
    ]
    write_csv(tmp_path / "clinical" / "hosp" / "labevents.csv.gz", (*labs[0], "specimen_id"), labs)
    cohort, steps = built(tmp_path)
    assert cohort.table["patient"].to_list() == [subject(0), subject(1), subject(3)]
    assert cohort.table["hemolyzed"].to_list() == [True, False, False]
    assert cohort.table["gap_min"].to_list() == [-5, -59, -49]
    assert steps[4].left_out == {"without a draw within 60 min": 1}
    wider = mimic_iv.write(MimicFolders(tmp_path / "ecg", tmp_path / "clinical", window_min=90), tmp_path / "wider")
    assert wider[-1].count == 4


@pytest.mark.parametrize(
    ("comment", "hemolyzed"),
    [
        ("RESULT NOT RELIABLE, HEMOLYZED.", True),
        ("NOT ICTERIC; HEMOLYZED", True),
        ("NON-FASTING. HEMOLYZED SPECIMEN", True),
        ("no. Hemolyzed 2+", True),
        ("HAEMOLYSED", True),
        ("Not hemolyzed. Repeat: HEMOLYZED", True),
        ("SLIGHTLY_HEMOLYZED", True),
        ("Non-hemolyzed specimen", False),
        ("NONHEMOLYZED", False),
        ("No evidence of haemolysis", False),
        ("No visible hemolysis.", False),
        ("___", False),
    ],
)
def test_a_negation_of_another_thing_hides_no_hemolysis(tmp_path: Path, comment: str, *, hemolyzed: bool) -> None:
    tree(tmp_path, 1)
    labs = [lab(0, FIRST + at(0, -5), 6.4, comments=comment)]
    write_csv(tmp_path / "clinical" / "hosp" / "labevents.csv.gz", (*labs[0], "specimen_id"), labs)
    assert built(tmp_path)[0].table["hemolyzed"].to_list() == [hemolyzed]


def test_a_qrs_that_the_machine_did_not_find_is_neither_wide_nor_narrow(tmp_path: Path) -> None:
    tree(tmp_path, 4)
    rows = [
        {"study_id": 40_000_000 + number, "qrs_onset": onset, "qrs_end": end}
        for number, (onset, end) in enumerate([(100, 230), (29999, 29999), (100, 29999), (100, 200)])
    ]
    write_csv(tmp_path / "ecg" / "machine_measurements.csv", tuple(rows[0]), rows)
    assert built(tmp_path)[0].table["wide_qrs"].to_list() == [True, None, None, False]


def test_a_code_counts_in_its_own_version(tmp_path: Path) -> None:
    tree(tmp_path, 3)
    rows = [
        {"subject_id": subject(number), "icd_code": code, "icd_version": version}
        for number, (code, version) in enumerate([("V4511", "9"), ("V4512XA", "10"), ("Z992", "10")])
    ]
    write_csv(tmp_path / "clinical" / "hosp" / "diagnoses_icd.csv.gz", tuple(rows[0]), rows)
    cohort = built(tmp_path)[0]
    assert cohort.table["dialysis"].to_list() == [True, False, True]
    assert cohort.table["kidney_disease"].to_list() == [True, False, True]


def test_records_that_are_not_there_are_counted(tmp_path: Path) -> None:
    tree(tmp_path, 6)
    listed = tmp_path / "ecg" / "record_list.csv"
    lines = listed.read_text().splitlines()
    first = next((tmp_path / "ecg").glob("files/*/*/s40000000/*.dat"))
    first.write_bytes(first.read_bytes()[:100])
    next((tmp_path / "ecg").glob("files/*/*/s40000001/*.hea")).unlink()
    lines[3] = lines[3].replace("files/", "../ecg/../../etc/")
    lines[4] = ",".join(["", *lines[4].split(",")[1:]])
    other = lines[-1].replace(subject(5), subject(0), 1)
    listed.write_text("\n".join([*lines, lines[-1], other]) + "\n")
    cohort, steps = built(tmp_path)
    assert len(cohort) == 2
    assert steps[3].left_out["listed twice"] == 1
    assert steps[3].left_out["listed twice, contradicting the first"] == 1
    assert steps[3].notes == [f"40000005 is listed with patient {subject(5)} and {subject(0)}; the first counts"]
    assert steps[3].left_out["without a time, a patient or a path"] == 1
    assert steps[-1].left_out == {
        "cannot be read as an ECG": 1,
        "whose file is not there": 1,
        "whose path leads out of the folder": 1,
    }


def test_a_table_that_is_cut_off_is_refused_with_the_rows_there_are(tmp_path: Path) -> None:
    tree(tmp_path, 3)
    labs = tmp_path / "clinical" / "hosp" / "labevents.csv.gz"
    text = gzip.decompress(labs.read_bytes())
    whole = gzip.compress(text + b"".join(b"%d,1,,%d,51222,,,,1,1,g,,,,,\n" % (k * 7919, k) for k in range(40_000)))
    labs.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CohortError, match=r"cut off after [\d,]+ rows, and what comes after them is lost"):
        built(tmp_path)
    damaged = bytearray(whole)
    damaged[-8] ^= 1  # its checksum
    labs.write_bytes(bytes(damaged))
    with pytest.raises(CohortError, match="damaged or cut off"):
        built(tmp_path)
    labs.write_bytes(whole)
    assert len(built(tmp_path)[0]) == 3


def test_an_optional_file_that_is_empty_counts_as_missing(tmp_path: Path) -> None:
    tree(tmp_path, 3)
    write_csv(tmp_path / "clinical" / "hosp" / "diagnoses_icd.csv.gz", ("subject_id", "icd_code"), [])
    (tmp_path / "clinical" / "hosp" / "patients.csv.gz").write_bytes(b"")
    (tmp_path / "ecg" / "machine_measurements.csv").write_bytes(b"")
    cohort, steps = built(tmp_path)
    assert len(cohort) == 3
    for name in ("age_y", "sex", "dialysis", "kidney_disease", "wide_qrs", "atrial_fibrillation"):
        assert cohort.table[name].null_count() == 3
    assert [note.split(" has no rows and counts as missing")[0] for note in steps[4].notes] == [
        "patients.csv.gz",
        "diagnoses_icd.csv.gz",
        "machine_measurements.csv",
    ]


def test_what_is_no_mimic_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=r"has no record_list\.csv"):
        built(tmp_path)
    tree(tmp_path, 2)
    with pytest.raises(CohortError, match="the window is 0 minutes"):
        built(tmp_path, window_min=0)
    (tmp_path / "ecg" / "record_list.csv").write_text("subject,path\n1,a\n")
    with pytest.raises(CohortError, match="has no column subject_id, study_id, ecg_time; its columns"):
        built(tmp_path)
    with pytest.raises(CohortError, match="no cohort"):
        Cohort.open(tmp_path)


def test_it_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "PER_SHARD", 4)
    tree(tmp_path)
    mimic = MimicFolders(tmp_path / "ecg", tmp_path / "clinical")

    class Stopped(Exception):  # noqa: N818 - as a user's interrupt
        pass

    def stop(done: int, _all: int) -> None:
        if done == 8:
            raise Stopped

    with pytest.raises(Stopped):
        mimic_iv.write(mimic, tmp_path / "cohort", progress=stop)
    partial = tmp_path / "cohort.partial"
    written = {path.name: path.stat().st_mtime_ns for path in partial.glob("signals-*.npy")}
    assert len(written) == 2
    with pytest.raises(CohortError, match="holds something else"):
        mimic_iv.write(MimicFolders(mimic.ecg, mimic.clinical, 30), tmp_path / "cohort")
    mimic_iv.write(mimic, tmp_path / "cohort")
    assert {name: (tmp_path / "cohort" / name).stat().st_mtime_ns for name in written} == written
    mimic_iv.write(mimic, tmp_path / "at_once")
    for name in ("cohort.parquet", "cohort.json", "flow.svg", "signals-0002.npy"):
        assert (tmp_path / "cohort" / name).read_bytes() == (tmp_path / "at_once" / name).read_bytes()
    with pytest.raises(CohortError, match="already exists"):
        mimic_iv.write(mimic, tmp_path / "cohort")


def test_the_command_line(tmp_path: Path) -> None:
    tree(tmp_path, 5)
    arguments = ["--ecg", str(tmp_path / "ecg"), "--clinical", str(tmp_path / "clinical"), "--out"]
    result = CliRunner().invoke(app, ["cohort", "mimic-iv", *arguments, str(tmp_path / "c"), "--workers", "2"])
    assert result.exit_code == 0, result.output
    assert "5 ECGs in the cohort of 5 patients" in result.output
    shown = CliRunner().invoke(app, ["cohort", "show", str(tmp_path / "c")])
    assert "measured potassium" in shown.output
    assert json.loads((tmp_path / "c" / "cohort.json").read_text())["patients"] == 5
