"""P, PR and the beats of a recording: the rules on potassium, breathing, fibrillation, ectopic and paced beats."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hearts import DAY, II, V5, usual, with_body

from kalemia.simulate.heart import BY_BUNDLES, RATE
from kalemia.simulate.patient import DIGITALIS, Patient
from kalemia.simulate.rhythm import (
    LEAD_IN_MS,
    SPIKE_MV,
    _add_late,
    _add_own,
    _add_p,
    _now,
    atrium,
    complex_of,
    place,
    rr_s,
    ventricles,
)

SECONDS = 20
QUIET = with_body(usual(), own_share=0.0, rr_spread=0.0)
ANSWERING = dataclasses.replace(usual(), atrial_sensitivity=1.0, u_sensitivity=1.0)


def placed(
    patient: Patient, seed: int = 0, potassium: float = 4.3
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return place(patient, DAY, potassium, SECONDS * RATE, np.random.default_rng(seed))


def peaks(signals: np.ndarray[tuple[int, int], np.dtype[np.float32]], lead: int = II) -> list[int]:
    """Return where a lead is above two thirds of its tallest, a sample a beat."""
    high = np.flatnonzero(signals[lead] > 0.66 * signals[lead].max())
    groups = np.split(high, np.flatnonzero(np.diff(high) > 0.2 * RATE) + 1)
    return [int(group[signals[lead, group].argmax()]) for group in groups]


@pytest.mark.parametrize(
    ("potassium", "longer_ms", "taller_mv"),
    [
        (4.5, 0.0, 0.0),  # between 4.1 and 4.8 nothing happens
        (3.1, 13.0, 0.0055),
        (2.1, 26.0, 0.011),
    ],
)
def test_low_potassium_prolongs_pr_and_raises_p(potassium: float, longer_ms: float, taller_mv: float) -> None:
    own = atrium(ANSWERING, potassium)
    assert own.pr_ms - ANSWERING.body.pr_ms == pytest.approx(longer_ms, abs=1e-6)
    assert own.p_mv - ANSWERING.body.p_mv == pytest.approx(taller_mv, abs=1e-9)
    assert own.p_ms - ANSWERING.body.p_ms == pytest.approx(8.0 * longer_ms / 13.0, abs=1e-6)


def test_high_potassium_prolongs_pr_and_loses_p() -> None:
    steps = [atrium(ANSWERING, k) for k in (4.8, 5.8, 6.8, 7.5, 8.6)]
    assert [own.pr_ms for own in steps] == sorted(own.pr_ms for own in steps)
    assert all(before.p_mv > after.p_mv for before, after in pairwise(steps))
    assert steps[1].p_mv == pytest.approx(0.82 * ANSWERING.body.p_mv)
    assert steps[-1].p_mv == 0.0
    assert steps[1].pr_ms == pytest.approx(min(ANSWERING.body.pr_ms + 45.0, 340.0))


def test_pr_stays_within_what_hearts_have() -> None:
    assert atrium(with_body(ANSWERING, pr_ms=300.0), 9.0).pr_ms == 340.0
    assert atrium(with_body(ANSWERING, pr_ms=60.0), 4.3).pr_ms == 90.0
    assert atrium(with_body(ANSWERING, p_mv=0.001), 4.3).p_mv == 0.02


def test_atria_that_do_not_answer_stay() -> None:
    deaf = dataclasses.replace(usual(), atrial_sensitivity=0.0)
    assert atrium(deaf, 2.2) == atrium(deaf, 8.8)


@pytest.mark.parametrize(
    ("body_s", "factor", "fibrillation", "paced", "expected"),
    [
        (0.9, 1.0, 0, 0, 0.9),
        (0.9, 0.8, 0, 0, 0.72),
        (0.9, 1.0, 1, 0, 0.738),
        (0.3, 1.0, 0, 0, 0.4),
        (2.5, 1.0, 0, 0, 1.7),
        (0.5, 1.0, 0, 1, 0.75),
        (1.4, 1.0, 0, 1, 1.0),
    ],
)
def test_the_interval_between_beats(
    body_s: float, factor: float, fibrillation: int, paced: int, expected: float
) -> None:
    patient = dataclasses.replace(with_body(usual(), rr_s=body_s), fibrillation=fibrillation, paced=paced)
    assert rr_s(patient, dataclasses.replace(DAY, rate_factor=factor), 4.3) == pytest.approx(expected)


def test_a_sensitive_sinus_node_slows_above_five_and_a_half() -> None:
    patient = dataclasses.replace(with_body(usual(), rr_s=0.8), sinus_sensitivity=1.0)
    day = dataclasses.replace(DAY, rate_factor=1.0)
    assert rr_s(patient, day, 5.5) == pytest.approx(0.8)
    assert rr_s(patient, day, 7.5) == pytest.approx(0.8 * np.exp(0.22))


def test_p_comes_its_interval_before_the_ventricles() -> None:
    out = np.zeros((8, 400), np.float32)
    own = atrium(usual(), 4.3)
    _add_p(out, _now(out), usual(), own)
    middle = LEAD_IN_MS - own.pr_ms + 0.5 * own.p_ms
    assert out[II].argmax() * 1000 / RATE == pytest.approx(middle, abs=15)
    assert 0.6 * own.p_mv < out[II].max() < 1.5 * own.p_mv
    assert np.abs(out[:, int(LEAD_IN_MS * RATE / 1000) :]).max() < 0.02 * np.abs(out).max()


def test_u_waves_and_st_answer_to_low_potassium_only() -> None:
    def late(patient: Patient, potassium: float) -> tuple[float, float]:
        out = np.zeros((8, 600), np.float32)
        _add_late(out, _now(out), patient, potassium, 1.0)
        st, u = (int((LEAD_IN_MS + ms) * RATE / 1000) for ms in (200, 470 + 15 * max(3.8 - potassium, 0)))
        return float(out[V5, st]), float(out[V5, u])

    usual_st, usual_u = late(ANSWERING, 4.3)
    assert late(ANSWERING, 8.0) == pytest.approx((usual_st, usual_u))
    low_st, low_u = late(ANSWERING, 2.3)
    assert low_st < usual_st - 0.02
    assert low_u > usual_u + 0.03
    digitalis_st, _ = late(dataclasses.replace(ANSWERING, drug=DIGITALIS), 4.3)
    assert digitalis_st < usual_st - 0.03


def test_departures_of_a_heart_are_its_own_and_small() -> None:
    beat = complex_of(QUIET, DAY, 4.3, 0.85)

    def own(seed: float, share: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        out = beat.copy()
        _add_own(out, _now(out), with_body(usual(), own_seed=seed, own_share=share))
        return out - beat

    np.testing.assert_array_equal(own(5, 0.0), 0.0)
    np.testing.assert_array_equal(own(5, 0.03), own(5, 0.03))
    assert not np.array_equal(own(5, 0.03), own(6, 0.03))
    np.testing.assert_allclose(own(5, 0.06), 2 * own(5, 0.03), atol=1e-5)
    assert np.abs(own(5, 0.03)).max() < 0.15 * np.ptp(beat, axis=1).max()


def test_a_complex_is_ventricles_with_p_before_them() -> None:
    made, bare = complex_of(QUIET, DAY, 4.3, 0.85), ventricles(QUIET, DAY, 4.3, 0.85, BY_BUNDLES)
    assert made.shape == bare.shape
    first = int(LEAD_IN_MS * RATE / 1000)
    assert np.abs(bare[:, : first - 20]).max() == 0.0
    assert made[II, : first - 10].max() > 0.05
    fibrillating = complex_of(dataclasses.replace(QUIET, fibrillation=1), DAY, 4.3, 0.85)
    assert np.abs(fibrillating[II, : first - 40]).max() < 0.02


def test_a_pacemakers_spike_is_six_ms_before_its_beat() -> None:
    paced = dataclasses.replace(QUIET, paced=1)
    made = complex_of(paced, DAY, 4.3, 0.85)
    at = int((LEAD_IN_MS - 6) * RATE / 1000)
    step = made[:, at] - made[:, at - 1]
    np.testing.assert_allclose(step, SPIKE_MV, atol=0.05)


def test_beats_come_at_the_interval_of_the_day() -> None:
    at = peaks(placed(QUIET))
    rr = rr_s(QUIET, DAY, 4.3)
    assert len(at) == pytest.approx(SECONDS / rr, abs=1.01)
    np.testing.assert_allclose(np.diff(at) / RATE, rr, atol=0.003)


def test_a_sinus_rhythm_breathes_and_fibrillation_is_without_rule() -> None:
    def spread(patient: Patient) -> float:
        rr = np.concatenate([np.diff(peaks(placed(patient, seed))) for seed in range(4)])
        return float(rr.std() / rr.mean())

    breathing = spread(with_body(QUIET, rr_spread=0.05))
    assert 0.02 < breathing < 0.09
    assert spread(dataclasses.replace(QUIET, fibrillation=1)) > 2 * breathing


def test_fibrillation_has_waves_instead_of_p() -> None:
    made = placed(dataclasses.replace(QUIET, fibrillation=1))
    at = peaks(made)
    before = np.concatenate([made[2, k - 90 : k - 40] for k in at if k > 90])  # V1, where P would be
    assert before.std() > 0.005
    regular = placed(QUIET)
    assert np.ptp(regular[2, peaks(regular)[3] - 140 : peaks(regular)[3] - 120]) < 0.02


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_ectopic_beats_come_early(share: float) -> None:
    ratios = []
    for seed in range(6):
        at = np.array(peaks(placed(dataclasses.replace(QUIET, ectopic_share=share), seed)))
        ratios.append(np.diff(at).min() / np.median(np.diff(at)))
    assert (min(ratios) < 0.85) == (share > 0)


def test_paced_beats_are_never_early_and_nearly_regular() -> None:
    paced = dataclasses.replace(QUIET, paced=1, ectopic_share=0.4)
    made = placed(paced)
    spikes = np.flatnonzero(np.diff(made[II]) > 0.8)
    rr = np.diff(spikes) / RATE
    assert rr.std() < 0.01
    assert rr.mean() == pytest.approx(rr_s(paced, DAY, 4.3), abs=0.01)


def test_a_rhythm_depends_on_its_stream_alone() -> None:
    patient = dataclasses.replace(usual(), ectopic_share=0.2)
    np.testing.assert_array_equal(placed(patient, 3), placed(patient, 3))
    assert not np.array_equal(placed(patient, 3), placed(patient, 4))
    assert placed(patient).shape == (8, SECONDS * RATE)
    assert placed(patient).flags.c_contiguous
