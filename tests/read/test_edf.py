"""EDF and BDF: fields of the header, damaged one by one."""

from __future__ import annotations

import warnings
from datetime import datetime
from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import edf
from kalemia.read.raw import Raw

MADE = write.ecg(2, leads=("I", "II", "V1"))
COUNT = len(MADE.leads)
START, BYTES, KIND, RECORDS, DURATION, SIGNALS = 168, 184, 192, 236, 244, 252
WIDTHS = {
    "label": 16,
    "transducer": 80,
    "unit": 8,
    "low": 8,
    "high": 8,
    "least": 8,
    "most": 8,
    "filter": 80,
    "samples": 8,
}


def place(field: str, signal: int) -> int:
    """Return where the header has a field of a signal."""
    before = list(WIDTHS)[: list(WIDTHS).index(field)]
    return 256 + COUNT * sum(WIDTHS[name] for name in before) + WIDTHS[field] * signal


def changed(content: bytes, at: int, text: bytes, width: int = 8) -> bytes:
    return content[:at] + text.ljust(width)[:width] + content[at + width :]


def loaded(tmp_path: Path, content: bytes) -> Raw:
    path = tmp_path / "ecg.edf"
    path.write_bytes(content)
    with warnings.catch_warnings():  # as `read` does
        warnings.simplefilter("ignore")
        return edf.load(path)


@pytest.mark.parametrize("bdf", [False, True])
def test_everything_that_a_file_states(tmp_path: Path, bdf: bool) -> None:
    raw = loaded(tmp_path, write.edf(MADE, bdf=bdf))
    np.testing.assert_allclose(raw.signal, MADE.mv, rtol=1e-6, atol=1e-6)
    assert raw.signal.dtype == np.float32
    assert (raw.rate, raw.names, raw.start) == (250.0, ("ECG I", "ECG II", "ECG V1"), datetime(2021, 3, 4, 5, 6, 7))
    assert raw.warnings == ()
    assert raw.lsb_mv == pytest.approx(0.005)


