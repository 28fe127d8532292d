"""`kalemia simulate` and `kalemia simulate validate`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from kalemia.cli.terminal import CORES, SHOWN, LevelOption, Workers, needs, progress_bar, say, stages, tell

app = typer.Typer(invoke_without_command=True, subcommand_metavar="[COMMAND]")


Count = Annotated[int | None, typer.Option(help="How many patients.")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="A folder that does not exist yet.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same bytes.")]
Base = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Real 12-lead ECGs of normal potassium to be changed; labels are then semi-simulated."
    ),
]
Form = Annotated[
    str, typer.Option("--format", metavar="NAME", help="wfdb with labels.csv, or parquet with int16 shards.")
]


@app.callback()
def simulate(
    context: typer.Context,
    count: Count = None,
    out: Out = None,
    seed: Seed = 0,
    level: LevelOption = "clinic",
    base: Base = None,
    form: Form = "wfdb",
    workers: Workers = CORES,
) -> None:
    """Simulate ECGs with a known potassium; writes the records and a table of labels.

    A patient has one 10 s 12-lead record; 12 at level dialysis, one of 30 s of lead I at level wearable. --count and
    --out are needed, unless a command follows.

    Examples:

      kalemia simulate --count 100 --seed 1 --out patients

      kalemia simulate --count 50 --level dialysis --format parquet --out sessions

      kalemia simulate --count 100 --seed 1 --base recordings --out changed
    """
    if context.invoked_subcommand is not None:
        return
    if count is None or out is None:
        context.fail(f"Missing option '{'--count' if count is None else '--out'}'.")
    from kalemia.simulate import write

    if base is not None:
        _tell_bases(base)
    with progress_bar("simulating", count) as step:
        records = write(out, count, seed, level, workers, _since_before(step), base, form)
    labels = "labels.csv" if form == "wfdb" else "labels.parquet"
    say(f"{records:,} record{'s' if records > 1 else ''} of {count:,} patients and {labels} in {out}")


def _tell_bases(folder: Path) -> None:
    """Say how many real recordings can be changed, and why others cannot."""
    from kalemia.simulate import read_bases

    bases = read_bases(folder)
    tell(f"{len(bases.usable)} real recordings to be changed, {len(bases.skipped)} skipped{_why(bases.skipped)}")


def _since_before(step: Callable[[int], None]) -> Callable[[int], None]:
    """Return what is told how many are done, and hands on how many more that is than before."""
    before = 0

    def progress(done: int) -> None:
        nonlocal before
        step(done - before)
        before = done

    return progress


@app.command()
def validate(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where index.html and rows.json go.")],
    patients: Annotated[int, typer.Option(help="How many patients, each simulated at 14 potassium levels.")] = 400,
    seed: Annotated[int, typer.Option(help="The same seed gives the same numbers.")] = 3,
    level: LevelOption = "clinic",
    real: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Real ordinary ECGs to compare with; by default ptbxl in KALEMIA_DATA."),
    ] = None,
    workers: Workers = CORES,
) -> None:
    """Hold simulated patients against the clinic's figures and real ECGs; needs the train extra.

    Prints a table and writes it as a page with charts and ECGs, and as JSON.

    Example:

      kalemia simulate validate --patients 100 --out validation
    """
    with needs("train"):
        from kalemia.validate import validate as validating
        from kalemia.validate.real import real_folder

    validating.check_folder(out)
    with stages() as stage:
        validation = validating.validate(patients, seed, level, real_folder(real), workers, stage)
    validating.write(out, validation)
    say(validation.text())
    tell(f"page: {out / 'index.html'}")


def _why(skipped: Sequence[tuple[Path, str]]) -> str:
    """Name the first reasons for which files were left out."""
    reasons = [f"{path.name}: {why.removesuffix('.')}" for path, why in skipped]
    more = [f"{len(reasons) - SHOWN} more"] if len(reasons) > SHOWN else []
    return f" ({'; '.join([*reasons[:SHOWN], *more])})" if reasons else ""
