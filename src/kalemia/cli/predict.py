"""`kalemia predict` and `demo`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalemia.cli.digitize import Dpi, Gain, Layout, Speed
from kalemia.cli.terminal import (
    CORES,
    EXIT_FAILED,
    EXIT_OK,
    EXIT_REFUSED,
    FEW_FILES,
    SHOWN,
    ModelOption,
    PopulationOption,
    Workers,
    folder_for,
    progress_bar,
    say,
    tell,
)
from kalemia.errors import KalemiaError
from kalemia.records import Estimate
from kalemia.system import atomic

if TYPE_CHECKING:
    from kalemia.estimate.hemolysis import Hemolyzed
    from kalemia.estimate.many import Job
    from kalemia.estimate.personal import Calibration, Draw
    from kalemia.read import Given, Input
    from kalemia.read.printed import Printed
    from kalemia.report import Pages

Inputs = Annotated[list[str], typer.Argument(metavar="INPUT...", help="ECG files, or folders of them.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line, an input a line.")]
Report = Annotated[str | None, typer.Option(metavar="DIR", help="Write an HTML page an input into this folder.")]
CsvFile = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write a table of all, a row an input.")]
Rate = Annotated[float | None, typer.Option(metavar="HZ", help="Sampling rate of a file that does not say it.")]
LeadOption = Annotated[
    str | None,
    typer.Option("--lead", metavar="NAME", help="Which lead the one channel is of a file that does not say it."),
]
Unit = Annotated[
    str | None,
    typer.Option(metavar="UNIT", help="Unit of a file that does not say it: mV, uV, V, or 200/mV for 200 steps a mV."),
]
CalibrationFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Earlier ECGs of this patient with their potassium, a CSV with the columns ecg, potassium_meq_l and "
        "days_ago: each ECG is compared with them.",
    ),
]
ReferenceEcg = Annotated[
    list[str] | None, typer.Option(metavar="ECG", help="One earlier ECG of this patient, with the potassium in --draw.")
]
DrawOption = Annotated[
    list[float] | None, typer.Option(metavar="MEQ_L", help="The potassium that a laboratory measured with --reference.")
]
DaysAgo = Annotated[float | None, typer.Option(metavar="DAYS", help="How many days ago that was.")]
DrawDate = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="YYYY-MM-DD",
        help="Or on which day; it is counted to that of the ECG, or to today where it states none.",
    ),
]

Lab = Annotated[
    float | None,
    typer.Option(metavar="MEQ_L", help="A laboratory's potassium that is doubted, with one of the two options below."),
]
HemolyzedOption = Annotated[
    bool, typer.Option("--hemolyzed", help="Its sample was hemolyzed: how likely is the true value above 5.5?")
]
HemolysisIndex = Annotated[
    float | None, typer.Option(metavar="MG_DL", help="How hemolyzed it was: the index, mg/dL of free hemoglobin.")
]


def predict(
    inputs: Inputs,
    model: ModelOption = None,
    as_json: AsJson = False,
    csv: CsvFile = None,
    report: Report = None,
    rate: Rate = None,
    lead: LeadOption = None,
    unit: Unit = None,
    layout: Layout = "auto",
    speed: Speed = None,
    gain: Gain = None,
    dpi: Dpi = None,
    reference: ReferenceEcg = None,
    draw: DrawOption = None,
    days_ago: DaysAgo = None,
    draw_date: DrawDate = None,
    calibration: CalibrationFile = None,
    population: PopulationOption = "kidney",
    lab: Lab = None,
    hemolyzed: HemolyzedOption = False,
    hemolysis_index: HemolysisIndex = None,
    workers: Workers = CORES,
) -> None:
    """Estimate potassium from ECGs.

    Files are read as DICOM, EDF, BDF, HL7 aECG, GE MUSE XML, Philips XML, CardioSoft XML, Mortara XML, Schiller XML,
    SCP-ECG, FHIR JSON, AliveCor ATC, ISHNE Holter, HDF5, NumPy, MATLAB, WFDB, Apple Watch CSV, Withings CSV and CSV,
    scans and photos of printed ones as PNG, JPEG, TIFF, BMP, GIF, WebP and PDF.

    Examples:

      kalemia predict patient.dcm

      kalemia predict recordings/ --json > estimates.jsonl

      kalemia predict recordings/ --csv estimates.csv

      kalemia predict scan.pdf --report reports

      kalemia predict page.jpg --layout 6x2 --speed 50

      kalemia predict watch.csv --lead I --rate 300 --unit uV

      kalemia predict today.dcm --reference march.dcm --draw 5.1

      kalemia predict today.dcm --calibration earlier.csv

      kalemia predict ward/ --population hospital

      kalemia predict patient.dcm --lab 6.4 --hemolyzed
    """
    from kalemia.estimate.many import Job
    from kalemia.estimate.population import Population
    from kalemia.read import Given
    from kalemia.read.printed import Printed
    from kalemia.report import Pages

    given, printed = Given(rate, lead, unit), Printed(layout, dpi, speed, gain)
    _check(inputs, model, given, printed)
    people = Population.load(population)
    doubtful = _doubtful(lab, hemolyzed, hemolysis_index)
    earlier = _reference(reference, draw, days_ago, draw_date)
    if earlier is not None and calibration is not None:
        raise KalemiaError("--reference is one earlier ECG, --calibration a table of them; give one of the two")
    sources, passed_over = _found(inputs)
    if csv is not None:
        with atomic.writing(csv):
            atomic.writable(csv.parent)
    if doubtful is not None and len(sources) > 1:
        raise KalemiaError(f"--lab is of one blood sample; {len(sources)} ECGs are given, give the one of that time")
    own = _calibrated(calibration or earlier, model, given, sources)
    pages = None if report is None else Pages.of(map(str, sources), folder_for(report))
    job = Job(model, rate, own, people, doubtful, pages, lead, unit, printed)
    estimates = _estimates(sources, job, workers, as_json)
    whole = pages is None or _finished(pages, estimates)
    if csv is not None:
        _write_csv(csv, estimates)
    if passed_over:
        tell(f"passed over in folders, beginning like no ECG that is read: {_some(passed_over)}")
    raise typer.Exit(_status(estimates) if whole else EXIT_FAILED)


def _check(inputs: Sequence[str], model: str | None, given: Given, printed: Printed) -> None:
    """Say once, and not for every file, what is wrong usage: a name of no model, a rate, lead or unit that is none."""
    from kalemia.estimate.model import DEFAULT, Model

    if "" in inputs:
        raise KalemiaError("an input is empty; give files, or folders of them")  # an unset shell variable, most likely
    if given.rate is not None and not 0 < given.rate < float("inf"):
        raise KalemiaError(f"--rate is {given.rate}; a positive number of Hz is accepted")
    given.check()
    if printed != type(printed)():
        from kalemia.digitize import check_options  # with OpenCV, which a digital file has no need of

        check_options(**asdict(printed))
    Model.load(DEFAULT if model is None else model)


def _doubtful(lab: float | None, hemolyzed: bool, index: float | None) -> Hemolyzed | None:
    """Return the laboratory's value that is doubted; half of what it takes is wrong usage."""
    from kalemia.estimate.hemolysis import Hemolyzed

    doubted = hemolyzed or index is not None
    if (lab is None) is doubted:
        raise KalemiaError(
            "--lab takes the laboratory's potassium, and --hemolyzed or --hemolysis-index says why it is doubted; give "
            "both, or neither"
        )
    if lab is None:
        return None
    draw = Hemolyzed(lab, index)
    draw.check()
    return draw


