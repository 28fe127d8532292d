"""DICOM waveform objects, by pydicom. Source: DICOM PS3.3, section C.10.9, Waveform Module.

An object holds one or more multiplex groups: all leads in one, limb and chest leads apart, the columns of a page one
after the other with a long strip beside them, and the machine's median beat. Those that were recorded are put together
by their times; a beat that was computed is left.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ReadError
from kalemia.read.leads import canonical
from kalemia.read.raw import MAX_VALUES, Raw, mv_per

if TYPE_CHECKING:
    from pydicom import Dataset

_DEFLATED = "1.2.840.10008.1.2.1.99"
_WAVEFORMS = "1.2.840.10008.5.1.4.1.1.9."
_LINEAR = {"SB", "UB", "SS", "US", "SL", "UL"}  # the others are companded speech
_WANTED = ["TransferSyntaxUID", "WaveformSequence", "AcquisitionDateTime"]  # never the elements that name a patient
_BEATS = ("MEDIAN", "AVERAGE", "REPRESENTATIVE", "TEMPLATE")
BEAT_S = 1.5
"""A group this short beside a longer one is a beat; the columns of a page are 2.5 s and more."""
PADDED_S = 2.0
"""How long a lead must stand at the padding value, within the range of its signal, to count as not recorded.

Several writers put 0 there by default, which a signal passes all the time; no beat of a living body keeps a lead at
one value for so long, and what a page leaves out of a lead is longer.
"""


@dataclass(frozen=True, eq=False)
class _Group:
    """A multiplex group: (channels, samples) in mV, their names, rate in Hz, when it began (ms), its largest step."""

    signal: NDArray[np.float32]
    names: tuple[str, ...]
    rate: float
    begins_ms: float | None
    lsb_mv: float


def load(path: Path) -> Raw:
    """Read what was recorded, as one recording; the machine's median beat, which comes as another group, is left.

    Raises
    ------
    ReadError
        Where the object is cut short or holds no waveform, or a channel no name, sensitivity or unit of voltage.
    """
    try:
        data = _object(path)
        sequence = list(data.get("WaveformSequence") or [])
        chosen = _recorded(sequence)
        left_out = _apart(sequence, chosen)
        groups = _groups(data, [index for index in chosen if index not in left_out])
    except ReadError:
        raise
    except Exception as exc:  # pydicom raises of every kind where an element is cut short
        if isinstance(exc, OSError) and exc.errno:
            raise  # the system's, such as a file that may not be read
        raise ReadError("the DICOM file is cut short or damaged; a whole one is accepted") from exc
    sentences = _said(groups, sum(len(sequence[k].ChannelDefinitionSequence) for k in left_out))
    return _together(groups, _start(data.get("AcquisitionDateTime")), sentences)


def _object(path: Path) -> Dataset:
    """Return the data set, of which only the waveforms and their time are read."""
    from pydicom import dcmread
    from pydicom.filereader import read_file_meta_info

    meta = read_file_meta_info(path)
    if meta.get("TransferSyntaxUID") == _DEFLATED:
        # it would be inflated whole, to any size
        raise ReadError("the DICOM file is deflated; one whose data set is not compressed is accepted")
    data = dcmread(path, specific_tags=list(_WANTED))
    if data.get("WaveformSequence"):
        return data
    if str(meta.get("MediaStorageSOPClassUID", "")).startswith(_WAVEFORMS):
        raise ReadError("the DICOM file holds no waveform, or is cut short before it; a whole waveform is accepted")
    raise ReadError("the DICOM file holds no waveform; a 12-lead or general ECG waveform object is accepted")


def _recorded(groups: Sequence[Dataset]) -> list[int]:
    """Return which groups were recorded, longest first: those called rhythm, and those neither derived nor a beat."""
    labels = [str(group.get("MultiplexGroupLabel", "")).upper() for group in groups]
    named = [k for k, label in enumerate(labels) if "RHYTHM" in label]
    original = [
        k
        for k, group in enumerate(groups)
        if group.get("WaveformOriginality") != "DERIVED" and not any(beat in labels[k] for beat in _BEATS)
    ]
    found = original if set(named) & set(original) else [*named, *original]
    if not found:
        raise ReadError("the DICOM file holds only derived waveforms such as a median beat; a rhythm strip is accepted")
    lasts = {k: _seconds(groups[k]) for k in found}
    longest = max(lasts.values())
    return sorted(
        (k for k in found if lasts[k] > BEAT_S or longest <= BEAT_S), key=lambda k: (-lasts[k], k not in named, k)
    )


def _seconds(group: Dataset) -> float:
    rate = _rate(group)
    if group.get("NumberOfWaveformSamples") is None or not rate > 0:
        raise ReadError("the DICOM waveform states no number of samples or no sampling rate, or is cut short")
    return int(group.NumberOfWaveformSamples) / rate


def _rate(group: Dataset) -> float:
    rate = group.get("SamplingFrequency")
    return math.nan if rate is None else float(rate)


def _apart(groups: Sequence[Dataset], chosen: Sequence[int]) -> set[int]:
    """Return which of the chosen have another sampling rate than most of their leads."""
    leads = Counter[float]()
    for k in chosen:
        leads[_rate(groups[k])] += int(groups[k].get("NumberOfWaveformChannels") or 0)
    shared = leads.most_common(1)[0][0]
    return {k for k in chosen if _rate(groups[k]) != shared}


def _groups(data: Dataset, chosen: Sequence[int]) -> list[_Group]:
    """Return the chosen groups in mV, where they state no more values than an ECG has."""
    stated = [data.WaveformSequence[index] for index in chosen]
    values = sum(int(g.NumberOfWaveformSamples) * int(g.get("NumberOfWaveformChannels") or 0) for g in stated)
    if values > MAX_VALUES:
        raise ReadError(f"the DICOM waveforms state {values:,} values; up to {MAX_VALUES:,} are accepted")
    return [_group(data, index) for index in chosen]


def _group(data: Dataset, index: int) -> _Group:
    """Return a group in mV."""
    group = data.WaveformSequence[index]
    interpretation = group.get("WaveformSampleInterpretation")
    if interpretation is None or group.get("WaveformBitsAllocated") is None or group.get("WaveformData") is None:
        raise ReadError("the DICOM waveform lacks its samples, or is cut short before them; a whole file is accepted")
    if interpretation not in _LINEAR:
        raise ReadError("the DICOM waveform is companded; signed or unsigned integers are accepted")
    channels = list(group.get("ChannelDefinitionSequence") or [])
    samples, count = int(group.NumberOfWaveformSamples), int(group.NumberOfWaveformChannels)
    if len(channels) != count:
        raise ReadError(f"the DICOM waveform states {samples * count:,} values in {len(channels)} described channels")
    stated, held = samples * count * int(group.WaveformBitsAllocated) // 8, len(group.WaveformData)
    if held < stated:
        raise ReadError(f"the DICOM waveform holds {held:,} bytes of the {stated:,} that it states; it is cut short")
    scale = np.array([_mv(channel) for channel in channels])
    signal = (data.waveform_array(index) * scale).T.astype(np.float32)
    if (padding := group.get("WaveformPaddingValue")) is not None:
        number = _padding(padding, int(group.WaveformBitsAllocated), interpretation[0] == "S")
        signal[_padded(_raw(data, index).T, number, PADDED_S * _rate(group))] = np.nan
    return _Group(
        signal=signal,
        names=tuple(map(_name, channels)),
        rate=_rate(group),
        begins_ms=_begins(group),
        lsb_mv=float(np.max([s * float(c.ChannelSensitivity) for s, c in zip(scale, channels, strict=True)])),
    )


def _begins(group: Dataset) -> float | None:
    """Return when the group begins after the reference time, ms; None where that is not said."""
    offset = group.get("MultiplexGroupTimeOffset")
    return None if offset is None else float(offset)


def _said(groups: Sequence[_Group], left_out: int) -> tuple[str, ...]:
    """Return what has to be said of several groups."""
    sentences = []
    if left_out:
        sentences.append(f"{left_out} channels in groups of another sampling rate were left out.")
    if len(groups) > 1 and any(group.begins_ms is None for group in groups):
        sentences.append(
            "The file does not say when each of its groups of leads begins; they were taken as of the same time."
        )
    return tuple(sentences)


def _together(groups: Sequence[_Group], start: datetime | None, sentences: tuple[str, ...]) -> Raw:
    """Return groups as one recording; a lead that several groups hold is of the first, and beyond it of the next."""
    first = groups[0]
    begins = [round((group.begins_ms or 0.0) * first.rate / 1000) for group in groups]
    zero = min(begins)
    length = max(begin - zero + group.signal.shape[1] for begin, group in zip(begins, groups, strict=True))
    rows = {key: row for row, key in enumerate(dict.fromkeys(key for group in groups for key in _keys(group)))}
    if length * len(rows) > MAX_VALUES:
        raise ReadError(f"the DICOM waveforms take {length * len(rows):,} values; up to {MAX_VALUES:,} are accepted")
    signal = np.full((len(rows), length), np.nan, np.float32)
    names = [""] * len(rows)
    for begin, group in zip(begins, groups, strict=True):
        for key, name, samples in zip(_keys(group), group.names, group.signal, strict=True):
            place = signal[rows[key], begin - zero : begin - zero + len(samples)]
            np.copyto(place, samples, where=np.isnan(place))
            names[rows[key]] = names[rows[key]] or name
    return Raw(signal, first.rate, tuple(names), start, sentences, lsb_mv=max(group.lsb_mv for group in groups))


def _keys(group: _Group) -> list[tuple[str, int]]:
    """Return by what each channel is known in other groups: its lead, and which of the group's channels of it it is."""
    leads = [canonical(name) or name for name in group.names]
    return [(lead, leads[:k].count(lead)) for k, lead in enumerate(leads)]


