"""What models say of real ordinary ECGs that no model was trained on: the even ones of PTB-XL and CinC 2021, and LUDB.

    KALEMIA_DATA=... python bench/ordinary.py [MODEL ...]

Their potassium is unknown, and taken for normal. It is a part of judge.py.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from common import Models, data, even, headers, named, of_files, percent, refusals, share, table, targets, values
from kalemia.judge.metrics import wilson
from kalemia.records import HIGH_MEQ_L, Estimate

TITLE = "Ordinary patients unseen in training"
MOST_HIGH, MOST_HIGH_BOUND, MOST_REFUSED = 0.03, 0.05, 0.10
MEDIAN_MEQ_L = (4.0, 4.5)


def sets() -> dict[str, list[Path]]:
    """Return the ECGs by set; the first is the one that targets are about."""
    judging = even()
    return {
        "even of ptbxl and cinc2021": judging,
        "even of ptbxl": [path for path in judging if "ptbxl" in path.parts],
        "even of cinc2021": [path for path in judging if "cinc2021" in path.parts],
        "ludb": headers(data() / "ludb"),
    }


def row(model: str, name: str, found: list[Estimate]) -> list[object]:
    """Return the row of one set."""
    known = values(found)
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    refused = share(len(found) - len(known), len(found))
    called = share(int(np.sum(known > HIGH_MEQ_L)), len(known))
    return [model, name, len(found), refused, called, f"{middle:.2f}", f"{low:.2f} to {high:.2f}"]


def reached(found: list[Estimate]) -> tuple[bool, bool, bool]:
    """Tell whether few are called high, few refused, and the median is a normal potassium."""
    known = values(found)
    called = int(np.sum(known > HIGH_MEQ_L))
    few = called / len(known) <= MOST_HIGH and wilson(called, len(known))[1] <= MOST_HIGH_BOUND
    middle = MEDIAN_MEQ_L[0] <= float(np.median(known)) <= MEDIAN_MEQ_L[1]
    return few, 1 - len(known) / len(found) <= MOST_REFUSED, middle


def bounds(found: Mapping[str, list[Estimate]]) -> str:
    """Say how many each model calls high, and the upper bound, which one patient may decide."""
    counts = []
    for name, estimates in found.items():
        known = values(estimates)
        called = int(np.sum(known > HIGH_MEQ_L))
        counts.append(f"`{name}` {called} of {len(known)}, bound {100 * wilson(called, len(known))[1]:.2f} %")
    return "; ".join(counts)


def main(models: Models) -> None:
    """Print the tables and which targets are reached."""
    judging, *others = sets().items()
    found = {name: of_files(judging[1], model) for name, model in models.items()}
    rows = [row(f"`{name}`", judging[0], found[name]) for name in models]
    rows += [row(f"`{m}`", name, of_files(paths, models[m])) for name, paths in others for m in models]
    columns = ["model", "set", "ECGs", "refused", "called high of the others", "median, mEq/L", "middle half"]
    print(table(columns, rows, "ordinary"))
    kept = {name: reached(estimates) for name, estimates in found.items()}
    asked = (
        f"Called high: at most {percent(MOST_HIGH)} of the first set, upper bound at most {percent(MOST_HIGH_BOUND)} "
        f"({bounds(found)})",
        f"Refused: at most {percent(MOST_REFUSED)}",
        f"Median estimate: {MEDIAN_MEQ_L[0]} to {MEDIAN_MEQ_L[1]} mEq/L",
    )
    print("\nTargets:\n")
    reached_by = {what: {name: kept[name][place] for name in kept} for place, what in enumerate(asked)}
    print(targets(reached_by, "ordinary-targets"))
    print(f"\nRefused of the first set:\n\n{refusals(found, 'ordinary-refused')}")


if __name__ == "__main__":
    main(named(sys.argv[1:]))