def _found(inputs: Sequence[str]) -> tuple[list[Input], list[Path]]:
    """Return the ECGs that were named or are in folders, and the files there that may be damaged ones."""
    from kalemia.read import inputs as find
    from kalemia.read import sorts

    passed_over: list[Path] = []
    sources = list(find(inputs, passed_over))
    if not sources:
        raise KalemiaError(f"no ECG found in {', '.join(inputs)}{sorts(inputs)}; give files, or folders that hold some")
    return sources, passed_over


def _reference(
    ecgs: Sequence[str] | None, potassiums: Sequence[float] | None, days_ago: float | None, date: datetime | None
) -> tuple[str, Draw] | None:
    """Return the one earlier ECG and its draw; half of what it takes is wrong usage."""
    from kalemia.estimate.personal import Draw

    if max(len(ecgs or ()), len(potassiums or ())) > 1:
        raise KalemiaError("--reference and --draw are of one earlier ECG; give several in a table, with --calibration")
    ecg, potassium = ecgs[0] if ecgs else None, potassiums[0] if potassiums else None
    if (ecg is None) is not (potassium is None):
        raise KalemiaError(
            "--reference is an earlier ECG, --draw the potassium measured with it; give both, or neither"
        )
    if (days_ago is not None or date is not None) and ecg is None:
        raise KalemiaError("--days-ago and --draw-date are of --reference; give it, or none of them")
    if days_ago is not None and date is not None:
        raise KalemiaError("--days-ago and --draw-date say the same; give one of the two")
    if ecg is None or potassium is None:
        return None
    if date is not None and date > datetime.now():
        raise KalemiaError(f"--draw-date {date:%Y-%m-%d} is in the future; a day up to today is accepted")
    draw = Draw(potassium, days_ago, date.date() if date else None)
    draw.check()
    return ecg, draw


