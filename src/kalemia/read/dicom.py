"""DICOM waveform objects, by pydicom. Source: DICOM PS3.3, section C.10.9, Waveform Module."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kalemia.errors import ReadError
from kalemia.read.leads import canonical
from kalemia.read.raw import MAX_VALUES, Raw, mv_per

if TYPE_CHECKING:
    from pydicom import Dataset

_DEFLATED = "1.2.840.10008.1.2.1.99"
_LINEAR = {"SB", "UB", "SS", "US", "SL", "UL"}  # the others are companded speech
_WANTED = ["TransferSyntaxUID", "WaveformSequence", "AcquisitionDateTime"]  # never the elements that name a patient


def load(path: Path) -> Raw:
    """Read the rhythm strip of a DICOM ECG; the machine's median beat, which comes as another group, is left.

    Raises
    ------
    ReadError
        Where the object holds no waveform, or a channel no name, sensitivity or unit of voltage.
    """
    from pydicom import dcmread
    from pydicom.filereader import read_file_meta_info

    if read_file_meta_info(path).get("TransferSyntaxUID") == _DEFLATED:
        # it would be inflated whole, to any size
        raise ReadError("the DICOM file is deflated; one whose data set is not compressed is accepted")
    data = dcmread(path, specific_tags=list(_WANTED))
    groups = data.get("WaveformSequence")
    if not groups:
        raise ReadError("the DICOM file holds no waveform; a 12-lead or general ECG waveform object is accepted")
    index = _rhythm(groups)
    group = groups[index]
    if group.get("WaveformSampleInterpretation") not in _LINEAR:
        raise ReadError("the DICOM waveform is companded; signed or unsigned integers are accepted")
    channels = list(group.get("ChannelDefinitionSequence") or [])
    values = int(group.NumberOfWaveformSamples) * int(group.NumberOfWaveformChannels)
    if len(channels) != int(group.NumberOfWaveformChannels) or values > MAX_VALUES:
        raise ReadError(f"the DICOM waveform states {values:,} values in {len(channels)} described channels")
    scale = np.array([_mv(channel) for channel in channels])
    signal = data.waveform_array(index) * scale
    if (padding := group.get("WaveformPaddingValue")) is not None:
        signal[_raw(data, index) == _padding(padding, int(group.WaveformBitsAllocated))] = np.nan
    return Raw(
        signal=np.ascontiguousarray(signal.T, dtype=np.float32),
        rate=float(group.SamplingFrequency),
        names=tuple(map(_name, channels)),
        start=_start(data.get("AcquisitionDateTime")),
        lsb_mv=float(np.max([s * float(c.ChannelSensitivity) for s, c in zip(scale, channels, strict=True)])),
    )


def _rhythm(groups: list[Dataset]) -> int:
    """Return which group is the ECG itself: the one called so, else the first that is not derived."""
    labels = [str(group.get("MultiplexGroupLabel", "")).upper() for group in groups]
    for index, label in enumerate(labels):
        if "RHYTHM" in label:
            return index
    for index, group in enumerate(groups):
        if group.get("WaveformOriginality") != "DERIVED" and "MEDIAN" not in labels[index]:
            return index
    raise ReadError("the DICOM file holds only derived waveforms such as a median beat; a rhythm strip is accepted")


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


def _padding(value: object, bits: int) -> int:
    """Return the stored number that means "not recorded"."""
    if isinstance(value, bytes):
        return int.from_bytes(value[: bits // 8], "little", signed=True)
    return int(str(value))


def _start(value: object) -> datetime | None:
    """Return the acquisition time, without a zone: a Recording's clock is the machine's."""
    for form in ("%Y%m%d%H%M%S.%f", "%Y%m%d%H%M%S"):
        try:
            return datetime.strptime(str(value).split("+")[0].split("-")[0].strip(), form)
        except ValueError:
            continue
    return None
