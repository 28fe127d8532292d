"""Headers of WFDB: what each field means, what it is where it is absent, and what is refused."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import wfdb
from kalemia.read.raw import Raw
from kalemia.records import DIGITIZED

COUNTS = np.array([[0, 100, -100, 300] * 100, [5, 6, 7, 8] * 100], "<i2")


def loaded(folder: Path, header: str, counts: np.ndarray = COUNTS, name: str = "r.dat") -> Raw:
    """Write a record of two signals and read it."""
    (folder / name).write_bytes(counts.T.tobytes())
    (folder / "r.hea").write_text(header, encoding="latin-1")
    return wfdb.load(folder / "r.hea")


def test_what_a_short_header_leaves_out_has_the_defaults_of_the_format(tmp_path: Path) -> None:
    raw = loaded(tmp_path, "r 2\nr.dat 16 200\nr.dat 16 200\n")
    assert (raw.rate, raw.names, raw.start, raw.warnings) == (250.0, ("", ""), None, ())
    np.testing.assert_allclose(raw.signal, COUNTS / 200, rtol=1e-6)
    assert raw.counts is None
    assert raw.lsb_mv == pytest.approx(0.005)
    assert not raw.digitized


def test_every_field_of_a_full_header_counts(tmp_path: Path) -> None:
    raw = loaded(
        tmp_path,
        "# first a comment\n r 2 500/1000(7) 300 05:06:07.25 4/3/2021 \n\n"
        "r.dat 16 200(20)/mV 12 -4 0 30000 0 Lead V1\nr.dat 16 0.1/uV 12 7 5 1950 0 V 2\n",
    )
    assert (raw.rate, raw.names, raw.start) == (500.0, ("Lead V1", "V 2"), datetime(2021, 3, 4, 5, 6, 7, 250_000))
    np.testing.assert_allclose(raw.signal[0], (COUNTS[0, :300] - 20) / 200, rtol=1e-6)
    np.testing.assert_allclose(raw.signal[1], (COUNTS[1, :300] - 7) / 100, rtol=1e-6)  # its zero is its baseline
    assert raw.counts is not None
    np.testing.assert_array_equal(raw.counts, COUNTS[:, :300] - np.array([[-4], [7]]))
    assert raw.lsb_mv == pytest.approx(0.01)
    damaged = "The checksum of Lead V1 in the header does not fit the samples; the file may be damaged."
    assert raw.warnings == (damaged,)  # 22,500 and not 30,000


def test_a_negative_gain_turns_a_signal_and_is_no_finer_step(tmp_path: Path) -> None:
    raw = loaded(tmp_path, "r 2 250 400\nr.dat 16 -200\nr.dat 16 -200\n")
    np.testing.assert_allclose(raw.signal, -COUNTS / 200, rtol=1e-6)
    assert raw.lsb_mv == pytest.approx(0.005)


def test_our_own_comment_says_that_a_page_was_traced(tmp_path: Path) -> None:
    assert loaded(tmp_path, f"r 2 250 400\nr.dat 16 200\nr.dat 16 200\n  # {DIGITIZED}\n").digitized


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("250 400 05:06:07 04/03/2021", datetime(2021, 3, 4, 5, 6, 7)),
        ("250 400 05:06:07", None),
        ("250 400 05:06 04/03/2021", None),
        ("250 400 05:06:07 2021/03/04", None),
    ],
)
def test_a_start_has_both_time_and_date(tmp_path: Path, text: str, start: datetime | None) -> None:
    assert loaded(tmp_path, f"r 2 {text}\nr.dat 16 200\nr.dat 16 200\n").start == start


def test_without_a_stated_length_all_is_read_and_no_checksum_looked_at(tmp_path: Path) -> None:
    raw = loaded(tmp_path, "r 2 250\nr.dat 16 200 16 0 0 1 0 I\nr.dat 16 200 16 0 0 1 0 II\n")
    assert (raw.signal.shape, raw.warnings) == ((2, 400), ())


LINES = "r.dat 16 200\nr.dat 16 200\n"


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("", "the header does not begin with a record line (name, number of signals, rate)"),
        ("# only a comment\n", "the header does not begin with a record line (name, number of signals, rate)"),
        (
            "r/2 2 250\n" + LINES,
            "a segment of the record is itself cut into segments; segments that hold signals are accepted",
        ),
        ("r 0 250\n" + LINES, "the header states 0 signals; 1 to 256 are accepted"),
        ("r 257 250\n" + LINES, "the header states 257 signals; 1 to 256 are accepted"),
        ("r 3 250\n" + LINES, "the header states 3 signals and describes 2"),
        ("r 2 250e\n" + LINES, "the header states no number as sampling rate"),
        ("r 2 250 many\n" + LINES, "the header states no number as number of samples"),
        ("r 2 250 -1\n" + LINES, "the header states -1 samples a signal; up to 16,000,000 in all are accepted"),
        (
            "r 2 250 17000000\n" + LINES,
            "the header states 17000000 samples a signal; up to 16,000,000 in all are accepted",
        ),
        ("r 2 250 401\n" + LINES, "a signal file holds 400 samples a signal where the header states 401"),
        ("r 1 250\nr.dat\n", "a signal line of the header states no storage format"),
        ("r 1 250\nr.dat x 200\n", "a signal line of the header states no storage format"),
        ("r 1 250\nr.dat 16\n", "a signal line of the header states no gain, so millivolts cannot be known"),
        ("r 1 250\nr.dat 16 0\n", "a signal line of the header states no gain, so millivolts cannot be known"),
        ("r 1 250\nr.dat 16 1e999\n", "a signal line of the header states no gain, so millivolts cannot be known"),
        ("r 1 250\nr.dat 16 200 16 x\n", "the header states no number as ADC zero"),
        ("r 1 250\nr.dat 16 200 16 0 x\n", "the header states no number as first value"),
        ("r 1 250\nr.dat 16 200 16 0 0 inf\n", "the header states no number as checksum"),
        (
            "r 1 250\nr.dat 16 200/mmHg\n",
            "no signal of the record is stored in a unit of voltage; mV, uV and V are accepted",
        ),
        (
            "r 2 250\nr.dat 16 200\nr.dat 212 200\n",
            "the header states several storage formats for one signal file; one is accepted",
        ),
        ("r 1 250\nno.dat 16 200\n", "a signal file that the header names is missing beside it"),
        ("r 1 250\n../r.dat 16 200\n", "the header points out of its folder; a signal file must lie beside the header"),
        ("r 1 250\n.. 16 200\n", "the header points out of its folder; a signal file must lie beside the header"),
        ("r 1 250\na\\b 16 200\n", "the header points out of its folder; a signal file must lie beside the header"),
        ("r 1 250\n. 16 200\n", "the header points out of its folder; a signal file must lie beside the header"),
        ("r 1 250\n~ 16 200\n", "the header points out of its folder; a signal file must lie beside the header"),
        ("r 1 250\n- 16 200\n", "the header points out of its folder; a signal file must lie beside the header"),
    ],
)
def test_a_wrong_header_is_refused(tmp_path: Path, header: str, sentence: str) -> None:
    with pytest.raises(ReadError, match=f"^{re.escape(sentence)}$"):
        loaded(tmp_path, header)


def test_a_header_names_its_signal_files(tmp_path: Path) -> None:
    (tmp_path / "r.hea").write_text("r 3 250\na.dat 16 200\nb.dat 16 200\na.dat 16 200\n")
    assert wfdb.signal_files(tmp_path / "r.hea") == {"a.dat", "b.dat"}
    (tmp_path / "r.hea").write_text("no header")
    assert wfdb.signal_files(tmp_path / "r.hea") == set()


def test_a_larger_header_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = "r 2 250\n" + LINES
    monkeypatch.setattr(wfdb, "MAX_HEADER_BYTES", len(header))
    loaded(tmp_path, header)
    with pytest.raises(ReadError, match=r"as a header up to 34 are accepted$"):
        loaded(tmp_path, header + "\n")


def test_bytes_before_the_samples_are_skipped_and_signals_of_other_files_joined(tmp_path: Path) -> None:
    (tmp_path / "b.dat").write_bytes(b"123456" + np.arange(400, dtype="<i2").tobytes())
    raw = loaded(tmp_path, "r 3 250\nr.dat 16 200\nr.dat 16 200\nb.dat 16+6 100\n")
    np.testing.assert_allclose(raw.signal[2], np.arange(400) / 100, rtol=1e-6)
    np.testing.assert_allclose(raw.signal[:2], COUNTS / 200, rtol=1e-6)


def test_first_differences_begin_at_the_first_value(tmp_path: Path) -> None:
    (tmp_path / "d.dat").write_bytes(np.array([0, 1, 2, -3], np.int8).tobytes())
    (tmp_path / "r.hea").write_text("r 1 250 4\nd.dat 8 1 12 0 10 0 0 V1\n")
    assert wfdb.load(tmp_path / "r.hea").signal.tolist() == [[10, 11, 13, 10]]
    (tmp_path / "r.hea").write_text("r 1 250 4\nd.dat 8 1(0) 12 7\n")  # the zero, where no first value is stated
    assert wfdb.load(tmp_path / "r.hea").signal.tolist() == [[7, 8, 10, 7]]
