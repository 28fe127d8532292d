"""`kalemia cohort`: ECGs paired with potassium."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalemia.cli.terminal import CORES, Workers, goes_on, needs, say, stages, tell
from kalemia.errors import KalemiaError

if TYPE_CHECKING:
    from kalemia.cohort.flow import Step

app = typer.Typer(
    no_args_is_help=True,
    help="Pair ECGs with the potassium that a laboratory measured, in one format for studies and training.",
)
Out = Annotated[Path, typer.Option(metavar="DIR", help="A folder that does not exist yet.")]
Window = Annotated[float, typer.Option(metavar="MIN", help="Minutes between ECG and draw, before or after, at most.")]

KIDNEY_ECGS = 1879


@app.command()
def simulate(
    out: Out,
    level: Annotated[
        str, typer.Option(metavar="NAME", help="kidney (the founding study's), clinic, dialysis, hospital, wearable.")
    ] = "kidney",
    count: Annotated[int, typer.Option(help="How many patients; by default as many as the founding study's ECGs.")] = (
        KIDNEY_ECGS
    ),
    seed: Annotated[int, typer.Option(help="The same seed gives the same cohort.")] = 0,
    workers: Workers = CORES,
) -> None:
    """Simulate a cohort: patients whose potassium is known, and what a laboratory would have measured.

    Example:

      kalemia cohort simulate --level kidney --seed 1 --out kidney
    """
    with needs("cohort"):
        from kalemia.cohort.simulated import write
    with stages() as stage:
        _print_flow(write(out, count, seed, level, workers, partial(stage, "simulating")), out)


@app.command("mimic-iv")
def mimic_iv(
    ecg: Annotated[Path, typer.Option(metavar="DIR", help="MIMIC-IV-ECG: holds record_list.csv.")],
    clinical: Annotated[Path, typer.Option(metavar="DIR", help="MIMIC-IV: holds hosp/labevents.csv.gz.")],
    out: Out,
    window: Window = 60.0,
    hemolysis_index: Annotated[
        float, typer.Option(help="Item 50934 from which a specimen counts as hemolyzed, beside what comments say.")
    ] = 50.0,
    download_demo: Annotated[
        bool, typer.Option("--download-demo", help="First fetch the open demos from PhysioNet into these folders.")
    ] = False,
    workers: Workers = CORES,
) -> None:
    """Pair MIMIC-IV-ECG with the nearest potassium of MIMIC-IV; goes on where it was stopped.

    Examples:

      kalemia cohort mimic-iv --ecg mimic-iv-ecg --clinical mimiciv --out mimic

      kalemia cohort mimic-iv --ecg ecg-demo --clinical clinical-demo --out demo-cohort --download-demo
    """
    with needs("cohort"):
        from kalemia.cohort import physionet
        from kalemia.cohort.mimic_files import MimicFolders
        from kalemia.cohort.mimic_iv import write
    if download_demo:
        with stages() as stage:
            physionet.fetch_demos(ecg, clinical, stage)
    with goes_on(), stages() as stage:
        mimic = MimicFolders(ecg, clinical, window, hemolysis_index)
        _print_flow(write(mimic, out, workers, partial(stage, "reading ECGs")), out)


@app.command()
def table(
    listed: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV or Parquet, a row an ECG.")],
    out: Out,
    ecg: Annotated[Path, typer.Option(metavar="DIR", help="The folder that paths in the table start from.")] = Path(),
    columns: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="OURS=THEIRS", help="What a column is called in the table; may be repeated."),
    ] = None,
    window: Window = 60.0,
    workers: Workers = CORES,
) -> None:
    """Make a cohort of your own table of ECG files and potassium.

    The table needs the columns path, patient and potassium_meq_l, and may have ecg, time, draw_time, hemolyzed,
    specimen, age_y, sex, kidney_disease, dialysis, atrial_fibrillation and wide_qrs. Where it has both times, draws
    too far from their ECG are left out.

    Example:

      kalemia cohort table pairs.csv --ecg recordings --column path=file --column potassium_meq_l=K --out ours
    """
    with needs("cohort"):
        from kalemia.cohort.table import OwnTable, write
    names = _named(columns or [])
    with stages() as stage:
        _print_flow(write(OwnTable(listed, ecg, names, window), out, workers, partial(stage, "reading ECGs")), out)
    tell(f"rows that were left out, with the reason: {out / 'dropped.csv'}")


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that kalemia cohort wrote.")],
) -> None:
    """Say what a cohort holds: ECGs and patients by potassium, what was left out, who is in it.

    Example:

      kalemia cohort show kidney
    """
    with needs("cohort"):
        from kalemia.cohort import Cohort
        from kalemia.cohort.summary import text
    say(text(Cohort.open(folder)))


def _named(columns: Sequence[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for pair in columns:
        ours, equal, theirs = (part.strip() for part in pair.partition("="))
        if not (ours and equal and theirs):
            raise KalemiaError(f"--column is {pair!r:.60}; expected such as potassium_meq_l=K")
        if names.setdefault(ours, theirs) != theirs:
            raise KalemiaError(f"--column names {names[ours]:.40} and {theirs:.40} for {ours}; one is accepted")
    return names


def _print_flow(steps: Sequence[Step], out: Path) -> None:
    from kalemia.cohort import flow

    say(flow.text(steps))
    tell(f"cohort: {out} (flow diagram: {out / 'flow.svg'})")