def _calibrated(
    known: Path | tuple[str, Draw] | None, model: str | None, given: Given, sources: Sequence[Input]
) -> Calibration | None:
    """Return a patient's earlier ECGs, of a table or the one that was named; those that are not used are printed."""
    if known is None:
        return None
    from kalemia.estimate.draws import calibrate, from_file
    from kalemia.read.identity import marks

    def told(name: str, reason: str) -> None:
        tell(f"{name}: not estimated, so its draw is not used: {reason}")

    if isinstance(known, Path):
        return from_file(known, model, sources, rate=given.rate, leads=given.lead, unit=given.unit, told=told)
    ecg, draw = known
    if same := next((source for source in sources if marks(ecg) & marks(source)), None):
        raise KalemiaError(f"--reference {ecg} is {same}, which is to be estimated; expected an earlier ECG")
    return calibrate([ecg], [draw], model, rate=given.rate, leads=given.lead, unit=given.unit)


def _estimates(sources: Sequence[Input], job: Job, workers: int, as_json: bool) -> list[Estimate]:
    """Return the estimates of all sources; each is printed as soon as it is there."""
    from kalemia.estimate.many import estimates as estimated

    estimates = []
    with progress_bar("predicting", len(sources)) as step:
        for estimate in estimated(sources, job, 1 if len(sources) < FEW_FILES else workers):
            estimates.append(estimate)
            _print(estimate, as_json)
            step(1)
    return estimates


def _finished(pages: Pages, estimates: Sequence[Estimate]) -> bool:
    """Write the index where there is more than one page, say where the report is, return whether all is written."""
    missing = sum(pages.page(estimate) is None for estimate in estimates)
    if missing:
        tell(f"kalemia: {missing} of {len(estimates)} pages could not be written into {pages.folder}")
    try:
        path = pages.write_index(estimates) if len(estimates) > 1 else pages.page(estimates[0])
    except KalemiaError as exc:
        tell(f"kalemia: {exc}")
        return False
    if path:
        tell(f"report: {path}")
    return not missing


def _write_csv(path: Path, estimates: Sequence[Estimate]) -> None:
    """Write the table of all estimates, and say where it is."""
    from kalemia.estimate.table import to_csv

    with atomic.writing(path):
        atomic.write({path: to_csv(estimates).encode()})
    tell(f"table: {path}")


def _some(paths: Sequence[Path]) -> str:
    """Name the first files and count the rest."""
    named = ", ".join(str(path) for path in paths[:SHOWN])
    return named if len(paths) <= SHOWN else f"{named} and {len(paths) - SHOWN} more"


def _print(estimate: Estimate, as_json: bool) -> None:
    from kalemia.report import text

    say(json.dumps(estimate.to_dict(), ensure_ascii=False) if as_json else text(estimate) + "\n")


def _status(estimates: Iterable[Estimate]) -> int:
    statuses = {estimate.status for estimate in estimates}
    return EXIT_FAILED if "failed" in statuses else EXIT_REFUSED if "refused" in statuses else EXIT_OK


def demo(
    out: Annotated[str, typer.Option(metavar="DIR", help="Where the report goes.")] = "demo",
) -> None:
    """Read a bundled page with a simulated ECG, estimate its potassium and write the HTML report, offline."""
    from importlib.resources import files

    from kalemia.estimate.predict import examine
    from kalemia.report import text, write_page

    folder = folder_for(out)
    result = examine(Path(str(files("kalemia") / "assets" / "demo" / "page.png")))
    say("A page with a simulated patient's ECG, made with a potassium of 6.5 mEq/L.\n")
    say(text(result.estimate))
    say(f"\nreport: {write_page(result, folder)}")
    raise typer.Exit(_status([result.estimate]))
