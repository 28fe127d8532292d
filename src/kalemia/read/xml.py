"""ECGs in XML: HL7 aECG, GE MUSE and Philips, by ecgdatakit after a guard of our own."""

from __future__ import annotations

import codecs
import math
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from kalemia.errors import ReadError
from kalemia.read import kit, philips
from kalemia.read.raw import Raw
from kalemia.read.text import utf_16

if TYPE_CHECKING:
    from ecgdatakit import ECGRecord, Parser

_DECLARED = re.compile(r"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.-]+)[\"'][^>]*\?>")

MAX_DEPTH = 100
MAX_ELEMENTS = 200_000
"""Real exports have some thousand elements, ten deep; trees of millions take gigabytes and minutes."""


def load_aecg(path: Path) -> Raw:
    """Read the rhythm series of an HL7 annotated ECG."""
    from ecgdatakit.parsing.parsers.hl7_aecg import HL7aECGParser

    record, sentences = parsed(HL7aECGParser, path)
    exact = record.raw_metadata.get("rhythm_time", {}).get("sampling_rate_exact")
    return kit.raw(record, sentences, _whole(exact))


def load_muse(path: Path) -> Raw:
    """Read the rhythm waveform of a GE MUSE export; it stores eight leads, from which the others follow."""
    from ecgdatakit.parsing.parsers.ge_muse_xml import GEMuseXMLParser

    return kit.raw(*parsed(GEMuseXMLParser, path))


def load_philips(path: Path) -> Raw:
    """Read the waveforms of a Philips export, and cut off the calibration pulse that ends them."""
    from ecgdatakit.parsing.parsers.sierra_xml import SierraXMLParser

    return philips.without_calibration(kit.raw(*parsed(SierraXMLParser, path, philips.refuse_bomb)))


def parsed(
    parser: type[Parser], path: Path, check: Callable[[bytes], None] = lambda _: None
) -> tuple[ECGRecord, tuple[str, ...]]:
    """Return what `parser` makes of XML that passes the guard and a check, whatever encoding it declares."""
    stored = path.read_bytes()
    content = honest(stored)
    guard(content)
    check(content)
    if content is stored:
        return kit.parsed(parser, path)
    with tempfile.TemporaryDirectory() as folder:  # parsers read files
        copy = Path(folder) / path.name
        copy.write_bytes(content)
        return kit.parsed(parser, copy)


def honest(content: bytes) -> bytes:
    """Return XML that is in the encoding that it declares: itself where it is, else a copy in UTF-8.

    A transfer that turns UTF-16 into bytes of ASCII leaves the declaration as it was.
    """
    text = _text(content)
    if text is None:
        return content
    return _DECLARED.sub("", text.lstrip("\ufeff"), count=1).encode()


def _text(content: bytes) -> str | None:
    """Return XML whose declaration does not say what its bytes are, as text; None where it does."""
    wide = utf_16(content)
    if wide is not None:
        text = content.decode(wide, errors="replace")
        said = _DECLARED.match(text)
        return None if wide == "utf-16" and (said is None or said[1].lower().startswith("utf-16")) else text
    declared = _DECLARED.match(content[:200].decode("latin-1").removeprefix("\u00ef\u00bb\u00bf"))
    name = declared[1].lower() if declared else "utf-8"
    if name not in ("utf-8", "us-ascii", "ascii") and not re.match("utf|ucs|unicode|iso-10646", name):
        return None if _known(name) else content.decode("cp1252", errors="replace")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
    return None if name in ("utf-8", "us-ascii", "ascii") else text


def _known(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)
    except LookupError:
        return False
    return True


def guard(content: bytes) -> None:
    """Raise a ReadError where XML is malformed, declares anything, or would make a tree too deep or too large.

    The text is walked through once and nothing is kept. Unless it is UTF-16, its bytes are taken as they are: then none
    of them is an error of encoding, of which exports have many, and markup is ASCII in all that is read here.
    """
    from xml.parsers import expat

    parser = expat.ParserCreate(None if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "iso-8859-1")
    depth = elements = 0

    def opened(*_: object) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if depth > MAX_DEPTH or elements > MAX_ELEMENTS:
            raise ReadError(f"the XML is no ECG: more than {MAX_ELEMENTS:,} elements, or nested over {MAX_DEPTH} deep")

    def closed(*_: object) -> None:
        nonlocal depth
        depth -= 1

    def declared(*_: object) -> None:
        raise ReadError(
            "the XML declares entities or attributes, which can be made to explode; XML without them is accepted"
        )

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.EntityDeclHandler = declared
    parser.AttlistDeclHandler = parser.ElementDeclHandler = declared
    try:
        parser.Parse(content, True)
    except expat.ExpatError as exc:
        raise ReadError(f"the XML is malformed or cut short in line {exc.lineno}") from exc


def _whole(rate: float | None) -> float | None:
    """Undo the rounding of a stated increment: 0.002 s is 500 Hz, not 499.99999."""
    return float(round(rate)) if rate and math.isclose(rate, round(rate), rel_tol=1e-6) else rate