def test_negative_numbers_of_24_bits_keep_their_sign(tmp_path: Path) -> None:
    steps = np.stack([np.resize([-100_000, 100_000, -1, 0], 500)] * COUNT)
    raw = loaded(tmp_path, write.edf(write.Made(steps, 250, MADE.leads), bdf=True))
    np.testing.assert_allclose(raw.signal[0, :4], [-500, 500, -0.005, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("at", "text", "width", "sentence"),
    [
        (SIGNALS, b"0", 4, "states 0 signals; 1 to 256 are accepted"),
        (SIGNALS, b"257", 4, "states 257 signals; 1 to 256 are accepted"),
        (SIGNALS, b"-1", 4, "states -1 signals"),
        (SIGNALS, b"", 4, "states no number as number of signals"),
        (SIGNALS, b"200", 4, "header is cut short, or not as long as it states; 200 signals take 51456 bytes"),
        (BYTES, b"1025", 8, "header is cut short, or not as long as it states; 3 signals take 1024 bytes"),
        (BYTES, b"x", 8, "states no number as number of its bytes"),
        (KIND, b"EDF+D", 8, "not continuous"),
        (KIND, b"BDF+D", 8, "not continuous"),
        (RECORDS, b"3", 8, "holds 2 data records where its header states 3"),
        (RECORDS, b"0", 8, "holds no data record"),
        (RECORDS, b"two", 8, "states no number as number of data records"),
        (DURATION, b"-1", 8, "states no positive number as duration of a data record"),
        (DURATION, b"nan", 8, "states no positive number as duration of a data record"),
        (place("low", 0), b"1", 8, None),
        (place("low", 0), b"163835", 8, "states an empty range for a signal"),
        (place("least", 1), b"32767", 8, "states an empty range for a signal"),
        (place("high", 2), b"nan", 8, "states no number as high of a range"),
        (place("low", 1), b"inf", 8, "states no number as low of a range"),
        (place("least", 0), b"1.5", 8, "states no number as least of a range"),
        (place("samples", 1), b"many", 8, "states no number as samples in a data record"),
        (place("samples", 1), b"-5", 8, "states -5 samples in a data record; up to 16,000,000 are accepted"),
        (place("samples", 1), b"99999999", 8, "states 99999999 samples in a data record"),
        (DURATION, b"one", 8, "states no positive number as duration of a data record"),
        (DURATION, b"0", 8, "states no positive number as duration of a data record"),
    ],
)
def test_a_damaged_field_is_refused(tmp_path: Path, at: int, text: bytes, width: int, sentence: str | None) -> None:
    content = changed(write.edf(MADE), at, text, width)
    if sentence is None:
        loaded(tmp_path, content)
        return
    with pytest.raises(ReadError, match=sentence):
        loaded(tmp_path, content)


def test_a_file_without_data_is_refused(tmp_path: Path) -> None:
    head = write.edf(MADE)[: 256 * (COUNT + 1)]
    with pytest.raises(ReadError, match="holds no data record"):
        loaded(tmp_path, changed(head, RECORDS, b"-1"))
    with pytest.raises(ReadError, match="header is cut short"):
        loaded(tmp_path, head[:-1])


@pytest.mark.parametrize("bdf", [False, True])
@pytest.mark.parametrize("records", [0.01, 0.5, 1, 3])
def test_bytes_behind_the_last_record_are_no_ecg(tmp_path: Path, bdf: bool, records: float) -> None:
    """Nor are whole records of them, which edfio would count."""
    content = write.edf(MADE, bdf=bdf)
    record = (len(content) - 256 * (COUNT + 1)) // 2
    raw = loaded(tmp_path, content + b"\x11" * round(records * record))
    np.testing.assert_allclose(raw.signal, MADE.mv, rtol=1e-6, atol=1e-6)


def test_fewer_records_may_be_stated_than_there_are(tmp_path: Path) -> None:
    raw = loaded(tmp_path, changed(write.edf(MADE), RECORDS, b"1"))
    np.testing.assert_allclose(raw.signal, MADE.mv[:, :250], rtol=1e-6, atol=1e-6)


def test_a_file_that_was_never_closed_is_read_to_its_last_whole_record(tmp_path: Path) -> None:
    raw = loaded(tmp_path, changed(write.edf(MADE), RECORDS, b"-1")[:-1])
    np.testing.assert_allclose(raw.signal, MADE.mv[:, :250], rtol=1e-6, atol=1e-6)


def test_a_lead_that_is_called_annotations_is_not_lost_in_silence(tmp_path: Path) -> None:
    raw = loaded(tmp_path, changed(write.edf(MADE), place("label", 0), b"EDF Annotations", 16))
    assert raw.names == ("ECG II", "ECG V1")
    assert raw.warnings == ("1 of 3 signals are no ECG lead, or sampled apart, and were left out.",)


def test_fields_that_are_filled_up_with_zero_bytes_are_read(tmp_path: Path) -> None:
    content = changed(write.edf(MADE), place("label", 0), b"ECG aVF\0\0\0\0\0\0\0\0\0", 16)
    raw = loaded(tmp_path, changed(content, RECORDS, b"2\0\0\0\0\0\0\0"))
    assert raw.names == ("ECG aVF", "ECG II", "ECG V1")


def test_a_letter_beyond_ascii_in_the_name_of_the_patient_is_no_fault(tmp_path: Path) -> None:
    assert loaded(tmp_path, changed(write.edf(MADE), 8, "J\xfcrgen".encode("latin-1"), 80)).rate == 250


@pytest.mark.parametrize(
    ("field", "text", "names"),
    [
        ("unit", b"mmHg", ("ECG II", "ECG V1")),
        ("label", b"pleth", ("ECG II", "ECG V1")),
    ],
)
def test_what_is_no_lead_is_left_out(tmp_path: Path, field: str, text: bytes, names: tuple[str, ...]) -> None:
    raw = loaded(tmp_path, changed(write.edf(MADE), place(field, 0), text, WIDTHS[field]))
    assert raw.names == names
    np.testing.assert_allclose(raw.signal, MADE.mv[1:], rtol=1e-6, atol=1e-6)
    counted = ("1 of 3 signals are no ECG lead, or sampled apart, and were left out.",)
    assert raw.warnings == (counted if field == "label" else ())


def test_a_signal_that_is_sampled_apart_is_left_out(tmp_path: Path) -> None:
    made = write.ecg(2)
    content = write.edf(made.only(("I", "II", "V1")))
    head = changed(content[:1024], place("samples", 2), b"50")
    blocks = np.frombuffer(content[1024:], "<i2").reshape(2, 750)[:, :550]
    raw = loaded(tmp_path, head + blocks.tobytes())
    assert raw.names == ("ECG I", "ECG II")
    np.testing.assert_allclose(raw.signal, MADE.mv[:2], rtol=1e-6, atol=1e-6)
    assert raw.warnings == ("1 of 3 signals are no ECG lead, or sampled apart, and were left out.",)


def test_the_scale_is_that_of_the_unit_and_the_range(tmp_path: Path) -> None:
    content = write.edf(MADE)
    for signal in range(COUNT):
        content = changed(content, place("unit", signal), b"mV")
    content = changed(content, place("low", 1), b"0")
    raw = loaded(tmp_path, changed(content, place("high", 1), b"65534"))
    np.testing.assert_allclose(raw.signal[0], MADE.mv[0] * 1000, rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(raw.signal[1], MADE.steps[1] + 32767, rtol=1e-6)
    assert raw.lsb_mv == pytest.approx(5.0)


def test_a_record_of_two_seconds_halves_the_rate(tmp_path: Path) -> None:
    assert loaded(tmp_path, changed(write.edf(MADE), DURATION, b"2")).rate == 125.0


def test_no_lead_at_all_is_refused(tmp_path: Path) -> None:
    content = write.edf(MADE)
    for signal in range(COUNT):
        content = changed(content, place("label", signal), b"EEG Fpz", 16)
    with pytest.raises(ReadError, match="no signal in a unit of voltage is named like an ECG lead"):
        loaded(tmp_path, content)


def test_more_samples_than_an_ecg_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edf, "MAX_VALUES", 1500)
    assert loaded(tmp_path, write.edf(MADE)).signal.size == 1500
    monkeypatch.setattr(edf, "MAX_VALUES", 1499)
    with pytest.raises(ReadError, match="more than 1,499 samples"):
        loaded(tmp_path, write.edf(MADE))


@pytest.mark.parametrize(
    ("text", "start"), [(b"31.02.21", None), (b"", None), (b"01.12.85", datetime(1985, 12, 1, 5, 6, 7))]
)
def test_a_start_that_is_no_date_is_none(tmp_path: Path, text: bytes, start: datetime | None) -> None:
    assert loaded(tmp_path, changed(write.edf(MADE), START, text)).start == start
