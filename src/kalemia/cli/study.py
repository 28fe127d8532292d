"""`kalemia study`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kalemia.cli.terminal import CORES, Workers, goes_on, needs, say, stages, tell


def study(
    name: Annotated[str, typer.Argument(metavar="NAME", help="lead, window, network, size, separable, or all.")],
    cohort: Annotated[Path, typer.Option(metavar="DIR", help="A folder that kalemia cohort wrote.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where results go; a study that was stopped goes on there.")],
    quick: Annotated[bool, typer.Option("--quick", help="Three folds, few epochs: to see that it runs.")] = False,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="Networks of each fold.")] = 1,
    workers: Workers = CORES,
) -> None:
    """Repeat the founding study on a cohort: cross-validated by patient, every entrant on the same folds and budget.

    Examples:

      kalemia cohort simulate --level kidney --seed 1 --out kidney

      kalemia study size --cohort kidney --out study
    """
    with needs("train,cohort"):
        from kalemia.cohort import Cohort
        from kalemia.study import crossval, report, results, studies

    opened = Cohort.open(cohort)
    first = crossval.share()[0] == 0  # of the processes of torchrun, one speaks
    for chosen in studies.STUDIES if name == "all" else (name,):
        with goes_on(), stages() as stage:
            result = studies.run(chosen, opened, out, quick=quick, seeds=seeds, workers=workers, report=stage)
        if first:
            say(results.text(result) + "\n")
    if first:
        tell(f"report: {report.write(out)}")
