"""ECGs in XML: HL7 aECG, GE MUSE and Philips, by ecgdatakit after a guard of our own."""

from __future__ import annotations

import math
from pathlib import Path

from kalemia.errors import ReadError
from kalemia.read import kit, philips
from kalemia.read.raw import Raw

MAX_DEPTH = 100
MAX_ELEMENTS = 200_000
"""Real exports have some thousand elements, ten deep; trees of millions take gigabytes and minutes."""


def load_aecg(path: Path) -> Raw:
    """Read the rhythm series of an HL7 annotated ECG."""
    from ecgdatakit.parsing.parsers.hl7_aecg import HL7aECGParser

    guard(path.read_bytes())
    record, sentences = kit.parsed(HL7aECGParser, path)
    exact = record.raw_metadata.get("rhythm_time", {}).get("sampling_rate_exact")
    return kit.raw(record, sentences, _whole(exact))


def load_muse(path: Path) -> Raw:
    """Read the rhythm waveform of a GE MUSE export; it stores eight leads, from which the others follow."""
    from ecgdatakit.parsing.parsers.ge_muse_xml import GEMuseXMLParser

    guard(path.read_bytes())
    return kit.raw(*kit.parsed(GEMuseXMLParser, path))


def load_philips(path: Path) -> Raw:
    """Read the waveforms of a Philips export, and cut off the calibration pulse that ends them."""
    from ecgdatakit.parsing.parsers.sierra_xml import SierraXMLParser

    content = path.read_bytes()
    guard(content)
    philips.refuse_bomb(content)
    return philips.without_calibration(kit.raw(*kit.parsed(SierraXMLParser, path)))


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
