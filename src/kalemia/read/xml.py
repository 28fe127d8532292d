"""ECGs in XML: HL7 aECG, GE MUSE and Philips, by ecgdatakit, which refuses entities and anything external."""

from __future__ import annotations

import math
from pathlib import Path

from kalemia.read import kit, philips
from kalemia.read.raw import Raw


def load_aecg(path: Path) -> Raw:
    """Read the rhythm series of an HL7 annotated ECG."""
    from ecgdatakit.parsing.parsers.hl7_aecg import HL7aECGParser

    record, sentences = kit.parsed(HL7aECGParser, path)
    exact = record.raw_metadata.get("rhythm_time", {}).get("sampling_rate_exact")
    return kit.raw(record, sentences, _whole(exact))


def load_muse(path: Path) -> Raw:
    """Read the rhythm waveform of a GE MUSE export; it stores eight leads, from which the others follow."""
    from ecgdatakit.parsing.parsers.ge_muse_xml import GEMuseXMLParser

    return kit.raw(*kit.parsed(GEMuseXMLParser, path))


def load_philips(path: Path) -> Raw:
    """Read the waveforms of a Philips export, and cut off the calibration pulse that ends them."""
    from ecgdatakit.parsing.parsers.sierra_xml import SierraXMLParser

    philips.refuse_bomb(path)
    return philips.without_calibration(kit.raw(*kit.parsed(SierraXMLParser, path)))


def _whole(rate: float | None) -> float | None:
    """Undo the rounding of a stated increment: 0.002 s is 500 Hz, not 499.99999."""
    return float(round(rate)) if rate and math.isclose(rate, round(rate), rel_tol=1e-6) else rate
