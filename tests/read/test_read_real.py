"""Every real recording at hand: read and lawful, or refused with a true sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_read_wfdb import oracle

from kalemia import body
from kalemia.errors import ReadError
from kalemia.read import inputs, read
from kalemia.records import LEADS, Recording

pytestmark = pytest.mark.data

ALL = {"ptbxl": 200, "cinc2021": 25, "ndmc-potassium": 149, "ndmc-emergency": 250, "ludb": 100}
TWELVE = {
    "aecg/example-aecg.xml": (500, 5000),
    "contec-scp/0000050.ECG.edf": (800, 37855),
    "contec-scp/Example.scp": (500, 5000),
    "dicom/anonymous_ecg.dcm": (1000, 10000),
    "muse-xml/example1.xml": (500, 5000),
    "muse-xml/example2.xml": (500, 5000),
    "philips-xml/1_03/129DYPRG.XML": (500, 5264),
    "philips-xml/1_03/repbeats_example.xml": (500, 5264),
    "philips-xml/1_04/3191723_ZZDEMOPTONLY_1-04_orig.xml": (500, 5300),
    "philips-xml/1_04/ad4d3d80-d165_1-04_orig.xml": (500, 5300),
    "philips-xml/1_04_01/2020-5-18_15-48-11.xml": (500, 5300),
}
REFUSED = {
    "contec-scp/0000050.ECG": "no format that is known",
    "contec-scp/0000053.ECG": "no format that is known",
    "contec-scp/0000050.ECG.csv": "first line of the CSV holds numbers",
    "contec-scp/0000050.ECG.scp": "holds 32767 samples, expected 37855",
    "contec-scp/demo.scp": "invalid sample range 0-10000",
    "contec-scp/README.md": "no table of leads",
    "contec-scp/0000053.png": "a page .PNG.",
    "dicom/anonymous_ecg_3x4_1.pdf": "a page .PDF.",
    "philips-xml/invalid-doc-type.xml": "Files of type MortaraECG 1.03 are unsupported",
    "philips-xml/invalid-doc-version.xml": "Files of type SierraECG 1.05 are unsupported",
}


def lawful(got: Recording) -> float:
    """Return the strict residual of Einthoven's law, RMS(I + III - II) / SD(II)."""
    one, two, three = (got.lead(lead).astype(float) for lead in ("I", "II", "III"))
    return float(np.sqrt(np.nanmean((one + three - two) ** 2)) / np.nanstd(two))


@pytest.mark.parametrize("file", TWELVE)
def test_files_of_devices(data_folder: Path, file: str) -> None:
    got = read(data_folder / "formats" / file)
    assert got.leads == LEADS
    assert (got.rate, got.signal.shape[1]) == TWELVE[file]
    assert lawful(got) <= body.EINTHOVEN
    enlarged = any("unusually large" in warning for warning in got.warnings)
    assert enlarged == file.endswith(".edf")  # made with the chest electrodes off: V1 to V6 zero, lead I spans 9 mV
    assert np.isnan(got.lead("V1")).all() == file.endswith(".edf")


def test_an_apple_watch(data_folder: Path) -> None:
    (file,) = (data_folder / "formats" / "apple-watch").glob("*.csv")
    got = read(file)
    assert (got.leads, got.rate, got.warnings) == (("I",), 512.508, ())
    assert 0.3 < np.ptp(got.signal) < 3


@pytest.mark.parametrize("file", REFUSED)
def test_files_that_cannot_be_read(data_folder: Path, file: str) -> None:
    with pytest.raises(ReadError, match=REFUSED[file]):
        read(data_folder / "formats" / file)


@pytest.mark.parametrize("folder", ALL)
def test_databases(data_folder: Path, folder: str) -> None:
    found = list(inputs([data_folder / folder]))
    assert len(found) == ALL[folder]
    for path in found:
        got = read(path)
        limb = np.stack([got.lead(lead) for lead in ("I", "II", "III")])
        assert body.einthoven(limb, got.rate, 0.01 if "ndmc" in folder else 0.001) <= body.EINTHOVEN
        if "ndmc" not in folder:  # in steps of 10 uV rounding alone breaks the strict law
            assert lawful(got) <= body.EINTHOVEN
        repaired = [warning for warning in got.warnings if "inferred" in warning]
        assert len(repaired) == (folder == "ludb")
        assert not any("unusually" in warning for warning in got.warnings)
        assert not any("checksum" in warning for warning in got.warnings)


@pytest.mark.parametrize("folder", ["ptbxl", "cinc2021", "ndmc-potassium", "ndmc-emergency"])
def test_databases_equal_what_wfdb_reads(data_folder: Path, folder: str) -> None:
    for path in inputs([data_folder / folder]):
        got = read(path)
        truth = oracle(path.path.with_suffix(""))
        assert got.leads == tuple(truth.sig_name)
        assert got.rate == truth.fs
        recorded = ~np.isnan(got.signal).all(axis=1)
        assert (np.ptp(truth.p_signal.T[~recorded], axis=1) == 0).all()
        np.testing.assert_allclose(got.signal[recorded], truth.p_signal.T[recorded], rtol=1e-6, atol=1e-6)


def test_a_gain_five_times_off_is_noticed(data_folder: Path) -> None:
    large = small = 0
    found = list(inputs([data_folder / "ptbxl"]))
    for path in found:
        got = read(path)
        large += bool(body.amplitudes(got.signal * np.float32(5), got.rate))
        small += bool(body.amplitudes(got.signal * np.float32(0.2), got.rate))
    assert large == len(found)
    assert small >= 0.9 * len(found)
