"""A positive control: whether the bundled models see potassium that was laid on real beats of people they never saw.

    KALEMIA_DATA=... python bench/control.py [MODEL ...] | python bench/fill.py control

Real ECGs: PTB-XL's even ones (by name, from 0). Their potassium is taken for normal; the labels are semi-simulated.
The threshold is the estimate that 5 % of the same ECGs, unchanged, exceed. A control is positive where the effect is
there: once everybody answers to potassium, once as many as in the training data (three quarters, or two thirds).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from common import data, headers, table
from kalemia import predict
from kalemia.errors import KalemiaError
from kalemia.model import bundled
from kalemia.read import read
from kalemia.records import Recording
from kalemia.simulate import Bases, Design, Simulated, morph_one, read_bases
from kalemia.simulate.difference import atlas_difference
from kalemia.simulate.levels import Level, level_named

COUNT, SEED = 300, 11
HIGH_MEQ_L = (6.5, 7.2)
ALONE = Design(recombine=0.0)
"""Only what potassium and nuisance do to one person's own beat."""
CLINIC = level_named("clinic")
EVERYBODY, EVERY_PATIENT = replace(ALONE, penetrance=1.0), replace(CLINIC, penetrance=1.0)

Changed = Callable[[Bases, int, float], Simulated]


def morphed(design: Design) -> Changed:
    """Return what changes a real ECG by the rules."""
    return lambda bases, index, potassium: morph_one(bases, SEED, index, CLINIC, potassium, design)


def difference(level: Level) -> Changed:
    """Return what lays the simulator's own difference on a real ECG."""
    return lambda bases, index, potassium: atlas_difference(bases, SEED, index, level, potassium)


def changed(bases: Bases, change: Changed) -> list[Recording]:
    """Return ECGs at high potassium; those that cannot be measured are left out."""
    found = []
    rng = np.random.default_rng(SEED)
    for index, potassium in enumerate(rng.uniform(*HIGH_MEQ_L, COUNT)):
        try:
            found.append(change(bases, index, float(potassium)).recording)
        except KalemiaError:
            continue
    return found


def estimates(recordings: list[Recording], model: str) -> NDArray[np.float64]:
    """Return the estimates of those that are not refused, mEq/L."""
    said = [predict(recording, model).potassium_meq_l for recording in recordings]
    return np.array([value for value in said if value is not None])


def main(models: list[str]) -> None:
    """Print the table."""
    paths = headers(data() / "ptbxl")[::2]
    bases = read_bases(paths)
    sets = {
        "rules, everybody answers": changed(bases, morphed(EVERYBODY)),
        "rules": changed(bases, morphed(ALONE)),
        "the simulator's difference, everybody answers": changed(bases, difference(EVERY_PATIENT)),
        "the simulator's difference": changed(bases, difference(CLINIC)),
    }
    plain = [read(path) for path in paths]
    rows = []
    for model in models:
        unchanged = estimates(plain, model)
        limit = float(np.quantile(unchanged, 0.95))
        for name, recordings in sets.items():
            found = estimates(recordings, model)
            hit = f"{np.mean(found > limit):.2f}"
            rows.append(
                [model, name, len(found), f"{found.mean():.2f}", f"{unchanged.mean():.2f}", f"{limit:.2f}", hit]
            )
    columns = [
        "model",
        "changed by",
        "ECGs",
        "mean estimate",
        "unchanged",
        "5 % of unchanged above",
        "sensitivity there",
    ]
    print(table(columns, rows))


if __name__ == "__main__":
    main(sys.argv[1:] or [card.name for card in bundled()])
