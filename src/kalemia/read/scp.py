"""SCP-ECG (EN 1064, ISO 11073-91064), by ecgdatakit."""

from __future__ import annotations

from pathlib import Path

from kalemia.read import kit
from kalemia.read.raw import Raw


def load(path: Path) -> Raw:
    """Read the rhythm data of section 6; the reference beat of section 5 is left."""
    from ecgdatakit.parsing.parsers.scp_ecg import SCPECGParser

    record, sentences = kit.parsed(SCPECGParser, path)
    interval_us = record.raw_metadata.get("rhythm_sample_interval_us")
    return kit.raw(record, sentences, 1e6 / interval_us if interval_us else None)
