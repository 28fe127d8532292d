"""What a study found, in sentences that its JSON alone decides; each says where in the JSON its numbers are."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from kalemia.judge.spans import number
from kalemia.study.plan import BOOSTING
from kalemia.study.results import EntrantResult, StudyResult
from kalemia.train.baselines import MEDIAN

SIZE_LOSS, SIZE_LOSS_BOUND = 0.03, 0.05
"""How much R2 the 4k network may lose against 180k, and the upper bound of the interval of that."""
SEPARABLE_SHARE, SEPARABLE_R2 = 0.25, 0.02
"""The share of the parameters that separable convolutions may need, and how much R2 they may lose."""
SAVED_AUROC, SAVED_LEVEL = 0.02, "hospital"
"""By how much a network should exceed boosted features, area under the ROC curve above 5.5, and among whom."""


@dataclass(frozen=True)
class Finding:
    """A sentence, where its numbers stand in the JSON, and whether it reached its target; None if it has none."""

    sentence: str
    where: str
    reached: bool | None = None


def findings(result: StudyResult) -> list[Finding]:
    """Return what a study found."""
    of_its_own = {"window": _window, "size": _size, "separable": _separable, "network": _network}
    own = of_its_own.get(result.study, _nothing)
    return [_best(result), *_groups(result), *_seeds(result), *own(result)]


def _nothing(_result: StudyResult) -> Iterator[Finding]:
    return iter(())


def _best(result: StudyResult) -> Finding:
    def r2(row: EntrantResult) -> float:
        return -math.inf if row.r2.value is None else row.r2.value

    best = max(result.entrants, key=r2)
    none = "Nobody is better than predicting the mean for everybody. " if -math.inf < r2(best) <= 0 else ""
    return Finding(
        f"{none}Best is {best.name}: R2 {best.r2}, MAE {best.mae} mEq/L, area under the ROC curve above 5.5 mEq/L "
        f"{best.auroc}.",
        f"entrants, {best.name}, figures",
    )


def _groups(result: StudyResult) -> Iterator[Finding]:
    rows = result.differences
    better = [row for row in rows if row.r2.above_zero]
    worse = [row for row in rows if row.r2.below_zero]
    same = [row for row in rows if not (row.r2.above_zero or row.r2.below_zero)]
    for group, verdict in ((better, "Better than"), (worse, "Worse than"), (same, "Not told apart from")):
        if group:
            listed = "; ".join(f"{row.name} (R2 {row.r2:+})" for row in group)
            yield Finding(f"{verdict} {result.reference} by these patients: {listed}.", "differences, r2")
    if len(rows) > 1:
        yield Finding(
            f"These are {len(rows)} comparisons, each with a 95 % interval of its own: where nobody differed, one in "
            "twenty would still seem to.",
            "differences",
        )


def _seeds(result: StudyResult) -> Iterator[Finding]:
    """Say how far another seed moves a result, which the intervals, being of patients, do not hold."""
    by_seed = [[r2 for r2 in row.r2_by_seed if r2 is not None] for row in result.entrants]
    ranges = [max(values) - min(values) for values in by_seed if len(values) > 1]
    if ranges:
        yield Finding(
            f"The R2 of one network trained from another seed differs by up to {max(ranges):.3f}, in the median by "
            f"{statistics.median(ranges):.3f}; the intervals are those of patients, not of trainings.",
            "entrants, r2_by_seed",
        )


def _window(result: StudyResult) -> Iterator[Finding]:
    """Tell averaging from length: one beat as it was recorded has neither the one nor the other."""
    beat, long = (result.difference(name) for name in ("one beat", "2 s"))
    if beat and long and beat.r2.value is not None and long.r2.value is not None:
        length = number(long.r2.value - beat.r2.value, "+")
        yield Finding(
            "One cycle is the median of an ECG's beats, the others are the signal as it was recorded. Without the "
            f"median R2 changes by {beat.r2:+}, and from one beat to 2 s by {length}.",
            "differences, one beat and 2 s, r2",
        )


def _size(result: StudyResult) -> Iterator[Finding]:
    row = result.difference("4k")
    if row and row.against == "180k" and row.r2.value is not None and row.r2.low is not None:
        yield Finding(
            f"From 180k to 4k parameters R2 changes by {row.r2:+}; the aim is to lose at most {SIZE_LOSS} and "
            f"no more than {SIZE_LOSS_BOUND} at the bound of the interval.",
            "differences, 4k, r2",
            -row.r2.value <= SIZE_LOSS and -row.r2.low <= SIZE_LOSS_BOUND,
        )


def _separable(result: StudyResult) -> Iterator[Finding]:
    for row in result.entrants:
        twin = result.entrant(row.name.replace("DSCRNN", "CRNN"))
        if twin is not None and twin is not row:
            yield from _beside_twin(row, twin)


def _beside_twin(row: EntrantResult, twin: EntrantResult) -> Iterator[Finding]:
    """Say what a network saves that is like another but for separable convolutions, and what it loses."""
    if row.r2.value is None or twin.r2.value is None or not (row.us_per_ecg and twin.us_per_ecg):
        return
    if not (twin.parameters and twin.macs):
        return  # it is no network
    share, apart = row.parameters / twin.parameters, row.r2.value - twin.r2.value
    yield Finding(
        f"{row.name} has {share:.0%} of the parameters of {twin.name}, {row.macs / twin.macs:.0%} of its "
        f"multiply-accumulates and takes {row.us_per_ecg / twin.us_per_ecg:.0%} of its time ({row.us_per_ecg:.0f} us "
        f"of a thread an ECG); its R2 differs by {number(apart, '+')}. The aim is {SEPARABLE_SHARE:.0%} of the "
        f"parameters and no more than {SEPARABLE_R2} lost.",
        f"entrants, {row.name} and {twin.name}",
        share <= SEPARABLE_SHARE and apart >= -SEPARABLE_R2,
    )


def _network(result: StudyResult) -> Iterator[Finding]:
    row, median = result.difference(BOOSTING), result.entrant(MEDIAN)
    if row and row.auroc.value is not None:
        reached = -row.auroc.value >= SAVED_AUROC if result.cohort.level == SAVED_LEVEL else None
        yield Finding(
            f"Above 5.5 mEq/L the area under the ROC curve of {row.against} minus that of boosted features is "
            f"{-row.auroc:+}; the aim, among simulated patients of level {SAVED_LEVEL}, is {SAVED_AUROC}.",
            f"differences, {BOOSTING}, auroc_above_5.5",
            reached,
        )
    if median:
        yield Finding(
            f"Predicting the training median for everybody has an MAE of {median.mae} mEq/L.",
            f"entrants, {MEDIAN}, figures",
        )
