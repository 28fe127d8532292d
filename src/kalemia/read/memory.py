"""ECGs that are in memory already: arrays, tables and what wfdb and MNE return become a Recording.

None of their packages is imported: an object is taken by what it has.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, Protocol, TypeGuard, TypeVar

import numpy as np
from numpy.typing import NDArray

from kalemia import body
from kalemia.errors import ReadError
from kalemia.read import leads as names_of
from kalemia.read.raw import Raw, mv_per, mv_per_step
from kalemia.records import Recording

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class WfdbRecord(Protocol):
    """What `wfdb.rdrecord` returns."""

    p_signal: Any
    fs: Any
    sig_name: Any
    units: Any


class MneRaw(Protocol):
    """What `mne.io.read_raw_edf` and its like return."""

    info: Any
    ch_names: list[str]

    def get_data(self) -> Any:
        """Return the samples (channels, samples) in volts."""


class Table(Protocol):
    """A table of pandas or polars with a column a lead."""

    @property
    def columns(self) -> Any:
        """The names of the columns."""

    def to_numpy(self) -> Any:
        """Return the samples (samples, columns)."""


Ecg = str | os.PathLike[str] | Recording | NDArray[Any] | Mapping[str, Any] | WfdbRecord | MneRaw | Table
"""What an ECG may be: a file, or one of those that are in memory, whose samples are mV unless they say otherwise."""

CALLED = {"rate": ("sampling_rate", "sample_rate", "samplingrate", "fs", "sfreq", "freq", "hz")} | {
    "leads": ("lead", "lead_names", "sig_name", "sig_names", "channels", "channel_names", "ch_names", "columns"),
    "unit": ("units", "scale", "gain"),
}
"""What other packages call the arguments that are `rate`, `leads` and `unit` here."""


def spelled(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Let a function that is called with another package's word for an argument say what it is called here."""
    known = signature(function).parameters

    @wraps(function)
    def checked(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        for word in kwargs.keys() - known.keys():
            if here := next((ours for ours, others in CALLED.items() if word.lower() in others), None):
                raise TypeError(f"{function.__name__}() takes {here}={kwargs[word]!r:.40}, not {word}=")
        return function(*args, **kwargs)

    return checked


def is_named(ecg: object) -> TypeGuard[str | os.PathLike[str]]:
    """Tell whether this is the path of a file."""
    return isinstance(ecg, str | bytes | os.PathLike)


def is_bare(ecg: object) -> bool:
    """Tell whether an ECG that is in memory is samples alone, which do not say their rate and unit."""
    return not (isinstance(ecg, Recording) or any(has(ecg) for has, _ in _KNOWN))


def held(
    ecg: object, rate: float | None = None, leads: str | Sequence[str] | None = None, unit: str | None = None
) -> Recording:
    """Return the Recording of an ECG that is in memory.

    Parameters
    ----------
    ecg
        Samples in mV: an array (leads, samples) or (samples, leads), or of one lead (samples,); a table of pandas or
        polars, or a mapping, with a lead a column; or what wfdb or MNE read, which know rate, leads and unit.
    rate
        Samples per second, Hz, of what does not say it.
    leads
        Their names, in order.
    unit
        What the numbers are of what does not say it: "mV", as they are taken otherwise, "uV", "V", or "200/mV".

    Raises
    ------
    TypeError
        This is no ECG, or rate or leads are not said.
    ValueError
        The shape does not fit the names.
    ReadError
        It is no ECG that can be read, as of files.
    """
    if isinstance(ecg, Recording):
        return ecg
    raw = next((take(ecg) for has, take in _KNOWN if has(ecg)), None) or _array(ecg, rate, leads, unit)
    body.lasts(raw.signal.shape[1], raw.rate)
    body.finite(raw.signal)
    rows, names, sentences = names_of.select(raw.names, list(~body.not_recorded(raw.signal)))
    if not rows:
        raise ReadError(f"no channel is named like an ECG lead ({', '.join(raw.names)[:60]}); I, II, V1 are accepted")
    signal, names = names_of.derive(raw.signal[rows], names)
    return Recording(signal, raw.rate, tuple(names), _name(ecg), raw.start, warnings=(*raw.warnings, *sentences))


def _name(ecg: object) -> str:
    """Return what wfdb or MNE call an ECG, so that many can be told apart."""
    files = [file for file in getattr(ecg, "filenames", ()) if file is not None]
    return str(getattr(ecg, "record_name", None) or (files[0] if files else "memory"))


def _of_wfdb(record: Any) -> Raw:
    if record.p_signal is None:
        raise TypeError("the wfdb record holds no physical signal; read it with wfdb.rdrecord(..., physical=True)")
    per = [mv_per(unit) for unit in record.units]
    known = [row for row, factor in enumerate(per) if factor is not None]
    signal = _samples(record.p_signal).T[known] * np.array([per[row] for row in known], np.float32)[:, None]
    start = getattr(record, "base_datetime", None)
    return Raw(signal, float(record.fs), tuple(record.sig_name[row] for row in known), start)


def _of_mne(raw: Any) -> Raw:
    signal = _samples(raw.get_data()) * np.float32(1000)
    if signal.ndim != 2:
        raise ValueError(f"MNE's object has samples of shape {signal.shape}; a Raw is accepted, (channels, samples)")
    start = raw.info["meas_date"]
    start = start.replace(tzinfo=None) if isinstance(start, datetime) else None
    return Raw(signal, float(raw.info["sfreq"]), tuple(raw.ch_names), start)


_KNOWN: tuple[tuple[Callable[[Any], bool], Callable[[Any], Raw]], ...] = (
    (lambda ecg: hasattr(ecg, "p_signal") and hasattr(ecg, "sig_name"), _of_wfdb),
    (lambda ecg: hasattr(ecg, "get_data") and hasattr(ecg, "ch_names"), _of_mne),
)


def _array(ecg: Any, rate: float | None, leads: str | Sequence[str] | None, unit: str | None) -> Raw:
    signal, own = _table(ecg)
    scale = mv_per_step(unit or "mV")
    if scale is None:
        raise ValueError(f"unit is {unit:.20}; mV, uV, V, or 200/mV for 200 steps a mV is accepted")
    if rate is None:
        raise TypeError("samples alone do not say their rate; give it in Hz, such as rate=500")
    given = (leads,) if isinstance(leads, str) else leads
    names = own if given is None else tuple(given)
    if names is None:
        raise TypeError("samples alone do not say their leads; name them in order, such as leads=['I', 'II', 'V5']")
    return Raw(_lead_a_row(signal, len(names)) * np.float32(scale), float(rate), names)


def _table(ecg: Any) -> tuple[NDArray[np.float32], tuple[str, ...] | None]:
    """Return samples, and names where there are some."""
    if isinstance(ecg, Mapping):
        return _samples([*ecg.values()]), tuple(map(str, ecg))
    if hasattr(ecg, "columns") and hasattr(ecg, "to_numpy"):
        return _samples(ecg.to_numpy()).T, tuple(map(str, ecg.columns))
    if not hasattr(ecg, "__array__"):
        raise TypeError(
            f"an ECG cannot be a {type(ecg).__name__}; a path, a Recording, an array with rate and leads, a table with "
            "a column a lead, a wfdb Record or an MNE Raw are accepted"
        )
    return _samples(ecg), None


def _samples(values: Any) -> NDArray[np.float32]:
    """Return a copy as float32; what is masked was not recorded."""
    try:
        samples = np.asarray(np.ma.filled(np.ma.asarray(values).astype(np.float32), np.nan))
    except (TypeError, ValueError) as exc:
        raise ValueError("the samples are no numbers, or leads are of several lengths; mV are accepted") from exc
    return samples


def _lead_a_row(signal: NDArray[np.float32], leads: int) -> NDArray[np.float32]:
    """Return samples as (leads, samples), whichever way they lie."""
    if signal.ndim == 1:
        signal = signal[None]
    if signal.ndim == 2 and leads in signal.shape:
        return signal if len(signal) == leads else np.ascontiguousarray(signal.T)
    raise ValueError(f"the samples have shape {signal.shape}; with {leads} leads, ({leads}, samples) is accepted")