def _name(channel: Dataset) -> str:
    """Return what the channel names its lead: the first of meaning, code and label that is understood."""
    named = []
    for source in channel.get("ChannelSourceSequence") or []:
        named += [str(source.get("CodeMeaning", "")), str(source.get("CodeValue", ""))]
    named.append(str(channel.get("ChannelLabel", "")))
    return next((name for name in named if canonical(name)), named[-1])


def _mv(channel: Dataset) -> float:
    """Return how many mV one unit of the channel's sensitivity is."""
    units = channel.get("ChannelSensitivityUnitsSequence")
    scale = mv_per(str(units[0].get("CodeValue", ""))) if units else None
    if scale is None or not channel.get("ChannelSensitivity"):
        raise ReadError("a channel of the DICOM waveform states no sensitivity in a unit of voltage")
    return scale


def _raw(data: Dataset, index: int) -> np.ndarray:
    """Return the stored integers of one group."""
    from pydicom.waveforms.numpy_handler import multiplex_array

    return multiplex_array(data, index, as_raw=True)


def _padding(value: object, bits: int, signed: bool) -> int:
    """Return the stored number that means "not recorded"."""
    if isinstance(value, bytes):
        return int.from_bytes(value[: bits // 8], "little", signed=signed)
    return int(str(value))


def _padded(stored: np.ndarray, padding: int, longest: float) -> NDArray[np.bool_]:
    """Return which stored numbers (channels, samples) mean padding.

    One that stands apart from the signal does so everywhere; within the signal's range only where it stays for longer
    than `longest` samples.
    """
    marked: NDArray[np.bool_] = stored == padding
    for row, here in zip(stored, marked, strict=True):
        others = row[~here].astype(np.float64)
        if not len(others) or not here.any():
            continue
        low, high = others.min(), others.max()
        margin = 0.5 * (high - low)
        if not low - margin < padding < high + margin or padding == np.iinfo(stored.dtype).min:
            continue
        edges = np.flatnonzero(np.diff(np.concatenate([[False], here, [False]])))
        for begin, end in edges.reshape(-1, 2):
            here[begin:end] = end - begin > longest
    return marked


def _start(value: object) -> datetime | None:
    """Return the acquisition time, without a zone: a Recording's clock is the machine's."""
    for form in ("%Y%m%d%H%M%S.%f", "%Y%m%d%H%M%S"):
        try:
            return datetime.strptime(str(value).split("+")[0].split("-")[0].strip(), form)
        except ValueError:
            continue
    return None
