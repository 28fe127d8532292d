"""Builds the atlas: action potentials of a transmural TP06 cable over potassium. Build time only; needs numba.

`python -m kalemia.simulate.cable --out atlas.npz` prints a self-check against the published single cell, then paces one
cable for every ionic variant, cycle length and potassium and keeps its last beat at three depths, aligned on local
activation.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kalemia.simulate import cell
from kalemia.simulate.cell import ENDO_CELL, EPI, MID, Floats, Kind
from kalemia.simulate.variants import VARIANTS, Variant
from kalemia.system.workers import pool

POTASSIUM = np.array([2.0, 2.4, 2.8, 3.2, 3.6, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 8.5, 9.0, 9.5, 10.0])
CYCLES_MS = np.array([500, 700, 1000])
STEP_MV = 0.05
FAST_DT, SLOW_DT, FAST_MS = 0.02, 0.1, 100.0
NODES, DX_CM, DIFFUSION = 60, 0.02, 0.00154  # 1.2 cm of wall; cm2/ms, the paper's
DEPTHS = (6, 30, 54)
BEFORE_MS, KEPT_MS = 20, 640
THRESHOLD_MV = -40.0


@lru_cache(maxsize=1)
def _kernel() -> Callable[..., None]:
    """Compile and return the pacing loop; numba is imported here so that nothing else needs it."""
    from numba import njit

    advance: Any = njit(cell.step, fastmath=True)

    def beat(state: Any, g: Any, k_out: float, ikr: float, fast: Any, slow: Any, coupling: float, out: Any) -> None:
        """Pace one beat in place; `out` (nodes, ms) receives the voltage at every whole millisecond."""
        nodes = state.shape[0]
        current = np.zeros(nodes)
        now, recorded = 0.0, 0
        while recorded < out.shape[1]:
            dt = FAST_DT if now < FAST_MS - 1e-9 else SLOW_DT
            rates = fast if now < FAST_MS - 1e-9 else slow
            if now >= recorded - 1e-9:
                for n in range(nodes):
                    out[n, recorded] = state[n, 0]
                recorded += 1
            for n in range(nodes):
                left, right = state[max(n - 1, 0), 0], state[min(n + 1, nodes - 1), 0]
                current[n] = -coupling * (left + right - 2 * state[n, 0])
                if n < 5 and now < (1.0 if nodes == 1 else 2.0):
                    current[n] -= 52.0
            for n in range(nodes):
                advance(state[n], g[n], k_out, ikr, rates, dt, current[n])
            now += dt

    compiled: Callable[..., None] = njit(beat, fastmath=True)
    return compiled


def pace(
    kinds: Floats, k_out: float, exponent: float, beats: int, state: Floats, coupled: bool, cycle_ms: int = 1000
) -> Floats:
    """Pace nodes for some beats, `state` changed in place; return the last beat's voltage (nodes, ms), mV."""
    out = np.zeros((kinds.shape[0], cycle_ms))
    fast, slow = _tables()
    ikr = (k_out / cell.PAPER_POTASSIUM) ** exponent
    coupling = DIFFUSION / DX_CM**2 if coupled else 0.0
    for _ in range(beats):
        _kernel()(state, kinds, k_out, ikr, fast, slow, coupling, out)
    return out


@lru_cache(maxsize=1)
def _tables() -> tuple[Floats, Floats]:
    return cell.table(FAST_DT), cell.table(SLOW_DT)


def activation_ms(voltage: Floats) -> float:
    """Return when the voltage (ms,) first rises through -40 mV; NaN where it never does."""
    above = np.flatnonzero((voltage[:-1] < THRESHOLD_MV) & (voltage[1:] >= THRESHOLD_MV))
    if not above.size:
        return float("nan")
    i = int(above[0])
    return i + float((THRESHOLD_MV - voltage[i]) / (voltage[i + 1] - voltage[i]))


def duration_ms(voltage: Floats, part: float = 0.9) -> float:
    """Return the action-potential duration at `part` repolarization from -40 mV activation, ms."""
    rest, start = float(voltage[0]), activation_ms(voltage)
    level = voltage.max() - part * (voltage.max() - rest)
    late = np.flatnonzero(voltage[int(start) + 5 :] < level)
    return float(late[0] + int(start) + 5 - start) if late.size else float("nan")


@dataclass(frozen=True)
class Wall:
    """One paced cable: `traces` (depths, ms) aligned on activation, delay endo to epi in ms, velocity in m/s."""

    traces: Floats
    delay_ms: float
    velocity: float


