"""Tells whether two names are of one ECG."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from kalemia.errors import ReadError
from kalemia.read import wfdb
from kalemia.read.input import Input
from kalemia.system import bounded


def marks(source: str | os.PathLike[str]) -> set[str]:
    """Return what two names of one ECG have in common: where its file lies, or what the file holds.

    A WFDB record is known by what its signal files hold, since a copy's header bears the copy's name. Of what cannot be
    read only the name is known.
    """
    entry = Input.of(source)
    known = {str(entry.path.absolute())}
    try:
        kind = entry.accepted()
        part = f"#{kind.part}" if kind.part else ""
        return known | {f"{kind.file.resolve()}{part}", f"{_digest(_files(kind.file))}{part}"}
    except (OSError, ValueError, RuntimeError, ReadError):  # no file, no name of one, or links in a circle
        return known


def _files(file: Path) -> list[Path]:
    if file.suffix != ".hea":
        return [file]
    return [file.with_name(name) for name in sorted(wfdb.signal_files(file))] or [file]


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        bounded.size(file)
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
