"""Writes files whole or not at all."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kalemia.errors import KalemiaError


def write(contents: Mapping[Path, bytes]) -> None:
    """Write files so that a reader sees the old or the new content of each, and none where one cannot be written.

    Raises
    ------
    OSError
        Where a file cannot be written; nothing was changed and no part of a file is left.
    """
    parts = {target: target.with_name(f".{secrets.token_hex(6)}.part") for target in contents}
    try:
        for target, part in parts.items():
            if target.is_dir():
                raise IsADirectoryError(21, os.strerror(21), str(target))
            part.write_bytes(contents[target])
        for target, part in parts.items():
            part.replace(target)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def writable(folder: Path) -> None:
    """Make a folder and try it; OSError where nothing can be written there, before the work and not after it."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


@contextmanager
def writing(place: Path, error: type[KalemiaError] = KalemiaError) -> Iterator[None]:
    """Say in one sentence where a file cannot be written."""
    try:
        yield
    except OSError as exc:
        why = exc.strerror or exc
        raise error(f"{place}: cannot be written ({why}); give a folder that may be written") from exc
