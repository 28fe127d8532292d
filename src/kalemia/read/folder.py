"""One entry an ECG out of files and folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from kalemia.errors import ReadError
from kalemia.read import sniff

_TABLES = {".csv", ".tsv", ".txt"}


def inputs(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """Yield one path an ECG: files as they are, folders searched, sorted and with all that they hold.

    A file that was named is always kept, whatever it is. In a folder a WFDB record counts once, by its header; files of
    another kind (annotations, pictures, notes, tables of labels) are passed over, hidden ones too. A CSV or text file
    counts where its first lines look like samples.

    Parameters
    ----------
    paths
        Files and folders.
    """
    for path in map(Path, paths):
        if path.is_dir():
            yield from _within(path)
        else:
            yield path


def _within(folder: Path) -> Iterator[Path]:
    """Search a folder; links to folders are not followed, so that no search goes round in circles."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = Path(place)
        headers = {name for name in files if name.endswith(".hea")}
        for name in sorted(files):
            if name in headers or (not name.startswith(".") and not _belongs(name, headers) and _looks(here / name)):
                yield here / name


def _belongs(name: str, headers: set[str]) -> bool:
    """Tell whether a file is part of a WFDB record: its data or annotations bear the name of a header."""
    return name.rpartition(".")[0] + ".hea" in headers


def _looks(path: Path) -> bool:
    """Tell whether a file begins like an ECG."""
    try:
        if not sniff.regular(path):
            return False
        with path.open("rb") as stream:
            head = stream.read(sniff.HEAD_BYTES)
    except (OSError, ReadError):
        return False
    found = sniff.of(head)
    if found is sniff.CSV:
        from kalemia.read.csv import looks

        return path.suffix.lower() in _TABLES and looks(head)
    return not isinstance(found, str)
