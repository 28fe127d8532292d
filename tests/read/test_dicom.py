"""DICOM waveform objects: which group, which name, which scale, which time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import ecg_writers as write
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import UID

from kalemia.errors import ReadError
from kalemia.read import dicom, read
from kalemia.read.raw import Raw
from kalemia.records import LEADS, Recording

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
        (("Median beat", "12 lead rhythm"), ("ORIGINAL", "ORIGINAL"), [1]),
        ((None, None), ("ORIGINAL", "DERIVED"), [0]),
        ((None, None), ("DERIVED", "ORIGINAL"), [1]),
        (("MEDIAN", "x"), ("ORIGINAL", "ORIGINAL"), [1]),
        (("x", "average beat"), ("ORIGINAL", "ORIGINAL"), [0]),
        (("x", "y"), ("ORIGINAL", "ORIGINAL"), [0, 1]),
        (("x", "rhythm"), ("ORIGINAL", "ORIGINAL"), [1, 0]),
        (("x", "rhythm"), ("DERIVED", "DERIVED"), [1]),
        (("x", "y"), ("DERIVED", "DERIVED"), None),
        (("median", "y"), ("ORIGINAL", "DERIVED"), None),
    ],
)
def test_what_is_neither_derived_nor_a_beat_was_recorded(
    labels: tuple[str | None, ...], originality: tuple[str, ...], taken: list[int] | None
) -> None:
    groups = []
    for label, kind in zip(labels, originality, strict=True):
        group = Dataset()
        group.WaveformOriginality = kind
        group.NumberOfWaveformSamples, group.SamplingFrequency = 5000, "500"
        if label is not None:
            group.MultiplexGroupLabel = label
        groups.append(group)
    if taken is None:
        with pytest.raises(ReadError, match=r"^the DICOM file holds only derived waveforms such as a median beat; a"):
            dicom._recorded(groups)
    else:
        assert dicom._recorded(groups) == taken


TWELVE = write.ecg(10)
COLUMNS = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))


def of(tmp_path: Path, *groups: write.Group) -> Recording:
    path = tmp_path / "groups.dcm"
    path.write_bytes(write.dicom_of(groups))
    return read(path)


def test_limb_and_chest_leads_in_a_group_each_are_one_recording(tmp_path: Path) -> None:
    halves = [write.Group(TWELVE.only(LEADS[at : at + 6]), f"RHYTHM {at}", begins_ms=0.0) for at in (0, 6)]
    recording = of(tmp_path, *halves)
    assert (recording.leads, recording.warnings) == (LEADS, ())
    np.testing.assert_allclose(recording.signal, TWELVE.mv, atol=1e-6)


def test_columns_of_a_page_lie_where_they_were_recorded_beside_the_strip(tmp_path: Path) -> None:
    columns = [
        write.Group(TWELVE.only(leads).between(2.5 * k, 2.5 * k + 2.5), f"COLUMN {k}", begins_ms=2500.0 * k)
        for k, leads in enumerate(COLUMNS)
    ]
    recording = of(tmp_path, *columns, write.Group(TWELVE.only(["II"]), "RHYTHM STRIP", begins_ms=0.0))
    assert recording.leads == LEADS
    assert recording.signal.shape == (12, 10 * TWELVE.rate)
    for k, leads in enumerate(COLUMNS):
        for lead in leads:
            known = np.zeros(10 * TWELVE.rate, bool)
            known[:] = lead == "II"
            known[round(2.5 * k * TWELVE.rate) : round((2.5 * k + 2.5) * TWELVE.rate)] = True
            np.testing.assert_array_equal(np.isfinite(recording.lead(lead)), known)
            np.testing.assert_allclose(recording.lead(lead)[known], TWELVE.only([lead]).mv[0, known], atol=1e-6)


def test_a_beat_without_a_label_is_left_out_by_its_length(tmp_path: Path) -> None:
    beat = write.Group(write.ecg(1.2, leads=("V6",)), begins_ms=0.0)
    assert of(tmp_path, beat, write.Group(TWELVE.only(["V5"]), begins_ms=0.0)).leads == ("V5",)


def test_a_second_group_of_the_same_leads_changes_nothing(tmp_path: Path) -> None:
    other = write.Made(TWELVE.steps + 40, TWELVE.rate, TWELVE.leads).between(0, 5)
    recording = of(tmp_path, write.Group(other, begins_ms=0.0), write.Group(TWELVE, begins_ms=0.0))
    np.testing.assert_allclose(recording.signal, TWELVE.mv, atol=1e-6)


def test_the_same_leads_one_after_the_other_are_one_recording(tmp_path: Path) -> None:
    recording = of(
        tmp_path,
        write.Group(TWELVE.between(6, 10), begins_ms=6000.0),
        write.Group(TWELVE.between(0, 4), begins_ms=0.0),
    )
    missing = slice(4 * TWELVE.rate, 6 * TWELVE.rate)
    assert np.isnan(recording.signal[:, missing]).all()
    np.testing.assert_allclose(recording.signal[:, : missing.start], TWELVE.mv[:, : missing.start], atol=1e-6)
    np.testing.assert_allclose(recording.signal[:, missing.stop :], TWELVE.mv[:, missing.stop :], atol=1e-6)


def test_groups_that_do_not_say_when_they_begin_are_said_to_be_taken_as_of_one_time(tmp_path: Path) -> None:
    recording = of(tmp_path, *(write.Group(TWELVE.only(LEADS[at : at + 6])) for at in (0, 6)))
    assert recording.leads == LEADS
    assert recording.warnings == (
        "The file does not say when each of its groups of leads begins; they were taken as of the same time.",
    )


def test_a_group_of_another_rate_is_left_out_and_said(tmp_path: Path) -> None:
    slow = write.Group(write.ecg(60, 125, leads=("V6",)), begins_ms=0.0)
    recording = of(tmp_path, slow, write.Group(TWELVE.only(["I", "II"]), begins_ms=0.0))
    assert "V6" not in recording.leads
    assert recording.rate == TWELVE.rate
    assert recording.warnings == ("1 channels in groups of another sampling rate were left out.",)


def test_groups_too_far_apart_for_an_ecg_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"the DICOM waveforms take [\d,]+ values; up to 16,000,000 are accepted\.$"):
        of(tmp_path, write.Group(TWELVE, begins_ms=0.0), write.Group(TWELVE, begins_ms=1e9))


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


@pytest.mark.parametrize("padding", [0, 40, 150])
def test_zeros_and_other_numbers_inside_a_signal_are_signal_whatever_the_padding_value(
    tmp_path: Path, padding: int
) -> None:
    steps = TWELVE.steps.copy()
    steps[1, 1000:1100] = padding  # a pause of 0.4 s at one level
    made = write.Made(steps, TWELVE.rate, TWELVE.leads).only(["II", "V5"])
    np.testing.assert_allclose(of(tmp_path, write.Group(made, padding=padding)).signal, made.mv, atol=1e-6)


def test_zeros_for_longer_than_a_heart_pauses_are_padding_where_padding_is_zero(tmp_path: Path) -> None:
    steps = TWELVE.steps.copy()
    steps[:, :625] = 0  # before the column of a page
    made = write.Made(steps, TWELVE.rate, TWELVE.leads).only(["II", "V5"])
    assert np.isfinite(of(tmp_path, write.Group(made)).signal).all()
    padded = of(tmp_path, write.Group(made, padding=0)).signal
    assert np.isnan(padded[:, :625]).all()
    np.testing.assert_allclose(padded[:, 630:], made.mv[:, 630:], atol=1e-6)


@pytest.mark.parametrize("padding", [-32768, -9999, 30000])
def test_a_padding_value_far_from_the_signal_was_not_recorded_anywhere(tmp_path: Path, padding: int) -> None:
    steps = TWELVE.steps.copy()
    steps[:, [7, 1000]] = padding
    made = write.Made(steps, TWELVE.rate, TWELVE.leads).only(["II", "V5"])
    np.testing.assert_array_equal(
        np.isnan(of(tmp_path, write.Group(made, padding=padding)).signal), steps[:2] == padding
    )


@pytest.mark.parametrize(
    ("value", "signed", "number"),
    [(b"\x00\x80", True, -32768), (b"\x00\x80", False, 32768), (b"\x01\x00\xff\xff", True, 1), (7, True, 7)],
)
def test_a_padding_value_is_bytes_or_a_number(value: object, signed: bool, number: int) -> None:
    assert dicom._padding(value, 16, signed) == number


@pytest.mark.parametrize(
    ("length", "sentence"),
    [
        (400, "the DICOM file holds no waveform, or is cut short before it; a whole waveform is accepted."),
        (30_000, "the DICOM waveform holds [0-9,]+ bytes of the 60,000 that it states; it is cut short."),
        (60_000, "the DICOM waveform holds [0-9,]+ bytes of the 60,000 that it states; it is cut short."),
    ],
)
def test_a_file_that_is_cut_short_says_so(tmp_path: Path, length: int, sentence: str) -> None:
    content = write.dicom(TWELVE, median=False)
    path = tmp_path / "ecg.dcm"
    path.write_bytes(content[:length])
    with pytest.raises(ReadError, match=f": {sentence}$"):
        read(path)


def test_wherever_a_file_is_cut_the_sentence_names_dicom_and_no_exception(tmp_path: Path) -> None:
    content = write.dicom(write.ecg(1.5, 100, leads=("II",)), median=False)
    path = tmp_path / "ecg.dcm"
    for length in range(200, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(ReadError, match=r"the DICOM (file|waveform) .*(cut short|no waveform)"):
            read(path)


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
        (lambda group: setattr(group, "NumberOfWaveformSamples", 8_000_001), "state 16,000,002 values; up to 16,000"),
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


def test_an_object_without_a_waveform_or_a_deflated_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"^the DICOM file holds no waveform, or is cut short before it; a whole"):
        changed(tmp_path, lambda data: delattr(data, "WaveformSequence"))

    def picture(data: Dataset) -> None:
        del data.WaveformSequence
        data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = UID("1.2.840.10008.5.1.4.1.1.2")

    with pytest.raises(ReadError, match=r"^the DICOM file holds no waveform; a 12-lead or general ECG waveform object"):
        changed(tmp_path, picture)
    (tmp_path / "ecg.dcm").write_bytes(write.dicom(MADE, deflated=True))
    with pytest.raises(
        ReadError, match=r"^the DICOM file is deflated; one whose data set is not compressed is accepted"
    ):
        dicom.load(tmp_path / "ecg.dcm")
