"""What commands share: how they print, say that something is missing or stopped, and show progress."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from kalemia.cli import terminal
from kalemia.cli.terminal import FEW_FILES, ClosedPipeError, folder_for, goes_on, needs, progress_bar, say, stages, tell
from kalemia.errors import KalemiaError


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("5.9 mEq/L", "5.9 mEq/L"),
        ("칼륨\n\t5.9", "칼륨\n\t5.9"),
        ("a\x1b[2J\x07", "a\\u001b[2J\\u0007"),
        ("a\rb", "a\\rb"),
        ("\u202egnp", "\\u202egnp"),
        ("\udcff.dat", "\\udcff.dat"),
        ("\x9b1m", "\\u009b1m"),
    ],
)
def test_what_a_terminal_would_obey_is_spelled(text: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(text)
    tell(text)
    assert capsys.readouterr() == (printed + "\n", printed + "\n")


def test_a_reader_that_has_gone_is_no_error_of_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(ClosedPipeError):
        say("5.9 mEq/L")
    assert not issubclass(ClosedPipeError, OSError)


def test_a_folder_is_made_where_there_is_none(tmp_path: Path) -> None:
    assert folder_for(str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()
    assert folder_for(str(tmp_path)) == tmp_path


def test_a_folder_without_a_name_or_that_is_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KalemiaError, match=r"^the name of the folder to write into is empty; give one$"):
        folder_for("")
    (tmp_path / "file").write_text("")
    with pytest.raises(KalemiaError, match=r"file: cannot be written \(.*\); give a folder that may be written$"):
        folder_for(str(tmp_path / "file"))


def test_a_missing_package_is_named_with_what_brings_it() -> None:
    with pytest.raises(KalemiaError) as caught, needs("train,cohort"):
        import no_such_package  # type: ignore[import-not-found]  # noqa: F401
    assert str(caught.value) == (
        "this needs the package no_such_package; install it with pip install 'kalemia[train,cohort]'"
    )
    with pytest.raises(ZeroDivisionError), needs("train"):
        _ = 1 / 0


def test_who_stops_a_command_hears_that_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, goes_on():
        sys.exit(143)
    assert ended.value.code == 143
    assert capsys.readouterr().err == "kalemia: stopped; the same command goes on from here\n"
    with goes_on():
        pass
    with pytest.raises(KalemiaError), goes_on():
        raise KalemiaError("wrong")
    assert capsys.readouterr().err == ""


class Screen(io.StringIO):
    """A terminal that keeps what it was sent."""

    def isatty(self) -> bool:
        return True


def screened(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Put a terminal in the place of the error output, from here to the end of the test."""
    shown = Screen()
    monkeypatch.setattr(sys, "stderr", shown)
    for name, value in {"TERM": "xterm", "COLUMNS": "100"}.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return shown


def test_much_work_shows_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screened(monkeypatch)
    with progress_bar("predicting", FEW_FILES) as step:
        for _ in range(FEW_FILES):
            step(1)
    assert "predicting" in screen.getvalue()
    assert f"{FEW_FILES}/{FEW_FILES}" in screen.getvalue()


def test_little_work_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screened(monkeypatch)
    with progress_bar("predicting", FEW_FILES - 1) as step:
        step(1)
    assert screen.getvalue() == ""


def test_a_pipe_gets_no_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "_bar", None)  # nothing is drawn, not even begun
    with progress_bar("predicting", 10 * FEW_FILES) as step:
        step(1)
    assert capsys.readouterr() == ("", "")


def test_a_pipe_gets_a_line_for_every_stage_that_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    with stages() as stage:
        for done in range(4):
            stage("reading ECGs", done, 3)
        stage("training", 1, 2)
    assert capsys.readouterr() == ("", "reading ECGs 3/3\n")


def test_a_terminal_gets_a_bar_that_changes_its_name_with_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screened(monkeypatch)
    with stages() as stage:
        stage("reading ECGs", 3, 3)
    assert "reading ECGs" in screen.getvalue()
    assert "3/3" in screen.getvalue()
