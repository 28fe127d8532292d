"""Whether the 0.9 interval holds, and probabilities are true, on simulated patients that no model has seen.

    python bench/intervals.py [MODEL ...] | python bench/fill.py intervals

Against the true potassium, as the intervals were calibrated. `clinic` is what three quarters of the training were;
`kidney`, `dialysis` and `hospital` have other patients and another spread of potassium. Groups are of `clinic`, those
with 300 patients or more; of the 40 ionic variants of hearts, all together, the lowest and the highest are told.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from common import Models, named, of_recordings, table, targets
from kalemia.cohort.cohort import schema
from kalemia.cohort.simulated import row
from kalemia.estimate.card import Card
from kalemia.estimate.model import Model
from kalemia.judge.probability import at_odds, brier
from kalemia.judge.subgroups import VARIANT, Share, coverages
from kalemia.records import Estimate, Recording
from kalemia.simulate import simulate

TITLE = "Coverage"
SEED = 4100
PATIENTS = {"clinic": 6000, "kidney": 1879, "dialysis": 150, "hospital": 3000}
LEAST, LOW, HIGH, GROUP_LOW = 300, 0.88, 0.92, 0.87
TRAINED = "clinic"
CUT = "5.5"


def asked(level: str, models: Models) -> tuple[pl.DataFrame, dict[str, list[Estimate]]]:
    """Return what is known of a level's patients, a row an ECG, and what the models say of each."""
    rows: list[dict[str, object]] = []

    def recordings() -> Iterator[Recording]:
        for made in simulate(PATIENTS[level], SEED, level):
            rows.append(dict(row(made)))
            yield made.recording

    found = of_recordings(recordings(), models)
    known = {name: kind for name, kind in schema().items() if rows and name in rows[0]}
    return pl.DataFrame(rows, schema=known), found


def judged(rows: pl.DataFrame, estimates: Sequence[Estimate]) -> tuple[pl.DataFrame, NDArray[np.bool_]]:
    """Return the rows of what was estimated, and which intervals hold the true potassium."""
    estimated = np.array([one.interval_meq_l is not None for one in estimates])
    bounds = np.array([one.interval_meq_l for one in estimates if one.interval_meq_l is not None])
    rows = rows.filter(estimated)
    true = rows["true_meq_l"].to_numpy()
    return rows, (true >= bounds[:, 0]) & (true <= bounds[:, 1])


def probabilities(rows: pl.DataFrame, estimates: Sequence[Estimate], card: Card) -> list[object]:
    """Return the share above 5.5, the mean probability of it, and Brier scores.

    They are those of the probabilities as they are said, as they would be if predicting were told the share, and of
    the share alone.
    """
    chance = np.array([one.probability_above[CUT] for one in estimates if one.status == "estimated"])
    above = rows["true_meq_l"].to_numpy() > float(CUT)
    share = float(above.mean())
    scores = brier(chance, above), brier(at_odds(chance, card.odds(share)), above), share * (1 - share)
    return [f"{share:.1%}", f"{chance.mean():.1%}", *(f"{score:.4f}" for score in scores)]


def main(models: Models) -> None:
    """Print the tables."""
    levels: list[list[object]] = []
    groups: list[list[object]] = []
    overall, lowest = {}, {}
    for level in PATIENTS:
        rows, found = asked(level, models)
        for name, estimates in found.items():
            kept, covered = judged(rows, estimates)
            card = Model.load(models[name]).card
            levels.append([f"`{name}`", level, len(kept), Share.of(covered), *probabilities(kept, estimates, card)])
            if level != TRAINED:
                continue
            own = coverages(covered, kept)
            variants = sorted(share.value for key, share in own.items() if key.startswith(VARIANT))
            large = {key: share for key, share in own.items() if share.ecgs >= LEAST}
            groups += [[f"`{name}`", key, share.ecgs, share] for key, share in large.items()]
            ends = f"{variants[0]:.3f} to {variants[-1]:.3f}"
            groups.append([f"`{name}`", f"each of {len(variants)} ionic variants", "", ends])
            overall[name] = LOW <= own["all"].value <= HIGH
            lowest[name] = all(share.high >= GROUP_LOW for share in large.values())
    columns = [
        "model",
        "level",
        "ECGs",
        "0.9 interval holds",
        "above 5.5",
        "said so",
        "Brier score",
        "told the share",
        "of the share alone",
    ]
    print(table(columns, levels, "intervals"))
    print("\nBy group, of `clinic`:\n")
    print(table(["model", "patients", "ECGs", "0.9 interval holds"], groups, "intervals-groups"))
    print("\nTargets:\n")
    reached = {
        f"Coverage on `{TRAINED}` from {LOW} to {HIGH}": overall,
        f"Upper bound at least {GROUP_LOW} in every group of {LEAST} or more": lowest,
    }
    print(targets(reached, "intervals-targets"))


if __name__ == "__main__":
    main(named(sys.argv[1:]))
