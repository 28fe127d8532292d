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

from kalemia.errors import BeatError, KalemiaError
from kalemia.read import read
from kalemia.records import EIGHT, LEADS, Recording
from kalemia.signal.beat import cut
from kalemia.signal.measure import measure
from kalemia.simulate import population
from kalemia.simulate.heart import RATE
from kalemia.simulate.levels import LEVELS
from kalemia.simulate.noise import add_noise
from kalemia.simulate.patient import conditioned, draw_day
from kalemia.simulate.records import twelve
from kalemia.simulate.rhythm import place
from kalemia.system.workers import pool

EVERY_LEAD = ("p_mv", "q_mv", "r_mv", "s_mv", "st_mv", "t_mv", "t_downslope_mv_s")
SOME = {"II": ("p_ms", "pr_ms", "qrs_ms", "qtc_ms")}
SHAPE = ("t_width_ms", "t_peak_ms")
SHAPE_LEADS = ("II", "V2", "V5")
T_UPRIGHT = ("I", "II", "V4", "V5", "V6")
ROUNDS, CANDIDATES, KEPT = 7, 5000, 2000
FOLDS = 5
SCATTER = np.array([0.35, 0.28, 0.22, 0.17, 0.13, 0.1, 0.08])
"""How far a body is moved before it is weighted again, in standard deviations of those chosen, round by round."""
PASSES, LAST, LAST_PASSES, RAKINGS = 3, 4, 5, 8
QUANTILES = np.array([0.1, 0.3, 0.5, 0.7, 0.92])
"""How often weights are refined in a round; how many of the last rounds are weighted together at the end, how often."""
DAMPING = 0.7
MOST_RATIO, MOST_WEIGHT = 10.0, 0.99
"""The largest step of a weight, and the quantile that weights are cut off at: no lucky body becomes the population."""
BALANCE = 20.0
"""What every weight is multiplied by: the classifier's regularization counts weights, not rows."""

RAKED = (
    *(1 + len(EVERY_LEAD) * lead + EVERY_LEAD.index("t_mv") for lead in range(len(EIGHT))),
    1 + len(EVERY_LEAD) * EIGHT.index("II") + EVERY_LEAD.index("p_mv"),
    1 + len(EVERY_LEAD) * len(EIGHT) + SOME["II"].index("pr_ms"),
    *(-10, -9, -8, -7),
)
"""Places of T in every lead, P in II, PR and the extremes over leads, among what `measures` returns."""

Floats = NDArray[np.float64]


def measures(recording: Recording) -> Floats | None:
    """Return what is compared, (numbers,), or None where a beat or a lead cannot be used."""
    try:
        beat = cut(recording, EIGHT)
    except BeatError:
        return None
    waves = measure(beat)
    if len(waves) < len(EIGHT):
        return None

    def of(lead: str, names: Iterable[str]) -> list[float]:
        return [float(getattr(waves[lead], name)) for name in names]

    numbers = [beat.heart_rate_bpm]
    for lead in EIGHT:
        numbers += of(lead, EVERY_LEAD)
    for lead, names in SOME.items():
        numbers += of(lead, names)
    for lead in SHAPE_LEADS:
        numbers += of(lead, SHAPE)
    # Trees find no ratios and no extremes over leads by themselves; the clinic's abnormalities are made of them.
    limb, chest, seen = ([waves[lead].t_mv for lead in leads] for leads in (EIGHT[:2], EIGHT[2:], T_UPRIGHT))
    numbers += [max(limb), max(chest), min(seen), max(abs(waves[lead].st_mv) for lead in T_UPRIGHT)]
    for lead in SHAPE_LEADS:
        numbers += [waves[lead].t_downslope_mv_s / max(abs(waves[lead].t_mv), 0.05)]
        numbers += [waves[lead].t_mv / max(waves[lead].r_mv - waves[lead].s_mv, 0.1)]
    return np.array(numbers)


def simulated(row: Floats, seed: int) -> Floats | None:
    """Return the measures of an ECG of one body, at a potassium that an unselected patient has."""
    rng = np.random.default_rng(seed)
    level = replace(LEVELS["clinic"], rr_factor=1.0)
    patient = conditioned(population.body(row), rng, level)
    quiet = place(patient, draw_day(rng, level), float(rng.normal(4.2, 0.3)), level.seconds * RATE, rng)
    return measures(Recording(twelve(add_noise(quiet, RATE, level, rng), level.step_mv), float(RATE), LEADS))


