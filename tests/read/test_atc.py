"""ATC of AliveCor's Kardia."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import read

SIX = write.ecg(2, 300, leads=("I", "II", "III", "aVR", "aVL", "aVF"))
WHOLE = write.atc(SIX)


def of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "ecg.atc"
    path.write_bytes(content)
    return path


def test_six_leads_and_their_time_are_read_and_the_beat_is_left(tmp_path: Path) -> None:
    recording = read(of(tmp_path, WHOLE))
    assert (recording.leads, recording.rate, recording.start) == (SIX.leads, 300, write.STARTED)
    np.testing.assert_allclose(recording.signal, SIX.mv, atol=1e-6)
    assert recording.warnings == ()


def test_a_crc_is_a_checksum_too_and_one_that_fits_neither_is_said(tmp_path: Path) -> None:
    lead = b"ecg " + struct.pack("<I", 2 * 600) + SIX.steps[0].astype("<i2").tobytes()
    at = WHOLE.index(lead)
    end = at + len(lead)
    crc = WHOLE[:end] + struct.pack("<I", zlib.crc32(lead)) + WHOLE[end + 4 :]
    assert read(of(tmp_path, crc)).warnings == ()
    other = WHOLE[:end] + b"\1\2\3\4" + WHOLE[end + 4 :]
    assert read(of(tmp_path, other)).warnings == (
        "A checksum in the file does not fit what it holds; the file may be damaged.",
    )


def test_a_time_that_is_none_is_no_error(tmp_path: Path) -> None:
    assert read(of(tmp_path, WHOLE.replace(b"2021-03-04T", b"yesterday, "))).start is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (WHOLE[:2000], r"is cut short: a block states 1,200 bytes, of which some are missing"),
        (WHOLE[:288], r"holds no format or no lead; a recording of AliveCor's Kardia is accepted"),
        (WHOLE.replace(b"fmt ", b"fmx "), r"holds no format or no lead"),
        (WHOLE.replace(struct.pack("<BHH", 1, 300, 5000), struct.pack("<BHH", 2, 300, 5000)), r"no samples of 16 bits"),
        (WHOLE.replace(struct.pack("<BHH", 1, 300, 5000), struct.pack("<BHH", 1, 300, 0)), r"or no resolution"),
        (WHOLE[:16] + b"\xff\xff\xff\xff" + WHOLE[20:], r"4,294,967,295 bytes"),
        (write.atc(SIX) + write.atc(SIX.between(0, 1).only(["I"]))[12:], None),
    ],
)  # fmt: skip
def test_what_is_damaged_gives_a_sentence(tmp_path: Path, content: bytes, sentence: str | None) -> None:
    if sentence is None:  # a block that comes twice counts once
        assert read(of(tmp_path, content)).signal.shape == SIX.steps.shape
        return
    with pytest.raises(ReadError, match=sentence):
        read(of(tmp_path, content))


def test_leads_of_several_lengths_are_refused(tmp_path: Path) -> None:
    other = write.atc(SIX.only(["I"])) + write.atc(SIX.between(0, 1).only(["II"]))[12:]
    with pytest.raises(ReadError, match="have several lengths"):
        read(of(tmp_path, other))
