"""Folders become one entry an ECG."""

from __future__ import annotations

import os
from pathlib import Path

import ecg_writers as write
import pytest

from kalemia.read import Input, inputs, read, seen

MADE = write.ecg(2)


def test_a_folder_yields_each_ecg_once_sorted_and_nothing_else(tmp_path: Path) -> None:
    header, data = write.wfdb(MADE)
    deep = tmp_path / "b" / "c"
    deep.mkdir(parents=True)
    for name, content in write.SINGLE.items():
        (deep / name).write_bytes(content(MADE))
    (tmp_path / "record.hea").write_bytes(header)
    (tmp_path / "record.dat").write_bytes(data)
    (tmp_path / "record.atr").write_bytes(b"\0\1")
    (tmp_path / "record.avr").write_bytes(b"V1,V2\n1,2\n")
    (tmp_path / "README.md").write_text("# ECGs\n\nI, II and V1: see there.\n")
    (tmp_path / "labels.csv").write_text("record,age,potassium\na,1,2\nb,3,4\n")
    (tmp_path / "LICENSE").write_text("Do what you like, with it.\n")
    (tmp_path / "page.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "record.png").write_bytes(b"\x89PNG\r\n\x1a\n")  # what was traced for the record
    (tmp_path / "record.json").write_text("{}")  # how it was traced
    (tmp_path / "page.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "model.bin").write_bytes(bytes(range(256)))
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "notes.xml").write_text("<notes/>")
    (tmp_path / ".hidden.csv").write_bytes(write.csv(MADE))
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "ecg.csv").write_bytes(write.csv(MADE))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "b" / "circle").symlink_to(tmp_path)
    found = [entry.path for entry in inputs([tmp_path])]
    pages = [tmp_path / "page.pdf", tmp_path / "page.png"]
    ecgs = [tmp_path / "record.hea", *(deep / name for name in sorted(write.SINGLE))]
    assert found == [*pages, *ecgs]
    for path in ecgs:
        read(path)


def test_what_is_named_is_kept_even_if_it_is_no_ecg(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("hello")
    named: list[Path | str] = [tmp_path / "README.md", tmp_path / "absent.dcm", str(tmp_path / "record")]
    assert [entry.path for entry in inputs(named)] == [Path(name) for name in named]


def test_a_cut_csv_still_looks_like_an_ecg(tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_bytes(write.csv(write.ecg(20)))
    assert len((tmp_path / "long.csv").read_bytes()) > 100_000
    assert [entry.path.name for entry in inputs([tmp_path])] == ["long.csv"]


def test_what_may_hide_an_ecg_is_passed_over_and_named(tmp_path: Path) -> None:
    files = {"a.bin": bytes(99), "b.csv": b"", "c.xml": b"<a/>", "d.zip": b"PK\x03\x04", "e.txt": b"x"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    passed_over: list[Path] = []
    assert list(inputs([tmp_path], passed_over)) == []
    assert passed_over == [tmp_path / "a.bin", tmp_path / "b.csv", tmp_path / "c.xml"]


def test_a_folder_that_cannot_be_opened_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").mkdir()
    scan = os.scandir

    def scandir(path: str) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    passed_over: list[Path] = []
    assert list(inputs([tmp_path], passed_over)) == []
    assert passed_over == [tmp_path / "locked"]


@pytest.mark.parametrize(
    ("beside", "kept"),
    [((), True), (("page.json",), True), (("page.json", "page.csv"), False), (("page.json", "page.hea"), False)],
)
def test_an_overlay_lies_beside_its_json_and_its_record(tmp_path: Path, beside: tuple[str, ...], kept: bool) -> None:
    for name in ("page.png", *beside):
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n" if name.endswith("png") else b"{}")
    assert (Input(str(tmp_path / "page.png")) in inputs([tmp_path])) == kept


@pytest.mark.parametrize(("name", "kept"), [("ecg.csv", True), ("ecg.TXT", True), ("ecg.tsv", True), ("ecg.md", False)])
def test_a_table_counts_by_its_suffix_too(tmp_path: Path, name: str, kept: bool) -> None:
    (tmp_path / name).write_bytes(write.csv(MADE))
    assert (list(inputs([tmp_path])) != []) == kept


def test_what_the_files_of_a_folder_are_is_counted(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "notes.txt").write_text("see there")
    (tmp_path / "labels.csv").write_text("a,b\n1,2\n")
    (tmp_path / "page.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "page.xml").write_text("<a/>")
    (tmp_path / "gone").symlink_to(tmp_path / "absent")
    assert seen(tmp_path) == {"text": 2, "a ZIP archive": 1, "XML without an ECG": 1, "not readable": 1}
    assert seen(tmp_path, most=2).total() == 2
