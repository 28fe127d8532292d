"""What is peculiar to Philips: a calibration pulse that looks like ECG, and compression that can be made to explode."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Iterator

import numpy as np

from kalemia.errors import ReadError
from kalemia.read.raw import Raw

MAX_UNPACKED_BYTES = 8_000_000
"""What the compressed waveforms of one file may unpack to; twelve leads of 11 s take 132,000."""

_CODE_BITS = 10
_LAST_CODE = (1 << _CODE_BITS) - 2


def without_calibration(raw: Raw) -> Raw:
    """Cut off the end in which every lead holds the same value: 0.1 s of zero, a pulse of 1 mV for 0.2 s, zero again.

    No body draws the same curve in every lead. Where the pulse stays, it breaks Einthoven's law and every filter.
    """
    if len(raw.names) < 3:
        return raw
    apart = np.flatnonzero(np.ptp(raw.signal, axis=0) > 0)
    if not len(apart):
        raise ReadError(
            "every lead is empty or constant, but for the calibration; at least one with a signal is accepted"
        )
    end = int(apart[-1]) + 1
    tail = raw.signal[0, end:]
    if len(tail) < 0.1 * raw.rate or not np.ptp(tail) > 0:
        return raw
    return dataclasses.replace(raw, signal=raw.signal[:, :end])


def refuse_bomb(content: bytes) -> None:
    """Raise a ReadError where compressed waveforms would unpack to more than any ECG: sizes are added up unpacked.

    Source of the layout: chunks of 8 bytes (size, start value) and LZW codes of 10 bits.
    """
    from ecgdatakit.parsing.helpers.xml import parse_xml_root

    for element in parse_xml_root(content).iter():
        method = element.get("compression") or element.get("compressmethod") or ""
        if str(element.tag).lower() != "parsedwaveforms" or method.upper() != "XLI":
            continue
        if len(element):
            raise ReadError("the waveforms of the Philips file hold further elements; base64 text is accepted")
        try:
            data = base64.b64decode("".join((element.text or "").split()), validate=True)
        except (binascii.Error, ValueError) as exc:
            raise ReadError("the waveforms of the Philips file are not the base64 that they claim to be") from exc
        total = 0
        for chunk in _chunks(data):
            for length in _lengths(chunk):
                total += length
                if total > MAX_UNPACKED_BYTES:
                    raise ReadError(f"the compressed waveforms unpack to more than {MAX_UNPACKED_BYTES:,} bytes")


def _chunks(data: bytes) -> Iterator[bytes]:
    """Yield the compressed body of each lead."""
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "little")
        if size > len(data) - position - 8:
            return  # cut short, which the parser says
        yield data[position + 8 : position + 8 + size]
        position += 8 + max(size, 1)


def _lengths(chunk: bytes) -> Iterator[int]:
    """Yield how many bytes each LZW code stands for, without making them."""
    bits = np.unpackbits(np.frombuffer(chunk, np.uint8))
    whole = len(bits) // _CODE_BITS
    codes = bits[: whole * _CODE_BITS].reshape(whole, _CODE_BITS) @ (1 << np.arange(_CODE_BITS)[::-1])
    known = dict.fromkeys(range(256), 1)
    following = 256
    previous = 0
    for code in codes.tolist():
        if code > _LAST_CODE:
            return
        length = known.setdefault(code, previous + 1)
        if previous and following <= _LAST_CODE:
            known[following] = previous + 1
            following += 1
        previous = length
        yield length
