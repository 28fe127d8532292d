"""What is run when the atlas and the population are built: measures of traces and beats, and weights of bodies."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecgs import recording
from kalemia.errors import SimulateError
from kalemia.records import Recording
from kalemia.simulate import LEVELS, cable, fit, formats, population, simulate_one
from kalemia.simulate.formats import Labels, Shards, Wfdb
from kalemia.simulate.population import LOGARITHMIC, NAMES, PRIOR

UPSTROKE = np.concatenate([np.full(50, -85.0), [-60.0, -20.0, 20.0], np.linspace(30, -85, 231), np.full(400, -85.0)])
"""A trace of whole ms that crosses -40 mV half a ms after its 50th sample."""


def test_activation_is_where_minus_forty_is_crossed() -> None:
    assert cable.activation_ms(UPSTROKE) == pytest.approx(50.5)
    assert np.isnan(cable.activation_ms(np.full(100, -85.0)))
    assert np.isnan(cable.activation_ms(np.linspace(20, -85, 100)))  # only falls


def test_the_duration_is_to_ninety_percent_repolarization() -> None:
    level = 30 - 0.9 * 115
    falls = 53 + np.flatnonzero(np.linspace(30, -85, 231) < level)[0]
    assert cable.duration_ms(UPSTROKE) == pytest.approx(falls - 50.5, abs=1.0)
    assert cable.duration_ms(UPSTROKE, 0.5) < cable.duration_ms(UPSTROKE) - 60
    assert np.isnan(cable.duration_ms(UPSTROKE[:120]))  # not over yet


def test_a_trace_is_aligned_on_its_activation() -> None:
    made = cable._aligned(UPSTROKE)
    assert made.shape == (cable.KEPT_MS,)
    assert made[cable.BEFORE_MS] == pytest.approx(-40.0)
    later = cable._aligned(np.concatenate([np.full(30, -85.0), UPSTROKE]))
    np.testing.assert_allclose(later, made, atol=1e-9)


def test_what_the_fit_measures_is_numbers_of_one_length() -> None:
    found = fit.measures(recording())
    assert found is not None
    assert len(found) == 1 + 8 * len(fit.EVERY_LEAD) + 4 + 3 * len(fit.SHAPE) + 4 + 3 * 2
    assert found[0] == pytest.approx(75.0, abs=0.5)
    assert np.isfinite(found).all()
    assert fit.measures(recording(("I", "II"))) is None
    assert fit.measures(Recording(np.zeros((12, 5000), np.float32), 500.0, recording().leads)) is None


def test_a_body_gives_measures_and_the_same_ones_again() -> None:
    row = population.bodies(population.load().places[:1])[0]
    first, again = (fit.simulated(row, 5) for _ in range(2))
    assert first is not None
    assert again is not None
    np.testing.assert_array_equal(first, again)


def test_real_records_that_cannot_be_used_are_left_out(tmp_path: Path) -> None:
    formats.write_wfdb(tmp_path / "good", simulate_one(1, 0, "clean", 4.2))
    (tmp_path / "bad.hea").write_text("bad 12 500 5000\n")
    two = replace(simulate_one(1, 0, "clean", 4.2), recording=recording(("I", "II")))
    formats.write_wfdb(tmp_path / "two", two)
    paths = [tmp_path / f"{name}.hea" for name in ("good", "bad", "two")]
    assert fit.real_measures(paths).shape[0] == 1


def test_rows_like_the_real_ones_weigh_more(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(0)
    real = rng.normal(1.0, 0.3, (150, 2))
    made = np.concatenate([rng.normal(1.0, 0.3, (100, 2)), rng.normal(-1.0, 0.3, (300, 2))])
    with threadpool_limits(1):  # on so few rows threads only wait for each other
        ratio, apart = fit.ratios(real, made, np.ones(400), 0)
        weight = fit.reweighed(real, made, 1, 0)
    assert ratio[:100].mean() > 4 * ratio[100:].mean()
    assert 1 / fit.MOST_RATIO <= ratio.min() < ratio.max() <= fit.MOST_RATIO
    assert 0.7 < apart <= 1.0
    assert weight[:100].sum() > 0.6
    assert weight.sum() == pytest.approx(1.0)
    assert "told apart" in capsys.readouterr().out


def test_bodies_are_chosen_by_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "KEPT", 500)
    monkeypatch.setattr(fit, "reweighed", lambda real, made, passes, seed: np.ones(len(made)) / len(made))
    monkeypatch.setattr(fit, "raked", lambda real, made, weight: np.array([0.0, 0.25, 0.75]))
    rows = np.array([[0.0], [1.0], [2.0]])
    kept = fit.chosen(rows, rows, rows, 0)
    assert kept.shape == (500, 1)
    assert not (kept == 0.0).any()
    assert np.mean(kept == 2.0) == pytest.approx(0.75, abs=0.06)
    np.testing.assert_array_equal(kept, fit.chosen(rows, rows, rows, 0))


def test_the_wide_prior_has_its_medians_and_spreads() -> None:
    rows = population.widely(np.random.default_rng(0), 3000)
    for k, name in enumerate(NAMES):
        median, spread, low, high = PRIOR[name]
        inside = rows[:, k]
        assert low <= inside.min() <= inside.max() <= high, name
        place = inside if name not in LOGARITHMIC else np.log(inside)
        middle = median if name not in LOGARITHMIC else np.log(median)
        assert np.median(place) == pytest.approx(middle, abs=0.12 * spread), name
        assert place.std() < 1.15 * spread, name


def test_a_body_is_a_row_by_name() -> None:
    row = population.bodies(population.load().places[:1])[0]
    assert list(population.body(row).parameters().values()) == row.tolist()


def test_a_drawn_body_lies_near_a_fitted_one() -> None:
    held = population.load()
    for seed in range(10):
        row = np.array(list(population.draw(np.random.default_rng(seed)).parameters().values()))
        apart = np.abs(population.coordinates(row[None]) - held.places) / held.spread
        assert np.median(apart, axis=1).min() < 0.1


def test_labels_are_columns_of_plain_values() -> None:
    made = simulate_one(2, 3, "clean")
    labels = Labels.of(made, "clean", "0000/p000003")
    assert (labels.record, labels.patient, labels.level, labels.seed) == ("0000/p000003", "p000003", "clean", 2)
    assert labels.potassium_meq_l == made.potassium_meq_l
    assert labels.hemolyzed in (0, 1)
    assert all(isinstance(value, str | int | float) for value in vars(labels).values())


def test_wfdb_records_lie_a_thousand_a_folder(tmp_path: Path) -> None:
    form = Wfdb()
    form.begin(tmp_path, 1001)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0000", "0001"]
    made = simulate_one(2, 3, "clean")
    assert form.put(tmp_path, 1000, made) == "0001/p000003"
    assert {path.name for path in (tmp_path / "0001").iterdir()} == {"p000003.hea", "p000003.dat"}
    assert "simulated, not a person; potassium" in (tmp_path / "0001" / "p000003.hea").read_text()
    form.end(tmp_path, [Labels.of(made, "clean", "0001/p000003")])
    with (tmp_path / "labels.csv").open(newline="") as handle:
        [row] = csv.DictReader(handle)
    assert list(row) == list(Labels.__dataclass_fields__)
    assert row["record"] == "0001/p000003"


def test_shards_have_their_full_length_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("polars")
    monkeypatch.setattr(formats, "PER_FOLDER", 2)
    form = Shards(12, 5000)
    form.begin(tmp_path, 3)
    shapes = [np.load(path, mmap_mode="r").shape for path in sorted(tmp_path.iterdir())]
    assert shapes == [(2, 12, 5000), (1, 12, 5000)]
    made = simulate_one(2, 3, "clean")
    assert form.put(tmp_path, 1, made) == "signals-0000.npy:1"
    held = np.load(tmp_path / "signals-0000.npy")
    np.testing.assert_allclose(held[1], 1000 * made.recording.signal, atol=0.51)
    assert not held[0].any()


def test_parquet_without_polars_is_refused_before_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(SimulateError, match="needs the package polars"):
        Shards(12, 5000).begin(tmp_path, 3)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_record_says_in_its_header_what_it_is(tmp_path: Path) -> None:
    made = replace(simulate_one(2, 3, "clean", 6.5), labels="semi-simulated")
    formats.write_wfdb(tmp_path / "m", made)
    text = (tmp_path / "m.hea").read_text()
    assert "# semi-simulated, a real record changed; potassium 6.50 mEq/L" in text


@pytest.mark.parametrize("level", sorted(LEVELS))
def test_every_record_of_a_level_fits_its_shard(level: str) -> None:
    made = simulate_one(2, 0, level)
    assert made.recording.signal.shape == (len(LEVELS[level].leads), LEVELS[level].seconds * 500)
    assert np.abs(made.recording.signal).max() < 32.0  # counts of a thousandth of a mV fit into 16 bits
