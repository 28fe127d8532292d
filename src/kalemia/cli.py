"""The command line: parse, call, print."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kalemia import __version__, atomic
from kalemia.errors import DigitizeError, KalemiaError, internal
from kalemia.records import NOTICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from kalemia.predict import Result
    from kalemia.records import Estimate

CORES = os.cpu_count() or 1
EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_REFUSED = 0, 1, 2, 3
EXIT_CLOSED_PIPE = 128 + 13  # what a shell makes of SIGPIPE
SHOWN = 3
FEW_FILES = 32
"""Below this many files, starting a second process costs more than it brings."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=f"Estimate serum potassium (mEq/L) from an electrocardiogram. {NOTICE}",
    epilog="Exit status: 0 every input estimated; 3 one or more refused; 1 one or more not readable; 2 wrong usage.",
)

Workers = Annotated[int, typer.Option(min=1, max=256, help="Processes to use; by default one a core.")]
ModelOption = Annotated[
    str | None, typer.Option(metavar="NAME|PATH", help="A bundled model (see `kalemia models`) or an ONNX file.")
]
LevelOption = Annotated[
    str, typer.Option(metavar="NAME", help="How hard: clean, clinic, dialysis, hospital, wearable.")
]


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
        _tell(f"kalemia: {exc}")
        sys.exit(EXIT_USAGE)
    except OSError as exc:
        # Our own files are guarded where they are written; what is left is the output itself, on a full disk say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _tell(f"kalemia: the output cannot be written ({exc.strerror}); give it room")
        sys.exit(EXIT_FAILED)
    except _ClosedPipeError:
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


def _plain(text: str) -> str:
    """Return text without what a terminal would obey, or cannot be written: file names may hold anything."""
    if text.replace("\n", "").isprintable():
        return text
    shown = "".join(c if c.isprintable() or c in "\n\t" else json.dumps(c)[1:-1] for c in text)
    return shown.encode("utf-8", "backslashreplace").decode("utf-8")


def _say(text: str) -> None:
    """Print a result."""
    try:
        print(_plain(text), flush=True)
    except BrokenPipeError as exc:
        raise _ClosedPipeError from exc


def _tell(text: str) -> None:
    """Print what is no result, beside it."""
    typer.echo(_plain(text), err=True)


class _ClosedPipeError(Exception):
    """Whoever read our output has gone; a class of its own because typer makes exit status 1 of BrokenPipeError."""


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


@app.command()
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
    workers: Workers = CORES,
) -> None:
    """Estimate potassium from ECGs: WFDB, DICOM, EDF, aECG, MUSE, Philips, SCP-ECG, CSV, scans, photos, PDFs.

    Examples:

      kalemia predict patient.dcm

      kalemia predict recordings/ --json > estimates.jsonl

      kalemia predict scan.pdf --report reports
    """
    from kalemia.model import Model
    from kalemia.predict import Job, predict_many
    from kalemia.read import inputs as find

    if "" in inputs:
        raise KalemiaError("an input is empty; give files, or folders of them")  # an unset shell variable, most likely
    if rate is not None and not 0 < rate < float("inf"):
        raise KalemiaError(f"--rate is {rate}; a positive number of Hz is accepted")
    if model is not None:
        Model.load(model)  # a wrong name is wrong usage, said once and not for every file
    passed_over: list[Path] = []
    sources = [str(path) for path in find(inputs, passed_over)]
    if not sources:
        raise KalemiaError(f"no ECG found in {', '.join(inputs)}; give files, or folders that hold some")
    pages = None if report is None else _Pages(_folder(report), sources)
    job = Job(model, rate, pages)
    count = 1 if len(sources) < FEW_FILES else workers
    done = []
    with _progress("predicting", len(sources)) as step:
        for estimate in predict_many(sources, job, count):
            done.append(estimate)
            _print(estimate, as_json)
            step(1)
    whole = pages is None or pages.finish(done)
    if passed_over:
        _tell(f"passed over in folders, beginning like no ECG that is read: {_some(passed_over)}")
    raise typer.Exit(_status(done) if whole else EXIT_FAILED)


def _folder(name: str) -> Path:
    if not name:
        raise KalemiaError("the name of the folder to write into is empty; give one")
    folder = Path(name)
    try:
        atomic.writable(folder)
    except OSError as exc:
        why = exc.strerror or str(exc)
        raise KalemiaError(f"cannot write into {folder}: {why}; name a folder that can be written") from exc
    return folder


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
            _tell(f"kalemia: {missing} of {len(rows)} pages could not be written into {self.folder}")
        try:
            path = index(self.folder, rows) if len(rows) > 1 else rows[0].page
        except KalemiaError as exc:
            _tell(f"kalemia: {exc}")
            return False
        if path:
            _tell(f"report: {path}")
        return not missing


