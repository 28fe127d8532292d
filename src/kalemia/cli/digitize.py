"""`kalemia digitize`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalemia.cli.terminal import EXIT_FAILED, EXIT_OK, EXIT_REFUSED, folder_for, progress_bar, say, tell
from kalemia.errors import DigitizeError, KalemiaError, ReadError, internal

if TYPE_CHECKING:
    from kalemia.read import Input
    from kalemia.read.printed import Printed


Images = Annotated[
    list[str], typer.Argument(metavar="IMAGE...", help="Scans, photos and PDFs of ECGs, or folders of them.")
]
Out = Annotated[str, typer.Option(metavar="DIR", help="Where the signal, a JSON and an overlay a page go.")]
Layout = Annotated[
    str,
    typer.Option(
        help="Rows x columns + rhythm strips: auto, 3x4+1, 3x4, 6x2, 12x1, cabrera-3x4 ...; "
        "or the leads row by row: II, I/II/III, V1,V4/V2,V5/V3,V6 ..."
    ),
]
Form = Annotated[str, typer.Option("--format", metavar="NAME", help="wfdb or csv.")]
Dpi = Annotated[float | None, typer.Option(help="Dots per inch of a scan without a grid.")]
Speed = Annotated[
    float | None, typer.Option(metavar="MM/S", help="Speed of the paper of a page that does not show it.")
]
Gain = Annotated[float | None, typer.Option(metavar="MM/MV", help="Gain of a page without calibration pulses.")]
Whole = Annotated[
    bool, typer.Option("--whole-page", help="Keep what stands outside the rows on the overlay, names too.")
]


def digitize(
    images: Images,
    out: Out,
    layout: Layout = "auto",
    speed: Speed = None,
    gain: Gain = None,
    dpi: Dpi = None,
    form: Form = "wfdb",
    whole: Whole = False,
) -> None:
    """Read the ECG on paper: an image or PDF in, the signal in mV at 500 Hz out, with an overlay to check it by.

    Examples:

      kalemia digitize page.jpg --out digitized

      kalemia digitize scans/*.pdf --out digitized --layout 6x2 --format csv
    """
    from kalemia.digitize import check_options
    from kalemia.read.printed import Printed

    check_options(layout, dpi, form, speed, gain)
    sources = _images(images)
    digitizing = _Digitizing(folder_for(out), Printed(layout, dpi, speed, gain), form, blank=not whole)
    failures = []
    with progress_bar("digitizing", len(sources)) as step:
        for source in sources:
            if (failure := digitizing(source)) is not None:
                failures.append(failure)
                tell(f"kalemia: {failure}")
            step(1)
    refused = all(isinstance(failure, DigitizeError) for failure in failures)
    raise typer.Exit(EXIT_OK if not failures else EXIT_REFUSED if refused else EXIT_FAILED)


@dataclass(frozen=True)
class _Digitizing:
    """How pages are read, and where they go; the names that have been given in that folder are kept."""

    folder: Path
    said: Printed
    form: str
    blank: bool
    taken: set[str] = field(default_factory=set)

    def __call__(self, source: Input) -> KalemiaError | None:
        """Return what is wrong with a file: one bad page must never stop the others."""
        try:
            self._write(source)
        except KalemiaError as exc:
            return exc
        except Exception as exc:  # noqa: BLE001 - whatever it is
            return KalemiaError(f"{source}: {internal(exc)}")
        return None

    def _write(self, source: Input) -> None:
        from kalemia.digitize import pages, write

        for page in pages(source, **asdict(self.said)):
            name = write.stem(str(source), page.page, self.taken)
            write.write(page, self.folder, name, self.form, blank=self.blank)
            say(f"{source}: {page.summary()}: {self.folder / name}")
            for warning in page.recording.warnings:
                tell(f"{source}: {warning}")


def _images(named: Sequence[str]) -> list[Input]:
    """Return the files that were named, and all pictures and PDFs in folders that were."""
    from kalemia.read import inputs as find

    if not all(named):
        raise KalemiaError("the name of an image is empty; give a file or a folder")
    images = [entry for name in named for entry in find([name]) if not Path(name).is_dir() or _page(entry)]
    if not images:
        raise KalemiaError(f"no picture or PDF is found in {', '.join(named)}; give files, or folders that hold some")
    return images


def _page(entry: Input) -> bool:
    """Tell whether what lies in a folder is a page; a file that cannot be opened is none, and stops no other."""
    try:
        return entry.format.page
    except (ReadError, OSError):
        return False
