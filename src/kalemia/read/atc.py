"""ATC, in which AliveCor's Kardia stores ECGs: 1 to 12 leads of 16 bits in blocks, each with its length and checksum.

Source: ATC File Format Specification 1.7, published by AliveCor (github.com/alivecor/ATCpy).
"""

from __future__ import annotations

import binascii
import struct
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np

from kalemia.errors import ReadError
from kalemia.read.raw import Raw
from kalemia.records import LEADS

SIGNATURE = b"ALIVE\0\0\0"
BLOCKS = {b"ecg" + digit.encode(): lead for digit, lead in zip(" 23456789abc", LEADS, strict=True)}
"""Which block holds which lead; those of average and median beats are left."""
_NANOVOLT = 1e-6


def load(path: Path) -> Raw:
    """Read the leads of a Kardia recording.

    Raises
    ------
    ReadError
        Where it holds no lead, or no rate and resolution before it, or is cut short.
    """
    damaged = False
    blocks: dict[bytes, bytes] = {}
    for name, data, whole in _blocks(path.read_bytes()):
        blocks.setdefault(name, data)
        damaged |= not whole
    form = blocks.get(b"fmt ", b"")
    stored = {lead: blocks[block] for block, lead in BLOCKS.items() if block in blocks}
    if len(form) < 6 or not stored:
        raise ReadError("the ATC file holds no format or no lead; a recording of AliveCor's Kardia is accepted")
    kind, rate, step_nv, _ = struct.unpack_from("<BHHB", form)
    if kind != 1 or not step_nv:
        raise ReadError("the ATC file states no samples of 16 bits, or no resolution; those are accepted")
    if len({len(samples) for samples in stored.values()}) > 1 or any(len(samples) % 2 for samples in stored.values()):
        raise ReadError("the leads of the ATC file have several lengths; leads of one length are accepted")
    counts = np.stack([np.frombuffer(samples, "<i2") for samples in stored.values()])
    sentence = "A checksum in the file does not fit what it holds; the file may be damaged."
    return Raw(
        signal=(counts * (step_nv * _NANOVOLT)).astype(np.float32),
        rate=float(rate),
        names=tuple(stored),
        start=_start(blocks.get(b"info", b"")),
        warnings=(sentence,) if damaged else (),
        lsb_mv=step_nv * _NANOVOLT,
    )


def _blocks(content: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield each block's name and data, and whether its checksum fits: a CRC as specified, or a sum as written."""
    at = 12
    while at + 12 <= len(content):
        name, length = struct.unpack_from("<4sI", content, at)
        end = at + 8 + length
        if end + 4 > len(content):
            raise ReadError(f"the ATC file is cut short: a block states {length:,} bytes, of which some are missing")
        (stated,) = struct.unpack_from("<I", content, end)
        yield name, content[at + 8 : end], stated in (sum(content[at:end]), binascii.crc32(content[at:end]))
        at = end + 4


def _start(info: bytes) -> datetime | None:
    """Return when the recording began, by the phone's clock."""
    text = info[:32].split(b"\0")[0].decode("ascii", errors="replace")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
