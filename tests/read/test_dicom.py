"""DICOM waveform objects: which group, which name, which scale, which time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import ecg_writers as write
import numpy as np
import pytest
from pydicom import Dataset, dcmread

from kalemia.errors import ReadError
from kalemia.read import dicom
from kalemia.read.raw import Raw

MADE = write.ecg(2, leads=("I", "V5"))


def changed(tmp_path: Any, change: Any, **options: Any) -> Raw:
    """Write an object with two groups, the rhythm and a median beat, change its data set and read it."""
    path = tmp_path / "ecg.dcm"
    path.write_bytes(write.dicom(MADE, **options))
    data = dcmread(path)
    change(data)
    data.save_as(path)
    return dicom.load(path)


def test_everything_that_an_object_states(tmp_path: Any) -> None:
    raw = changed(tmp_path, lambda data: None)
    np.testing.assert_allclose(raw.signal, MADE.mv, rtol=1e-6, atol=1e-6)
    assert raw.signal.dtype == np.float32
    assert raw.signal.flags.c_contiguous
    assert (raw.rate, raw.start) == (250.0, write.STARTED)
    assert raw.lsb_mv == pytest.approx(0.005)
    assert raw.names == ("Lead I (Einthoven)", "Lead V5 (Einthoven)")


@pytest.mark.parametrize(
    ("labels", "originality", "taken"),
    [
        (("Median beat", "12 lead rhythm"), ("ORIGINAL", "ORIGINAL"), 1),
        ((None, None), ("ORIGINAL", "DERIVED"), 0),
        ((None, None), ("DERIVED", "ORIGINAL"), 1),
        (("MEDIAN", "x"), ("ORIGINAL", "ORIGINAL"), 1),
        (("x", "y"), ("ORIGINAL", "ORIGINAL"), 0),
        (("x", "y"), ("DERIVED", "DERIVED"), None),
        (("median", "y"), ("ORIGINAL", "DERIVED"), None),
    ],
)
def test_the_rhythm_is_what_is_called_so_else_what_is_not_derived(
    labels: tuple[str | None, ...], originality: tuple[str, ...], taken: int | None
) -> None:
    groups = []
    for label, kind in zip(labels, originality, strict=True):
        group = Dataset()
        group.WaveformOriginality = kind
        if label is not None:
            group.MultiplexGroupLabel = label
        groups.append(group)
    if taken is None:
        with pytest.raises(ReadError, match=r"^the DICOM file holds only derived waveforms such as a median beat; a"):
            dicom._rhythm(groups)
    else:
        assert dicom._rhythm(groups) == taken


@pytest.mark.parametrize(
    ("meaning", "code", "label", "name"),
    [
        ("Lead V1", "2:3", "V2", "Lead V1"),
        ("unclear", "2:3", "V2", "2:3"),
        ("unclear", "unclear", "V2", "V2"),
        ("unclear", "unclear", "odd", "odd"),
        (None, None, "V2", "V2"),
        (None, None, None, ""),
    ],
)
def test_a_channel_is_named_by_the_first_that_is_understood(
    meaning: str | None, code: str | None, label: str | None, name: str
) -> None:
    channel, source = Dataset(), Dataset()
    if meaning and code:
        source.CodeMeaning, source.CodeValue = meaning, code
        channel.ChannelSourceSequence = [source]
    if label:
        channel.ChannelLabel = label
    assert dicom._name(channel) == name


@pytest.mark.parametrize(
    ("value", "start"),
    [
        ("20210304050607", datetime(2021, 3, 4, 5, 6, 7)),
        ("20210304050607.25", datetime(2021, 3, 4, 5, 6, 7, 250_000)),
        ("20210304050607+0100", datetime(2021, 3, 4, 5, 6, 7)),
        ("20210304050607.5-0500", datetime(2021, 3, 4, 5, 6, 7, 500_000)),
        (" 20210304050607 ", datetime(2021, 3, 4, 5, 6, 7)),
        ("2021", None),
        (None, None),
    ],
)
def test_the_start_is_that_of_the_machine_without_a_zone(value: str | None, start: datetime | None) -> None:
    assert dicom._start(value) == start


def test_stored_numbers_that_mean_padding_were_not_recorded(tmp_path: Any) -> None:
    padding = int(MADE.steps[1, 100])

    def padded(data: Dataset) -> None:
        data.WaveformSequence[0].add_new(0x5400100A, "OW", padding.to_bytes(2, "little", signed=True))

    raw = changed(tmp_path, padded)
    np.testing.assert_array_equal(np.isnan(raw.signal), MADE.steps == padding)


@pytest.mark.parametrize(("value", "number"), [(b"\x00\x80", -32768), (b"\x01\x00\xff\xff", 1), (7, 7), ("-3", -3)])
def test_a_padding_value_is_bytes_or_a_number(value: object, number: int) -> None:
    assert dicom._padding(value, 16) == number


def test_microvolts_and_volts_become_millivolts(tmp_path: Any) -> None:
    def in_volts(data: Dataset) -> None:
        channel = data.WaveformSequence[0].ChannelDefinitionSequence[1]
        channel.ChannelSensitivityUnitsSequence[0].CodeValue = "V"
        channel.ChannelSensitivity = "0.000005"

    raw = changed(tmp_path, in_volts)
    np.testing.assert_allclose(raw.signal, MADE.mv, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda group: setattr(group, "WaveformSampleInterpretation", "AB"),
            "^the DICOM waveform is companded; signed",
        ),
        (lambda group: setattr(group, "NumberOfWaveformChannels", 3), "^the DICOM waveform states 1,500 values in 2 "),
        (lambda group: setattr(group, "NumberOfWaveformSamples", 8_000_001), "states 16,000,002 values in 2 described"),
        (lambda group: delattr(group.ChannelDefinitionSequence[0], "ChannelSensitivity"), "^a channel of the DICOM w"),
        (
            lambda group: delattr(group.ChannelDefinitionSequence[1], "ChannelSensitivityUnitsSequence"),
            "no sensitivity",
        ),
        (
            lambda group: setattr(
                group.ChannelDefinitionSequence[0].ChannelSensitivityUnitsSequence[0], "CodeValue", "mm"
            ),
            "in a unit of voltage$",
        ),
    ],
)
def test_a_waveform_that_is_no_ecg_is_refused(tmp_path: Any, change: Any, sentence: str) -> None:
    with pytest.raises(ReadError, match=sentence):
        changed(tmp_path, lambda data: change(data.WaveformSequence[0]))


def test_an_object_without_a_waveform_or_a_deflated_one_is_refused(tmp_path: Any) -> None:
    with pytest.raises(ReadError, match=r"^the DICOM file holds no waveform; a 12-lead or general ECG waveform object"):
        changed(tmp_path, lambda data: delattr(data, "WaveformSequence"))
    (tmp_path / "ecg.dcm").write_bytes(write.dicom(MADE, deflated=True))
    with pytest.raises(
        ReadError, match=r"^the DICOM file is deflated; one whose data set is not compressed is accepted"
    ):
        dicom.load(tmp_path / "ecg.dcm")
