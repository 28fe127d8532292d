"""Two names of one ECG are known as one, and two ECGs as two."""

from __future__ import annotations

import shutil
from pathlib import Path

import ecg_writers as write
import pytest

from kalemia.read import Input
from kalemia.read.identity import marks

MADE = write.ecg(2)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    header, data = write.wfdb(MADE)
    (tmp_path / "record.hea").write_bytes(header)
    (tmp_path / "record.dat").write_bytes(data)
    return tmp_path / "record"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "ecg.csv").write_bytes(write.csv(MADE))
    return tmp_path / "ecg.csv"


def test_a_record_is_one_by_whatever_name(record: Path) -> None:
    named = [marks(record), marks(record.with_suffix(".hea")), marks(Input(str(record.with_suffix(".dat"))))]
    assert all(one & other for one in named for other in named)


def test_a_link_and_a_copy_are_what_they_lead_to(table: Path, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(table)
    shutil.copy(table, tmp_path / "copy.csv")
    assert str(table.resolve()) in marks(tmp_path / "link.csv")
    assert marks(table) & marks(tmp_path / "copy.csv")
    assert str(table) not in marks(tmp_path / "copy.csv")


def test_a_copy_of_a_record_is_known_by_its_samples(record: Path, tmp_path: Path) -> None:
    header, data = write.wfdb(MADE, "copy")
    (tmp_path / "copy.hea").write_bytes(header)
    (tmp_path / "copy.dat").write_bytes(data)
    assert marks(record) & marks(tmp_path / "copy")
    (tmp_path / "copy.dat").write_bytes(data[:-2] + b"\1\1")
    assert not marks(record) & marks(tmp_path / "copy")


def test_two_ecgs_have_nothing_in_common(record: Path, table: Path, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_bytes(write.csv(write.ecg(3)))
    assert not marks(table) & marks(tmp_path / "other.csv")
    assert not marks(table) & marks(record)


def test_pages_are_known_by_what_they_hold(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n")
    assert marks(tmp_path / "a.png") & marks(tmp_path / "b.png")


@pytest.mark.parametrize("name", ["absent.csv", "zero\0byte", ".", "loop", "binary.bin"])
def test_of_what_cannot_be_read_only_the_name_is_known(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "binary.bin").write_bytes(bytes(100))
    assert marks(tmp_path / name) == {str(tmp_path / name)}


def test_a_record_whose_samples_are_missing_is_known_by_its_name(record: Path) -> None:
    record.with_suffix(".dat").unlink()
    assert marks(record.with_suffix(".hea")) == {str(record.with_suffix(".hea"))}
