"""Bare arrays of samples, of NumPy (`.npy`) and MATLAB (`.mat`): they name neither leads nor, mostly, a rate.

Twelve channels are taken in the usual order where the limb leads, which follow from I and II, confirm it; eight are
I, II and V1 to V6. Numbers with a fraction are taken as mV, which the rules of amplitudes hold; whole ones are counts.
"""

from __future__ import annotations

import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ReadError
from kalemia.read.raw import MAX_VALUES, Raw
from kalemia.records import EIGHT, LEADS

MAX_BYTES = 8 * MAX_VALUES
ORDERS = (LEADS, ("I", "II", "III", "aVL", "aVF", "aVR", *LEADS[6:]))
"""The usual order, and that of the test set of CODE."""
PADDED = 20
"""Samples at an end in which every channel is 0 that are padding; a signal may begin with fewer."""
LAW = 0.1
"""Share of the largest spread of III, aVR, aVL and aVF by which they may differ from what I and II make of them."""
NAMES = ("val", "ecg", "data", "signal", "x")
RATES = ("fs", "rate", "sampling_rate", "samplingrate", "sample_rate", "freq", "frequency", "srate")
_NUMBERS = {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "single", "double"}


def load_npy(path: Path) -> Raw:
    """Read an array of NumPy's, (leads, samples) or (samples, leads); objects, which could run code, are refused.

    Raises
    ------
    ReadError
        Where it is no array of numbers of one ECG's size, or is cut short.
    """
    with path.open("rb") as stream:
        try:
            version = np.lib.format.read_magic(stream)
            reading = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            shape, columns, kind = reading[version](stream)
        except (ValueError, LookupError) as exc:
            raise ReadError("the header of the NumPy file is damaged; an array of numbers is accepted") from exc
        if kind.hasobject or kind.kind not in "iuf":
            raise ReadError("the NumPy file holds something else than real numbers; an array of them is accepted")
        count = math.prod(shape)
        if count > MAX_VALUES:
            raise ReadError(f"the NumPy file states {count:,} numbers; up to {MAX_VALUES:,} are accepted")
        content = stream.read(count * kind.itemsize)
    if len(content) < count * kind.itemsize:
        raise ReadError(f"the NumPy file is cut short: it holds {len(content) // kind.itemsize:,} of {count:,} numbers")
    return raw(np.frombuffer(content, kind).reshape(shape, order="F" if columns else "C"), "NumPy")


def load_mat(path: Path) -> Raw:
    """Read the array of samples of a MATLAB file (version 4 to 7.2), and its rate where a variable is called so.

    Raises
    ------
    ReadError
        Where it is damaged, or does not hold exactly one array that may be an ECG.
    """
    from scipy.io import loadmat, whosmat

    _refuse_bomb(path.read_bytes())
    try:
        held = [(name, shape) for name, shape, kind in whosmat(path) if kind in _NUMBERS]
        wanted = _variable([name for name, shape in held if _may_be(shape)])
        rates = [name for name, shape in held if name.lower() in RATES and math.prod(shape) == 1]
        values = loadmat(path, variable_names=[wanted, *rates])
    except ReadError:
        raise
    except Exception as exc:  # scipy raises of every kind
        raise ReadError("the MATLAB file is damaged or cut short; a whole one of version 4 to 7.2 is accepted") from exc
    rate = float(values[rates[0]].item()) if rates else math.nan
    return raw(np.asarray(values[wanted]), "MATLAB", rate)


def _may_be(shape: tuple[int, ...]) -> bool:
    return 50 <= math.prod(shape) <= MAX_VALUES


def _variable(names: list[str]) -> str:
    """Return the variable that holds the samples: the only one, or the one that is called so."""
    usual = [name for name in names if name.lower() in NAMES]
    chosen = usual if len(usual) == 1 else names
    if len(chosen) != 1:
        raise ReadError(
            f"the MATLAB file holds {len(names)} arrays that may be an ECG; one, or one called {', '.join(NAMES)}, "
            "is accepted"
        )
    return chosen[0]


