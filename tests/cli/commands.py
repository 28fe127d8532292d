"""Ways to run the command line: in this process, as a person does, and as the console script does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from kalemia.cli import app
from kalemia.cli import main as cli_main

HEADLESS = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}


def invoke(*arguments: object) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=HEADLESS)


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "kalemia", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | HEADLESS | {"PYTHONWARNINGS": "error"} | environment,
        errors="surrogateescape",
    )


def lines(text: str) -> list[dict[str, Any]]:
    """Return the objects of a text with one JSON object a line."""
    return [json.loads(line) for line in text.splitlines()]


@dataclass(frozen=True)
class Printed:
    """What `main` printed before it ended."""

    status: object
    out: str
    err: str


class Main:
    """Calls `main` as the console script does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def __call__(self, *arguments: str) -> Printed:
        self.monkeypatch.setattr(sys, "argv", ["kalemia", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli_main()
        printed = self.capsys.readouterr()
        return Printed(ended.value.code, printed.out, printed.err)
