"""Bare arrays: NumPy, MATLAB and HDF5."""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import ecg_writers as write
import numpy as np
import pytest
from scipy.io import savemat

from kalemia.errors import ReadError
from kalemia.read import identify, inputs, read
from kalemia.records import EIGHT, LEADS, Recording

MADE = write.ecg()
ASSUMED = (
    "The NumPy file names no leads; the leads were taken in the order "
    "I, II, III, aVR, aVL, aVF, V1, V2, V3, V4, V5, V6.",
    "The NumPy file states no unit; its numbers were taken as mV.",
)


def npy(tmp_path: Path, array: Any, **options: Any) -> Recording:
    np.save(tmp_path / "ecg.npy", array)
    return read(tmp_path / "ecg.npy", **options)


@pytest.mark.parametrize(
    "of", [lambda a: a, lambda a: a.T, np.asfortranarray, lambda a: a.astype(">f8"), lambda a: a[None]]
)
def test_leads_by_samples_and_samples_by_leads_are_read_by_their_order(tmp_path: Path, of: Any) -> None:
    recording = npy(tmp_path, of(MADE.mv), rate=MADE.rate)
    assert (recording.leads, recording.rate, recording.warnings) == (LEADS, MADE.rate, ASSUMED)
    np.testing.assert_allclose(recording.signal, MADE.mv, atol=1e-6)


def test_the_laws_of_limb_leads_tell_the_order(tmp_path: Path) -> None:
    other = ("I", "II", "III", "aVL", "aVF", "aVR", *LEADS[6:])
    np.testing.assert_allclose(npy(tmp_path, MADE.only(other).mv, rate=250).signal, MADE.mv, atol=1e-6)
    with pytest.raises(ReadError, match=r"the channels of the NumPy file are not I, II, .*; that order is"):
        npy(tmp_path, MADE.only(("II", "I", *LEADS[2:])).mv, rate=250)


def test_eight_channels_are_those_that_the_others_follow_from(tmp_path: Path) -> None:
    recording = npy(tmp_path, MADE.only(EIGHT).mv, rate=250)
    assert recording.leads == LEADS
    np.testing.assert_allclose(recording.signal, MADE.mv, atol=3e-6)


@pytest.mark.parametrize(
    ("array", "options", "sentence"),
    [
        (MADE.mv, {}, "the NumPy file does not state its sampling rate; --rate 500 is accepted"),
        (
            MADE.steps,
            {"rate": 250},
            r"the NumPy file does not state its unit \(numbers are whole\); --unit uV .or 200/mV",
        ),
        (MADE.mv[0], {"rate": 250}, "the NumPy file does not state its lead; --lead I is accepted"),
        (MADE.mv * 1000 + 0.5, {"rate": 250}, "mV, which no body makes"),
        (MADE.mv[None].repeat(2, axis=0), {"rate": 250}, "an array of 3 axes; leads by samples are accepted"),
        (MADE.mv.astype(complex), {"rate": 250}, "something else than real numbers"),
        (np.array([{"a": 1}]), {"rate": 250}, "something else than real numbers"),
        (np.empty((0, 12)), {"rate": 250}, "an array of 2 axes"),
    ],
)
def test_what_cannot_be_known_is_asked_for_or_refused(
    tmp_path: Path, array: Any, options: dict[str, float], sentence: str
) -> None:
    with pytest.raises(ReadError, match=sentence):
        npy(tmp_path, array, **options)


def test_zeros_that_bring_ecgs_to_one_length_are_cut_off(tmp_path: Path) -> None:
    padded = np.pad(MADE.mv[:, 5:-5] + np.float32(0.001), ((0, 0), (300, 200)))
    np.testing.assert_allclose(npy(tmp_path, padded, rate=250).signal, MADE.mv[:, 5:-5] + 0.001, atol=1e-6)


