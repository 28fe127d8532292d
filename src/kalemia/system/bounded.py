"""Opens files that others made only where they are regular, and no larger than their kind can be."""

from __future__ import annotations

import stat
from pathlib import Path

from kalemia.errors import KalemiaError, ReadError


def size(path: Path, accepted: str = "a file is accepted here") -> int:
    """Return the bytes of a regular file, which is not opened.

    Raises
    ------
    ReadError
        Where it is a folder, or a pipe or device, which might never end; what is `accepted` ends the sentence. OSError
        where there is nothing.
    """
    state = path.stat()
    if stat.S_ISDIR(state.st_mode):
        raise ReadError(f"this is a folder; {accepted}")
    if not stat.S_ISREG(state.st_mode):
        raise ReadError(f"this is no regular file (a pipe or device); {accepted}")
    return state.st_size


def within(size: int, most: int, kind: str) -> None:
    """Raise a ReadError where a file has more bytes than one of its kind has."""
    if size > most:
        raise ReadError(f"the file has {size:,} bytes; as {kind} up to {most:,} are accepted")


def content(path: Path, most: int, kind: str, error: type[KalemiaError]) -> bytes:
    """Return what a file holds that has at most so many bytes.

    Parameters
    ----------
    path
        The file.
    most
        How many bytes one of its kind has at most.
    kind
        What it should be, such as "an ONNX file"; it ends the sentence of the error.
    error
        What is raised, with the path, where the file is absent, not regular, larger or cannot be read.
    """
    try:
        within(size(path, f"{kind} is accepted"), most, kind)
        with path.open("rb") as stream:
            return stream.read(most)
    except ReadError as exc:
        raise error(f"{path}: {exc}") from None
    except OSError as exc:
        raise error(f"{path}: the file cannot be read ({exc.strerror}); {kind} is accepted") from exc
    except ValueError as exc:
        raise error(f"the name of the file holds a zero byte; {kind} is accepted") from exc
