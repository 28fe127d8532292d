"""HDF5, by h5py: shards such as CODE-15's, a data set (ECGs, samples, leads), or one ECG of two axes; MATLAB 7.3 too.

One ECG of many is named behind a "#": by its number in `exam_id`, where the file has that, else by its row from 0.
h5py is an extra: it brings 17 MB, and few have such files. What it reads is bounded before it is read.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kalemia.errors import ReadError
from kalemia.read import arrays
from kalemia.read.raw import MAX_VALUES, Raw, mv_per

if TYPE_CHECKING:
    from h5py import Dataset, File

MAX_ECGS = 10_000_000
MAX_MEMBERS = 1000
MAX_CHUNK_BYTES = 256_000_000
_USUAL = ("tracings", *arrays.NAMES)


def parts(path: Path) -> list[str]:
    """Return what each ECG of a file is called behind the "#"; none where the file is one ECG."""
    with _opened(path) as file:
        data = _samples(file)
        return [] if data.ndim == 2 else [str(number) for number in _numbers(file, len(data))]


def load(path: Path, part: str = "") -> Raw:
    """Read one ECG.

    Raises
    ------
    ReadError
        Where h5py is absent, the file holds several ECGs and none is named, or none that is so called.
    """
    with _opened(path) as file:
        data = _samples(file)
        sentences: tuple[str, ...] = ()
        if data.ndim == 2:
            if part:
                raise ReadError("the HDF5 file is one ECG; its name without a # is accepted")
            array = data[()]
        else:
            row, sentences = _row(file, len(data), part)
            array = data[row]
        stated = (data.attrs.get(key) for key in ("units", "unit"))
        unit = mv_per(next((_text(value) for value in stated if value is not None), ""))
        return arrays.raw(array, "HDF5", _rate(file, data), unit, sentences)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[File]:
    """Open a file; what h5py finds damaged becomes a sentence."""
    try:
        import h5py
    except ImportError as exc:
        raise ReadError("the file is HDF5, which h5py reads; `pip install 'kalemia[formats]'` is needed") from exc
    try:
        with h5py.File(path, "r") as file:
            yield file
    except ReadError:
        raise
    except Exception as exc:  # h5py raises of every kind
        raise ReadError("the HDF5 file is damaged or cut short; a whole one is accepted") from exc


def _samples(file: File) -> Dataset:
    """Return the data set of the ECGs: the only one of two or three axes, or the one that is called so."""
    found = _members(file)
    usual = [data for data in found if data.name.rsplit("/", 1)[-1].lower() in _USUAL]
    chosen = usual if len(usual) == 1 else found
    if len(chosen) != 1:
        raise ReadError(
            f"the HDF5 file holds {len(found)} data sets that may be ECGs; one of (ECGs, samples, leads), or one that "
            f"is called {', '.join(_USUAL)}, is accepted"
        )
    data = chosen[0]
    one = data.shape[-2] * data.shape[-1]
    chunk = math.prod(data.chunks or (0,)) * data.dtype.itemsize
    if one > MAX_VALUES or len(data) > MAX_ECGS or chunk > MAX_CHUNK_BYTES:
        raise ReadError(f"the HDF5 file states ECGs of {one:,} samples; up to {MAX_VALUES:,} are accepted")
    return data


def _members(file: File) -> list[Dataset]:
    """Return the data sets of numbers in the file and in its groups that may be ECGs; links to other files are none."""
    import h5py

    found = []
    groups, looked_at = [file], 0
    while groups and looked_at < MAX_MEMBERS:
        group = groups.pop()
        for name in group:
            looked_at += 1
            if looked_at > MAX_MEMBERS or not isinstance(group.get(name, getlink=True), h5py.HardLink):
                continue
            member = group[name]
            if isinstance(member, h5py.Group):
                groups.append(member)
            elif _may_be(member):
                found.append(member)
    return found


def _may_be(data: Dataset) -> bool:
    """Tell whether a data set may hold ECGs; one that lies in other files is none."""
    if data.shape is None or data.ndim not in (2, 3) or data.dtype.kind not in "iuf":
        return False
    return data.shape[-2] * data.shape[-1] >= 50 and not (data.external or data.is_virtual)


def _numbers(file: File, count: int) -> list[int]:
    """Return the numbers of the exams, or the rows where they have none of their own."""
    exams = file.get("exam_id")
    if exams is None or exams.shape != (count,) or exams.dtype.kind not in "iu":
        return list(range(count))
    numbers = [int(number) for number in exams[()]]
    return numbers if len(set(numbers)) == count else list(range(count))


def _row(file: File, count: int, part: str) -> tuple[int, tuple[str, ...]]:
    """Return the row of an ECG, and a sentence where it could not be found by its exam."""
    try:
        number = int(part)
    except ValueError:
        number = -1
    numbers = _numbers(file, count)
    if number in numbers:
        return numbers.index(number), ()
    if 0 <= number < count:
        return number, (f"No exam of the file has the number {number}; its row {number}, counted from 0, was taken.",)
    raise ReadError(
        f"the HDF5 file holds {count:,} ECGs; one is named by its exam or row behind a #, such as FILE#{numbers[0]}"
        if count
        else "the HDF5 file holds no ECG"
    )


def _rate(file: File, data: Dataset) -> float:
    """Return the sampling rate, Hz, that an attribute or a data set of one number states; NaN where none does."""
    for stated in (data.attrs, data.parent.attrs, file.attrs, data.parent):
        for name in stated:
            if name.lower() in arrays.RATES and (value := _scalar(stated[name])) > 0:
                return value
    return math.nan


def _scalar(stated: Any) -> float:
    if getattr(stated, "size", 1) != 1:
        return math.nan
    try:
        return float(np.asarray(stated[()] if hasattr(stated, "id") else stated).reshape(()).item())
    except (TypeError, ValueError):
        return math.nan


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
