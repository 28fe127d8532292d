"""`kalemia digitize`: which files are read, where a page goes, and what the exit status says of bad ones."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from commands import invoke

from ecgs import recording, traced
from kalemia.digitize.result import Digitized
from kalemia.errors import DigitizeError, KalemiaError, ReadError
from kalemia.read import Input

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@dataclass
class Pages:
    """Stands in the place of what reads the pages of a file: one page each, or an error where the test says so."""

    errors: dict[str, Exception] = field(default_factory=dict)
    asked: list[tuple[str, str, float | None]] = field(default_factory=list)
    numbers: tuple[int, ...] = (1,)
    warnings: tuple[str, ...] = ()

    def __call__(self, source: Input, layout: str, dpi: float | None, **_: float | None) -> Iterator[Digitized]:
        name = source.path.name
        self.asked.append((name, layout, dpi))
        if name in self.errors:
            raise self.errors[name]
        shown = replace(recording(("V5",), seconds=1.0), source=str(source), warnings=self.warnings)
        for number in self.numbers:
            yield replace(traced(shown), page=number)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Pages:
    import kalemia.digitize.page  # noqa: F401 - that the room is there

    answers = Pages()
    monkeypatch.setattr(sys.modules["kalemia.digitize"], "pages", answers)
    return answers


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder with two pictures, a table and notes."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for name, content in {"b.png": PNG, "a.png": PNG, "labels.csv": b"time,V5\n0,1\n", "notes.txt": b"seen"}.items():
        (folder / name).write_bytes(content)
    return folder


def test_a_page_is_written_under_the_name_of_its_file_and_said(pages: Pages, scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = invoke("digitize", scans / "a.png", "--out", out)
    assert result.exit_code == 0
    assert {path.name for path in out.iterdir()} == {"a.hea", "a.dat", "a.json", "a.png"}
    (line,) = result.stdout.splitlines()
    assert line.startswith(f"{scans / 'a.png'}: 1x1, 25 mm/s, 10 mm/mV, 75 beats/min, confidence of the poorest lead")
    assert line.endswith(f": {out / 'a'}")
    assert json.loads((out / "a.json").read_text())["source"] == str(scans / "a.png")


def test_of_a_folder_only_pictures_are_read_in_their_order(pages: Pages, scans: Path, tmp_path: Path) -> None:
    invoke("digitize", scans, "--out", tmp_path / "out")
    assert [name for name, _, _ in pages.asked] == ["a.png", "b.png"]


@pytest.mark.parametrize("target", ["nowhere.hea", "loop.hea"])
def test_what_cannot_be_opened_in_a_folder_stops_no_page(
    pages: Pages, scans: Path, tmp_path: Path, target: str
) -> None:
    (scans / "loop.hea").symlink_to(target)
    os.mkfifo(scans / "pipe.hea")
    assert invoke("digitize", scans, "--out", tmp_path / "out").exit_code == 0
    assert [name for name, _, _ in pages.asked] == ["a.png", "b.png"]


def test_a_file_that_is_named_is_tried_whatever_it_is(pages: Pages, scans: Path, tmp_path: Path) -> None:
    invoke("digitize", scans / "notes.txt", scans, "--out", tmp_path / "out")
    assert [name for name, _, _ in pages.asked] == ["notes.txt", "a.png", "b.png"]


def test_options_reach_the_reader(pages: Pages, scans: Path, tmp_path: Path) -> None:
    options = ("--layout", "6x2", "--dpi", 300, "--format", "csv")
    invoke("digitize", scans / "a.png", "--out", tmp_path / "out", *options)
    assert pages.asked == [("a.png", "6x2", 300.0)]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.csv", "a.json", "a.png"}


def test_pages_of_one_file_and_files_of_one_name_keep_apart(pages: Pages, scans: Path, tmp_path: Path) -> None:
    pages.numbers = (1, 3)
    other = tmp_path / "other"
    other.mkdir()
    (other / "A.png").write_bytes(PNG)
    invoke("digitize", scans / "a.png", other / "A.png", "--out", tmp_path / "out")
    assert {path.stem for path in (tmp_path / "out").glob("*.json")} == {"a", "a_p3", "A_2", "A_p3_2"}


def test_warnings_of_a_page_are_told_beside_it(pages: Pages, scans: Path, tmp_path: Path) -> None:
    pages.warnings = ("The gain is assumed.",)
    result = invoke("digitize", scans / "a.png", "--out", tmp_path / "out")
    assert result.stderr == f"{scans / 'a.png'}: The gain is assumed.\n"


def test_what_stands_outside_the_rows_is_kept_only_where_that_is_asked_for(
    pages: Pages, scans: Path, tmp_path: Path
) -> None:
    invoke("digitize", scans / "a.png", "--out", tmp_path / "blank")
    invoke("digitize", scans / "a.png", "--out", tmp_path / "whole", "--whole-page")
    from PIL import Image

    corners = [Image.open(tmp_path / name / "a.png").convert("RGB").getpixel((5, 5)) for name in ("blank", "whole")]
    assert corners[0] == (255, 255, 255)
    assert corners[1] != (255, 255, 255)


@pytest.mark.parametrize(
    ("errors", "status"),
    [
        ({"a.png": DigitizeError("a.png: no grid")}, 3),
        ({"a.png": DigitizeError("a.png: no grid"), "b.png": DigitizeError("b.png: no grid")}, 3),
        ({"a.png": ReadError("a.png: damaged")}, 1),
        ({"a.png": DigitizeError("a.png: no grid"), "b.png": ReadError("b.png: damaged")}, 1),
    ],
)
def test_one_bad_page_stops_no_other_and_the_status_says_the_worst(
    pages: Pages, scans: Path, tmp_path: Path, errors: dict[str, Exception], status: int
) -> None:
    pages.errors = errors
    result = invoke("digitize", scans, "--out", tmp_path / "out")
    assert result.exit_code == status
    assert result.stderr.splitlines() == [f"kalemia: {error}" for error in errors.values()]
    assert len(result.stdout.splitlines()) == 2 - len(errors)


def test_an_error_of_ours_is_said_with_the_file_and_stops_no_other(pages: Pages, scans: Path, tmp_path: Path) -> None:
    pages.errors = {"a.png": ZeroDivisionError("division by zero")}
    result = invoke("digitize", scans, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr == (
        f"kalemia: {scans / 'a.png'}: internal error, please report it: ZeroDivisionError: division by zero\n"
    )
    assert "b.png" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("{empty}", "--out", "{out}"), "no picture or PDF is found in {empty}; give files, or folders that hold some"),
        (("", "--out", "{out}"), "the name of an image is empty; give a file or a folder"),
        (("{scans}", "--out", ""), "the name of the folder to write into is empty; give one"),
    ],
)
def test_what_is_asked_wrongly_is_said_before_the_work(
    pages: Pages, scans: Path, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    (tmp_path / "empty").mkdir()
    places = {"empty": tmp_path / "empty", "out": tmp_path / "out", "scans": scans}
    result = invoke("digitize", *(argument.format(**places) for argument in arguments))
    assert isinstance(result.exception, KalemiaError)
    assert str(result.exception) == sentence.format(**places)
    assert pages.asked == []


@pytest.mark.parametrize(
    "option", [("--layout", "9x9"), ("--dpi", "-1"), ("--format", "hdf5")], ids=["layout", "dpi", "format"]
)
def test_a_wrong_option_is_refused_before_any_page(
    pages: Pages, scans: Path, tmp_path: Path, option: tuple[str, str]
) -> None:
    result = invoke("digitize", scans, "--out", tmp_path / "out", *option)
    assert isinstance(result.exception, KalemiaError)
    assert option[1] in str(result.exception)
    assert pages.asked == []
    assert not (tmp_path / "out").exists()
