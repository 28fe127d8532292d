"""The one table of formats: what each is called, what its files look like, how large they are, and what reads them."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from kalemia.read import segments, wfdb
from kalemia.read.raw import Raw
from kalemia.read.text import decode, utf_16

HEAD_BYTES = 8192
_RESOURCE = re.compile(r'"resourceType"\s*:\s*"(?:Observation|Bundle)"')
_HDF5 = b"\x89HDF\r\n"
_TEXT_BYTES = bytes({9, 10, 13, *range(32, 127), *range(128, 256)})


@dataclass(frozen=True)
class Head:
    """The first bytes of a file."""

    content: bytes

    @cached_property
    def text(self) -> str | None:
        """They as text, or None where they are binary."""
        if self.content.translate(None, _TEXT_BYTES) and utf_16(self.content) is None:
            return None
        return decode(self.content).lstrip("\ufeff \t\r\n")

    @cached_property
    def xml(self) -> str:
        """They as XML without the prefixes of namespaces; nothing where they are none."""
        return re.sub(r"<[\w.-]+:", "<", self.text) if self.text and self.text.startswith("<") else ""


@dataclass(frozen=True)
class Format:
    """A format of files, read or not; whoever knows a further one adds it to `ECGS`.

    Attributes
    ----------
    name
        What people call it.
    load
        What makes a Raw of a file. None for a page, which `kalemia.digitize` reads, and for what nothing reads.
    largest
        How many bytes a file has at most.
    magic
        Where which bytes stand in every file of it; one of them suffices.
    looks
        Tells it by its first bytes, where no such bytes do.
    suffixes
        Of a page: how its files end, for those that are damaged.
    page
        Whether it is a picture or a document, which may show an ECG.
    parts
        Of files that may hold many ECGs: lists what each is called behind a "#"; `load` takes that, too.
    """

    name: str
    load: Callable[..., Raw] | None = None
    largest: int = 0
    magic: tuple[tuple[int, bytes], ...] = ()
    looks: Callable[[Head], bool] | None = None
    suffixes: tuple[str, ...] = ()
    page: bool = False
    parts: Callable[[Path], Sequence[str]] | None = None

    @property
    def is_read(self) -> bool:
        """Whether anything reads it."""
        return self.page or self.load is not None

    def fits(self, head: Head) -> bool:
        """Tell whether a file that begins so is of this format."""
        if any(head.content.startswith(mark, at) for at, mark in self.magic):
            return True
        return self.looks is not None and self.looks(head)

    def __reduce__(self) -> tuple[Any, ...]:
        return _named, (self.name,)


def _root(name: str, head: Head) -> bool:
    return f"<{name}" in head.xml


def _matlab(head: Head) -> bool:
    """Tell a MATLAB 4 file: it begins with kind, rows, columns and name of an array, in either order of bytes."""
    for order in "<>":
        if len(head.content) < 20:
            return False
        kind, rows, columns, imaginary, length = struct.unpack_from(f"{order}5i", head.content)
        name = head.content[20 : 20 + max(length, 0)]
        numbers = kind // 1000 in (0, 1) and kind % 1000 in range(0, 60, 10)
        if numbers and rows > 0 and columns > 0 and imaginary == 0 and 1 < length <= 64:
            return name[-1:] == b"\0" and name[:-1].isalnum()
    return False


def _fhir(head: Head) -> bool:
    """Tell an Observation, or a Bundle that may hold one, by its kind among the first fields."""
    text = (head.text or "")[:1000]
    return text.startswith("{") and _RESOURCE.search(text) is not None


def _mortara(head: Head) -> bool:
    """Tell a Mortara export, whose root is called ECG as others' might be, by what is in it."""
    return "<ECG " in head.xml and ("UNITS_PER_MV=" in head.xml or "ACQUISITION_TIME=" in head.xml)


