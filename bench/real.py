"""What the bundled models say about real ECGs: ordinary ones, and those with a laboratory's potassium.

    KALEMIA_DATA=... python bench/real.py [MODEL ...] | python bench/fill.py real

Nothing is fitted here but one threshold for each model: the estimate that 5 % of the real ECGs that may be trained on
(the odd ones of PTB-XL and CinC 2021) exceed. The laboratory's bins are only compared with.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import data, headers, table
from kalemia.evaluate.metrics import auroc, bootstrap
from kalemia.model import bundled
from kalemia.predict import Job, predict_many
from kalemia.records import Estimate

ORDINARY = ("ptbxl", "ludb", "cinc2021")
BINS = ("<=2.5", "2.5-3.5", "3.5-5.5", "5.5-6.5", ">=6.5")
QUESTIONS: dict[str, Callable[[int], bool]] = {
    ">= 5.5": lambda place: place >= 3,
    ">= 6.5": lambda place: place >= 4,
    "<= 3.5": lambda place: place <= 1,
}
HISTOGRAM = np.arange(2.0, 9.01, 0.5)


def estimates(folder: Path, model: str) -> list[Estimate]:
    """Estimate every WFDB record below a folder."""
    return list(predict_many([str(path) for path in headers(folder)], Job(model), workers=2))


def ordinary(model: str, found: dict[str, list[Estimate]]) -> list[list[object]]:
    """Return a row a set of ordinary recordings."""
    rows: list[list[object]] = []
    for name, all_of in [*found.items(), ("all", [e for es in found.values() for e in es])]:
        values = np.array([e.potassium_meq_l for e in all_of if e.potassium_meq_l is not None])
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        refused = 1 - len(values) / len(all_of)
        called = np.mean(values > 5.5)
        row = [model, name, len(all_of), f"{refused:.1%}", f"{called:.1%}", f"{middle:.2f}", f"{low:.2f} to {high:.2f}"]
        rows.append(row)
    return rows


def histogram(values: NDArray[Any]) -> str:
    """Draw how many estimates fall into each half mEq/L."""
    counts, _ = np.histogram(np.clip(values, 2.0, 8.99), HISTOGRAM)
    lines = [
        f"{low:.1f} to {low + 0.5:.1f}  {count:4d}  {'#' * round(60 * count / max(1, counts.max()))}"
        for low, count in zip(HISTOGRAM, counts, strict=False)
    ]
    return "```text\n" + "\n".join(lines) + "\n```"


def bins_of() -> dict[str, int]:
    """Return which bin the laboratory's potassium of every record is in, 0 to 4."""
    with (data() / "ndmc-potassium" / "labels.csv").open(encoding="utf-8") as file:
        return {row["record"]: BINS.index(row["potassium_bin_meq_l"]) for row in csv.DictReader(file)}


def threshold(model: str) -> float:
    """Return the estimate that one in twenty of the real ECGs that may be trained on exceed, mEq/L."""
    paths = [str(path) for name in ("ptbxl", "cinc2021") for path in headers(data() / name)[1::2]]
    found = [e.potassium_meq_l for e in predict_many(paths, Job(model), workers=2)]
    return float(np.quantile([value for value in found if value is not None], 0.95))


def judged(model: str) -> tuple[list[list[object]], list[list[object]]]:
    """Return the rows of AUROC with 95 % intervals, and the estimates by laboratory bin."""
    places = bins_of()
    found = estimates(data() / "ndmc-potassium", model)
    kept = [e for e in found if e.potassium_meq_l is not None]
    values = np.array([e.potassium_meq_l for e in kept])
    place = np.array([places[Path(e.source).stem] for e in kept])
    areas: list[object] = []
    for question in QUESTIONS.values():
        truth = np.array([question(int(p)) for p in place])
        score = values if question(4) else -values
        low, high = bootstrap(auroc, truth, score)
        areas.append(f"{auroc(truth, score):.3f} ({low:.3f} to {high:.3f})")
    normal_called = np.mean(values[place == 2] > 5.5)
    limit = threshold(model)
    at_limit = [
        f"{limit:.2f}",
        *(f"{np.mean(values[which] > limit):.2f}" for which in (place == 2, place >= 3, place >= 4)),
    ]
    row = [model, len(found), len(found) - len(kept), *areas, f"{normal_called:.1%}", *at_limit]
    by_bin = [
        [
            model,
            name,
            int(np.sum(place == i)),
            *(f"{q:.2f}" for q in np.quantile(values[place == i], [0.25, 0.5, 0.75])),
        ]
        for i, name in enumerate(BINS)
    ]
    return [row], by_bin


def main(models: list[str]) -> None:
    """Print the tables of these models."""
    rows: list[list[object]] = []
    areas: list[list[object]] = []
    bins: list[list[object]] = []
    drawn, reasons = [], []
    for model in models:
        found = {name: estimates(data() / name, model) for name in ORDINARY}
        rows += ordinary(model, found)
        everything = [e for es in found.values() for e in es]
        drawn.append((model, np.array([e.potassium_meq_l for e in everything if e.potassium_meq_l is not None])))
        why = Counter(
            (e.reason or "").split(":")[0].split("(")[-1].rstrip(")") for e in everything if e.status != "estimated"
        )
        reasons += [[model, reason, count] for reason, count in why.most_common()]
        areas += (judge := judged(model))[0]
        bins += judge[1]
    print("Ordinary recordings, potassium unknown:\n")
    print(table(["model", "set", "ECGs", "refused", "called high", "median, mEq/L", "middle half"], rows))
    for model, values in drawn:
        print(f"\nEstimates of `{model}` on all of them, mEq/L:\n\n{histogram(values)}")
    print("\nWhy some were refused:\n")
    print(table(["model", "reason", "ECGs"], reasons))
    print("\nReal potassium (`ndmc-potassium`), area under the ROC curve with its 95 % interval:\n")
    questions = [f"AUROC {question}" for question in QUESTIONS]
    limits = ["threshold", "above it: 3.5 to 5.5", ">= 5.5", ">= 6.5"]
    print(table(["model", "ECGs", "refused", *questions, "called high among 3.5 to 5.5", *limits], areas))
    print("\nEstimates by the laboratory's bin, mEq/L:\n")
    print(table(["model", "laboratory", "ECGs", "lower quartile", "median", "upper quartile"], bins))


if __name__ == "__main__":
    main(sys.argv[1:] or [card.name for card in bundled()])
