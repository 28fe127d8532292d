"""From a path to a Recording: find the format, read it, then hold the ECG against the rules of every format."""

from __future__ import annotations

import os
import warnings

import numpy as np
from numpy.typing import NDArray

from kalemia import body
from kalemia.errors import ReadError
from kalemia.read import formats
from kalemia.read import leads as names_of
from kalemia.read.given import Given
from kalemia.read.input import Input, identify, opening
from kalemia.read.raw import Raw
from kalemia.records import Recording


def read(
    path: str | os.PathLike[str], *, rate: float | None = None, leads: str | None = None, unit: str | None = None
) -> Recording:
    """Read a digital ECG; the format is found from what the file holds, not from its name.

    Parameters
    ----------
    path
        A file, the name of a WFDB record without a suffix, or one of those that `inputs` yields.
    rate, leads, unit
        For a file that does not state them: samples per second, Hz; which lead its one channel is; what its numbers
        are, "mV", "uV", "V", or "200/mV" where 200 steps are a mV.

    Returns
    -------
    Recording
        Leads I, II, III, aVR, aVL, aVF, V1 to V6, as far as recorded, then others, in mV. III and the augmented leads
        are derived where only I and II are stored. It holds nothing that names the patient.

    Raises
    ------
    ReadError
        Where the file is no ECG, is damaged, contradicts itself or what is given with it: one sentence saying why and
        what is accepted.
    """
    known = identify(path)
    with opening(known), warnings.catch_warnings():
        # libraries warn about elements that are not used here; what matters is checked below
        warnings.simplefilter("ignore")
        raw = Given(rate, leads, unit).completed(_raw(known), known.format.name)
        return _recording(raw, known.source)


def _raw(known: Input) -> Raw:
    """Read the file with the reader of its format."""
    if known.format.load is None:
        raise ReadError(
            f"the file is a page ({known.format.name}), which `kalemia.digitize` reads; "
            f"{formats.listed(formats.ECGS)} are accepted here"
        )
    return known.format.load(known.kind.file, *known.part)


def _recording(raw: Raw, source: str) -> Recording:
    """Name, check and complete what was read."""
    body.lasts(raw.signal.shape[1], raw.rate)
    body.finite(raw.signal)
    recorded = ~body.not_recorded(raw.signal)
    rows, names, sentences = names_of.select(raw.names, list(recorded))
    if not rows:
        raise ReadError("no channel is named like an ECG lead; I, II, V1 and the like are accepted")
    if not recorded[rows].any():
        raise ReadError("every lead is empty or constant; at least one with a signal is accepted")
    signal = raw.signal[rows]
    silent = [row for row, number in enumerate(rows) if not recorded[number]]
    if silent:
        signal[silent] = np.nan
        listed = ", ".join(names[row] for row in silent)
        sentences.append(f"{listed} never change{'s' if len(silent) == 1 else ''} and count as not recorded.")
    signal, inferred = _lawful(raw, signal, names, rows)
    sentences += inferred
    signal, names = names_of.derive(signal, names)
    if raw.digitized:
        sentences.insert(0, "The signal was digitized from a picture, and is only as exact as that.")
    sentences += body.amplitudes(signal, raw.rate)
    return Recording(
        signal=signal,
        rate=raw.rate,
        leads=tuple(names),
        source=source,
        start=raw.start,
        warnings=(*raw.warnings, *sentences),
        digitized=raw.digitized,
    )


def _lawful(
    raw: Raw, signal: NDArray[np.float32], names: list[str], rows: list[int]
) -> tuple[NDArray[np.float32], list[str]]:
    """Return the signal in mV where stored limb leads obey Einthoven's law, by repair if need be, with sentences.

    Some WFDB headers (LUDB's) scale every lead to span 1 mV. The stored counts then obey the law where the header's
    millivolts do not, and the gain is the usual 1,000 counts a mV.
    """
    if raw.digitized or not {"I", "II", "III"} <= set(names):
        return signal, []
    limb = [names.index(lead) for lead in ("I", "II", "III")]
    ratio = body.einthoven(signal[limb], raw.rate, raw.lsb_mv)
    if not ratio > body.EINTHOVEN:
        return signal, []
    if raw.counts is not None:
        counts = raw.counts[rows] / np.float32(1000)
        counts[np.isnan(signal)] = np.nan
        if body.einthoven(counts[limb], raw.rate, 0.001) <= body.EINTHOVEN:
            sentence = (
                "The header scales every lead separately, against Einthoven's law; the stored counts obey it and were "
                "read at 1,000 counts/mV, which is inferred."
            )
            return counts, [sentence]
    raise ReadError(body.contradiction(ratio))
