"""ISHNE Holter recordings: minutes of a day."""

from __future__ import annotations

import struct
from datetime import timedelta
from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import inputs, read

THREE = ("II", "V1", "V5")
SHORT = write.ecg(70, 100, leads=THREE)


def of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "holter.ecg"
    path.write_bytes(content)
    return path


def repeated(times: int) -> bytes:
    """A recording of so many times 70 s."""
    return write.ishne(write.Made(np.tile(SHORT.steps, times), SHORT.rate, THREE))


def test_a_short_recording_is_read_whole_and_its_faults_are_gaps(tmp_path: Path) -> None:
    steps = SHORT.steps.copy()
    steps[1, 200:300] = -32768
    recording = read(of(tmp_path, write.ishne(write.Made(steps, 100, THREE))))
    assert (recording.leads, recording.start, recording.warnings) == (("II", "V1", "V5"), write.STARTED, ())
    assert np.flatnonzero(np.isnan(recording.signal).any(axis=0)).tolist() == list(range(200, 300))
    np.testing.assert_allclose(recording.lead("V5"), SHORT.mv[2], atol=1e-6)


def test_a_long_recording_is_a_minute_every_ten_minutes(tmp_path: Path) -> None:
    path = of(tmp_path, repeated(20))  # 1,400 s
    assert [str(entry) for entry in inputs([path])] == [f"{path}#0:00", f"{path}#0:10", f"{path}#0:20"]
    recording = read(f"{path}#0:10")
    assert recording.signal.shape == (3, 6000)
    begin = 60_000 % 7000
    np.testing.assert_allclose(recording.signal, np.tile(SHORT.mv, 2)[:, begin : begin + 6000], atol=1e-6)
    assert recording.start == write.STARTED + timedelta(minutes=10)
    assert read(f"{path}#0:22:30").signal.shape == (3, 5000)  # what is left of it


def test_no_more_than_the_first_day_counts(tmp_path: Path) -> None:
    path = of(tmp_path, repeated(1))
    with path.open("r+b") as stream:
        stream.truncate(600 + 2 * 3 * 100 * 100_000)
    names = [str(entry) for entry in inputs([path])]
    assert (len(names), names[-1]) == (144, f"{path}#23:50")


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("", "the Holter recording is long; a minute of it is named by when it begins, such as FILE#13:20"),
        ("#5", "behind the # of a Holter recording stands when a minute begins, such as 13:20 after the start"),
        ("#23:00", "the Holter recording lasts 1,400 s; a minute within them is accepted"),
    ],
)
def test_what_part_is_meant_must_be_said(tmp_path: Path, part: str, sentence: str) -> None:
    with pytest.raises(ReadError, match=sentence):
        read(f"{of(tmp_path, repeated(20))}{part}")


@pytest.mark.parametrize(
    ("at", "value", "sentence"),
    [
        (156, struct.pack("<h", 13), "states 13 leads at 100 Hz"),
        (156, struct.pack("<h", -1), "states -1 leads"),
        (272, struct.pack("<h", 0), "at 0 Hz"),
        (10, struct.pack("<i", 2**31 - 1), "1 to 12 leads are accepted"),
        (10, struct.pack("<i", -600), "1 to 12 leads are accepted"),
        (206, struct.pack("<h", 0), "states no resolution, so millivolts cannot be known"),
        (158, struct.pack("<3h", 0, 1, 17), "no channel is named like an ECG lead"),
    ],
)
def test_a_header_that_lies_gives_a_sentence(tmp_path: Path, at: int, value: bytes, sentence: str) -> None:
    content = write.ishne(SHORT)
    with pytest.raises(ReadError, match=sentence):
        read(of(tmp_path, content[:at] + value + content[at + len(value) :]))


def test_a_header_that_is_cut_short_or_has_no_date(tmp_path: Path) -> None:
    content = write.ishne(SHORT)
    with pytest.raises(ReadError, match="cut short within its header"):
        read(of(tmp_path, content[:500]))
    assert read(of(tmp_path, content[:138] + bytes(6) + content[144:])).start is None