def _scan(result: Result) -> bytes | None:
    """Return the page that an ECG was printed on, with what was traced drawn on it; None for a digital file."""
    if result.page is None:
        return None
    from kalemia.digitize.overlay import overlay

    return overlay(result.page)


def _print(estimate: Estimate, as_json: bool) -> None:
    if as_json:
        said = json.dumps(estimate.to_dict(), ensure_ascii=False)
    else:
        from kalemia.report import text

        said = text(estimate) + "\n"
    _say(said)


def _status(estimates: Iterable[Estimate]) -> int:
    found = {estimate.status for estimate in estimates}
    return EXIT_FAILED if "failed" in found else EXIT_REFUSED if "refused" in found else EXIT_OK


@app.command()
def demo(
    out: Annotated[str, typer.Option(metavar="DIR", help="Where the report goes.")] = "demo",
) -> None:
    """Read a bundled page with a simulated ECG, estimate its potassium and write the HTML report, offline."""
    from importlib.resources import files

    from kalemia.predict import examine
    from kalemia.report import text, write_page

    source = Path(str(files("kalemia") / "assets" / "demo" / "page.png"))
    result = examine(source)
    folder = _folder(out)
    _say("A page with a simulated patient's ECG, made with a potassium of 6.5 mEq/L.\n")
    _say(text(result.estimate))
    path = write_page(folder, result.estimate, result.recording, result.beat, _scan(result))
    _say(f"\nreport: {path}")
    raise typer.Exit(_status([result.estimate]))


@app.command()
def digitize(
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE...", help="Scans, photos and PDFs of ECGs, or folders of them.")
    ],
    out: Annotated[str, typer.Option(metavar="DIR", help="Where the signal, a JSON and an overlay a page go.")],
    layout: Annotated[
        str,
        typer.Option(
            help="Rows x columns + rhythm strips: auto, 3x4+1, 3x4, 6x2, 12x1, cabrera-3x4 ...; "
            "or the leads row by row: II, I/II/III, V1,V4/V2,V5/V3,V6 ..."
        ),
    ] = "auto",
    form: Annotated[str, typer.Option("--format", metavar="NAME", help="wfdb or csv.")] = "wfdb",
    dpi: Annotated[float | None, typer.Option(help="Dots per inch of a scan without a grid.")] = None,
    whole: Annotated[
        bool, typer.Option("--whole-page", help="Keep what stands outside the rows on the overlay, names too.")
    ] = False,
) -> None:
    """Read the ECG on paper: an image or PDF in, the signal in mV at 500 Hz out, with an overlay to check it by.

    Examples:

      kalemia digitize page.jpg --out digitized

      kalemia digitize scans/*.pdf --out digitized --layout 6x2 --format csv
    """
    from kalemia.digitize import check_options, pages, write

    check_options(layout, dpi, form)
    sources = _images(images)
    folder = _folder(out)
    taken: set[str] = set()
    failures: list[KalemiaError] = []
    with _progress("digitizing", len(sources)) as step:
        for source in sources:
            try:
                for page in pages(source, layout=layout, dpi=dpi):
                    name = write.stem(source, page.page, taken)
                    write.write(page, folder, name, form, blank=not whole)
                    _say(f"{source}: {page.summary()}: {folder / name}")
                    for warning in page.recording.warnings:
                        _tell(f"{source}: {warning}")
            except KalemiaError as exc:
                failures.append(exc)
                _tell(f"kalemia: {exc}")
            except Exception as exc:  # noqa: BLE001 - one bad page must never stop the others
                failures.append(KalemiaError(f"{source}: {internal(exc)}"))
                _tell(f"kalemia: {failures[-1]}")
            step(1)
    refused = all(isinstance(exc, DigitizeError) for exc in failures)
    raise typer.Exit(EXIT_OK if not failures else EXIT_REFUSED if refused else EXIT_FAILED)


def _images(named: Sequence[str]) -> list[str]:
    """Return the files that were named, and all pictures and PDFs in folders that were."""
    from kalemia.read import inputs as find
    from kalemia.read import sniff

    if not all(named):
        raise KalemiaError("the name of an image is empty; give a file or a folder")
    found = [
        str(path) if Path(name).is_dir() else name
        for name in named
        for path in find([name])
        if not Path(name).is_dir() or sniff.is_page(path)
    ]
    if not found:
        raise KalemiaError(f"no picture or PDF is found in {', '.join(named)}; give files, or folders that hold some")
    return found


