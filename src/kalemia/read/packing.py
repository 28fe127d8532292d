"""The ways in which WFDB packs samples into bytes. Source: the WFDB Applications Guide, signal(5)."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ReadError

_Floats = NDArray[np.floating]


FLAC = {508: 8, 516: 16, 524: 24}
"""The formats that are FLAC, and how many bits a sample of each has at most."""


def unflac(data: bytes, form: int, channels: int, per_frame: int, most: int) -> _Floats:
    """Return what a FLAC file holds in the order of a plain signal file, NaN for the lowest number.

    Parameters
    ----------
    data
        The file.
    form
        508, 516 or 524.
    channels, per_frame
        How many signals it holds, and how many samples of each a frame of the record has.
    most
        How many numbers are read at most; a small file may state billions.
    """
    try:
        import soundfile
    except ImportError as exc:
        raise ReadError(
            "the signals are FLAC, which soundfile reads; `pip install 'kalemia[formats]'` is needed"
        ) from exc
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            bits = {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24}.get(file.subtype, 99)
            if file.format != "FLAC" or bits > FLAC[form] or file.channels != channels:
                raise ReadError(f"the signal file is no FLAC of {channels} signals of up to {FLAC[form]} bits")
            if file.frames * channels > most:
                raise ReadError(
                    f"the signal file states {file.frames * channels:,} samples; up to {most:,} are accepted"
                )
            stored = file.read(dtype="int32", always_2d=True) >> (32 - bits)
    except soundfile.LibsndfileError as exc:
        raise ReadError("the FLAC file of the signals is damaged or cut short; a whole one is accepted") from exc
    values = stored.astype(np.float64)
    values[stored == -(1 << (FLAC[form] - 1))] = np.nan
    whole = len(values) // per_frame
    frames: _Floats = values[: whole * per_frame].reshape(whole, per_frame, channels)
    return frames.transpose(0, 2, 1).ravel()


def unpack(data: bytes, form: int) -> _Floats:
    """Return the numbers that `data` holds in storage format `form`, NaN for the value that means "not recorded".

    float32 where every number fits exactly, else float64. Bytes that fill no whole sample at the end are ignored.

    Raises
    ------
    ReadError
        Where the format is none of those read here.
    """
    if form not in _UNPACK:
        accepted = ", ".join(map(str, (*_UNPACK, *FLAC)))
        raise ReadError(f"the samples are stored in WFDB format {form}; the formats {accepted} are accepted")
    return _UNPACK[form](data)


def _whole(dtype: str, zero: int = 0) -> Callable[[bytes], _Floats]:
    """Return an unpacker of plain integers, of which the lowest means "not recorded"."""
    kind = np.dtype(dtype)
    lowest = np.iinfo(kind).min

    def unpacker(data: bytes) -> _Floats:
        stored = np.frombuffer(data, kind, count=len(data) // kind.itemsize)
        values: _Floats = stored.astype(np.float32 if kind.itemsize < 4 else np.float64)
        values[stored == lowest] = np.nan
        return np.subtract(values, zero, out=values) if zero else values

    return unpacker


def _differences(data: bytes) -> _Floats:
    """Format 8: first differences in single bytes; none of them means "not recorded"."""
    return np.frombuffer(data, np.int8).astype(np.float64)


def _signed(values: NDArray[np.int32], bits: int) -> _Floats:
    """Turn `bits`-wide two's complement into floats, the lowest value into NaN."""
    lowest = -(1 << (bits - 1))
    signed = np.where(values >= -lowest, values - (1 << bits), values)
    floats: _Floats = signed.astype(np.float32 if bits <= 24 else np.float64)
    floats[signed == lowest] = np.nan
    return floats


def _bytes_by(data: bytes, size: int) -> NDArray[np.int32]:
    """Return the bytes as (groups, size), so that each group holds whole samples."""
    whole = len(data) // size
    return np.frombuffer(data, np.uint8, count=whole * size).reshape(whole, size).astype(np.int32)


def _twenty_four(data: bytes) -> _Floats:
    """Format 24: three bytes a sample."""
    b = _bytes_by(data, 3)
    return _signed(b[:, 0] | b[:, 1] << 8 | b[:, 2] << 16, 24)


def _two_in_three(data: bytes) -> _Floats:
    """Format 212: two 12-bit samples in three bytes; two bytes left over hold one more."""
    if len(data) % 3 == 2:
        data += b"\0"
        odd = True
    else:
        odd = False
    b = _bytes_by(data, 3)
    values = np.stack([b[:, 0] | (b[:, 1] & 0x0F) << 8, b[:, 2] | (b[:, 1] & 0xF0) << 4], axis=1).ravel()
    return _signed(values[:-1] if odd else values, 12)


def _filled(data: bytes, samples: dict[int, int]) -> tuple[bytes, int]:
    """Fill the last four bytes up where a writer ended among them; return how many of their samples are none, too.

    `samples` says how many of the three begin in so many bytes: a group that is not full is written without the bytes
    that none of its samples needs.
    """
    left = len(data) % 4
    return (data + bytes(4 - left), 3 - samples[left]) if left in samples else (data, 0)


def _three_in_four_310(data: bytes) -> _Floats:
    """Format 310: three 10-bit samples in two 16-bit words; the third is what the first two leave over."""
    data, missing = _filled(data, {2: 1, 3: 1})
    b = _bytes_by(data, 4)
    first, second = b[:, 0] | b[:, 1] << 8, b[:, 2] | b[:, 3] << 8
    third = (first >> 11) | (second >> 11) << 5
    values = np.stack([first >> 1 & 0x3FF, second >> 1 & 0x3FF, third & 0x3FF], axis=1).ravel()
    return _signed(values[: len(values) - missing], 10)


def _three_in_four_311(data: bytes) -> _Floats:
    """Format 311: three 10-bit samples in the low 30 bits of four bytes."""
    data, missing = _filled(data, {2: 1, 3: 2})
    b = _bytes_by(data, 4)
    word = b[:, 0] | b[:, 1] << 8 | b[:, 2] << 16 | (b[:, 3] & 0x3F) << 24
    values = np.stack([word & 0x3FF, word >> 10 & 0x3FF, word >> 20 & 0x3FF], axis=1).ravel()
    return _signed(values[: len(values) - missing], 10)


def _offset(dtype: str) -> Callable[[bytes], _Floats]:
    """Return an unpacker of offset binary: unsigned, of which the lowest means "not recorded"."""
    return _whole(dtype, zero=(np.iinfo(np.dtype(dtype)).max + 1) // 2)


_UNPACK: dict[int, Callable[[bytes], _Floats]] = {
    8: _differences,
    16: _whole("<i2"),
    24: _twenty_four,
    32: _whole("<i4"),
    61: _whole(">i2"),
    80: _offset("u1"),
    160: _offset("<u2"),
    212: _two_in_three,
    310: _three_in_four_310,
    311: _three_in_four_311,
}