def _record_line(head: Head) -> bool:
    lines = (line.strip() for line in (head.text or "").splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    return wfdb.RECORD_LINE.match(first) is not None and "," not in first


def _columns(head: Head) -> bool:
    from kalemia.read import csv

    return head.text is not None and csv.looks(head.text)


def _apple(head: Head) -> bool:
    from kalemia.read import apple

    return head.text is not None and apple.looks(head.text)


def _rows(head: Head) -> bool:
    from kalemia.read import rows

    return head.text is not None and rows.looks(head.text)


def _bitmap(head: Head) -> bool:
    return head.content.startswith(b"BM") and head.content[6:10] == bytes(4)


def _document(head: Head) -> bool:
    return b"%PDF-" in head.content[:1024]


def _by(module: str, name: str = "load") -> Callable[..., Any]:
    """Return a reader of this room that is imported when it reads: most who predict have files of one format."""

    def load(*path_and_part: Any) -> Any:
        return getattr(import_module(f"kalemia.read.{module}"), name)(*path_and_part)

    return load


_page = partial(Format, page=True, largest=200_000_000)

PAGES = (
    _page("PNG", magic=((0, b"\x89PNG"),), suffixes=(".png",)),
    _page("JPEG", magic=((0, b"\xff\xd8\xff"),), suffixes=(".jpg", ".jpeg")),
    _page("TIFF", magic=((0, b"II*\0"), (0, b"MM\0*")), suffixes=(".tif", ".tiff")),
    _page("BMP", looks=_bitmap, suffixes=(".bmp",)),
    _page("GIF", magic=((0, b"GIF8"),), suffixes=(".gif",)),
    _page("WebP", magic=((8, b"WEBP"),), suffixes=(".webp",)),
    PDF := _page("PDF", looks=_document, suffixes=(".pdf",)),
)
ECGS = (
    Format("DICOM", _by("dicom"), 128_000_000, ((128, b"DICM"),)),
    Format("EDF", _by("edf"), 128_000_000, ((0, b"0       "),)),
    Format("BDF", _by("edf"), 128_000_000, ((0, b"\xffBIOSEMI"),)),
    Format("HL7 aECG", _by("xml", "load_aecg"), 16_000_000, looks=partial(_root, "AnnotatedECG")),
    Format("GE MUSE XML", _by("xml", "load_muse"), 16_000_000, looks=partial(_root, "RestingECG")),
    Format("Philips XML", _by("xml", "load_philips"), 4_000_000, looks=partial(_root, "restingecgdata")),
    Format("CardioSoft XML", _by("makers", "load_cardiosoft"), 16_000_000, looks=partial(_root, "CardiologyXML")),
    Format("Mortara XML", _by("makers", "load_mortara"), 16_000_000, looks=_mortara),
    Format("Schiller XML", _by("makers", "load_schiller"), 16_000_000, looks=partial(_root, "examdescript")),
    Format("SCP-ECG", _by("scp"), 4_000_000, ((16, b"SCPECG"),)),
    Format("FHIR JSON", _by("fhir"), 16_000_000, looks=_fhir),
    Format("AliveCor ATC", _by("atc"), 16_000_000, ((0, b"ALIVE\0\0\0"),)),
    Format("ISHNE Holter", _by("ishne"), 4_000_000_000, ((0, b"ISHNE1.0"),), parts=_by("ishne", "parts")),
    Format("HDF5", _by("hdf5"), 20_000_000_000, ((0, _HDF5), (512, _HDF5)), parts=_by("hdf5", "parts")),
    Format("NumPy", _by("arrays", "load_npy"), 128_000_000, ((0, b"\x93NUMPY"),)),
    Format("MATLAB", _by("arrays", "load_mat"), 128_000_000, ((0, b"MATLAB 5.0"),), _matlab),
    WFDB := Format("WFDB", segments.load, 1_000_000, looks=_record_line),
    APPLE := Format("Apple Watch CSV", _by("apple"), 16_000_000, looks=_apple),
    ROWS := Format("Withings CSV", _by("rows"), 16_000_000, looks=_rows, parts=_by("rows", "parts")),
    CSV := Format("CSV", _by("csv"), 16_000_000, looks=_columns),
)
ARCHIVES = (
    Format("a ZIP archive", magic=((0, b"PK\x03\x04"),)),
    Format("a gzip archive", magic=((0, b"\x1f\x8b"),)),
    Format("a bzip2 archive", magic=((0, b"BZh"),)),
    Format("an xz archive", magic=((0, b"\xfd7zXZ"),)),
)
EMPTY = Format("empty", looks=lambda head: not head.content)
DAMAGED = (
    EMPTY,
    Format("XML without an ECG", looks=lambda head: bool(head.xml)),
    Format("binary and of no format that is known", looks=lambda head: head.text is None),
)
"""What may have been an ECG."""
TEXT = Format("text", CSV.load, CSV.largest, looks=lambda _: True)
"""Read as a CSV, to say what is wrong with it."""
FORMATS = (*PAGES, *ECGS, *ARCHIVES, *DAMAGED, TEXT)
"""All of them, in the order in which they are looked for."""


def find(head: Head) -> Format:
    """Return the format of a file that begins so."""
    return next(known for known in FORMATS if known.fits(head))


def page_named(suffix: str) -> Format | None:
    """Return the page whose files end so, or None."""
    return next((page for page in PAGES if suffix.lower() in page.suffixes), None)


def listed(formats: Iterable[Format]) -> str:
    """Name formats in a sentence."""
    *first, last = (known.name for known in formats)
    return f"{', '.join(first)} and {last}"


def _named(name: str) -> Format:
    return next(known for known in FORMATS if known.name == name)


ACCEPTED = f"{listed(ECGS)} are accepted, and as pages {listed(PAGES)}"
"""How the error of a file ends that is none of them."""
