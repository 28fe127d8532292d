"""The classifier tells what differs, does not tell what is alike, and says what chance gives."""

from __future__ import annotations

import numpy as np
import pytest
from tables import table

from ecgs import recording
from kalemia.validate import oracle
from kalemia.validate.patients import ordinary
from kalemia.validate.realism import FEATURES, _features, discriminate, realism
from kalemia.validate.table import COLUMNS, Table, row


def crowd(n: int, seed: int) -> Table:
    """Return healthy ECGs that each differ a little."""
    spread = 1 + 0.2 * np.random.default_rng(seed).standard_normal((n, len(COLUMNS)))
    return Table(table(n).values * spread)


def test_alike_is_not_told() -> None:
    found = discriminate(crowd(60, 0), crowd(60, 1))
    assert found is not None
    assert 0.3 < found.auroc < 0.7
    assert 0.3 < found.chance < 0.7
    assert (found.real, found.generated) == (60, 60)


@pytest.mark.parametrize("key", [("V5", "t_width_ms"), ("II", "pr_ms"), ("I", "t_mv")])
def test_one_measure_that_differs_is_enough(key: tuple[str, str]) -> None:
    other = crowd(60, 1)
    other.values[:, COLUMNS[key]] *= 2.5
    found = discriminate(crowd(60, 0), other)
    assert found is not None
    assert found.auroc > 0.95
    assert 0.3 < found.chance < 0.7


def test_as_few_as_are_taken_can_be_told() -> None:
    other = crowd(20, 1)
    other.values[:, COLUMNS["II", "pr_ms"]] *= 3
    found = discriminate(crowd(20, 0), other)
    assert found is not None
    assert found.auroc > 0.95


def test_few_are_no_measurement_and_the_unmeasured_do_not_count() -> None:
    assert discriminate(crowd(19, 0), crowd(60, 1)) is None
    gone = crowd(60, 1)
    gone.values[:41] = np.nan
    assert discriminate(crowd(60, 0), gone) is None


def test_twenty_features_none_of_which_is_rate_or_noise() -> None:
    assert len(FEATURES) == 20
    faster = table(2, {("", "rate_bpm"): 150.0})
    np.testing.assert_array_equal(_features(table(2)), _features(faster))
    assert np.isfinite(_features(table(2))).all()


def test_recordings_of_any_generator_can_be_judged() -> None:
    drawn = (recording(noise_mv=0.002 + 0.001 * k, scale=1 + 0.02 * k) for k in range(20))
    found = realism(drawn, ordinary(30, 1, "clinic"))
    assert found is not None
    assert found.auroc > 0.8


def test_neurokit2_gives_ecgs_that_are_measured_and_a_second_opinion() -> None:
    pytest.importorskip("neurokit2", reason="neurokit2 is the oracle")
    found = oracle.tabulate(2, 0)
    assert found.measured.all()
    np.testing.assert_array_equal(found.values[1], row(oracle.simulate(1, round(float(found.rate_bpm[1])))))
    differences = oracle.differences(recording(rr_s=rr_s) for rr_s in (0.8, 0.9))
    assert differences.shape == (2, len(oracle.DIFFERENCES))
    assert np.abs(differences[:, 0]).max() < 0.05
    assert np.abs(differences[:, 2]).max() < 60  # they begin QRS later
    assert np.isnan(oracle.differences([recording(("I",))])).all()