def _refuse_bomb(content: bytes) -> None:
    """Raise a ReadError where the compressed elements of a MATLAB 5 file inflate to more than any ECG."""
    if not content.startswith(b"MATLAB"):
        return
    order = "big" if content[126:128] == b"MI" else "little"
    at, total = 128, 0
    while at + 8 <= len(content):
        kind = int.from_bytes(content[at : at + 4], order)  # type: ignore[arg-type]
        size = int.from_bytes(content[at + 4 : at + 8], order)  # type: ignore[arg-type]
        if kind == 15:
            total += _inflated(content[at + 8 : at + 8 + size])
        if total > MAX_BYTES:
            raise ReadError(f"the MATLAB file inflates to more than {MAX_BYTES:,} bytes; an ECG is accepted")
        at += 8 + size


def _inflated(data: bytes) -> int:
    """Return to how many bytes compressed data inflate; nothing is kept, and counting ends above the limit."""
    inflating = zlib.decompressobj()
    total = 0
    try:
        while data and total <= MAX_BYTES:
            total += len(inflating.decompress(data, 1 << 20))
            data = inflating.unconsumed_tail
    except zlib.error as exc:
        raise ReadError("the MATLAB file is damaged or cut short; a whole one of version 4 to 7.2 is accepted") from exc
    return total


def raw(
    array: NDArray[np.generic],
    kind: str,
    rate: float = math.nan,
    mv_per_unit: float | None = None,
    sentences: tuple[str, ...] = (),
) -> Raw:
    """Return an array, leads by samples or samples by leads, as a Raw whose leads are named by their order.

    Parameters
    ----------
    array
        Samples of one ECG.
    kind
        What holds it, for sentences.
    rate
        Samples per second, Hz; NaN where it is not stated.
    mv_per_unit
        How many mV a 1 of the array is, where that is stated.
    sentences
        Warnings to carry along.

    Raises
    ------
    ReadError
        Where it has no two axes, or twelve channels whose limb leads contradict the orders that are known.
    """
    channels = np.atleast_2d(np.squeeze(array))
    if channels.ndim != 2 or not channels.size:
        raise ReadError(f"the {kind} file holds an array of {array.ndim} axes; leads by samples are accepted")
    if channels.shape[0] > channels.shape[1]:
        channels = channels.T
    signal = _unpadded(np.array(channels, dtype=np.float32, order="C")) * np.float32(mv_per_unit or 1.0)
    names = _named(signal, kind)
    if names[0]:
        sentences += (f"The {kind} file names no leads; the leads were taken in the order {', '.join(names)}.",)
    return Raw(signal, rate, names, warnings=sentences, unit="its own" if mv_per_unit else None)


def _named(signal: NDArray[np.float32], kind: str) -> tuple[str, ...]:
    """Return the names of channels by their order, which the laws of limb leads confirm where there are twelve."""
    if len(signal) != 12:
        return EIGHT if len(signal) == 8 else ("",) * len(signal)
    named = next((order for order in ORDERS if in_order(signal, order)), None)
    if named is None:
        raise ReadError(
            f"the channels of the {kind} file are not I, II, III, aVR, aVL, aVF, V1 to V6 by the laws of limb leads; "
            "that order is accepted"
        )
    return named


def _unpadded(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut off the ends in which every channel is 0, with which data sets bring ECGs to one length."""
    there = np.flatnonzero((signal != 0).any(axis=0))
    if not len(there):
        return signal
    first, end = int(there[0]), int(there[-1]) + 1
    return signal[:, first if first >= PADDED else 0 : end if signal.shape[1] - end >= PADDED else None]


def in_order(signal: NDArray[np.float32], order: tuple[str, ...] = LEADS) -> bool:
    """Tell whether the limb leads of an order are what its I and II make of them, as far as they were recorded."""
    known = signal[:6, np.isfinite(signal[:6]).all(axis=0)].astype(np.float64)
    if known.shape[1] < 2:
        return order == LEADS
    one, two = (known[order.index(lead)] for lead in ("I", "II"))
    stored = known[[order.index(lead) for lead in ("III", "aVR", "aVL", "aVF")]]
    formed = np.stack([two - one, -(one + two) / 2, one - two / 2, two - one / 2])
    spread, error = np.std(stored, axis=1), np.std(stored - formed, axis=1)
    return bool((error <= LAW * max(spread.max(), np.finfo(float).tiny)).all())
