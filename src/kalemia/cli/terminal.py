"""What commands share: how they print, tell, show progress and end, and options that several have."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from kalemia.errors import KalemiaError
from kalemia.system import atomic

CORES = os.cpu_count() or 1
EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_REFUSED = 0, 1, 2, 3
EXIT_CLOSED_PIPE = 128 + 13  # what a shell makes of SIGPIPE
SHOWN = 3
FEW_FILES = 32
"""Below this many files, starting a second process costs more than it brings."""

Workers = Annotated[int, typer.Option(min=1, max=256, help="Processes to use; by default one a core.")]
ModelOption = Annotated[
    str | None, typer.Option(metavar="NAME|PATH", help="A bundled model (see `kalemia models`) or an ONNX file.")
]
PopulationOption = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="Where the patients come from: kidney, dialysis, hospital, emergency or flat, or a CSV file with your "
        "laboratory's values, a column potassium_meq_l. An ECG says the same everywhere; the estimate does not.",
    ),
]
LevelOption = Annotated[
    str, typer.Option(metavar="NAME", help="How hard: clean, clinic, kidney, dialysis, hospital, wearable.")
]


def _plain(text: str) -> str:
    """Return text without what a terminal would obey, or cannot be written: file names may hold anything."""
    if text.replace("\n", "").isprintable():
        return text
    shown = "".join(c if c.isprintable() or c in "\n\t" else json.dumps(c)[1:-1] for c in text)
    return shown.encode("utf-8", "backslashreplace").decode("utf-8")


def say(text: str) -> None:
    """Print a result."""
    try:
        print(_plain(text), flush=True)
    except BrokenPipeError as exc:
        raise ClosedPipeError from exc


def tell(text: str) -> None:
    """Print what is no result, beside it."""
    typer.echo(_plain(text), err=True)


class ClosedPipeError(Exception):
    """Whoever read our output has gone; a class of its own because typer makes exit status 1 of BrokenPipeError."""


def folder_for(name: str) -> Path:
    """Return a folder that can be written, made if need be; KalemiaError says why one cannot."""
    if not name:
        raise KalemiaError("the name of the folder to write into is empty; give one")
    folder = Path(name)
    with atomic.writing(folder):
        atomic.writable(folder)
    return folder


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal while there is much to do, and nothing in a pipe."""
    if total < FEW_FILES or not sys.stderr.isatty():
        yield lambda _: None
        return
    with _bar() as bar:
        task = bar.add_task(what, total=total)
        yield lambda steps: bar.advance(task, steps)


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Say, where an import in this block fails, which package is missing and the extra that brings it."""
    try:
        yield
    except ImportError as exc:
        raise KalemiaError(
            f"this needs the package {exc.name}; install it with pip install 'kalemia[{extra}]'"
        ) from exc


@contextmanager
def goes_on() -> Iterator[None]:
    """Say, where a command is stopped, that what it has done is kept."""
    try:
        yield
    except SystemExit:
        tell("kalemia: stopped; the same command goes on from here")
        raise


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """Show the stage that a long job is in: a bar on a terminal, a line a stage in a pipe."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: tell(f"{what} {done}/{total}") if done == total else None
        return
    with _bar() as bar:
        task = bar.add_task("", total=1)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