@app.command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole cards, one JSON object a line.")] = False,
) -> None:
    """List the bundled models: the leads that each needs, its size, what it was trained on, its error."""
    from dataclasses import asdict

    from kalemia.model import bundled

    for card in bundled():
        if as_json:
            _say(json.dumps(asdict(card)))
            continue
        own = card.metrics[card.name]
        _say(
            f"{card.name:<8} {card.version:<8} lead {'+'.join(card.leads):<4} {card.parameters:>7,} parameters, "
            f"trained on {card.trained_on} ECGs: MAE {own['mae_meq_l']:.2f} mEq/L on {card.metrics['patients']:,} "
            f"{card.metrics['ecgs']} patients "
            f"(predicting the median: {card.metrics['training median']['mae_meq_l']:.2f})"
        )
    if not as_json:
        _say(NOTICE)


simulating = typer.Typer(invoke_without_command=True, subcommand_metavar="[COMMAND]")
app.add_typer(simulating, name="simulate")


@simulating.callback()
def simulate(
    context: typer.Context,
    count: Annotated[int | None, typer.Option(help="How many patients.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="A folder that does not exist yet.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    level: LevelOption = "clinic",
    base: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Real 12-lead ECGs of normal potassium to be changed; labels are then semi-simulated."
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="NAME", help="wfdb with labels.csv, or parquet with int16 shards.")
    ] = "wfdb",
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
    from kalemia.simulate import read_bases, write

    if base is not None:
        bases = read_bases(base)
        _tell(f"{len(bases.usable)} real recordings to be changed, {len(bases.skipped)} skipped{_why(bases.skipped)}")
    with _progress("simulating", count) as step:
        before = 0

        def progress(done: int) -> None:
            nonlocal before
            step(done - before)
            before = done

        records = write(out, count, seed, level, workers, progress, base, form)
    labels = "labels.csv" if form == "wfdb" else "labels.parquet"
    _say(f"{records:,} record{'s' if records > 1 else ''} of {count:,} patients and {labels} in {out}")


@simulating.command()
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
    try:
        from kalemia.evaluate import validate as validating
    except ImportError as exc:
        raise KalemiaError(
            f"validating needs the package {exc.name}; install it with pip install 'kalemia[train]'"
        ) from exc

    validating.check_folder(out)
    with _stages() as stage:
        validation = validating.validate(patients, seed, level, validating.real_folder(real), workers, stage)
    validating.write(out, validation)
    _say(validating.text(validation))
    _tell(f"page: {out / 'index.html'}")


def _why(skipped: Sequence[tuple[Path, str]]) -> str:
    """Name the first reasons for which files were left out."""
    reasons = [f"{path.name}: {why.removesuffix('.')}" for path, why in skipped]
    more = [f"{len(reasons) - SHOWN} more"] if len(reasons) > SHOWN else []
    return f" ({'; '.join([*reasons[:SHOWN], *more])})" if reasons else ""


@app.command()
def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file such as configs/12-4k.yaml.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where NAME.onnx and NAME.json go.")] = Path("runs"),
    base: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Real ECGs of normal potassium, where the configuration lists some."),
    ] = None,
    workers: Workers = CORES,
) -> None:
    """Train a model on simulated patients and changed real ECGs; write its ONNX file and card (needs the train extra).

    Example:

      kalemia train configs/12-4k.yaml --base recordings --out runs
    """
    try:
        from kalemia.train.config import Config
        from kalemia.train.run import train as run
    except ImportError as exc:
        raise KalemiaError(
            f"training needs the package {exc.name}; install it with pip install 'kalemia[train]'"
        ) from exc

    with _stages() as stage:
        trained = run(Config.load(config), out, workers, stage, base)
    for onnx, card in ((one.onnx, one.card) for one in trained):
        own, area = card.metrics[card.name], card.metrics[card.name]["auroc_above_5.5"]
        _say(
            f"{onnx}: MAE {own['mae_meq_l']:.3f} mEq/L (predicting the median: "
            f"{card.metrics['training median']['mae_meq_l']:.3f}), "
            f"AUROC above 5.5 {'-' if area is None else f'{area:.3f}'}, "
            f"interval coverage {card.metrics['interval_coverage']:.3f} on {card.metrics['patients']:,} "
            f"{card.metrics['ecgs']} patients"
        )


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal while there is much to do, and nothing in a pipe."""
    if total < FEW_FILES or not sys.stderr.isatty():
        yield lambda _: None
        return
    with _bar() as bar:
        task = bar.add_task(what, total=total)
        yield lambda steps: bar.advance(task, steps)


@contextmanager
def _stages() -> Iterator[Callable[[str, int, int], None]]:
    """Show the stage that a long job is in: a bar on a terminal, a line a stage in a pipe."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: _tell(f"{what} {done}/{total}") if done == total else None
        return
    with _bar() as bar:
        task = bar.add_task("", total=1)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
