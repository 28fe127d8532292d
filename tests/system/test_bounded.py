"""Files that others made are opened where they are regular and of a sane size, and nowhere else."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from kalemia.errors import CalibrationError, ModelError, ReadError
from kalemia.system import bounded


def test_a_regular_file_has_its_size(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1234567")
    assert bounded.size(tmp_path / "a") == 7
    (tmp_path / "link").symlink_to("a")
    assert bounded.size(tmp_path / "link") == 7


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (".", "this is a folder; a page is accepted"),
        ("pipe", "this is no regular file (a pipe or device); a page is accepted"),
        ("/dev/zero", "this is no regular file (a pipe or device); a page is accepted"),
    ],
)
def test_what_is_no_regular_file_is_named(tmp_path: Path, name: str, sentence: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReadError, match=f"^{re.escape(sentence)}$"):
        bounded.size(tmp_path / name, "a page is accepted")


def test_what_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        bounded.size(tmp_path / "a")


def test_the_limit_itself_is_accepted() -> None:
    bounded.within(1000, 1000, "a card")
    with pytest.raises(ReadError, match=r"^the file has 1,001 bytes; as a card up to 1,000 are accepted$"):
        bounded.within(1001, 1000, "a card")


def test_content_is_returned_up_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1234567")
    assert bounded.content(tmp_path / "a", 7, "a card", ModelError) == b"1234567"
    with pytest.raises(ModelError, match=r"/a: the file has 7 bytes; as a card up to 6 are accepted$"):
        bounded.content(tmp_path / "a", 6, "a card", ModelError)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("no", "/no: the file cannot be read (No such file or directory); a table is accepted"),
        (".", ": this is a folder; a table is accepted"),
        ("pipe", "/pipe: this is no regular file (a pipe or device); a table is accepted"),
        ("a\0b", "the name of the file holds a zero byte; a table is accepted"),
    ],
)
def test_what_cannot_be_read_is_an_error_of_who_asks(tmp_path: Path, name: str, sentence: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CalibrationError, match=f"{re.escape(sentence)}$") as caught:
        bounded.content(tmp_path / name, 10, "a table", CalibrationError)
    assert "\n" not in str(caught.value)
