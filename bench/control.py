"""A positive control: whether models see potassium that was laid on real beats of people they never saw.

    KALEMIA_DATA=... python bench/control.py [MODEL ...]

Real ECGs: the even ones of PTB-XL and CinC 2021 (by name, from 0). Their potassium is taken for normal; the labels are
semi-simulated. The threshold is the estimate that 5 % of the same ECGs, unchanged, exceed. A control is positive where
the effect is there: once everybody answers to potassium, once as many as in the training data (three quarters, or two
thirds). Estimates are those of the ECG alone, of the population `flat`. It is a part of judge.py.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from common import Models, even, named, of_files, of_recordings, percent, share, table, targets, values
from kalemia.errors import KalemiaError
from kalemia.records import Recording
from kalemia.simulate import Bases, Design, Simulated, morph_one, read_bases
from kalemia.simulate.difference import atlas_difference
from kalemia.simulate.levels import Level, level_named

TITLE = "A positive control"
POPULATION = "flat"
"""The population in which an estimate is what the ECG says, and nothing else."""
COUNT, SEED = 300, 11
HIGH_MEQ_L = (6.5, 7.2)
CALLED_SHARE = 0.05
LEAST_MEAN_MEQ_L = 5.4
ALONE = Design(recombine=0.0)
"""Only what potassium and nuisance do to one person's own beat."""
CLINIC = level_named("clinic")
EVERYBODY, EVERY_PATIENT = replace(ALONE, penetrance=1.0), replace(CLINIC, penetrance=1.0)


@dataclass(frozen=True)
class Control:
    """A way to change real ECGs, and the sensitivity that is asked of a model where it was changed so."""

    change: Callable[[Bases, int, float], Simulated]
    least_sensitivity: float


def morphed(design: Design) -> Control:
    """Change a real ECG by the rules, which training knows."""
    return Control(lambda bases, index, k: morph_one(bases, SEED, index, CLINIC, k, design), 0.70)


def difference(level: Level) -> Control:
    """Lay the simulator's own difference on a real ECG, which was not trained on."""
    return Control(lambda bases, index, k: atlas_difference(bases, SEED, index, level, k), 0.60)


CONTROLS = {
    "rules, everybody answers": morphed(EVERYBODY),
    "rules": morphed(ALONE),
    "the simulator's difference, everybody answers": difference(EVERY_PATIENT),
    "the simulator's difference": difference(CLINIC),
}


def changed(bases: Bases, control: Control) -> Iterator[Recording]:
    """Yield ECGs at high potassium; those that cannot be measured are left out."""
    rng = np.random.default_rng(SEED)
    for index, potassium in enumerate(rng.uniform(*HIGH_MEQ_L, COUNT)):
        try:
            yield control.change(bases, index, float(potassium)).recording
        except KalemiaError:
            continue


def main(models: Models) -> None:
    """Print the table and which targets are reached."""
    bases = read_bases(even())
    plain = {name: values(of_files(even(), model, POPULATION)) for name, model in models.items()}
    rows: list[list[object]] = []
    verdicts: dict[str, dict[str, bool]] = {}
    for way, control in CONTROLS.items():
        means, caught = {}, {}
        for name, found in of_recordings(changed(bases, control), models, POPULATION).items():
            limit, known = float(np.quantile(plain[name], 1 - CALLED_SHARE)), values(found)
            hits = int(np.sum(known > limit))
            means[name] = float(known.mean()) >= LEAST_MEAN_MEQ_L
            caught[name] = hits / len(known) >= control.least_sensitivity
            unchanged = f"{plain[name].mean():.2f}"
            numbers = f"{known.mean():.2f}", unchanged, f"{limit:.2f}", share(hits, len(known))
            rows.append([f"`{name}`", way, len(known), len(found) - len(known), *numbers])
        verdicts[f"{way.capitalize()}: mean estimate at least {LEAST_MEAN_MEQ_L} mEq/L"] = means
        verdicts[f"{way.capitalize()}: sensitivity at least {percent(control.least_sensitivity)}"] = caught
    columns = [
        "model",
        "changed by",
        "ECGs",
        "refused",
        "mean estimate",
        "unchanged",
        "5 % of unchanged above",
        "sensitivity there",
    ]
    print(f"{COUNT} times one of {len(bases.usable)} ECGs was changed.\n")
    print(table(columns, rows, "control"))
    print("\nTargets:\n")
    print(targets(verdicts, "control-targets"))


if __name__ == "__main__":
    main(named(sys.argv[1:]))
