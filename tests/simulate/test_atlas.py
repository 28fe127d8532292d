"""Reading the atlas between its potassium levels and cycle lengths, and the cells that it holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kalemia.simulate import atlas as atlases
from kalemia.simulate import cell
from kalemia.simulate.atlas import REFERENCE_MEQ_L, Atlas, Cell, _falls_below
from kalemia.simulate.cell import EPI, GATES, REST, Floats
from kalemia.simulate.variants import COUNT, RANGES, VARIANTS, Variant

LEVELS = np.array([2.0, 4.0, 8.0])
CYCLES = np.array([500.0, 1000.0])


def small(conducts: tuple[int, int] = (3, 3)) -> Atlas:
    """Return an atlas of one variant whose delays are potassium at the slow cycle and ten times that at the fast."""
    delay = np.stack([10 * LEVELS, LEVELS])[None].astype(np.float32)
    traces = (np.repeat(delay[..., None, None], 3, axis=-2) + np.arange(5)).astype(np.float32)
    return Atlas(
        traces=traces, delay_ms=delay, apd_ms=delay + 100, terminal_ms=delay + 200, conducts=np.array([conducts]),
        potassium=LEVELS, cycles_ms=CYCLES, names=("wall",), before_ms=2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("potassium", "cycle_ms", "delay"),
    [
        (2.0, 1000.0, 2.0),
        (8.0, 1000.0, 8.0),
        (3.0, 1000.0, 3.0),
        (6.0, 1000.0, 6.0),
        (3.0, 500.0, 30.0),
        (3.0, 750.0, 16.5),
        (3.0, 400.0, 30.0),  # beyond its ends the atlas stays
        (3.0, 2000.0, 3.0),
        (1.0, 1000.0, 2.0),
        (9.0, 1000.0, 8.0),
    ],
)
def test_the_atlas_is_read_between_levels_and_cycles(potassium: float, cycle_ms: float, delay: float) -> None:
    held, at = small(), Cell(0, potassium, cycle_ms)
    assert held.delay(at) == pytest.approx(delay)
    assert held.apd(at) == pytest.approx(delay + 100)
    assert held.terminal(at) == pytest.approx(delay + 200)
    np.testing.assert_allclose(held.potentials(at), np.tile(delay + np.arange(5), (3, 1)), rtol=1e-6)


def test_above_what_a_cable_conducts_at_its_last_level_stands() -> None:
    held = small(conducts=(2, 3))
    assert held.delay(Cell(0, 8.0, 500.0)) == pytest.approx(40.0)
    assert held.delay(Cell(0, 8.0, 1000.0)) == pytest.approx(8.0)
    assert held.delay(Cell(0, 8.0, 750.0)) == pytest.approx(24.0)


def test_the_range_of_an_atlas() -> None:
    assert (small().lowest, small().highest) == (2.0, 8.0)
    held = atlases.load()
    assert (held.lowest, held.highest) == (2.0, 10.0)
    assert atlases.load() is held


def test_when_a_trace_has_repolarized() -> None:
    fall = np.concatenate([np.full(5, 20.0), np.linspace(20, -80, 101)]).astype(np.float32)
    assert _falls_below(fall[None], 0.5)[0] == pytest.approx(56, abs=1)
    assert _falls_below(fall[None], 0.9)[0] == pytest.approx(96, abs=1)


@pytest.mark.parametrize("variant", range(0, 40, 7))
def test_action_potentials_of_the_atlas_are_some(variant: int) -> None:
    held = atlases.load()
    at = Cell(variant, REFERENCE_MEQ_L, 1000.0)
    potentials = held.potentials(at)
    assert potentials.shape == (3, 640)
    assert (potentials.max(axis=1) > 10).all()
    assert ((potentials[:, -1] > -95) & (potentials[:, -1] < -75)).all()
    assert (potentials[:, held.before_ms + 5] > 0).all()  # aligned on activation
    assert 200 < held.apd(at) < 420
    assert 5 < held.delay(at) < 60
    assert 10 < held.terminal(at) < 120


@pytest.mark.parametrize("variant", range(0, 40, 7))
def test_rest_rises_with_potassium_and_the_action_potential_shortens(variant: int) -> None:
    held = atlases.load()
    rest = [float(held.potentials(Cell(variant, k, 1000.0))[0, -1]) for k in (2.8, 4.3, 6.0, 8.0)]
    assert rest == sorted(rest)
    assert held.apd(Cell(variant, 6.5, 1000.0)) < held.apd(Cell(variant, 4.3, 1000.0))


def test_gates_are_shares_and_their_times_are_positive() -> None:
    voltages = np.linspace(-120, 60, 91)
    gates = cell._gates(voltages)
    assert len(gates) == len(GATES)
    for name, (steady, tau) in zip(GATES, gates, strict=True):
        assert ((steady >= 0) & (steady <= 1)).all(), name
        assert (tau > 0).all(), name
    m, h = gates[0][0], gates[1][0]
    assert m[-1] > 0.99 > 0.01 > m[0]  # activation opens with voltage, inactivation closes
    assert h[0] > 0.99 > 0.01 > h[-1]


def test_the_table_decays_over_its_step() -> None:
    short, long = cell.table(0.02), cell.table(0.1)
    assert short.shape == (round((cell.HIGHEST - cell.LOWEST) / cell.GRAIN) + 1, 30)
    np.testing.assert_array_equal(short[:, :24:2], long[:, :24:2])  # steady states
    np.testing.assert_allclose(short[:, 1:24:2] ** 5, long[:, 1:24:2], rtol=1e-6)
    assert np.isfinite(short).all()


def run(k_out: float, injected: float, ms: float = 4.0, kind: cell.Kind = EPI) -> tuple[Floats, Floats]:
    """Return the voltage over some ms of a cell that is stimulated for the first, and its last state."""
    state, rates = REST.copy(), cell.table(0.02)
    g = kind.row()
    steps = round(ms / 0.02)
    voltage = [cell.step(state, g, k_out, 1.0, rates, 0.02, injected if n < 50 else 0.0) for n in range(steps)]
    return np.array(voltage), state


def test_a_cell_at_rest_stays_there() -> None:
    voltage, state = run(cell.PAPER_POTASSIUM, 0.0)
    assert np.abs(voltage - REST[cell.V]).max() < 1.0
    np.testing.assert_allclose(state[cell.KI], REST[cell.KI], rtol=1e-3)


def test_a_stimulus_fires_it_all_or_none() -> None:
    fired, state = run(cell.PAPER_POTASSIUM, -52.0)
    assert 20 < fired.max() < 60
    assert state[cell.H] < 0.1  # sodium channels inactivate
    failed, _ = run(cell.PAPER_POTASSIUM, -8.0)
    assert failed.max() < -60


@pytest.mark.parametrize(("k_out", "higher"), [(8.0, True), (3.0, False)])
def test_potassium_outside_moves_the_voltage(k_out: float, higher: bool) -> None:
    usual, other = (run(k, 0.0, 8.0)[0][-1] for k in (cell.PAPER_POTASSIUM, k_out))
    assert (other > usual) == higher


def test_without_sodium_current_nothing_fires() -> None:
    assert run(cell.PAPER_POTASSIUM, -52.0, kind=replace(EPI, gna=0.0))[0].max() < 0


def test_kinds_are_rows_of_conductances() -> None:
    assert EPI.row()[cell.GKR] == 0.153
    assert EPI.row()[cell.ENDO] == 0.0
    assert cell.ENDO_CELL.row()[cell.ENDO] == 1.0
    assert cell.MID.row()[cell.GKS] < EPI.row()[cell.GKS]


def test_variants_fill_their_ranges_and_differ() -> None:
    assert len(VARIANTS) == COUNT == len({variant.name for variant in VARIANTS})
    for name, (low, high) in RANGES.items():
        values = np.array([getattr(variant, name) for variant in VARIANTS])
        assert low <= values.min() < low + 0.15 * (high - low), name
        assert high >= values.max() > high - 0.15 * (high - low), name
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.1 * (high - low)), name


def test_a_wall_is_graded_from_endo_to_epi() -> None:
    wall = Variant("w", gkr_endo=0.5, gkr_rise=0.5, gks_endo=0.4, gks_rise=0.6, gto_endo=0.2, gna=0.9)
    endo, middle, epi = (wall.at(depth) for depth in (0.0, 0.5, 1.0))
    assert (endo.endo, middle.endo, epi.endo) == (True, False, False)
    assert (epi.gkr, epi.gks, epi.gto) == pytest.approx((0.153, 0.392, 0.294))
    assert (endo.gkr, endo.gks, endo.gto) == pytest.approx((0.0765, 0.1568, 0.0588))
    assert middle.gkr == pytest.approx((endo.gkr + epi.gkr) / 2)
    assert endo.gna == epi.gna == pytest.approx(0.9 * 14.838)
