"""Training data: parts without a patient in common, the same for any number of workers, cut as predicting cuts."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from kalemia.estimate.model import inputs
from kalemia.signal.beat import cut
from kalemia.simulate import simulate_one
from kalemia.train import data
from kalemia.train.data import FEATURES, Beats, Maker, joined, made, parts

LEADS = ("V5", "I")
CLINIC = Maker("simulated clinic", "clinic", 3)
CLEAN = Maker("simulated clean", "clean", 3)
DIALYSIS = Maker("simulated dialysis", "dialysis", 3, each=12)


@pytest.fixture(scope="module")
def some() -> Beats:
    return made(CLINIC, range(10, 50), LEADS)


@pytest.mark.parametrize("sizes", [(5, 2, 3, 1), (1, 1, 1, 1), (0, 4, 0, 2)])
def test_no_patient_is_in_two_parts(sizes: tuple[int, ...]) -> None:
    names = ("train", "validation", "calibration", "test")
    found = parts(dict(zip(names, sizes, strict=True)))
    assert [len(found[name]) for name in names] == list(sizes)
    assert not any(set(one) & set(other) for one, other in combinations(found.values(), 2))
    assert sorted(n for part in found.values() for n in part) == list(range(sum(sizes)))


def test_the_beats_are_of_these_patients(some: Beats) -> None:
    assert len(some) + some.refused == 40
    assert len(some) >= 30
    assert len(set(some.patients)) == len(some)
    assert {int(name[1:]) for name in some.patients} <= set(range(10, 50))


def test_two_parts_share_no_beat() -> None:
    split = {name: made(CLEAN, part, ("V5",)) for name, part in parts({"a": 12, "b": 12}).items()}
    assert not set(split["a"].patients) & set(split["b"].patients)
    assert not {w.tobytes() for w in split["a"].waves} & {w.tobytes() for w in split["b"].waves}


def test_the_beats_are_those_that_predicting_cuts(some: Beats) -> None:
    for row in (0, 7, len(some) - 1):
        one = simulate_one(3, int(some.patients[row][1:]), "clinic")
        waves, side = inputs([cut(one.recording, LEADS)], LEADS)
        np.testing.assert_array_equal(some.waves[row], waves[0])
        np.testing.assert_array_equal(some.side[row], side[0])
        assert some.potassium[row] == np.float32(one.potassium_meq_l)


def test_the_shapes_are_those_that_a_model_takes(some: Beats) -> None:
    n = len(some)
    assert some.waves.shape == (n, 2, 270)
    assert some.side.shape == (n, 3)
    assert some.features.shape == (n, 2 * len(FEATURES))
    assert np.isfinite(some.waves).all()
    assert np.isfinite(some.features).all()


@pytest.mark.parametrize("workers", [2, 3])
def test_the_number_of_workers_changes_nothing(monkeypatch: pytest.MonkeyPatch, some: Beats, workers: int) -> None:
    monkeypatch.setattr(data, "CHUNK", 9)
    again = made(CLINIC, range(10, 50), LEADS, workers)
    for field in ("waves", "side", "potassium", "features", "patients", "sources"):
        one: NDArray[np.generic] = getattr(some, field)
        np.testing.assert_array_equal(getattr(again, field), one)
    assert again.refused == some.refused


def test_progress_counts_every_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "CHUNK", 4)
    steps: list[int] = []
    made(CLINIC, range(10), ("V5",), progress=steps.append)
    assert steps == [4, 4, 2]


def test_patients_without_a_beat_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from kalemia.errors import BeatError

    def hopeless(*_: object) -> None:
        raise BeatError("0 heartbeats found")

    monkeypatch.setattr(data, "cut", hopeless)
    found = made(CLEAN, range(5), LEADS)
    assert (len(found), found.refused) == (0, 5)
    assert found.waves.shape == (0, 2, 270)
    assert found.features.shape == (0, 2 * len(FEATURES))


def test_a_series_keeps_together_and_its_records_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "CHUNK", 12)
    steps: list[int] = []
    found = made(DIALYSIS, range(4, 6), ("V5",), progress=steps.append)
    assert steps == [12, 12]
    assert len(found) + found.refused == 24
    assert set(found.patients) == {"p000004", "p000005"}
    assert set(found.sources) == {"simulated dialysis"}


def test_joining_keeps_order_and_counts(some: Beats) -> None:
    other = made(CLEAN, range(3), LEADS)
    both = joined([some, other])
    assert list(both.sources) == ["simulated clinic"] * len(some) + ["simulated clean"] * len(other)
    np.testing.assert_array_equal(both.waves[len(some) :], other.waves)
    assert both.refused == some.refused + other.refused