def test_a_numpy_header_that_lies_takes_no_memory_and_gives_a_sentence(tmp_path: Path) -> None:
    np.save(tmp_path / "ecg.npy", MADE.mv)
    content = (tmp_path / "ecg.npy").read_bytes()
    for old, new, sentence in (
        (b"(12, 1000)", b"(12000000,1000)"[:10], "12,000,000"),
        (b"(12, 1000)", b"(12, 9999)", "is cut short: it holds 12,000 of 119,988 numbers"),
        (b"<f4", b"|O8", "something else"),
        (b"shape", b"shapo", "the header of the NumPy file is damaged"),
    ):
        if sentence == "12,000,000":
            old, new = b"(12, 1000), }    ", b"(12000000, 1000)}"
            sentence = "states 12,000,000,000 numbers; up to 16,000,000 are accepted"
        assert old in content
        (tmp_path / "ecg.npy").write_bytes(content.replace(old, new))
        with pytest.raises(ReadError, match=sentence):
            read(tmp_path / "ecg.npy", rate=250)


@pytest.mark.parametrize("form", ["4", "5"])
@pytest.mark.parametrize("packed", [False, True])
def test_matlab_files_are_read_with_the_rate_they_state(tmp_path: Path, form: Any, packed: bool) -> None:
    path = tmp_path / "ecg.mat"
    savemat(path, {"val": MADE.mv, "fs": 250.0, "age": 61.0}, format=form, do_compression=packed and form == "5")
    assert identify(path).format.name == "MATLAB"
    recording = read(path)
    assert (recording.leads, recording.rate) == (LEADS, 250)
    np.testing.assert_allclose(recording.signal, MADE.mv, atol=1e-6)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"val": MADE.mv}, "the MATLAB file does not state its sampling rate; --rate 500 is accepted"),
        (
            {"val": MADE.steps.astype("i2")},
            r"does not state its sampling rate and unit \(numbers are whole\); --rate 500 and --unit uV",
        ),
        ({"a": MADE.mv, "b": MADE.mv}, "holds 2 arrays that may be an ECG; one, or one called val, ecg"),
        ({"a": "text"}, "holds 0 arrays that may be an ECG"),
    ],
)
def test_a_matlab_file_without_what_is_needed_is_refused(
    tmp_path: Path, variables: dict[str, Any], sentence: str
) -> None:
    savemat(tmp_path / "ecg.mat", variables)
    with pytest.raises(ReadError, match=sentence):
        read(tmp_path / "ecg.mat")


def test_a_matlab_file_that_is_cut_or_a_bomb_gives_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "ecg.mat"
    savemat(path, {"val": MADE.mv})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ReadError, match="the MATLAB file is damaged or cut short"):
        read(path, rate=250)
    bomb = zlib.compress(bytes(200_000_000), 9)
    path.write_bytes(whole[:128] + struct.pack("<II", 15, len(bomb)) + bomb)
    with pytest.raises(ReadError, match="the MATLAB file inflates to more than 128,000,000 bytes"):
        read(path, rate=250)


def test_a_name_with_a_number_sign_is_that_of_a_file_first(tmp_path: Path) -> None:
    np.save(tmp_path / "ecg#1.npy", MADE.mv)
    assert read(tmp_path / "ecg#1.npy", rate=250).leads == LEADS
    (tmp_path / "ecg.csv").write_bytes(write.csv(MADE))
    with pytest.raises(ReadError, match="a CSV file is one ECG; its name without a # is accepted"):
        read(tmp_path / "ecg.csv#1")
    with pytest.raises(ReadError, match="cannot be opened"):
        read(tmp_path / "absent.csv#1")


def test_hdf5_without_its_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "ecg.hdf5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(ReadError, match=r"is HDF5, which h5py reads; `pip install 'kalemia\[formats\]'` is needed"):
        read(tmp_path / "ecg.hdf5#1", rate=250)
    assert [str(entry) for entry in inputs([tmp_path])] == [str(tmp_path / "ecg.hdf5")]
