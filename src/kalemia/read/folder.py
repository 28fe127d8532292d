"""One entry an ECG out of files and folders."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from kalemia.errors import KalemiaError, ReadError
from kalemia.read import formats, segments
from kalemia.read.input import Input

_TABLES = {".csv", ".tsv", ".txt"}


def inputs(paths: Iterable[str | os.PathLike[str]], passed_over: list[Path] | None = None) -> Iterator[Input]:
    """Yield one Input an ECG: files as they are, folders searched, sorted and with all that they hold.

    A file that was named is always kept, whatever it is. In a folder a WFDB record counts once, by its header, with all
    that bears its name; pictures and PDFs count as pages of ECGs; files of another kind (annotations, notes, tables of
    labels) are passed over, hidden ones too. A CSV or text file counts where its first lines look like samples.

    Parameters
    ----------
    paths
        Files and folders.
    passed_over
        Takes what may hide ECGs, so that a caller can say so: folders that cannot be opened, files that are empty, not
        readable, or binary or XML of no known format. Text, documents and archives are not among them.
    """
    for path in map(Path, paths):
        try:
            folder = path.is_dir()
        except OSError:  # a name too long, a folder locked: reading it says so
            folder = False
        if folder:
            yield from _within(path, [] if passed_over is None else passed_over)
        else:
            yield from _all_of(Input(str(path)))


def seen(folder: str | os.PathLike[str], most: int = 1000) -> Counter[str]:
    """Count what the files of a folder are, by the names of formats; of many, only the first `most`."""
    kinds: Counter[str] = Counter()
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if kinds.total() >= most:
                return kinds
            try:
                kinds[Input(str(Path(place) / name)).format.name] += 1
            except (ReadError, OSError):
                kinds["not readable"] += 1
    return kinds


def sorts(folders: Iterable[str | os.PathLike[str]]) -> str:
    """Say of what kinds the files of folders are that hold no ECG, for the end of a sentence."""
    kinds: Counter[str] = sum(map(seen, folders), start=Counter())
    listed = ", ".join(f"{count} x {kind}" for kind, count in kinds.most_common())
    return f", where files are: {listed}" if listed else ", where no files are"


def _within(folder: Path, passed_over: list[Path]) -> Iterator[Input]:
    """Search a folder; links to folders are not followed, so that no search goes round in circles."""

    def locked(error: OSError) -> None:
        passed_over.append(Path(error.filename or folder))

    for place, folders, files in os.walk(folder, onerror=locked):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = Path(place)
        there = set(files)
        within = segments.of_others(here, there)
        for name in sorted(files):
            if name.startswith(".") or name in within or (not name.endswith(".hea") and _belongs(name, there)):
                continue
            entry = Input(str(here / name))
            looks = name.endswith(".hea") or _looks(entry)
            if looks:
                yield from _all_of(entry)
            elif looks is None:
                passed_over.append(entry.path)


def _all_of(entry: Input) -> list[Input]:
    """Return one Input an ECG of a file; reading what cannot be opened says why."""
    try:
        return entry.several()
    except (KalemiaError, OSError, ValueError):
        return [entry]


def _belongs(name: str, files: set[str]) -> bool:
    """Tell whether a file is part of a WFDB record, or an overlay that `kalemia digitize` laid beside what it read."""
    plain, _, suffix = name.rpartition(".")
    if formats.page_named(f".{suffix}"):
        return suffix == "png" and f"{plain}.json" in files and bool({f"{plain}.hea", f"{plain}.csv"} & files)
    return f"{plain}.hea" in files


def _looks(entry: Input) -> bool | None:
    """Tell whether a file begins like an ECG; None where it is nothing else either, and may be a damaged one."""
    try:
        known = entry.format
    except ReadError:
        return False  # a pipe or device
    except OSError:
        return None
    if known in (formats.CSV, formats.APPLE, formats.ROWS, formats.TEXT):
        return known is not formats.TEXT and entry.path.suffix.lower() in _TABLES
    return None if known in formats.DAMAGED else known.is_read
