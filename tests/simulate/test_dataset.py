"""Data sets on disk: identical for any number of workers, whole or not at all."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import wfdb

from kalemia.errors import SimulateError
from kalemia.simulate import dataset, formats, simulate_one, write


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_bytes_for_any_number_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "CHUNK", 3)
    done: list[int] = []
    write(tmp_path / "one", 7, seed=2, progress=done.append)
    write(tmp_path / "two", 7, seed=2, workers=2)
    assert done == [3, 6, 7]
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_records_read_back_with_their_labels(tmp_path: Path) -> None:
    write(tmp_path / "set", 2, seed=2, level="clean")
    with (tmp_path / "set" / "labels.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["patient"] for row in rows] == ["p000000", "p000001"]
    made = simulate_one(2, 1, "clean")
    assert float(rows[1]["potassium_meq_l"]) == made.potassium_meq_l
    assert json.loads(rows[1]["parameters"])["rr_s"] == pytest.approx(made.parameters["rr_s"], abs=1e-6)
    held = wfdb.rdrecord(str(tmp_path / "set" / rows[1]["record"]))
    assert held.fs == 500
    assert tuple(held.sig_name) == made.recording.leads
    np.testing.assert_allclose(held.p_signal.T, made.recording.signal, atol=0.00051)


def test_shards_hold_the_same_records_and_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    polars = pytest.importorskip("polars", reason="Parquet is written with polars, which is not installed here")
    monkeypatch.setattr(dataset, "CHUNK", 2)
    write(tmp_path / "single", 3, seed=2, level="dialysis", form="parquet")
    write(tmp_path / "double", 3, seed=2, level="dialysis", form="parquet", workers=2)
    assert contents(tmp_path / "single") == contents(tmp_path / "double")
    monkeypatch.setattr(formats, "PER_FOLDER", 20)
    assert write(tmp_path / "one", 3, seed=2, level="dialysis", form="parquet") == 36
    write(tmp_path / "wfdb", 3, seed=2, level="dialysis")
    table = polars.read_parquet(tmp_path / "one" / "labels.parquet")
    with (tmp_path / "wfdb" / "labels.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(table) == len(rows) == 36
    for name in ("potassium_meq_l", "measured_meq_l", "day", "minute"):
        assert table[name].to_list() == [float(row[name]) for row in rows]
    assert table["parameters"].to_list() == [row["parameters"] for row in rows]
    for number in (0, 19, 20, 35):
        shard = np.load(tmp_path / "one" / table["shard"][number], mmap_mode="r")
        held = wfdb.rdrecord(str(tmp_path / "wfdb" / rows[number]["record"]), physical=False)
        np.testing.assert_array_equal(shard[table["row"][number]], held.d_signal.T)


def test_parquet_without_polars_is_said_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(
        SimulateError, match=r"needs the package polars; install it with pip install 'kalemia\[parquet\]'"
    ):
        write(tmp_path / "set", 2, seed=1, form="parquet")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"form": "hdf5"}, "no format 'hdf5' of data sets; the formats are wfdb, parquet"),
        ({"count": 0}, "count is 0; expected 1 to 10,000,000"),
        ({"workers": 0}, "workers is 0"),
        ({"level": "moon"}, "no level 'moon'"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_bad_arguments_write_nothing(tmp_path: Path, change: dict[str, object], sentence: str) -> None:
    with pytest.raises(SimulateError, match=sentence):
        write(tmp_path / "set", **({"count": 1, "seed": 1} | change))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(SimulateError, match="already exists"):
        write(tmp_path, 1, seed=1)


def test_a_parent_that_is_a_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SimulateError, match="cannot write"):
        write(tmp_path / "file" / "set", 1, seed=1)


def test_a_failure_midway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []

    def full_disk(stem: Path, made: object) -> None:
        if len(written) == 2:
            raise OSError(28, "No space left on device")
        written.append(stem)
        stem.with_suffix(".dat").write_bytes(b"half")

    monkeypatch.setattr(formats, "write_wfdb", full_disk)
    with pytest.raises(SimulateError, match="No space left on device; nothing was kept"):
        write(tmp_path / "set", 5, seed=1)
    assert list(tmp_path.iterdir()) == []
