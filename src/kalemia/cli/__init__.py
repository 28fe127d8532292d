"""The command line: parse, call, print; a file for each group of commands."""

from __future__ import annotations

import os
import signal
import sys
import threading
from functools import partial
from io import TextIOWrapper
from typing import Annotated

import typer

from kalemia import __version__
from kalemia.cli import adapt, cohort, digitize, evaluate, export, models, predict, simulate, study, train
from kalemia.cli.terminal import EXIT_CLOSED_PIPE, EXIT_FAILED, EXIT_USAGE, ClosedPipeError, tell
from kalemia.errors import KalemiaError
from kalemia.records import NOTICE

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=f"Estimate serum potassium (mEq/L) from an electrocardiogram. {NOTICE}",
    epilog="Exit status: 0 every input estimated; 3 one or more refused; 1 one or more not readable; 2 wrong usage.",
)

app.command()(predict.predict)
app.command()(predict.demo)
app.command()(digitize.digitize)
app.command()(models.models)
app.add_typer(simulate.app, name="simulate")
app.add_typer(cohort.app, name="cohort")
app.command()(train.train)
app.command()(export.export)
app.command()(adapt.adapt)
app.command()(study.study)
app.command()(evaluate.evaluate)


def main() -> None:
    """Run the command line; errors are one sentence, an interrupt, a termination and a closed pipe are quiet."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal of another alphabet is no reason to fail
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _end)
    try:
        app()
    except KalemiaError as exc:
        tell(f"kalemia: {exc}")
        sys.exit(EXIT_USAGE)
    except OSError as exc:
        # Our own files are guarded where they are written; what is left is the output itself, on a full disk say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        tell(f"kalemia: the output cannot be written ({exc.strerror}); give it room")
        sys.exit(EXIT_FAILED)
    except ClosedPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_CLOSED_PIPE)


def _end(number: int, _frame: object) -> None:
    """Leave as after an exception, so that half-written folders are removed; at a second signal, at once.

    Worker processes end with this one in either case.
    """
    again = partial(_end_now, number)
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), again)
    # A signal to the whole group ends workers while their jobs are called off, which their threads complain of.
    threading.excepthook = lambda _: None
    sys.exit(128 + number)


def _end_now(number: int, *_: object) -> None:
    os._exit(128 + number)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kalemia {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None: ...
