"""`kalemia digitize`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalemia.cli.terminal import EXIT_FAILED, EXIT_OK, EXIT_REFUSED, folder_for, progress_bar, say, tell
from kalemia.errors import DigitizeError, KalemiaError, internal

if TYPE_CHECKING:
    from kalemia.read import Input


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
    folder = folder_for(out)
    taken: set[str] = set()
    failures: list[KalemiaError] = []
    with progress_bar("digitizing", len(sources)) as step:
        for source in sources:
            try:
                for page in pages(source, layout=layout, dpi=dpi):
                    name = write.stem(str(source), page.page, taken)
                    write.write(page, folder, name, form, blank=not whole)
                    say(f"{source}: {page.summary()}: {folder / name}")
                    for warning in page.recording.warnings:
                        tell(f"{source}: {warning}")
            except KalemiaError as exc:
                failures.append(exc)
                tell(f"kalemia: {exc}")
            except Exception as exc:  # noqa: BLE001 - one bad page must never stop the others
                failures.append(KalemiaError(f"{source}: {internal(exc)}"))
                tell(f"kalemia: {failures[-1]}")
            step(1)
    refused = all(isinstance(exc, DigitizeError) for exc in failures)
    raise typer.Exit(EXIT_OK if not failures else EXIT_REFUSED if refused else EXIT_FAILED)


def _images(named: Sequence[str]) -> list[Input]:
    """Return the files that were named, and all pictures and PDFs in folders that were."""
    from kalemia.read import inputs as find

    if not all(named):
        raise KalemiaError("the name of an image is empty; give a file or a folder")
    found = [entry for name in named for entry in find([name]) if not Path(name).is_dir() or entry.format.page]
    if not found:
        raise KalemiaError(f"no picture or PDF is found in {', '.join(named)}; give files, or folders that hold some")
    return found
