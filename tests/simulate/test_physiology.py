"""What potassium does within a patient, on beats without noise."""

import dataclasses
import time
from collections.abc import Iterator

import numpy as np
import pytest
from hearts import DAY, II, TYPICAL, V5, shown, t_wave

from kalemia.simulate import LEVELS, simulate
from kalemia.simulate.geometry import SITES, heart, lead_field
from kalemia.simulate.heart import ONSET_MS, PACED_SITE, RATE, activation
from kalemia.simulate.patient import DIGITALIS, QT_DRUG, Patient, draw
from kalemia.simulate.rhythm import atrium, complex_of, rr_s

WALLS = 40


def patients() -> Iterator[Patient]:
    """One typical heart of every ionic variant."""
    for variant in range(WALLS):
        yield dataclasses.replace(draw(np.random.default_rng(0), TYPICAL), variant=variant)


def test_t_grows_and_narrows_with_potassium() -> None:
    heights, widths = np.array([[t_wave(shown(p, k)[V5]) for k in (3.0, 4.3, 6.5)] for p in patients()]).transpose(
        2, 1, 0
    )
    assert np.median(heights[0]) < np.median(heights[1]) < np.median(heights[2])
    assert 1.15 < np.median(heights[2] / heights[1]) < 2.0
    assert np.mean(widths[2] < widths[1]) > 0.9
    assert np.median(heights[1]) == pytest.approx(0.3, abs=0.2)


def test_ordinary_t_waves_are_upright() -> None:
    typical = [shown(p, 4.3) for p in patients()]
    for lead in (0, 1, 4, 5, 6, 7):  # I, II, V3 to V6
        assert np.median([t_wave(signal[lead])[0] for signal in typical]) > 0.08


def test_ventricular_activation_slows_only_when_potassium_is_high() -> None:
    patient = next(patients())
    length = [len(np.flatnonzero(np.abs(np.diff(shown(patient, k)[V5][:130])) > 0.02)) for k in (4.3, 6.0, 9.0)]
    assert length[1] <= 1.15 * length[0]
    assert length[2] > 1.2 * length[0]


def test_a_blocked_bundle_delays_its_ventricle() -> None:
    usual = next(patients())
    for block in (1, -1):
        times = activation(heart(), dataclasses.replace(usual, block=block), 1.0)
        assert times.max() > 1.25 * activation(heart(), usual, 1.0).max()


def test_a_beat_from_elsewhere_is_wide() -> None:
    usual = next(patients())
    ordinary = activation(heart(), usual, 1.0).max()
    for site in range(len(SITES)):
        assert activation(heart(), usual, 1.0, site).max() > 1.25 * ordinary, site
    assert np.abs(shown(usual, 4.3, PACED_SITE) - 0).max() > 0.3


def test_conditions_change_the_beat_where_they_should() -> None:
    usual = next(patients())

    def st_and_t(patient: Patient) -> tuple[float, float]:
        v5 = shown(patient, 4.3)[V5]
        return float(v5[int((ONSET_MS + 150) * RATE / 1000)]), t_wave(shown(patient, 4.3)[V5])[0]

    def qt_ms(patient: Patient) -> float:
        v5 = np.abs(shown(patient, 4.3)[V5])
        return float(np.flatnonzero(v5 > 0.15 * t_wave(shown(patient, 4.3)[V5])[0])[-1])

    assert (
        qt_ms(dataclasses.replace(usual, drug=QT_DRUG))
        > qt_ms(usual)
        > qt_ms(dataclasses.replace(usual, drug=DIGITALIS))
    )
    assert (
        qt_ms(dataclasses.replace(usual, calcium_mmol_l=0.9))
        > qt_ms(usual)
        > qt_ms(dataclasses.replace(usual, calcium_mmol_l=1.6))
    )
    thick = dataclasses.replace(usual, hypertrophy=1.0)
    assert shown(thick, 4.3)[V5].max() > 1.15 * shown(usual, 4.3)[V5].max()
    assert t_wave(shown(thick, 4.3)[V5])[0] < t_wave(shown(usual, 4.3)[V5])[0]
    lateral, outer = 3, st_and_t(usual)[0]
    assert st_and_t(dataclasses.replace(usual, region=lateral, ischemia=1.0))[0] > outer + 0.05
    assert st_and_t(dataclasses.replace(usual, region=lateral, ischemia=-1.0))[0] < outer - 0.02
    assert shown(dataclasses.replace(usual, region=lateral, infarct=1.0), 4.3)[V5].max() < shown(usual, 4.3)[V5].max()


def test_the_sinus_node_slows_only_where_it_is_sensitive() -> None:
    usual = dataclasses.replace(next(patients()), sinus_sensitivity=0.0)
    assert rr_s(usual, DAY, 8.0) == rr_s(usual, DAY, 4.3)
    assert rr_s(dataclasses.replace(usual, sinus_sensitivity=1.0), DAY, 8.0) > 1.1 * rr_s(usual, DAY, 4.3)


def test_a_pacemaker_leaves_its_spike_and_no_p() -> None:
    paced = dataclasses.replace(next(patients()), paced=1)
    found = complex_of(paced, DAY, 4.3, 0.85)
    before = found[II][: int(0.25 * RATE)]
    assert np.abs(np.diff(found[II])).max() > 0.8
    assert np.abs(before).max() < 0.2


def test_p_shrinks_and_is_lost() -> None:
    patient = dataclasses.replace(next(patients()), atrial_sensitivity=1.0)
    usual, high, extreme = (atrium(patient, k) for k in (4.3, 6.5, 9.0))
    assert usual.p_mv > high.p_mv > extreme.p_mv == 0.0
    assert high.pr_ms > usual.pr_ms + 10
    assert atrium(patient, 2.5).pr_ms > usual.pr_ms  # PR also rises when potassium is low


def test_muscle_at_one_voltage_makes_no_field() -> None:
    field = lead_field(np.eye(3), np.zeros((6, 3)), 0.5)
    np.testing.assert_allclose(field.sum(axis=1), 0, atol=1e-3)


def test_between_patient_variation_swamps_potassium() -> None:
    """In routine patients T features correlate with potassium by -0.22 to 0.02; here at most 0.25 either way."""
    rng = np.random.default_rng(1)
    level = LEVELS["clinic"]
    potassium = rng.uniform(3.5, 5.0, 300)
    heights = [t_wave(shown(draw(np.random.default_rng(i), level), float(k))[V5])[0] for i, k in enumerate(potassium)]
    assert abs(np.corrcoef(potassium, heights)[0, 1]) < 0.25


def test_it_is_fast_enough_to_train_from() -> None:
    list(simulate(5, seed=1))
    began = time.process_time()
    list(simulate(60, seed=1))
    assert 60 / (time.process_time() - began) > 60  # an idle core makes several times as many; a shared one may not
