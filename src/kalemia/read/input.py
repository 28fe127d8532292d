"""A file on its way to a Recording: it is opened and identified once, wherever its way begins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from kalemia.errors import ReadError
from kalemia.read import formats, wfdb
from kalemia.read.formats import Format, Head
from kalemia.system import bounded


class Kind(NamedTuple):
    """What a file turned out to be: its format, the file that holds it, its size in bytes, and which ECG of several."""

    format: Format
    file: Path
    size: int
    part: str = ""


@dataclass(frozen=True)
class Input(os.PathLike[str]):
    """A file that may hold an ECG, by the path that was given for it; `open` and `Path` take it as that path."""

    source: str

    @classmethod
    def of(cls, source: str | os.PathLike[str]) -> Input:
        """Return a path as an Input, and one that is known as it is."""
        return source if isinstance(source, cls) else cls(os.fsdecode(source))

    def __fspath__(self) -> str:
        return self.source

    def __str__(self) -> str:
        return self.source

    @property
    def path(self) -> Path:
        """The path that was given."""
        return Path(self.source)

    @cached_property
    def kind(self) -> Kind:
        """What it is, whether that is read or not; found out at first use and then carried along, to processes too.

        Raises
        ------
        ReadError
            Where it is no regular file; OSError where it cannot be opened.
        """
        return _kind(self.path)

    @property
    def format(self) -> Format:
        """Its format; raises what `kind` raises."""
        return self.kind.format

    @property
    def part(self) -> tuple[str, ...]:
        """Which ECG of the file it is, for the reader of a format whose files hold several."""
        if self.format.parts is None and self.kind.part:
            raise ReadError(f"a {self.format.name} file is one ECG; its name without a # is accepted")
        return () if self.format.parts is None else (self.kind.part,)

    def several(self) -> list[Input]:
        """Return one Input an ECG: itself, or all that its file holds."""
        if self.format.parts is None or self.kind.part:
            return [self]
        return [Input(f"{self.source}#{part}") for part in self.format.parts(self.kind.file)] or [self]

    def accepted(self) -> Kind:
        """Return what it is; a ReadError, still without its name, where nothing reads that."""
        if not self.format.is_read:
            raise ReadError(f"the file is {self.format.name}; {formats.ACCEPTED}")
        bounded.within(self.kind.size, self.format.largest, self.format.name)
        return self.kind


def identify(source: str | os.PathLike[str]) -> Input:
    """Return a file of which is known what it is; what is an Input is known already.

    Raises
    ------
    ReadError
        Where there is no such file, or it is none that is read: one sentence.
    """
    known = Input.of(source)
    with opening(known):
        known.accepted()
    return known


@contextmanager
def opening(source: Input) -> Iterator[None]:
    """Put the name of the file before an error, and translate those of the system and of foreign readers."""
    try:
        yield
    except ReadError as exc:
        raise ReadError(f"{source}: {exc}.") from exc.__cause__
    except OSError as exc:
        raise ReadError(f"{source}: the file cannot be opened ({exc.strerror or type(exc).__name__}).") from exc
    except Exception as exc:  # the one place where errors of foreign readers become ours
        raise ReadError(f"{source}: the file is damaged or incomplete ({type(exc).__name__} while reading).") from exc


def _kind(path: Path) -> Kind:
    """Find out what a file is; a WFDB record may be named without a suffix, or by its data."""
    path, part = _located(path)
    size = bounded.size(path)
    if (header := path.with_suffix(".hea")) != path and header.is_file() and path.name in wfdb.signal_files(header):
        return Kind(formats.WFDB, header, bounded.size(header))
    with path.open("rb") as stream:
        seeming = formats.find(Head(stream.read(formats.HEAD_BYTES)))
    return Kind(_by_name(seeming, path.suffix), path, size, part)


def _located(path: Path) -> tuple[Path, str]:
    """Return the file that a name means, and which of its ECGs: "record" means "record.hea", "file#5" its ECG 5."""
    if path.exists():
        return path, ""
    if (header := path.with_name(path.name + ".hea")).exists():
        return header, ""
    whole, _, part = path.name.rpartition("#")
    if whole and part and path.with_name(whole).is_file():
        return path.with_name(whole), part
    return path, ""


def _by_name(seeming: Format, suffix: str) -> Format:
    """Correct what a file seems to be by its name, where it holds nothing that is known: its reader then says why."""
    if seeming in (formats.TEXT, formats.CSV) and suffix.lower() == ".hea":
        return formats.WFDB
    unclear = seeming is formats.TEXT or not (seeming.is_read or seeming is formats.EMPTY)
    return formats.page_named(suffix) or seeming if unclear else seeming
