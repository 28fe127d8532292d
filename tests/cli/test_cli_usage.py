"""What is asked wrongly is answered in one sentence, and help says what can be asked."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from commands import Main, invoke, run

import kalemia
from kalemia.errors import KalemiaError

COMMANDS = ("predict", "demo", "models", "digitize", "simulate", "cohort", "train", "export", "study", "evaluate")


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Main:
    return Main(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("predict", "{good}", "--model", "no-such"), "no model 'no-such'"),
        (("predict", "{good}", "--model", "{tmp}/no.onnx"), "no.onnx: the file cannot be read"),
        (("predict", "{good}", "--model", "{damaged_model}"), "its file has sha256"),
        (("predict", "{good}", "--model", "{tiny}", "--report", "{file}"), "cannot be written"),
        (("predict", "{empty}", "--model", "{tiny}"), "no ECG found in {empty}"),
        (("simulate", "--count", "0", "--out", "{tmp}/new"), "count is 0; expected 1 to 10,000,000"),
        (("simulate", "--count", "1", "--seed", "-1", "--out", "{tmp}/new"), "seed is -1"),
        (("simulate", "--count", "1", "--level", "moon", "--out", "{tmp}/new"), "no level 'moon'"),
        (("simulate", "--count", "1", "--out", "{tmp}"), "already exists"),
        (("simulate", "--count", "1", "--out", "{file}/new"), "cannot write"),
    ],
)
def test_what_is_asked_wrongly_is_answered_in_one_sentence(
    main: Main, tiny_path: Path, good: Path, tmp_path: Path, arguments: Sequence[str], said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    shutil.copy(tiny_path.with_suffix(".json"), tmp_path / "model.json")
    (tmp_path / "model.onnx").write_bytes(tiny_path.read_bytes() + b"\0")
    places = {
        "good": good, "tmp": tmp_path, "tiny": tiny_path, "empty": tmp_path / "empty", "file": tmp_path / "file",
        "damaged_model": tmp_path / "model.onnx",
    }  # fmt: skip
    result = main(*(argument.format(**places) for argument in arguments))
    assert result.status == 2
    assert result.out == ""
    (only,) = result.err.splitlines()
    assert only.startswith("kalemia: ")
    assert said.format(**places) in only


def test_there_is_no_traceback_in_a_process_of_its_own(good: Path) -> None:
    result = run("predict", good, "--model", "no-such")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("kalemia: no model 'no-such'")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict",),
        ("frobnicate",),
        ("predict", "a", "--workers", "0"),
        ("predict", "a", "--workers", "many"),
        ("predict", "a", "--surprise"),
        ("simulate", "--count", "one", "--out", "x"),
        ("simulate", "--out", "x"),
        ("train",),
    ],
)
def test_wrong_usage_has_status_2_and_points_at_help(arguments: Sequence[str]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "--help" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert f"Usage: kalemia {command}" in result.stdout or f"{command} [OPTIONS]" in result.stdout
    assert "Traceback" not in result.output


def test_the_root_names_the_commands_the_statuses_and_what_it_is_not() -> None:
    said = " ".join(invoke("--help").stdout.split())
    assert all(command in said for command in COMMANDS)
    assert "Not a medical device" in said
    assert "0 every input estimated; 3 one or more refused" in said


def test_without_a_command_help_is_shown() -> None:
    result = invoke()
    assert result.exit_code == 2
    assert "Usage" in result.output


def test_the_version_is_printed() -> None:
    result = run("--version")
    assert (result.returncode, result.stdout) == (0, f"kalemia {kalemia.__version__}\n")


@pytest.mark.parametrize(
    ("command", "room", "extra"),
    [
        (("cohort", "table", "t.csv", "--out", "c"), "cohort", "cohort"),
        (("study", "lead", "--cohort", "c", "--out", "s"), "cohort", "train,cohort"),
        (("simulate", "validate", "--out", "v"), "validate", "train"),
        (("train", "c.yaml"), "train", "train"),
        (("export", "v5-4k", "--to", "c", "--out", "x"), "export", "device"),
    ],
)
def test_a_missing_package_is_named_with_what_brings_it(
    command: Sequence[str], room: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (f"kalemia.{room}", *(name for name in sys.modules if name.startswith(f"kalemia.{room}."))):
        monkeypatch.setitem(sys.modules, name, None)
    result = invoke(*command)
    assert isinstance(result.exception, KalemiaError)
    said = rf"this needs the package kalemia\.{room}\S*; install it with pip install 'kalemia\[{extra}\]'"
    assert re.fullmatch(said, str(result.exception))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_commands_are_completed_in_the_usual_shells(shell: str) -> None:
    words = {"COMP_WORDS": "kalemia pre", "COMP_CWORD": "1", "_TYPER_COMPLETE_ARGS": "kalemia pre"}
    done = run(**words, _TYPER_COMPLETE_FISH_ACTION="get-args", _KALEMIA_COMPLETE=f"complete_{shell}")
    assert "predict" in done.stdout, done.stderr
