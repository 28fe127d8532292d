"""The cell against published figures of TP06, and the atlas against the cable that it was built from."""

import numpy as np
import pytest

from kalemia.simulate import atlas as atlases
from kalemia.simulate.atlas import Cell

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


def test_the_action_potential_shortens_at_a_fast_rate_as_published() -> None:
    """Steady pacing of the published epicardial cell: flat above 1 s, some 20 ms shorter at 500 ms."""
    fast, usual, slow = (cable.self_check(cycle_ms=cycle)["apd90_ms"] for cycle in (500, 1000, 1500))
    assert 12 < usual - fast < 35
    assert abs(slow - usual) < 5


def test_the_atlas_is_what_the_cable_gives() -> None:
    held = atlases.load()
    assert held.names == tuple(variant.name for variant in VARIANTS)
    assert list(held.cycles_ms) == list(cable.CYCLES_MS)
    made, _ = cable.wall(VARIANTS[1], float(cable.POTASSIUM[0]), None, cycle_ms=1000)
    np.testing.assert_allclose(made.traces, held.traces[1, 2, 0], atol=0.2)
    assert made.delay_ms == pytest.approx(float(held.delay_ms[1, 2, 0]), abs=0.05)


@pytest.mark.parametrize("cycle_ms", [500.0, 850.0, 1200.0])
def test_conduction_slows_only_in_hyperkalemia(cycle_ms: float) -> None:
    held = atlases.load()
    for variant in range(len(held.names)):
        usual = held.delay(Cell(variant, 4.3, cycle_ms))
        assert held.delay(Cell(variant, 6.0, cycle_ms)) < 1.2 * usual
        assert held.delay(Cell(variant, 9.0, cycle_ms)) > 1.6 * usual


def test_every_wall_conducts_to_eight_and_holds_its_last_level_above() -> None:
    held = atlases.load()
    for variant in range(len(held.names)):
        for cycle in range(held.cycles_ms.size):
            top = float(held.potassium[held.conducts[variant, cycle] - 1])
            assert top >= 8.0
            stopped, last = (Cell(variant, k, float(held.cycles_ms[cycle])) for k in (10.0, top))
            np.testing.assert_array_equal(held.potentials(stopped), held.potentials(last))


def test_the_endocardium_repolarizes_last_up_to_eight() -> None:
    held = atlases.load()
    for variant in range(len(held.names)):
        for potassium in (3.0, 4.3, 6.0, 8.0):
            cell_ = Cell(variant, potassium, 1000.0)
            endo, _, epi = held.potentials(cell_)
            late = held.before_ms + held.delay(cell_)
            assert np.argmax(endo[60:] < -60) > np.argmax(epi[60:] < -60) + late - held.before_ms


def test_a_fast_rate_shortens_every_wall() -> None:
    held = atlases.load()
    for variant in range(len(held.names)):
        assert held.apd(Cell(variant, 4.3, 500.0)) < held.apd(Cell(variant, 4.3, 1000.0))
