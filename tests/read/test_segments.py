"""WFDB records of several segments, and signals in FLAC: held against the wfdb package."""

from __future__ import annotations

from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import inputs, read

wfdb = pytest.importorskip("wfdb")
MADE = write.ecg(6, 250, leads=("I", "II", "V5"))


def segment(folder: Path, name: str, made: write.Made) -> None:
    header, data = write.wfdb(made, name)
    (folder / f"{name}.hea").write_bytes(header)
    (folder / f"{name}.dat").write_bytes(data)


def several(folder: Path, lines: str = "r_0001 500\nr_0002 750\n~ 100\nr_0003 150\n", count: int = 4) -> Path:
    """Write three segments, of which the second lacks a lead, with a gap before the third."""
    segment(folder, "r_0001", MADE.between(0, 2))
    segment(folder, "r_0002", MADE.only(["II", "V5"]).between(2, 5))
    segment(folder, "r_0003", MADE.between(5.4, 6))
    (folder / "r.hea").write_text(f"r/{count} 3 250 1500\n{lines}# Name: {write.PATIENT}\n", encoding="ascii")
    return folder / "r.hea"


def test_segments_lie_one_after_the_other_with_gaps_where_nothing_was_recorded(tmp_path: Path) -> None:
    recording = read(several(tmp_path))
    assert (recording.rate, recording.start) == (250, write.STARTED)
    for lead in MADE.leads:
        expected = MADE.only([lead]).mv[0].copy()
        expected[1250:1350] = np.nan
        if lead == "I":
            expected[500:1250] = np.nan
        np.testing.assert_allclose(recording.lead(lead), expected, atol=1e-6)


def test_a_fixed_layout_agrees_with_the_wfdb_package(tmp_path: Path) -> None:
    segment(tmp_path, "r_0001", MADE.between(0, 2))
    segment(tmp_path, "r_0002", MADE.between(2, 6))
    (tmp_path / "r.hea").write_text("r/2 3 250 1500\nr_0001 500\nr_0002 1000\n", encoding="ascii")
    theirs = wfdb.rdrecord(str(tmp_path / "r")).p_signal.T
    ours = read(tmp_path / "r.hea")
    np.testing.assert_allclose([ours.lead(lead) for lead in MADE.leads], theirs, atol=1e-6)


def test_in_a_folder_the_segments_count_once_by_the_header_that_lists_them(tmp_path: Path) -> None:
    several(tmp_path)
    segment(tmp_path, "alone_0001", MADE)
    assert [entry.path.name for entry in inputs([tmp_path])] == ["alone_0001.hea", "r.hea"]


def test_a_layout_segment_names_signals_and_holds_none(tmp_path: Path) -> None:
    path = several(tmp_path, "r_layout 0\nr_0001 500\n", 2)
    (tmp_path / "r_layout.hea").write_text("r_layout 1 250 0\n~ 0 200/mV 16 0 0 0 0 II\n", encoding="ascii")
    np.testing.assert_allclose(read(path).lead("II"), MADE.only(["II"]).mv[0, :500], atol=1e-6)


@pytest.mark.parametrize(
    ("lines", "count", "sentence"),
    [
        ("r_0001 500\n", 2, "states 2 segments and describes 1"),
        ("r_0009 500\n", 1, "a segment that the header names is missing beside it"),
        (".. 500\n", 1, "points out of its folder"),
        ("../r_0001 500\n", 1, "states 1 segments and describes 0"),
        ("r 500\n", 1, "a segment of the record is itself cut into segments"),
        ("~ 500\n", 1, "holds no samples"),
        ("r_0001 999999999999\n", 1, "states 999,999,999,999 samples a signal; up to 16,000,000"),
        ("r_0001 500\nother 500\n", 2, "several sampling rates; one is accepted"),
    ],
)
def test_a_header_that_lies_gives_a_sentence(tmp_path: Path, lines: str, count: int, sentence: str) -> None:
    segment(tmp_path, "other", write.ecg(2, 500, leads=("II",)))
    with pytest.raises(ReadError, match=sentence):
        read(several(tmp_path, lines, count))


def flac(folder: Path, form: str, counts: np.ndarray) -> Path:
    pytest.importorskip("soundfile")
    wfdb.wrsamp(
        "f", fs=250, units=["mV"] * 2, sig_name=["II", "V5"], d_signal=counts.T, fmt=[form] * 2, adc_gain=[100.0] * 2,
        baseline=[0] * 2, write_dir=str(folder),
    )  # fmt: skip
    return folder / "f.hea"


@pytest.mark.parametrize(("form", "bits"), [("508", 8), ("516", 16), ("524", 24)])
def test_flac_agrees_with_the_wfdb_package(tmp_path: Path, form: str, bits: int) -> None:
    counts = MADE.only(["II", "V5"]).steps // (8 if form == "508" else 4)
    counts[1, 40:50] = -(1 << (bits - 1))  # not recorded
    path = flac(tmp_path, form, counts)
    recording = read(path)
    np.testing.assert_allclose(
        [recording.lead("II"), recording.lead("V5")], wfdb.rdrecord(str(path.with_suffix(""))).p_signal.T, atol=1e-6
    )
    assert np.flatnonzero(np.isnan(recording.lead("V5"))).tolist() == list(range(40, 50))


def test_flac_that_is_none_damaged_or_of_other_signals_gives_a_sentence(tmp_path: Path) -> None:
    path = flac(tmp_path, "516", MADE.only(["II", "V5"]).steps)
    data = next(tmp_path.glob("f*.dat")) if list(tmp_path.glob("f*.dat")) else tmp_path / "f.flac"
    whole, header = data.read_bytes(), path.read_text()
    for content, sentence in (
        (whole[:60], "damaged or cut short|no FLAC of 2 signals|holds . samples"),
        (b"RIFF" + whole, "the FLAC file of the signals is damaged or cut short"),
    ):
        data.write_bytes(content)
        with pytest.raises(ReadError, match=sentence):
            read(path)
    data.write_bytes(whole)
    path.write_text(header.replace(" 516 ", " 508 "))
    with pytest.raises(ReadError, match="no FLAC of 2 signals of up to 8 bits"):
        read(path)
