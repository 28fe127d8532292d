"""`kalemia evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kalemia.cli.terminal import CORES, Workers, needs, say, stages, tell


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A bundled model, or the path of an ONNX file.")],
    cohort: Annotated[Path, typer.Argument(metavar="COHORT", help="A folder that kalemia cohort wrote.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the report goes.")] = Path("evaluation"),
    workers: Workers = CORES,
) -> None:
    """Judge a model on a cohort: every figure with its interval, coverage by group, refusals, and a report.

    Example:

      kalemia cohort simulate --level hospital --count 2000 --seed 7 --out hospital

      kalemia evaluate 12-4k hospital --out evaluation
    """
    with needs("train,cohort"):
        from kalemia.cohort import Cohort
        from kalemia.evaluate import judge, modelpage
        from kalemia.model import Model

    opened = Cohort.open(cohort)
    card = Model.load(model).card
    with stages() as stage:
        judged = judge.judge(model, opened, workers, lambda done, total: stage("asking the model", done, total))
    found = judge.result(judged, opened, card)
    judge.write(judged, opened, found, out)
    say(judge.text(found))
    tell(f"report: {modelpage.write(judged, opened, found, out)}")
