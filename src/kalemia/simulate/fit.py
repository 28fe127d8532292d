"""Fits the population of bodies to real ECGs. Build time only; needs scikit-learn.

`python -m kalemia.simulate.fit --out population.npz RECORD...` draws bodies widely, simulates an ECG of each at
ordinary potassium, and lets a classifier say how much more often the measures of its beat occur among the real records
than among the simulated ones. Bodies are drawn again by that weight, scattered a little, and weighted again: a
population Monte Carlo (Cappe et al., J Comput Graph Stat 2004;13:907) with the density ratio learned. What is kept are
bodies, not recordings.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia.beat import cut
from kalemia.errors import BeatError, KalemiaError
from kalemia.measure import Waves, measure
from kalemia.read import read
from kalemia.records import LEADS, Recording
from kalemia.simulate import population
from kalemia.simulate.heart import RATE
from kalemia.simulate.levels import LEVELS
from kalemia.simulate.noise import add_noise
from kalemia.simulate.patient import conditioned, draw_day
from kalemia.simulate.records import twelve
from kalemia.simulate.rhythm import place
from kalemia.workers import pool

EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
EVERY_LEAD = ("p_mv", "q_mv", "r_mv", "s_mv", "st_mv", "t_mv", "t_downslope_mv_s")
SOME = {"II": ("p_ms", "pr_ms", "qrs_ms", "qtc_ms")}
SHAPE = ("t_width_ms", "t_peak_ms")
SHAPE_LEADS = ("II", "V2", "V5")
T_UPRIGHT = ("I", "II", "V4", "V5", "V6")
ROUNDS, CANDIDATES, KEPT = 10, 5000, 2000
FOLDS = 5
SCATTER = np.array([0.35, 0.3, 0.25, 0.2, 0.17, 0.14, 0.12, 0.1, 0.08, 0.06])
"""How far a body is moved before it is weighted again, in standard deviations of those chosen, round by round."""
MOST_WEIGHT = 0.98  # quantile that weights are cut off at: one lucky body must not become the population

Floats = NDArray[np.float64]


def measures(recording: Recording) -> Floats | None:
    """Return what is compared, (numbers,), or None where a beat or a lead cannot be used."""
    try:
        beat = cut(recording, EIGHT)
    except BeatError:
        return None
    found = measure(beat)
    if len(found) < len(EIGHT):
        return None

    def of(lead: str, names: Iterable[str]) -> list[float]:
        waves: Waves = found[lead]
        return [float(getattr(waves, name)) for name in names]

    numbers = [beat.heart_rate_bpm]
    for lead in EIGHT:
        numbers += of(lead, EVERY_LEAD)
    for lead, names in SOME.items():
        numbers += of(lead, names)
    for lead in SHAPE_LEADS:
        numbers += of(lead, SHAPE)
    # Trees find no ratios and no extremes over leads by themselves; the clinic's abnormalities are made of them.
    limb, chest, seen = ([found[lead].t_mv for lead in leads] for leads in (EIGHT[:2], EIGHT[2:], T_UPRIGHT))
    numbers += [max(limb), max(chest), min(seen), max(abs(found[lead].st_mv) for lead in T_UPRIGHT)]
    for lead in SHAPE_LEADS:
        numbers += [found[lead].t_downslope_mv_s / max(abs(found[lead].t_mv), 0.05)]
        numbers += [found[lead].t_mv / max(found[lead].r_mv - found[lead].s_mv, 0.1)]
    return np.array(numbers)


def simulated(row: Floats, seed: int) -> Floats | None:
    """Return the measures of an ECG of one body, at a potassium that an unselected patient has."""
    rng = np.random.default_rng(seed)
    level = replace(LEVELS["clinic"], rr_factor=1.0)
    patient = conditioned(population.body(row), rng, level)
    quiet = place(patient, draw_day(rng, level), float(rng.normal(4.2, 0.3)), level.seconds * RATE, rng)
    return measures(Recording(twelve(add_noise(quiet, RATE, level, rng), level.step_mv), float(RATE), LEADS))


def weights(real: Floats, made: Floats, seed: int) -> tuple[Floats, float]:
    """Return how much more often each simulated row occurs among real ones, and how well they are told apart (AUROC).

    Every row is judged by a classifier that did not see it.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    x, y = np.concatenate([real, made]), np.repeat([1, 0], [len(real), len(made)])
    share = np.zeros(len(y))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, y):
        judge = HistGradientBoostingClassifier(
            max_iter=100, learning_rate=0.1, max_leaf_nodes=6, min_samples_leaf=10, l2_regularization=3.0,
            class_weight="balanced", random_state=seed,
        )  # fmt: skip
        share[test] = judge.fit(x[train], y[train]).predict_proba(x[test])[:, 1]
    ratio = share[len(real) :] / (1 - share[len(real) :])
    most = float(np.quantile(ratio, MOST_WEIGHT))
    return np.asarray(np.minimum(ratio, most), dtype=np.float64), float(roc_auc_score(y, share))


def fit(real: Floats, workers: int = 1, seed: int = 0) -> Floats:
    """Return bodies (KEPT, numbers) whose simulated measures are spread like the real ones (records, numbers)."""
    rng = np.random.default_rng(seed)
    rows = population.widely(rng, 2 * CANDIDATES)
    with pool(workers) as processes:
        for turn in range(ROUNDS + 1):
            seeds = rng.integers(2**31, size=len(rows))
            found = list(processes.map(simulated, rows, seeds, chunksize=100))
            usable = np.array([one is not None for one in found])
            made = np.array([one for one in found if one is not None])
            rows = rows[usable]
            weight, told_apart = weights(real, made, seed + turn)
            effective = float(weight.sum() ** 2 / np.square(weight).sum())
            print(f"round {turn}: {len(rows)} bodies, told apart {told_apart:.3f}, worth {effective:.0f}", flush=True)
            share = weight / weight.sum()
            if turn == ROUNDS:
                return np.asarray(rows[rng.choice(len(rows), size=KEPT, p=share)])
            places = population.coordinates(rows[rng.choice(len(rows), size=CANDIDATES, p=share)])
            scatter = SCATTER[turn] * places.std(axis=0)
            rows = population.bodies(places + scatter * rng.standard_normal(places.shape))
    raise AssertionError


def real_measures(paths: Sequence[Path]) -> Floats:
    """Return the measures of real records (records, numbers); those that cannot be read or used are left out."""
    found: list[Floats] = []
    for path in paths:
        try:
            one = measures(read(path))
        except KalemiaError:
            continue
        if one is not None:
            found.append(one)
    return np.array(found)


def main(argv: list[str] | None = None) -> None:
    """Fit the population from the command line."""
    parser = argparse.ArgumentParser(description="Fit the simulator's population of bodies to real ECGs.")
    parser.add_argument("records", nargs="+", type=Path, metavar="RECORD")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args(argv)
    real = real_measures(arguments.records)
    print(f"{len(real)} of {len(arguments.records)} records measured")
    kept = fit(real, arguments.workers)
    np.savez_compressed(arguments.out, bodies=kept.astype(np.float32), names=np.array(population.NAMES))
    print(f"wrote {arguments.out}, {arguments.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
