"""`kalemia adapt`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from kalemia.cli.terminal import CORES, EXIT_REFUSED, Workers, folder_for, needs, say, stages, tell
from kalemia.errors import NoGainError


def adapt(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A bundled model, or the path of an ONNX file.")],
    cohort: Annotated[Path, typer.Option(metavar="DIR", help="A folder that kalemia cohort wrote.")],
    out: Annotated[str, typer.Option(metavar="DIR", help="Where the adapted model goes.")] = "adapted",
    outside: Annotated[
        bool, typer.Option("--outside", help="None of these patients can have been in the model's training.")
    ] = False,
    workers: Workers = CORES,
) -> None:
    """Calibrate a model on your own ECGs with a laboratory's potassium, 50 or more; write it where that helps.

    The network stays; what it reads is weighed anew, pulled back to the old weights: first where potassium lies, how
    far it is stretched and how sure the model may be, then each weight of the last layer. Patients who are kept apart
    in turn decide how far, and whether it helps at all. Where they do not show that, nothing is written, and you are
    told how many ECGs would. A tenth of the patients, by a hash of their names, is left for kalemia evaluate.

    Writes MODEL-adapted.onnx and its card, which says what it was calibrated on wherever the model speaks.

    Example:

      kalemia cohort table pairs.csv --ecg recordings --out ours

      kalemia adapt 12-4k --cohort ours --out adapted

      kalemia evaluate adapted/12-4k-adapted.onnx ours --out evaluation

    Exit status: 0 written; 3 not written, since it does not help; 2 wrong usage, or a cohort that cannot do.
    """
    with needs("train,cohort"):
        from kalemia.adapt.run import adapt as fit
        from kalemia.cohort import Cohort

    with _tried(out) as folder, stages() as stage:
        adapted = fit(model, Cohort.open(cohort), workers, stage, outside=outside)
        say(adapted.text)
        try:
            path = adapted.write(folder)
        except NoGainError as exc:
            tell(f"kalemia: {exc}")
            raise typer.Exit(EXIT_REFUSED) from exc
        say(f"{path}: trained on {adapted.card.trained_on}")


@contextmanager
def _tried(out: str) -> Iterator[Path]:
    """Return a folder that can be written; a new one in which nothing was written goes again."""
    new = not Path(out).exists()
    folder = folder_for(out)
    try:
        yield folder
    finally:
        if new and not any(folder.iterdir()):
            folder.rmdir()
