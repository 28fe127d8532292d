"""Whether the 0.9 interval holds, and probabilities are true, in each population of simulated patients.

    python bench/intervals.py [MODEL ...] | python bench/fill.py intervals

Hearts are those of level `clinic`, whom no model has seen; their potassium is drawn from the population that the model
is told. An interval should be as narrow as the population allows: beside its width stands that of the population alone.
Then how often each level is said, and to how many of those who have it. Groups are of `kidney`, those with 300 patients
or more; of the 40 ionic variants of hearts, all together, the lowest and the highest are told.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from common import Models, named, table, targets
from kalemia.cohort.cohort import schema
from kalemia.cohort.simulated import row
from kalemia.estimate.population import DEFAULT, KNOWN, Population
from kalemia.estimate.predict import COVERAGE, predict
from kalemia.judge.probability import brier
from kalemia.judge.subgroups import VARIANT, Share, coverages
from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L, Estimate, Level
from kalemia.simulate import Simulated, simulate_one
from kalemia.simulate.atlas import load

TITLE = "Coverage"
SEED, PATIENTS, LEVEL = 4100, 5000, "clinic"
LEAST, LOW, HIGH, GROUP_LOW = 300, 0.88, 0.92, 0.87
WORDS = ("low", "normal", "high")

Bools = NDArray[np.bool_]


def patients(population: Population) -> Iterator[Simulated]:
    """Make patients whose potassium is that of a population, within what the simulator makes."""
    atlas, dice = load(), np.random.default_rng(SEED)
    for index in range(PATIENTS):
        potassium = float(np.clip(population.quantile(dice.random()), atlas.lowest, atlas.highest))
        yield simulate_one(SEED, index, LEVEL, round(potassium, 2))


def asked(name: str, models: Models) -> tuple[pl.DataFrame, dict[str, list[Estimate]]]:
    """Return what is known of a population's patients, a row an ECG, and what the models say of each."""
    rows: list[dict[str, object]] = []
    found: dict[str, list[Estimate]] = {model: [] for model in models}
    population = Population.load(name)
    for made in patients(population):
        rows.append(dict(row(made)))
        for model, path in models.items():
            found[model].append(predict(made.recording, path, population=population))
    known = {column: kind for column, kind in schema().items() if rows and column in rows[0]}
    return pl.DataFrame(rows, schema=known), found


def judged(rows: pl.DataFrame, estimates: Sequence[Estimate]) -> tuple[pl.DataFrame, Bools, float]:
    """Return the rows of what was estimated, which intervals hold the true potassium, and their median width."""
    estimated = np.array([one.interval_meq_l is not None for one in estimates])
    bounds = np.array([one.interval_meq_l for one in estimates if one.interval_meq_l is not None])
    rows = rows.filter(estimated)
    true = rows["true_meq_l"].to_numpy()
    return rows, (true >= bounds[:, 0]) & (true <= bounds[:, 1]), float(np.median(np.diff(bounds, axis=1)))


def called(estimates: Sequence[Estimate]) -> list[str]:
    """Return which share of those that were estimated is called low, normal, high and uncertain."""
    found = [one.level for one in estimates if one.level]
    return [f"{found.count(level) / len(found):.1%}" for level in get_args(Level)]


def levels(rows: pl.DataFrame, estimates: Sequence[Estimate]) -> list[str]:
    """Return of those with a low, a normal and a high potassium which share is called so."""
    true = rows["true_meq_l"].to_numpy()
    found = np.array([one.level for one in estimates if one.level])
    inside = {"low": true < LOW_MEQ_L, "high": true > HIGH_MEQ_L}
    inside["normal"] = ~(inside["low"] | inside["high"])
    return [f"{np.mean(found[inside[word]] == word):.1%}" if inside[word].any() else "-" for word in WORDS]


def probabilities(rows: pl.DataFrame, estimates: Sequence[Estimate]) -> list[str]:
    """Return the share above 5.5, the mean probability of it, and Brier scores of the probability and of the share."""
    chance = np.array([one.probability_above[f"{HIGH_MEQ_L}"] for one in estimates if one.level])
    above = rows["true_meq_l"].to_numpy() > HIGH_MEQ_L
    share = float(above.mean())
    return [f"{share:.1%}", f"{chance.mean():.1%}", f"{brier(chance, above):.4f}", f"{share * (1 - share):.4f}"]


def grouped(rows: pl.DataFrame, covered: Bools) -> tuple[list[list[object]], bool]:
    """Return the coverage of each group that is large enough, and whether all of them may be the 0.9 that is said."""
    own = coverages(covered, rows)
    variants = sorted(share.value for key, share in own.items() if key.startswith(VARIANT))
    large = {key: share for key, share in own.items() if share.ecgs >= LEAST}
    lines: list[list[object]] = [[key, share.ecgs, share] for key, share in large.items()]
    lines.append([f"each of {len(variants)} ionic variants", "", f"{variants[0]:.3f} to {variants[-1]:.3f}"])
    return lines, all(share.high >= GROUP_LOW for share in large.values())


def main(models: Models) -> None:
    """Print the tables."""
    lines: list[list[object]] = []
    groups: list[list[object]] = []
    holds: dict[str, dict[str, bool]] = {name: {} for name in KNOWN}
    narrower: dict[str, bool] = dict.fromkeys(models, True)
    lowest = {}
    for name in KNOWN:
        rows, found = asked(name, models)
        low, high = Population.load(name).interval(COVERAGE)
        for model, estimates in found.items():
            kept, covered, width = judged(rows, estimates)
            share = Share.of(covered)
            said = [*called(estimates), *levels(kept, estimates), *probabilities(kept, estimates)]
            lines.append([f"`{model}`", name, len(kept), share, f"{width:.2f}", f"{high - low:.2f}", *said])
            holds[name][model] = LOW <= share.value <= HIGH
            narrower[model] &= width < high - low
            if name == DEFAULT:
                some, lowest[model] = grouped(kept, covered)
                groups += [[f"`{model}`", *line] for line in some]
    columns = ["model", "population", "ECGs", f"{COVERAGE:g} interval holds", "width", "of the population alone"]
    columns += [f"called {level}" for level in get_args(Level)]
    columns += [f"of the {word}, called so" for word in WORDS]
    columns += ["above 5.5", "mean probability", "Brier score", "of the share alone"]
    print(table(columns, lines, "intervals"))
    print(f"\nBy group, of `{DEFAULT}`:\n")
    print(table(["model", "patients", "ECGs", f"{COVERAGE:g} interval holds"], groups, "intervals-groups"))
    print("\nTargets:\n")
    reached = {f"Coverage in `{name}` from {LOW} to {HIGH}": by for name, by in holds.items()}
    reached["Narrower than the population alone, in each"] = narrower
    reached[f"Upper bound at least {GROUP_LOW} in every group of {LEAST} or more"] = lowest
    print(targets(reached, "intervals-targets"))


if __name__ == "__main__":
    main(named(sys.argv[1:]))
