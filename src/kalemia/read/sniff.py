"""Find out what a file is from what it holds; nothing is opened that is no regular file of a sane size."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from kalemia.errors import ReadError
from kalemia.read.raw import Raw
from kalemia.system import bounded

ACCEPTED = "WFDB, DICOM, EDF, BDF, HL7 aECG, GE MUSE XML, Philips XML, SCP-ECG and CSV are accepted"
HEAD_BYTES = 8192


@dataclass(frozen=True)
class Format:
    """A format: the module of this room that reads it, the largest file of it that is read (bytes), the function."""

    name: str
    module: str
    max_bytes: int
    function: str = "load"

    def load(self, path: Path, rate: float | None) -> Raw:
        """Read `path`; the module is imported only now, so that other formats' libraries stay unloaded."""
        module = import_module(f"kalemia.read.{self.module}")
        load = cast(Callable[..., Raw], getattr(module, self.function))
        return load(path, rate) if self.module == "csv" else load(path)


WFDB = Format("WFDB", "wfdb", 1_000_000)
DICOM = Format("DICOM", "dicom", 128_000_000)
EDF = Format("EDF", "edf", 128_000_000)
AECG = Format("HL7 aECG", "xml", 16_000_000, "load_aecg")
MUSE = Format("GE MUSE XML", "xml", 16_000_000, "load_muse")
PHILIPS = Format("Philips XML", "xml", 4_000_000, "load_philips")
SCP = Format("SCP-ECG", "scp", 4_000_000)
CSV = Format("CSV", "csv", 16_000_000)

_OTHER = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF": "a PDF document",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
}
_PAGES = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"GIF8")
PAGE_NAMES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".webp", ".pdf"}
BINARY, XML = UNKNOWN = "binary and of no format that is known", "XML without an ECG"
_ROOTS = {"AnnotatedECG": AECG, "RestingECG": MUSE, "restingecgdata": PHILIPS}
_TEXT_BYTES = bytes({9, 10, 13, *range(32, 127), *range(128, 256)})


def find(path: Path) -> tuple[Format, Path]:
    """Return the format of `path`, and the file to read: a WFDB record's header where its name or data is given.

    Raises
    ------
    ReadError
        Where there is no such file, or it is none that is read.
    """
    if not path.exists() and (header := path.with_name(path.name + ".hea")).exists():
        path = header
    size = bounded.size(path)
    if size == 0:
        raise ReadError(f"the file is empty; {ACCEPTED}")
    if (header := path.with_suffix(".hea")) != path and header.is_file():
        from kalemia.read.wfdb import signal_files

        if path.name in signal_files(header):
            return WFDB, header
    with path.open("rb") as stream:
        found = of(stream.read(HEAD_BYTES))
    if found is CSV and path.suffix.lower() == ".hea":
        found = WFDB  # which then says what is wrong with the header
    if isinstance(found, str):
        raise ReadError(f"the file is {found}; {ACCEPTED}")
    bounded.within(size, found.max_bytes, found.name)
    return found, path


def is_page(path: Path) -> bool:
    """Tell whether a regular file begins like a picture or a PDF, which `kalemia.digitize` reads.

    One that is named so and holds no ECG is a damaged one, whose fault the reader of pages knows best.
    """
    try:
        bounded.size(path)
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except (OSError, ReadError):
        return False
    bitmap = head[:2] == b"BM" and head[6:10] == bytes(4)
    if head.startswith(_PAGES) or bitmap or head[8:12] == b"WEBP" or b"%PDF-" in head[:1024]:
        return True
    return path.suffix.lower() in PAGE_NAMES and (isinstance(found := of(head), str) or found is CSV)


def of(head: bytes) -> Format | str:
    """Return the format of a file that begins with `head`, or what else it is, in words."""
    from kalemia.read.wfdb import RECORD_LINE

    if head[128:132] == b"DICM":
        return DICOM
    if head[16:22] == b"SCPECG":
        return SCP
    if head[:8] in (b"0       ", b"\xffBIOSEMI"):
        return EDF
    for magic, words in _OTHER.items():
        if head.startswith(magic):
            return words
    text = _text(head)
    if text is None:
        return BINARY
    if text.startswith("<"):
        plain = re.sub(r"<[\w.-]+:", "<", text)  # without prefixes of namespaces
        return next((kind for root, kind in _ROOTS.items() if f"<{root}" in plain), XML)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if lines and RECORD_LINE.match(lines[0].strip()) and "," not in lines[0]:
        return WFDB
    return CSV


def _text(head: bytes) -> str | None:
    """Return the beginning as text, or None where it is binary."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", errors="ignore").lstrip("\ufeff \t\r\n")
    if head.translate(None, _TEXT_BYTES):
        return None
    return head.decode("utf-8", errors="replace").lstrip("\ufeff \t\r\n")
