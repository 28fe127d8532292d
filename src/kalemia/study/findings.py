"""What a study found, in sentences that its JSON alone decides; each says where in the JSON its numbers are."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kalemia.judge.spans import number, shown, signed

Result = Mapping[str, Any]

SIZE_LOSS, SIZE_LOSS_BOUND = 0.03, 0.05
"""How much R2 the 4k network may lose against 180k, and the upper bound of the interval of that."""
SEPARABLE_SHARE, SEPARABLE_R2 = 0.25, 0.02
"""The share of the parameters that separable convolutions may need, and how much R2 they may lose."""
SAVED_AUROC, SAVED_LEVEL = 0.02, "hospital"
"""By how much a network should exceed boosted features, area under the ROC curve above 5.5, and among whom."""
BOOSTING, MEDIAN = "gradient boosting on features", "training median"


@dataclass(frozen=True)
class Finding:
    """A sentence, where its numbers stand in the JSON, and whether it reached its target; None if it has none."""

    said: str
    where: str
    reached: bool | None = None


def findings(result: Result) -> list[Finding]:
    """Return what a study found."""
    of_its_own = {"window": _window, "size": _size, "separable": _separable, "network": _network}
    own = of_its_own.get(result["study"], _nothing)
    return [_best(result), *_groups(result), *_seeds(result), *own(result)]


def _nothing(_result: Result) -> Iterator[Finding]:
    return iter(())


def _best(result: Result) -> Finding:
    def r2(row: Mapping[str, Any]) -> float:
        value = row["figures"]["r2"]["value"]
        return -math.inf if value is None else float(value)

    best = max(result["entrants"], key=r2)
    own = best["figures"]
    none = "Nobody is better than predicting the mean for everybody. " if -math.inf < r2(best) <= 0 else ""
    said = (
        f"{none}Best is {best['name']}: R2 {shown(own['r2'])}, MAE {shown(own['mae_meq_l'])} mEq/L, area under the ROC "
        f"curve above 5.5 mEq/L {shown(own['auroc_above_5.5'])}."
    )
    return Finding(said, f"entrants, {best['name']}, figures")


def _groups(result: Result) -> Iterator[Finding]:
    rows = result["differences"]
    if not rows:
        return
    base = rows[0]["against"]
    better = [row for row in rows if (row["r2"]["low"] or 0) > 0]
    worse = [row for row in rows if (row["r2"]["high"] or 0) < 0]
    same = [row for row in rows if row not in better and row not in worse]
    for some, said in ((better, "Better than"), (worse, "Worse than"), (same, "Not told apart from")):
        if some:
            listed = "; ".join(f"{row['name']} (R2 {signed(row['r2'])})" for row in some)
            yield Finding(f"{said} {base} by these patients: {listed}.", "differences, r2")
    if len(rows) > 1:
        yield Finding(
            f"These are {len(rows)} comparisons, each with a 95 % interval of its own: where nobody differed, one in "
            "twenty would still seem to.",
            "differences",
        )


def _seeds(result: Result) -> Iterator[Finding]:
    """Say how far another seed moves a result, which the intervals, being of patients, do not hold."""
    spans = [
        max(row["r2_by_seed"]) - min(row["r2_by_seed"]) for row in result["entrants"] if len(row["r2_by_seed"]) > 1
    ]
    if spans:
        yield Finding(
            f"The R2 of one network trained from another seed differs by up to {max(spans):.3f}, in the median by "
            f"{statistics.median(spans):.3f}; the intervals are those of patients, not of trainings.",
            "entrants, r2_by_seed",
        )


def _window(result: Result) -> Iterator[Finding]:
    """Tell averaging from length: one beat as it was recorded has neither the one nor the other."""
    beat, long = (_difference(result, name) for name in ("one beat", "2 s"))
    if beat and long and None not in (own := beat["r2"]["value"], other := long["r2"]["value"]):
        yield Finding(
            "One cycle is the median of an ECG's beats, the others are the signal as it was recorded. Without the "
            f"median R2 changes by {signed(beat['r2'])}, and from one beat to 2 s by {number(other - own, '+')}.",
            "differences, one beat and 2 s, r2",
        )


def _size(result: Result) -> Iterator[Finding]:
    row = _difference(result, "4k")
    if row and row["against"] == "180k" and row["r2"]["low"] is not None:
        loss, most = -row["r2"]["value"], -row["r2"]["low"]
        yield Finding(
            f"From 180k to 4k parameters R2 changes by {signed(row['r2'])}; the aim is to lose at most {SIZE_LOSS} and "
            f"no more than {SIZE_LOSS_BOUND} at the bound of the interval.",
            "differences, 4k, r2",
            loss <= SIZE_LOSS and most <= SIZE_LOSS_BOUND,
        )


def _separable(result: Result) -> Iterator[Finding]:
    rows = {row["name"]: row for row in result["entrants"]}
    for name, row in rows.items():
        twin = rows.get(name.replace("DSCRNN", "CRNN"))
        if twin is None or twin is row or None in (one["figures"]["r2"]["value"] for one in (row, twin)):
            continue
        share = row["parameters"] / twin["parameters"]
        work, time = row["macs"] / twin["macs"], row["us_per_ecg"] / twin["us_per_ecg"]
        apart = row["figures"]["r2"]["value"] - twin["figures"]["r2"]["value"]
        yield Finding(
            f"{name} has {share:.0%} of the parameters of {twin['name']}, {work:.0%} of its multiply-accumulates and "
            f"takes {time:.0%} of its time ({row['us_per_ecg']:.0f} us of a thread an ECG); its R2 differs by "
            f"{number(apart, '+')}. The aim is {SEPARABLE_SHARE:.0%} of the parameters and no more than "
            f"{SEPARABLE_R2} lost.",
            f"entrants, {name} and {twin['name']}",
            share <= SEPARABLE_SHARE and apart >= -SEPARABLE_R2,
        )


def _network(result: Result) -> Iterator[Finding]:
    if row := _difference(result, BOOSTING):
        turned = _turned(row["auroc_above_5.5"])
        if turned["value"] is not None:
            aimed = result["cohort"].get("level") == SAVED_LEVEL
            yield Finding(
                f"Above 5.5 mEq/L the area under the ROC curve of {row['against']} minus that of boosted features is "
                f"{signed(turned)}; the aim, among simulated patients of level {SAVED_LEVEL}, is {SAVED_AUROC}.",
                f"differences, {BOOSTING}, auroc_above_5.5",
                (turned["value"] or 0) >= SAVED_AUROC if aimed else None,
            )
    rows = {row["name"]: row["figures"] for row in result["entrants"]}
    if MEDIAN in rows:
        yield Finding(
            f"Predicting the training median for everybody has an MAE of {shown(rows[MEDIAN]['mae_meq_l'])} mEq/L.",
            f"entrants, {MEDIAN}, figures",
        )


def _turned(three: Mapping[str, float | None]) -> dict[str, float | None]:
    """Return a difference the other way round."""
    other = {"value": "value", "low": "high", "high": "low"}
    return {key: None if (value := three[name]) is None else -value for key, name in other.items()}


def _difference(result: Result, name: str) -> dict[str, Any] | None:
    return next((row for row in result["differences"] if row["name"] == name), None)
