"""Every format gives back what was written, whatever the file is called, and never the patient's name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import read
from kalemia.records import LEADS

MADE = write.ecg()


def test_the_written_ecg_obeys_the_laws() -> None:
    one, two, three, avr, avl, avf = MADE.steps[:6]
    assert np.array_equal(one + three, two)
    assert np.array_equal(avr + avl + avf, np.zeros_like(avr))


@pytest.mark.parametrize("name", write.SINGLE)
@pytest.mark.parametrize("called", [None, "no_suffix", "wrong.png", "wrong.hea.txt"])
def test_formats_are_read_by_what_they_hold(tmp_path: Path, name: str, called: str | None) -> None:
    path = tmp_path / (called or name)
    path.write_bytes(write.SINGLE[name](MADE))
    got = read(path)
    expected = MADE.only(["I"]) if name == "apple.csv" else MADE
    assert got.leads == expected.leads
    assert got.rate == MADE.rate
    assert got.signal.dtype == np.float32
    np.testing.assert_allclose(got.signal, expected.mv, atol=2e-6)
    assert got.source == str(path)
    assert got.start == (None if name in {"ecg.csv", "schiller.xml"} else write.STARTED)
    assert got.warnings == ()
    assert got.confidence == (1.0,) * len(got.leads)
    text = repr(dataclasses.replace(got, source=""))
    assert "Doe" not in text
    assert "1945" not in text


@pytest.mark.parametrize("asked", ["record.hea", "record.dat", "record"])
def test_a_wfdb_record_is_read_by_any_of_its_names(tmp_path: Path, asked: str) -> None:
    header, data = write.wfdb(MADE)
    (tmp_path / "record.hea").write_bytes(header)
    (tmp_path / "record.dat").write_bytes(data)
    got = read(tmp_path / asked)
    assert got.leads == LEADS
    np.testing.assert_allclose(got.signal, MADE.mv, atol=2e-6)
    assert (got.source, got.start, got.warnings) == (str(tmp_path / asked), write.STARTED, ())


def test_a_dicom_file_called_dat_beside_another_header_is_read_as_dicom(tmp_path: Path) -> None:
    header, data = write.wfdb(MADE, data="other.bin")
    (tmp_path / "ecg.hea").write_bytes(header)
    (tmp_path / "other.bin").write_bytes(data)
    (tmp_path / "ecg.dat").write_bytes(write.dicom(MADE))
    np.testing.assert_allclose(read(tmp_path / "ecg.dat").signal, MADE.mv, atol=2e-6)


def test_only_the_rhythm_of_a_dicom_file_counts(tmp_path: Path) -> None:
    path = tmp_path / "ecg.dcm"
    path.write_bytes(write.dicom(MADE, label="MEDIAN BEAT", median=False))
    with pytest.raises(ReadError, match="only derived waveforms"):
        read(path)


def test_edf_that_is_not_continuous_is_refused_and_one_never_closed_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ecg.edf"
    path.write_bytes(write.edf(MADE, kind="EDF+D"))
    with pytest.raises(ReadError, match="not continuous"):
        read(path)
    path.write_bytes(write.edf(MADE, kind="EDF+C", stated=-1))
    np.testing.assert_allclose(read(path).signal, MADE.mv, atol=2e-6)


def test_edf_agrees_with_pyedflib(tmp_path: Path) -> None:
    pyedflib = pytest.importorskip("pyedflib")
    for bdf in (False, True):
        path = tmp_path / ("ecg.bdf" if bdf else "ecg.edf")
        path.write_bytes(write.edf(MADE, bdf=bdf))
        got = read(path)
        with pyedflib.EdfReader(str(path), annotations_mode=0) as reader:
            oracle = np.stack([reader.readSignal(k) for k in range(12)]) / 1000
            assert reader.getSampleFrequency(0) == got.rate
            assert reader.getStartdatetime() == got.start
        np.testing.assert_allclose(got.signal, oracle, atol=1e-6)


def test_without_a_calibration_pulse_a_philips_file_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "philips.xml"
    path.write_bytes(write.philips(MADE, calibrated=False))
    np.testing.assert_allclose(read(path).signal, MADE.mv, atol=2e-6)


def test_a_wrong_checksum_is_a_warning(tmp_path: Path) -> None:
    header, data = write.wfdb(MADE)
    changed = np.frombuffer(data, "<i2").copy()
    changed[6] += 1  # V1, which no law holds
    (tmp_path / "record.hea").write_bytes(header)
    (tmp_path / "record.dat").write_bytes(changed.tobytes())
    assert read(tmp_path / "record").warnings == (
        "The checksum of V1 in the header does not fit the samples; the file may be damaged.",
    )
    text = write.muse(MADE).decode()
    crc = text.split("<LeadDataCRC32>")[1].split("<")[0]
    (tmp_path / "muse.xml").write_bytes(text.replace(crc, str(int(crc) ^ 1)).encode())
    assert "checksum" in read(tmp_path / "muse.xml").warnings[0]
