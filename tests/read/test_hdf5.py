"""HDF5: shards of many ECGs, of which one is named behind a #, and files of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ecg_writers as write
import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import inputs, read
from kalemia.read.identity import marks
from kalemia.records import LEADS

h5py = pytest.importorskip("h5py")
MADE = write.ecg()
EXAMS = [1169160, 7, 3]


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    """Three ECGs, the second twice as high, padded with zeros as CODE-15's are."""
    tracings = np.pad(MADE.mv.T[None, 5:-5] + np.float32(0.001), ((0, 2), (200, 100), (0, 0)))
    tracings[1] = 2 * tracings[0]
    tracings[2] = tracings[0]
    return written(tmp_path / "exams_part0.hdf5", tracings=tracings, exam_id=np.array(EXAMS))


def written(path: Path, **datasets: Any) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values
    return path


def test_an_ecg_of_a_shard_is_named_by_its_exam(shard: Path) -> None:
    recording = read(f"{shard}#7", rate=250)
    assert (recording.leads, recording.source) == (LEADS, f"{shard}#7")
    np.testing.assert_allclose(recording.signal, 2 * (MADE.mv[:, 5:-5] + 0.001), atol=1e-5)
    assert recording.warnings[0].startswith("The HDF5 file names no leads; the leads were taken in the order I, II")
    assert "The HDF5 file states no unit; its numbers were taken as mV." in recording.warnings


def test_exams_of_one_number_are_named_by_their_rows(shard: Path) -> None:
    with h5py.File(shard, "a") as file:
        file["exam_id"][...] = [5, 5, 77]
    assert [str(entry) for entry in inputs([shard])] == [f"{shard}#{row}" for row in range(3)]
    assert not np.array_equal(read(f"{shard}#0", rate=250).signal, read(f"{shard}#1", rate=250).signal)


def test_a_row_that_is_no_exam_is_taken_and_said(shard: Path) -> None:
    recording = read(f"{shard}#1", rate=250)
    np.testing.assert_array_equal(recording.signal, read(f"{shard}#7", rate=250).signal)
    assert recording.warnings[0] == "No exam of the file has the number 1; its row 1, counted from 0, was taken."


@pytest.mark.parametrize("part", ["", "#99", "#x", "#-1"])
def test_several_ecgs_of_which_none_is_named_are_told_how(shard: Path, part: str) -> None:
    with pytest.raises(ReadError, match=r"the HDF5 file holds 3 ECGs; one is named by its exam or row .* FILE#1169160"):
        read(f"{shard}{part}", rate=250)


def test_a_shard_counts_as_its_ecgs_in_a_list_and_in_a_folder(shard: Path) -> None:
    every = [f"{shard}#{exam}" for exam in EXAMS]
    assert [str(entry) for entry in inputs([shard])] == every
    assert [str(entry) for entry in inputs([shard.parent])] == every
    assert [str(entry) for entry in inputs([f"{shard}#7"])] == [f"{shard}#7"]


def test_two_ecgs_of_a_shard_are_two_and_one_is_itself(shard: Path) -> None:
    assert not marks(f"{shard}#7") & marks(f"{shard}#3")
    assert marks(f"{shard}#7") & marks(f"{shard.parent}/../{shard.parent.name}/{shard.name}#7")


def test_one_ecg_with_its_rate_and_unit(tmp_path: Path) -> None:
    path = tmp_path / "ecg.h5"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("patient/ecg", data=(MADE.steps * 5).astype("i4"), compression="gzip")
        data.attrs["units"], file.attrs["fs"] = "uV", 250
    recording = read(path)
    assert recording.rate == 250
    np.testing.assert_allclose(recording.signal, MADE.mv, atol=1e-5)
    assert recording.warnings == (
        "The HDF5 file names no leads; the leads were taken in the order "
        "I, II, III, aVR, aVL, aVF, V1, V2, V3, V4, V5, V6.",
    )
    with pytest.raises(ReadError, match="the HDF5 file is one ECG; its name without a # is accepted"):
        read(f"{path}#0")


@pytest.mark.parametrize(
    ("datasets", "sentence"),
    [
        ({"a": MADE.mv, "b": MADE.mv}, "the HDF5 file holds 2 data sets that may be ECGs"),
        ({"a": "text"}, "the HDF5 file holds 0 data sets"),
        ({"tracings": MADE.mv}, "the HDF5 file does not state its sampling rate; --rate 500 is accepted"),
        ({"tracings": MADE.steps, "fs": 250}, r"the HDF5 file does not state its unit \(numbers are whole\)"),
        ({"tracings": np.empty((0, 12, 50))}, "the HDF5 file holds no ECG"),
    ],
)
def test_what_a_file_lacks_is_said(tmp_path: Path, datasets: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ReadError, match=sentence):
        read(written(tmp_path / "ecg.hdf5", **datasets))


def test_a_file_that_is_cut_short_or_claims_too_much_gives_a_sentence(tmp_path: Path, shard: Path) -> None:
    whole = shard.read_bytes()
    for share in (0.01, 0.3, 0.9):
        (tmp_path / "cut.hdf5").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ReadError, match="the HDF5 file is damaged or cut short; a whole one is accepted"):
            read(tmp_path / "cut.hdf5#7", rate=250)
    with h5py.File(tmp_path / "huge.hdf5", "w") as file:
        file.create_dataset("tracings", shape=(10, 10**9, 12), dtype="f4", chunks=(1, 1000, 12))
    with pytest.raises(ReadError, match="states ECGs of 12,000,000,000 samples; up to 16,000,000 are accepted"):
        read(tmp_path / "huge.hdf5#1", rate=250)


def test_data_in_other_files_are_not_followed(tmp_path: Path, shard: Path) -> None:
    with h5py.File(tmp_path / "link.hdf5", "w") as file:
        file["tracings"] = h5py.ExternalLink(str(shard), "/tracings")
        file.create_dataset("ecg", (12, 1000), "f4", external=[("/etc/hostname", 0, 48_000)])
    with pytest.raises(ReadError, match="the HDF5 file holds 0 data sets"):
        read(tmp_path / "link.hdf5", rate=250)