def ratios(real: Floats, made: Floats, weight: Floats, seed: int) -> tuple[Floats, float]:
    """Return how much more often each simulated row occurs among real ones than among the simulated, so weighted.

    Every row is judged by a classifier that did not see it; the second number says how well the classifiers told real
    from simulated, AUROC.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    x, y = np.concatenate([real, made]), np.repeat([1, 0], [len(real), len(made)])
    share, counted = np.zeros(len(y)), np.concatenate([np.ones(len(real)), weight / weight.sum() * len(real)])
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, y):
        classifier = HistGradientBoostingClassifier(
            max_iter=60, learning_rate=0.1, max_leaf_nodes=6, min_samples_leaf=10, l2_regularization=1.0,
            random_state=seed,
        )  # fmt: skip
        classifier.fit(x[train], y[train], sample_weight=BALANCE * counted[train])
        share[test] = classifier.predict_proba(x[test])[:, 1]
    ratio = share[len(real) :] / (1 - share[len(real) :])
    return np.clip(ratio, 1 / MOST_RATIO, MOST_RATIO), float(roc_auc_score(y, share, sample_weight=counted))


def reweighed(real: Floats, made: Floats, passes: int, seed: int) -> Floats:
    """Return weights (rows,) with which the simulated rows are spread like the real ones, as far as classifiers see."""
    weight = np.ones(len(made))
    for turn in range(passes):
        ratio, told_apart = ratios(real, made, weight, seed + turn)
        print(f"  told apart {told_apart:.3f}, worth {weight.sum() ** 2 / np.square(weight).sum():.0f}", flush=True)
        weight *= ratio**DAMPING
        weight = np.minimum(weight, np.quantile(weight, MOST_WEIGHT))
    return np.asarray(weight / weight.sum(), dtype=np.float64)


def fit(real: Floats, workers: int = 1, seed: int = 0) -> Floats:
    """Return bodies (KEPT, numbers) whose simulated measures are spread like the real ones (records, numbers)."""
    rng = np.random.default_rng(seed)
    rows = population.widely(rng, 2 * CANDIDATES)
    pool_rows: list[Floats] = []
    pool_made: list[Floats] = []
    with pool(workers) as processes:
        for turn in range(ROUNDS):
            seeds = rng.integers(2**31, size=len(rows))
            measured = list(processes.map(simulated, rows, seeds, chunksize=100))
            rows = rows[[numbers is not None for numbers in measured]]
            made = np.array([numbers for numbers in measured if numbers is not None])
            pool_rows.append(rows)
            pool_made.append(made)
            print(f"round {turn}: {len(rows)} bodies", flush=True)
            weight = reweighed(real, made, PASSES, seed + turn)
            places = population.coordinates(rows[rng.choice(len(rows), size=CANDIDATES, p=weight)])
            scatter = SCATTER[turn] * places.std(axis=0)
            rows = population.bodies(places + scatter * rng.standard_normal(places.shape))
    print("the last rounds together", flush=True)
    return chosen(real, np.concatenate(pool_rows[-LAST:]), np.concatenate(pool_made[-LAST:]), seed)


def chosen(real: Floats, rows: Floats, made: Floats, seed: int) -> Floats:
    """Return the bodies to keep (KEPT, numbers): weighted by classifiers, then raked."""
    weight = raked(real, made, reweighed(real, made, LAST_PASSES, seed))
    return np.asarray(rows[np.random.default_rng(seed).choice(len(rows), size=KEPT, p=weight)])


def raked(real: Floats, made: Floats, weight: Floats) -> Floats:
    """Return weights with which some measures have the real shares of rows between the real quantiles.

    Among many measures a classifier hardly sees that the tails of one are a little too heavy. Iterative proportional
    fitting (Deming and Stephan, Ann Math Stat 1940;11:427), damped.
    """
    cuts = np.quantile(real[:, RAKED], QUANTILES, axis=0)
    wanted = np.diff([0.0, *QUANTILES, 1.0])
    bins = [np.searchsorted(each, column) for each, column in zip(cuts.T, made[:, RAKED].T, strict=True)]
    for _ in range(RAKINGS):
        for inside in bins:
            share = np.bincount(inside, weights=weight, minlength=len(wanted)) / weight.sum()
            step = np.clip(wanted / np.maximum(share, 1e-9), 0.5, 2.0) ** DAMPING
            weight = weight * step[inside]
        weight = np.minimum(weight, np.quantile(weight, MOST_WEIGHT))
    print(f"  raked, worth {weight.sum() ** 2 / np.square(weight).sum():.0f}", flush=True)
    return np.asarray(weight / weight.sum(), dtype=np.float64)


def real_measures(paths: Sequence[Path]) -> Floats:
    """Return the measures of real records (records, numbers); those that cannot be read or used are left out."""
    rows: list[Floats] = []
    for path in paths:
        try:
            numbers = measures(read(path))
        except KalemiaError:
            continue
        if numbers is not None:
            rows.append(numbers)
    return np.array(rows)


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
