"""XML of CardioSoft, Mortara and Schiller."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import read

SMALL = write.ecg(2, leads=("I", "II", "V5"))


def changed(tmp_path: Path, whole: bytes, *changes: tuple[str, str]) -> Path:
    text = whole.decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "ecg.xml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("writer", [write.cardiosoft, write.mortara, write.schiller])
def test_some_leads_in_any_case_are_read(tmp_path: Path, writer: Callable[[write.Made], bytes]) -> None:
    recording = read(changed(tmp_path, writer(SMALL), ("V5", "v5")))
    np.testing.assert_allclose(recording.lead("V5"), SMALL.mv[2], atol=1e-6)
    assert recording.warnings == ()


@pytest.mark.parametrize(
    ("writer", "old", "new", "sentence"),
    [
        (write.cardiosoft, "StripData", "FullDisclosure", "the CardioSoft XML holds no StripData"),
        (write.cardiosoft, "uVperLsb", "counts", "states no resolution in uVperLsb"),
        (write.cardiosoft, ">5<", ">0<", "states no positive sampling rate, or no positive voltage of a step"),
        (write.cardiosoft, ">250<", ">x<", "states no positive sampling rate"),
        (write.cardiosoft, "CountTotal>500<", "CountTotal>501<", "fewer samples than the 501 that it states"),
        (write.cardiosoft, 'lead="I">\t', 'lead="I">1,', "leads of one length are accepted"),
        (write.cardiosoft, 'lead="I">\t', 'lead="I">x,', "no numbers between commas"),
        (write.mortara, 'UNITS_PER_MV="200"', "", "no unit of voltage, so millivolts cannot be known"),
        (write.mortara, 'DURATION="500"', 'DURATION="700"', "Mortara ELI .* the file is damaged"),
        (write.schiller, "ECG_RHYTHMS", "ECG_OTHER", "the Schiller XML holds no ECG_RHYTHMS"),
        (write.schiller, "<exponent>1<", "<exponent>2<", "states no sampling rate in Hz, or no voltage of a bit"),
        (write.schiller, "<units>uV<", "<units>mm<", "states no unit of voltage; mV and uV are accepted"),
        (write.schiller, "<unitperbit>5<", "<unitperbit>nan<", "no positive voltage of a step"),
        (write.schiller, "channel", "other", "holds no leads"),
    ],
)
def test_what_differs_is_refused_in_a_sentence(
    tmp_path: Path, writer: Callable[[write.Made], bytes], old: str, new: str, sentence: str
) -> None:
    with pytest.raises(ReadError, match=sentence):
        read(changed(tmp_path, writer(SMALL), (old, new)))


def test_a_time_that_is_none_is_no_error(tmp_path: Path) -> None:
    assert read(changed(tmp_path, write.cardiosoft(SMALL), ("<Month>3", "<Month>13"))).start is None


def test_millivolts_a_bit_are_read(tmp_path: Path) -> None:
    millivolts = (("<unitperbit>5<", "<unitperbit>0.005<"), ("<units>uV<", "<units>mV<"))
    recording = read(changed(tmp_path, write.schiller(SMALL), *millivolts))
    np.testing.assert_allclose(recording.lead("V5"), SMALL.mv[2], atol=1e-6)
