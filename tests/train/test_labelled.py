"""Records become examples: cut as predicting cuts, the same for any number of workers, with windows for studies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("polars", reason="cohorts need polars")

from training import CLEAN, shipped

from kalemia.cohort import Cohort, simulated
from kalemia.errors import BeatError
from kalemia.estimate.model import inputs
from kalemia.signal.beat import cut
from kalemia.signal.condition import condition
from kalemia.simulate import simulate_one
from kalemia.train import labelled
from kalemia.train.design import Cut
from kalemia.train.examples import ARRAYS, FEATURES, Examples
from kalemia.train.labelled import CohortReader, Generator, Measured, made

LEADS = ("V5", "I")
CLINIC = Generator("simulated clinic", "clinic", 3)
DIALYSIS = Generator("simulated dialysis", "dialysis", 3, each=12)


@pytest.fixture(scope="module")
def some() -> Examples:
    return made(CLINIC, range(10, 50), Cut(LEADS))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Do jobs as worker processes do them, in chunks of 9; return how many they were."""
    counts: list[int] = []

    def mapped(job: Callable[[Any], Any], jobs: Sequence[Any], workers: int) -> Iterator[Any]:
        counts.append(len(jobs))
        yield from shipped(job, jobs, workers)

    monkeypatch.setattr(labelled, "mapped", mapped)
    monkeypatch.setattr(labelled, "CHUNK", 9)
    return counts


def same(one: Examples, other: Examples) -> bool:
    arrays = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ARRAYS)
    return arrays and one.refused == other.refused


def test_the_beats_are_of_these_patients(some: Examples) -> None:
    assert len(some) + some.refused == 40
    assert len(some) >= 30
    assert len(set(some.patients)) == len(some)
    assert {int(name[1:]) for name in some.patients} <= set(range(10, 50))
    assert [int(name[1:]) for name in some.patients] == some.number.tolist()
    assert set(some.sources) == {"simulated clinic"}


def test_two_parts_share_no_beat() -> None:
    first, second = (made(CLEAN, part, Cut(("V5",))) for part in (range(12), range(12, 24)))
    assert not set(first.patients) & set(second.patients)
    assert not {w.tobytes() for w in first.waves} & {w.tobytes() for w in second.waves}


def test_the_beats_are_those_that_predicting_cuts(some: Examples) -> None:
    for row in (0, 7, len(some) - 1):
        one = simulate_one(3, int(some.patients[row][1:]), "clinic")
        waves, side = inputs([cut(one.recording, LEADS)], LEADS)
        np.testing.assert_array_equal(some.waves[row], waves[0])
        np.testing.assert_array_equal(some.side[row], side[0])
        assert some.potassium[row] == np.float32(one.potassium_meq_l)


def test_the_shapes_are_those_that_a_model_takes(some: Examples) -> None:
    n = len(some)
    assert some.waves.shape == (n, 2, 270)
    assert some.side.shape == (n, 3)
    assert some.features.shape == (n, 2 * len(FEATURES))
    assert np.isfinite(some.waves).all()
    assert np.isfinite(some.features).all()


def test_the_number_of_workers_changes_nothing(some: Examples, sent: list[int]) -> None:
    assert same(made(CLINIC, range(10, 50), Cut(LEADS), 3), some)
    assert sent == [5]


def test_processes_of_their_own_change_nothing(some: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelled, "CHUNK", 9)
    assert same(made(CLINIC, range(10, 50), Cut(LEADS), 2), some)


def test_progress_counts_every_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelled, "CHUNK", 4)
    steps: list[int] = []
    made(CLINIC, range(10), Cut(("V5",)), progress=steps.append)
    assert steps == [4, 4, 2]


def test_patients_without_a_beat_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def hopeless(*_: object) -> None:
        raise BeatError("0 heartbeats found")

    monkeypatch.setattr(labelled, "cut", hopeless)
    found = made(CLEAN, range(5), Cut(LEADS, window_s=2.0))
    assert (len(found), found.refused) == (0, 5)
    assert found.waves.shape == (0, 2, 600)
    assert found.features.shape == (0, 2 * len(FEATURES))


def test_a_series_keeps_together_and_its_records_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelled, "CHUNK", 12)
    steps: list[int] = []
    found = made(DIALYSIS, range(4, 6), Cut(("V5",)), progress=steps.append)
    assert steps == [12, 12]
    assert len(found) + found.refused == 24
    assert set(found.patients) == {"p000004", "p000005"}
    assert set(found.number) <= set(range(48, 72))
    assert [name == "p000005" for name in found.patients] == [number >= 60 for number in found.number]


