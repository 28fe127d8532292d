"""The cell against published figures of TP06, and the atlas against the cable that it was built from."""

import numpy as np
import pytest

from kalemia.simulate import atlas as atlases

pytest.importorskip("numba", reason="the atlas is built with numba, which is not installed here")

from kalemia.simulate import cable, cell
from kalemia.simulate.variants import VARIANTS


def test_the_published_cell_rests_and_fires_as_published() -> None:
    """Ten Tusscher & Panfilov 2006: rest about -85 mV, APD90 at 1 Hz about 300 ms, epicardium."""
    figures = cable.self_check()
    assert figures["rest_mv"] == pytest.approx(-85.5, abs=1.0)
    assert figures["apd90_ms"] == pytest.approx(303, abs=12)
    assert 30 < figures["overshoot_mv"] < 45
    assert 250 < figures["upstroke_v_s"] < 420


def test_potassium_moves_rest_by_the_nernst_potential() -> None:
    rests = {}
    for k_out in (4.0, 8.0):
        state = cell.REST[None, :].copy()
        voltage = cable.pace(cell.EPI.row()[None, :], k_out, 0.5, 10, state, coupled=False)
        rests[k_out] = float(voltage[0, 0])
    assert rests[8.0] - rests[4.0] == pytest.approx(cell.RT_F * np.log(2), abs=2.0)


def test_the_atlas_is_what_the_cable_gives() -> None:
    held = atlases.load()
    assert held.names == tuple(variant.name for variant in VARIANTS)
    made, _ = cable.wall(VARIANTS[1], float(cable.POTASSIUM[0]), None)
    np.testing.assert_allclose(made.traces, held.traces[1, 0], atol=0.2)
    assert made.delay_ms == pytest.approx(float(held.delay_ms[1, 0]), abs=0.05)


def test_conduction_slows_only_in_hyperkalemia() -> None:
    held = atlases.load()
    for variant in range(len(held.names)):
        usual = held.delay(variant, 4.3)
        assert held.delay(variant, 6.0) < 1.1 * usual
        assert held.delay(variant, 9.0) > 1.7 * usual


def test_the_endocardium_repolarizes_last_up_to_nine() -> None:
    held = atlases.load()
    for variant in range(len(held.names)):
        for potassium in (3.0, 4.3, 6.0, 8.0, 9.0):
            endo, _, epi = held.potentials(variant, potassium)
            late = held.before_ms + held.delay(variant, potassium)
            assert np.argmax(endo[60:] < -60) > np.argmax(epi[60:] < -60) + late - held.before_ms
