"""The table of measures, and each abnormality just inside and just outside its limit."""

from __future__ import annotations

import numpy as np
import pytest
from tables import table

from ecgs import R, T, recording
from kalemia.records import EIGHT, Recording
from kalemia.signal.measure import waves
from kalemia.validate.table import (
    COLUMNS,
    Table,
    long_pr,
    normal,
    p_absent,
    peaked_t,
    row,
    slope_ratio,
    slow,
    tabulate,
    wide_qrs,
)


def test_a_recording_is_measured_in_every_lead() -> None:
    found = tabulate([recording(rr_s=0.75), recording(rr_s=1.1)])
    assert found.values.shape == (2, len(COLUMNS))
    assert found.of("V5", "t_mv") == pytest.approx([1.3 * T.mv] * 2, rel=0.08)
    assert found.of("V5", "r_mv") == pytest.approx([1.3 * R.mv] * 2, rel=0.15)
    assert found.rate_bpm == pytest.approx([80.0, 54.5], abs=0.5)
    assert found.measured.all()
    assert not found.irregular.any()
    assert found.p_present.all()


def test_what_cannot_be_measured_is_nan_and_counts_nowhere() -> None:
    flat = Recording(np.zeros((12, 5000), np.float32), 500.0, recording().leads)
    two = recording(("I", "II"))
    for ecg in (flat, two):
        assert np.isnan(row(ecg)).all()
    found = tabulate([flat])
    assert not found.measured.any()
    for abnormal in (peaked_t, wide_qrs, long_pr, slow, p_absent, normal):
        assert not abnormal(found).any()
    assert tabulate([]).values.shape == (0, len(COLUMNS))


def test_a_healthy_ecg_is_normal() -> None:
    assert normal(table(3)).all()
    assert not any(abnormal(table(3)).any() for abnormal in (peaked_t, wide_qrs, long_pr, slow, p_absent))


@pytest.mark.parametrize(
    ("key", "within", "beyond"),
    [
        (("V2", "t_mv"), 0.99, 1.01),
        (("II", "t_mv"), 0.49, 0.51),
        (("V6", "t_mv"), -0.04, -0.06),
        (("V4", "st_mv"), 0.09, 0.11),
        (("I", "st_mv"), -0.09, -0.11),
        (("V2", "st_mv"), 0.2, None),
        (("II", "qrs_ms"), 119.0, 121.0),
        (("II", "pr_ms"), 199.0, 201.0),
        (("II", "qtc_ms"), 469.0, 471.0),
        (("", "rate_bpm"), 51.0, 49.0),
        (("", "rate_bpm"), 99.0, 101.0),
        (("", "rr_change"), 0.09, 0.11),
    ],
)
def test_one_abnormality_is_enough(key: tuple[str, str], within: float, beyond: float | None) -> None:
    assert normal(table(1, {key: within})).all()
    if beyond is not None:
        assert not normal(table(1, {key: beyond})).any()


def test_pr_counts_only_where_there_is_a_p_wave() -> None:
    lost: dict[tuple[str, str], float] = {("II", "p_mv"): 0.02, ("V1", "p_mv"): -0.02}
    assert long_pr(table(1, {("II", "pr_ms"): 230.0})).all()
    assert not long_pr(table(1, {("II", "pr_ms"): 230.0} | lost)).any()
    assert p_absent(table(1, lost)).all()
    assert not p_absent(table(1, lost | {("", "rr_change"): 0.2})).any()


def test_the_axis_is_that_of_the_hexaxial_system() -> None:
    one, two = np.array([1.0, 0.0, 1.0, -1.0]), np.array([0.5, 1.0, 2.0, -0.5])
    found = table(4, {("I", "qrs_area_mv_ms"): one, ("II", "qrs_area_mv_ms"): two})
    assert found.axis_deg == pytest.approx([0.0, 90.0, 60.0, 180.0])


def test_a_flat_t_wave_has_no_slope_ratio() -> None:
    found = slope_ratio(table(2, {("V5", "t_mv"): np.array([0.09, -0.3])}), "V5")
    np.testing.assert_allclose(found, [np.nan, 15.0])


def test_columns_are_those_of_the_measures() -> None:
    beat = np.zeros(270, np.float32)
    assert {name for lead, name in COLUMNS if lead == "V5"} == set(vars(waves(beat, 0.8)))
    assert {lead for lead, _ in COLUMNS if lead} == set(EIGHT)
    assert Table(np.zeros((2, len(COLUMNS)))).only(np.array([True, False])).values.shape == (1, len(COLUMNS))