def wall(
    variant: Variant, k_out: float, state: Floats | None = None, beats: int = 4, cycle_ms: int = 1000
) -> tuple[Wall, Floats]:
    """Pace the cable of one variant at one potassium; return it with its final state for the next level."""
    depth = np.linspace(0.0, 1.0, NODES)
    kinds = np.stack([variant.at(float(x)).row() for x in depth])
    if state is None:
        state = np.tile(cell.REST, (NODES, 1))
        pace(kinds, k_out, variant.ikr_exponent, 30, state, True, cycle_ms)
    voltage = pace(kinds, k_out, variant.ikr_exponent, beats, state, True, cycle_ms)
    times = np.array([activation_ms(v) for v in voltage])
    first, _, last = DEPTHS
    speed = 0.01 * 1000 * DX_CM * (45 - 15) / (times[45] - times[15])
    return Wall(
        np.stack([_aligned(voltage[n]) for n in DEPTHS]), float(times[last] - times[first]), float(speed)
    ), state


def _aligned(voltage: Floats) -> Floats:
    """Return the voltage from 20 ms before activation, (640,) at 1 ms, held at its ends."""
    at = activation_ms(voltage) + np.arange(-BEFORE_MS, KEPT_MS - BEFORE_MS)
    return np.asarray(np.interp(at, np.arange(voltage.size), voltage))


def column(variant: Variant, cycle_ms: int) -> list[Wall]:
    """Return a variant's wall at every level of potassium that it conducts at, paced upwards."""
    walls: list[Wall] = []
    state = None
    for k_out in POTASSIUM:
        result, state = wall(variant, float(k_out), state, cycle_ms=cycle_ms)
        if not np.isfinite(result.delay_ms):
            break
        walls.append(result)
    return walls


def build(
    variants: tuple[Variant, ...] = VARIANTS, workers: int = 1, report: Callable[[str], None] = print
) -> dict[str, Any]:
    """Compute the atlas; `conducts` counts the levels of potassium that a cable conducts at, and the rest are zero.

    The traces are steps of 0.05 mV, each the difference from the millisecond before, which compress to a third.
    """
    shape = (len(variants), CYCLES_MS.size, POTASSIUM.size)
    traces = np.zeros((*shape, len(DEPTHS), KEPT_MS), np.int16)
    delay, velocity = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    conducts = np.zeros(shape[:2], np.int64)
    jobs = [(variant, int(cycle)) for variant in variants for cycle in CYCLES_MS]
    with pool(workers) as processes:
        for number, walls in enumerate(processes.map(column, *zip(*jobs, strict=True))):
            at = divmod(number, CYCLES_MS.size)
            conducts[at] = len(walls)
            for level, paced in enumerate(walls):
                delay[at][level], velocity[at][level] = paced.delay_ms, paced.velocity
                traces[at][level] = np.diff(np.round(paced.traces / STEP_MV), prepend=0.0)
            variant, cycle = jobs[number]
            report(f"{variant.name} every {cycle} ms: conducts up to {POTASSIUM[len(walls) - 1]} mEq/L")
    return {
        "traces": traces, "delay_ms": delay, "velocity": velocity, "conducts": conducts, "potassium": POTASSIUM,
        "names": np.array([v.name for v in variants]), "before_ms": np.array(BEFORE_MS), "cycles_ms": CYCLES_MS,
        "step_mv": np.array(STEP_MV),
    }  # fmt: skip


def self_check(kind: Kind = EPI, cycle_ms: int = 1000) -> dict[str, float]:
    """Pace a single cell at potassium 5.4 mM; return rest (mV), APD90 (ms), overshoot (mV), upstroke (V/s)."""
    state, g = cell.REST[None, :].copy(), kind.row()[None, :]
    voltage = pace(g, cell.PAPER_POTASSIUM, 0.5, 40, state, False, cycle_ms)[0]
    return {
        "rest_mv": float(voltage[0]),
        "apd90_ms": duration_ms(voltage),
        "overshoot_mv": float(voltage.max()),
        "upstroke_v_s": upstroke(state, g),
    }


def upstroke(state: Floats, g: Floats) -> float:
    """Return the steepest rise of a single cell from its resting state, V/s."""
    cell_state, rates = state[0].copy(), _tables()[0]
    steepest = 0.0
    for n in range(250):
        before = float(cell_state[0])
        after = cell.step(cell_state, g[0], cell.PAPER_POTASSIUM, 1.0, rates, FAST_DT, -52.0 if n < 50 else 0.0)
        steepest = max(steepest, (after - before) / FAST_DT)
    return steepest


def main(argv: list[str] | None = None) -> None:
    """Build the atlas from the command line."""
    parser = argparse.ArgumentParser(description="Build the simulator's atlas of action potentials.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args(argv)
    out: Path = arguments.out
    for name, kind in (("epi", EPI), ("endo", ENDO_CELL), ("mid", MID)):
        for cycle in (500, 1000, 1500):
            figures = ", ".join(f"{key} {value:.1f}" for key, value in self_check(kind, cycle).items())
            print(f"single {name} cell at 5.4 mM, every {cycle} ms: {figures}")
    began = time.perf_counter()
    np.savez_compressed(out, **build(workers=arguments.workers))
    print(f"wrote {out}, {out.stat().st_size / 1e6:.2f} MB, in {(time.perf_counter() - began) / 60:.0f} min")


if __name__ == "__main__":
    main()