# Leads that are not there or not good


class OfOne:
    """The same patient again and again, of whose leads some are left."""

    source, each = "one", 1

    def __init__(self, *kept: tuple[str, ...]) -> None:
        self.kept = kept

    def __call__(self, patients: range) -> Iterator[Measured]:
        whole = simulate_one(3, 10, "clean").recording
        for place in patients:
            rows = [whole.leads.index(lead) for lead in self.kept[place]]
            own = replace(whole, signal=whole.signal[rows], leads=self.kept[place], confidence=())
            yield Measured(own, 4.0 + place, f"p{place}")


def test_an_ecg_lends_the_leads_that_it_has() -> None:
    maker = OfOne(("V5", "I"), ("I",), ("V5",), ("II",))
    both, any_lead = made(maker, range(4), Cut(LEADS)), made(maker, range(4), Cut(LEADS, 1))
    assert (both.number.tolist(), both.refused) == ([0], 3)
    assert (any_lead.number.tolist(), any_lead.refused) == ([0, 1, 2], 1)
    np.testing.assert_array_equal(any_lead.waves.any(axis=2), [[True, True], [False, True], [True, False]])
    assert any_lead.potassium.tolist() == [4.0, 5.0, 6.0]
    assert np.isnan(any_lead.features[1, : len(FEATURES)]).all()
    assert np.isfinite(any_lead.features[1, len(FEATURES) :]).all()
    assert any_lead.side[1, 0] == 0
    assert any_lead.side[1, 1] != 0


# Windows


@pytest.mark.parametrize(("window_s", "samples"), [(None, 270), (0.9, 270), (2.0, 600), (10.0, 3000)])
def test_a_window_has_so_many_samples(window_s: float | None, samples: int) -> None:
    what = Cut(("V5",), 1, window_s)
    assert what.samples == samples
    assert made(CLEAN, range(2), what).waves.shape == (2, 1, samples)


def test_a_window_is_the_signal_over_its_gain_from_before_a_beat() -> None:
    recording = simulate_one(3, 10, "clean").recording
    beat = cut(recording, LEADS)
    cut_out = labelled.window(recording, beat, Cut(LEADS, 1, 2.0))
    rows = [recording.leads.index(lead) for lead in LEADS]
    signal = condition(recording.signal[rows], recording.rate)
    starts = [round(float(r) * 300) - 90 for r in beat.r_peaks_s]
    first = next(start for start in starts if start >= 0)
    np.testing.assert_allclose(cut_out, signal[:, first : first + 600] / beat.gain_mv[:, None], rtol=1e-5)
    assert int(np.abs(cut_out[0, 60:120]).argmax()) == pytest.approx(30, abs=6)  # R is at 0.3 s


def test_what_a_window_lacks_is_zero() -> None:
    recording = simulate_one(3, 10, "clean").recording
    cut_out = labelled.window(recording, cut(recording, ("V5",)), Cut(("I", "V5"), 1, 12.0))
    assert cut_out.shape == (2, 3600)
    assert not cut_out[0].any()  # a lead that the beat does not have
    assert cut_out[1, :2900].any()
    assert not cut_out[1, 3000:].any()  # after the end of the recording


# Cohorts


def test_a_cohort_is_read_row_by_row(tmp_path: Path, sent: list[int]) -> None:
    simulated.write(tmp_path / "kidney", 24, 1, "kidney")
    cohort = Cohort.open(tmp_path / "kidney")
    rows = (5, 3, *range(6, 24))
    reader = CohortReader("cohort kidney", cohort.folder, rows)
    first, second = reader(range(2))
    table = cohort.table
    for ecg, row in ((first, 5), (second, 3)):
        assert ecg.potassium_meq_l == table["potassium_meq_l"][row]
        assert ecg.patient == table["patient"][row]
        np.testing.assert_array_equal(ecg.recording.signal, cohort.recording(row).signal)
    found = made(reader, range(len(rows)), Cut(("V5",)), 2)
    assert sent == [3]
    assert found.patients.tolist() == [table["patient"][rows[place]] for place in found.number]
    np.testing.assert_allclose(found.potassium, [table["potassium_meq_l"][rows[place]] for place in found.number])
