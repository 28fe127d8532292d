"""`kalemia evaluate`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from kalemia.cli.terminal import CORES, PopulationOption, Workers, needs, say, stages, tell


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A bundled model, or the path of an ONNX file.")],
    cohort: Annotated[Path, typer.Argument(metavar="COHORT", help="A folder that kalemia cohort wrote.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the report goes.")] = Path("evaluation"),
    outside: Annotated[
        bool, typer.Option("--outside", help="None of these patients can have been in the model's training.")
    ] = False,
    population: PopulationOption = "kidney",
    workers: Workers = CORES,
) -> None:
    """Judge a model on a cohort: every figure with its interval, coverage by group, refusals, and a report.

    Of a cohort that the model was trained on, or of a hospital's where it was trained on a hospital's, only patients of
    the test part are asked, by a hash of their names; say --outside for another hospital.

    Example:

      kalemia cohort simulate --level hospital --count 2000 --seed 7 --out hospital

      kalemia evaluate 12-4k hospital --population hospital --out evaluation
    """
    with needs("train,cohort"):
        from kalemia.cohort import Cohort
        from kalemia.estimate.model import Model
        from kalemia.estimate.population import Population
        from kalemia.judge import report
        from kalemia.judge.estimates import estimate_cohort
        from kalemia.judge.evaluation import evaluate as judge
        from kalemia.judge.evaluation import text

    opened = Cohort.open(cohort)
    card, people = Model.load(model).card, Population.load(population)
    report.claim(out)
    with stages() as stage:
        progress = partial(stage, "asking the model")
        estimates = estimate_cohort(model, opened, workers, progress, outside=outside, population=people)
    evaluation = judge(estimates, opened, card)
    page = report.write(estimates, opened, evaluation, out)
    say(text(evaluation))
    tell(f"report: {page}")
