"""A cohort is cut once: what is read back is what was cut, and a damaged file is made anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("polars")

from kalemia.cohort import Cohort, simulated
from kalemia.errors import TrainError
from kalemia.study import cached
from kalemia.train.design import Cut
from kalemia.train.examples import ARRAYS

V5 = Cut(("V5",), 1)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("cohort") / "kidney"
    simulated.write(folder, 12, 1, "kidney")
    return Cohort.open(folder)


def test_what_is_read_back_is_what_was_cut(cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    fresh = cached.load(cohort, V5, tmp_path / "v5.npz", progress=lambda *both: told.append(both))
    assert told == [(12, 12)]
    monkeypatch.setattr(cached, "made", None)  # nothing is cut again
    again = cached.load(cohort, V5, tmp_path / "v5.npz", progress=lambda *both: told.append(both))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(again, name), getattr(fresh, name))
    assert (again.refused, fresh.refused) == (fresh.refused, 12 - len(fresh))
    assert len(told) == 1


def test_each_ecg_knows_its_row(cohort: Cohort, tmp_path: Path) -> None:
    """The potassium is the laboratory's, and hemolyzed draws are there: a study leaves them out."""
    own = cached.load(cohort, V5, tmp_path / "v5.npz")
    table = cohort.table[own.number]
    assert own.patients.tolist() == table["patient"].to_list()
    np.testing.assert_array_equal(own.potassium, table["potassium_meq_l"].to_numpy().astype(np.float32))


@pytest.mark.parametrize("content", [b"", b"PK cut off", b"no archive", None])
def test_a_damaged_file_is_made_anew(cohort: Cohort, tmp_path: Path, content: bytes | None) -> None:
    kept = tmp_path / "v5.npz"
    fresh = cached.load(cohort, V5, kept)
    kept.write_bytes(kept.read_bytes()[:900] if content is None else content)
    np.testing.assert_array_equal(cached.load(cohort, V5, kept).waves, fresh.waves)
    np.testing.assert_array_equal(cached.load(cohort, V5, kept).waves, fresh.waves)


def test_a_file_of_another_program_is_made_anew(cohort: Cohort, tmp_path: Path) -> None:
    np.savez(tmp_path / "v5.npz", number=np.arange(3), waves=np.zeros((3, 1, 270), np.float32))
    assert len(cached.load(cohort, V5, tmp_path / "v5.npz")) > 3


def test_a_cohort_without_a_beat_gets_a_sentence(cohort: Cohort, tmp_path: Path) -> None:
    none = replace(cohort, table=cohort.table[:0])
    with pytest.raises((TrainError, ValueError)):
        cached.load(none, V5, tmp_path / "v5.npz")
    with pytest.raises(TrainError, match="none of 12 ECGs has a beat in X1"):
        cached.load(cohort, Cut(("X1",), 1), tmp_path / "x1.npz")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_gets_a_sentence(cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainError, match="cannot be written"):
        cached.load(cohort, V5, tmp_path / "file" / "v5.npz")
