"""Files are written whole or not at all, and a folder that cannot be written is said to be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kalemia.errors import CohortError, KalemiaError
from kalemia.system import atomic


def test_every_file_gets_its_content_and_no_other_is_left(tmp_path: Path) -> None:
    contents = {tmp_path / "a.hea": b"header", tmp_path / "a.dat": b"\x00\xff" * 9}
    atomic.write(contents)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == contents


def test_what_was_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"old and longer")
    atomic.write({tmp_path / "a.json": b"new"})
    assert (tmp_path / "a.json").read_bytes() == b"new"


def test_of_several_files_none_is_changed_where_one_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "first").write_bytes(b"old")
    with pytest.raises(OSError, match="No such file"):
        atomic.write({tmp_path / "first": b"new", tmp_path / "none" / "second": b"new"})
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("first", b"old")]


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        atomic.write({tmp_path / "first": b"new", tmp_path / "taken": b"new"})
    assert (caught.value.strerror, caught.value.filename) == (os.strerror(21), str(tmp_path / "taken"))
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_a_disk_that_fills_up_leaves_the_old_file_and_no_part_of_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"old")
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        write(path, content[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        atomic.write({tmp_path / "a": b"new"})
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"old")]


def test_a_part_is_hidden_and_lies_beside_its_file_until_all_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    write = Path.write_bytes

    def watched(path: Path, content: bytes) -> int:
        written.append(path)
        assert not any((tmp_path / name).exists() for name in "ab")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", watched)
    atomic.write({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert len(set(written)) == 2
    assert all(part.parent == tmp_path and part.name.startswith(".") for part in written)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_folder_is_made_and_tried_and_left_empty(tmp_path: Path) -> None:
    atomic.writable(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []
    atomic.writable(tmp_path / "a" / "b")


def test_a_folder_that_is_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match=r"exists|Not a directory"):
            atomic.writable(folder)


def test_a_folder_that_takes_no_file_is_found_out_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(PermissionError):
        atomic.writable(tmp_path)


@pytest.mark.parametrize("kind", [KalemiaError, CohortError])
@pytest.mark.parametrize(
    ("error", "why"), [(OSError(28, "No space left on device"), "No space left on device"), (OSError("odd"), "odd")]
)
def test_what_cannot_be_written_is_said_in_one_sentence(kind: type[KalemiaError], error: OSError, why: str) -> None:
    with pytest.raises(kind) as caught, atomic.writing(Path("out/x.json"), kind):
        raise error
    assert type(caught.value) is kind
    assert str(caught.value) == f"out/x.json: cannot be written ({why}); give a folder that may be written"
    assert caught.value.__cause__ is error


def test_what_is_no_matter_of_the_disk_is_left_alone() -> None:
    with pytest.raises(ValueError, match="other"), atomic.writing(Path("out")):
        raise ValueError("other")
    with atomic.writing(Path("out")):
        pass
