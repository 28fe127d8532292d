"""`kalemia predict` and `demo`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalemia.cli.terminal import (
    CORES,
    EXIT_FAILED,
    EXIT_OK,
    EXIT_REFUSED,
    FEW_FILES,
    SHOWN,
    ModelOption,
    Workers,
    folder_for,
    progress_bar,
    say,
    tell,
)
from kalemia.errors import KalemiaError

if TYPE_CHECKING:
    from kalemia.estimate.explain import Explanation
    from kalemia.estimate.predict import Result
    from kalemia.records import Estimate


def predict(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="ECG files, or folders of them.")],
    model: ModelOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line, an input a line.")] = False,
    report: Annotated[
        str | None, typer.Option(metavar="DIR", help="Write an HTML page an input into this folder.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(metavar="HZ", help="Sampling rate of a CSV file that does not say it.")
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Earlier ECGs of this patient with their potassium, a CSV with the columns ecg, potassium_meq_l and "
            "days_ago: estimates are shifted by what they show.",
        ),
    ] = None,
    prevalence: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Which share of the ECGs is above 5.5 mEq/L where these come from, such as 0.03: estimates and "
            "probabilities are those of such a place, instead of the model's calibration.",
        ),
    ] = None,
    workers: Workers = CORES,
) -> None:
    """Estimate potassium from ECGs: WFDB, DICOM, EDF, aECG, MUSE, Philips, SCP-ECG, CSV, scans, photos, PDFs.

    Examples:

      kalemia predict patient.dcm

      kalemia predict recordings/ --json > estimates.jsonl

      kalemia predict scan.pdf --report reports

      kalemia predict today.dcm --calibration earlier.csv

      kalemia predict ward/ --prevalence 0.03
    """
    from kalemia.estimate.model import DEFAULT, Model
    from kalemia.estimate.personal import from_file
    from kalemia.estimate.predict import Job, predict_many
    from kalemia.estimate.predict import predict as once
    from kalemia.read import inputs as find

    if "" in inputs:
        raise KalemiaError("an input is empty; give files, or folders of them")  # an unset shell variable, most likely
    if rate is not None and not 0 < rate < float("inf"):
        raise KalemiaError(f"--rate is {rate}; a positive number of Hz is accepted")
    # A wrong name is wrong usage, said once and not for every file, and so is a share that is none.
    judge = Model.load(DEFAULT if model is None else model)
    if prevalence is not None:
        judge.card.odds(prevalence)
    passed_over: list[Path] = []
    sources = [str(path) for path in find(inputs, passed_over)]
    if not sources:
        raise KalemiaError(f"no ECG found in {', '.join(inputs)}; give files, or folders that hold some")
    own = None
    if calibration is not None:

        def earlier(name: str) -> Estimate:
            one = once(name, model, rate=rate)
            if one.status != "estimated":
                tell(f"{name}: not estimated, so its draw is not used: {one.reason}")
            return one

        own = from_file(calibration, earlier, model, sources)
        tell(own.said)
    pages = None if report is None else _Pages(folder_for(report), sources)
    job = Job(model, rate, own, prevalence, pages)
    count = 1 if len(sources) < FEW_FILES else workers
    done = []
    with progress_bar("predicting", len(sources)) as step:
        for estimate in predict_many(sources, job, count):
            done.append(estimate)
            _print(estimate, as_json)
            step(1)
    whole = pages is None or pages.finish(done)
    if passed_over:
        tell(f"passed over in folders, beginning like no ECG that is read: {_some(passed_over)}")
    raise typer.Exit(_status(done) if whole else EXIT_FAILED)


def _some(paths: list[Path]) -> str:
    """Name the first files and count the rest."""
    named = ", ".join(str(path) for path in paths[:SHOWN])
    return named if len(paths) <= SHOWN else f"{named} and {len(paths) - SHOWN} more"


class _Pages:
    """Writes the page of each input in the process that made its estimate, under a name that no other input has."""

    def __init__(self, folder: Path, sources: list[str]) -> None:
        from kalemia.report import page_name

        taken: set[str] = set()
        self.folder = folder
        self.names = {source: page_name(source, taken) for source in dict.fromkeys(sources)}

    def __call__(self, source: str, result: Result) -> None:
        from kalemia.report import write_page

        # A page that cannot be written must not cost the estimate: `finish` says so.
        with suppress(KalemiaError):
            write_page(
                self.folder,
                result.estimate,
                result.recording,
                result.beat,
                _scan(result),
                _why(result),
                name=self.names[source],
            )

    def finish(self, estimates: Iterable[Estimate]) -> bool:
        """Write the index where there is more than one page, say where the report is, return whether all is written."""
        from kalemia.report import Row, index

        # A file that killed its process has no page.
        pages = [(e, self.folder / self.names[e.source]) for e in estimates]
        rows = [Row(e, page if page.is_file() else None) for e, page in pages]
        missing = sum(row.page is None for row in rows)
        if missing:
            tell(f"kalemia: {missing} of {len(rows)} pages could not be written into {self.folder}")
        try:
            path = index(self.folder, rows) if len(rows) > 1 else rows[0].page
        except KalemiaError as exc:
            tell(f"kalemia: {exc}")
            return False
        if path:
            tell(f"report: {path}")
        return not missing


def _scan(result: Result) -> bytes | None:
    """Return the page that an ECG was printed on, with what was traced drawn on it; None for a digital file."""
    if result.page is None:
        return None
    from kalemia.digitize.overlay import overlay

    return overlay(result.page)


def _why(result: Result) -> Explanation | None:
    """Return what moved the estimate; None where there is no estimate, or no explanation of it."""
    if result.estimate.status != "estimated" or result.beat is None or result.model is None:
        return None
    from kalemia.estimate.explain import explain

    # As with the page itself: what cannot be explained must not cost the rest.
    with suppress(KalemiaError):
        return explain(result.beat, result.model)
    return None


def _print(estimate: Estimate, as_json: bool) -> None:
    if as_json:
        said = json.dumps(estimate.to_dict(), ensure_ascii=False)
    else:
        from kalemia.report import text

        said = text(estimate) + "\n"
    say(said)


def _status(estimates: Iterable[Estimate]) -> int:
    found = {estimate.status for estimate in estimates}
    return EXIT_FAILED if "failed" in found else EXIT_REFUSED if "refused" in found else EXIT_OK


def demo(
    out: Annotated[str, typer.Option(metavar="DIR", help="Where the report goes.")] = "demo",
) -> None:
    """Read a bundled page with a simulated ECG, estimate its potassium and write the HTML report, offline."""
    from importlib.resources import files

    from kalemia.estimate.predict import examine
    from kalemia.report import text, write_page

    source = Path(str(files("kalemia") / "assets" / "demo" / "page.png"))
    result = examine(source)
    folder = folder_for(out)
    say("A page with a simulated patient's ECG, made with a potassium of 6.5 mEq/L.\n")
    say(text(result.estimate))
    path = write_page(folder, result.estimate, result.recording, result.beat, _scan(result), _why(result))
    say(f"\nreport: {path}")
    raise typer.Exit(_status([result.estimate]))
