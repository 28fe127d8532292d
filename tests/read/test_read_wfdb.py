"""Our reading of WFDB, byte for byte against the wfdb package."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import ecg_writers as write
import numpy as np
import pytest

from kalemia.read import read


def oracle(record: Path) -> Any:
    """Return wfdb's reading; its pandas warns when it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb
    return wfdb.rdrecord(str(record))


def random_record(folder: Path, form: int) -> Path:
    """Write four unrelated chest leads in one storage format, by wfdb's own writer or, where it has none, as bytes."""
    rng = np.random.default_rng(form)
    count = 4 * 600
    size = {8: count, 16: 2 * count, 24: 3 * count, 32: 4 * count, 61: 2 * count, 80: count, 160: 2 * count}
    size |= {212: 3 * count // 2, 310: 4 * count // 3, 311: 4 * count // 3}
    data = rng.integers(0, 256, size[form], dtype=np.uint8)
    if form == 311:
        data[3::4] &= 0x3F  # two bits that are not used
    if form == 32:
        data[3::4] = 0  # within what float64 and float32 both hold well
    (folder / "r.dat").write_bytes(bytes(16) + data.tobytes())
    per_uv = 20_000 if form in {24, 32} else 200  # so that no body would have to be a battery
    lines = [f"r.dat {form}+16 {per_uv + k}({k - 2})/uV 12 0 0 0 0 V{k}" for k in range(1, 5)]
    (folder / "r.hea").write_text("\n".join(["r 4 360.5 600", *lines]) + "\n")
    return folder / "r"


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("form", [8, 16, 24, 32, 61, 80, 160, 212, 310, 311])
def test_every_storage_format_agrees_with_wfdb(tmp_path: Path, form: int) -> None:
    record = random_record(tmp_path, form)
    got = read(record)
    expected = oracle(record).p_signal.T / 1000
    assert got.rate == 360.5
    assert got.leads == ("V1", "V2", "V3", "V4")
    np.testing.assert_allclose(got.signal, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(np.isnan(got.signal), np.isnan(expected))


def test_slower_signals_of_another_kind_are_left_out(tmp_path: Path) -> None:
    made = write.ecg(2, 500, ("V1", "V2"))
    frames = np.stack(
        [made.steps[0, ::2], made.steps[0, 1::2], made.steps[1, ::2], made.steps[1, 1::2], np.arange(500)], axis=1
    )
    (tmp_path / "r.dat").write_bytes(frames.astype("<i2").tobytes())
    first, second = (int(row.sum()) for row in made.steps)
    (tmp_path / "r.hea").write_text(
        f"r 3 250 500\nr.dat 16x2 200/mV 16 0 0 {first} 0 V1\nr.dat 16x2 200/mV 16 0 0 {second} 0 V2\n"
        "r.dat 16 10/mmHg 16 0 0 0 0 ABP\n"
    )
    got = read(tmp_path / "r")
    assert (got.rate, got.leads) == (500, ("V1", "V2"))
    np.testing.assert_allclose(got.signal, made.mv, atol=2e-6)
    assert got.warnings[0].startswith("1 of 3 signals are no voltage")


def test_a_skewed_signal_is_moved_back(tmp_path: Path) -> None:
    made = write.ecg(2, 250, ("V1", "V2"))
    late = np.concatenate([np.zeros(3, np.int64), made.steps[1, :-3]])
    (tmp_path / "r.dat").write_bytes(np.stack([made.steps[0], late], axis=1).astype("<i2").tobytes())
    (tmp_path / "r.hea").write_text("r 2 250 500\nr.dat 16 200/mV 16 0 0 0 0 V1\nr.dat 16:3 200/mV 16 0 0 0 0 V2\n")
    got = read(tmp_path / "r")
    np.testing.assert_allclose(got.lead("V2")[:-3], made.mv[1, :-3], atol=2e-6)
    assert np.isnan(got.lead("V2")[-3:]).all()
