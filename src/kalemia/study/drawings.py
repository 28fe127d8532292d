"""Which figures the report of a study has."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from kalemia.judge.figures import agreement, intervals, roc
from kalemia.judge.pieces import Drawing
from kalemia.study import figures
from kalemia.study.kept import Kept
from kalemia.train.baselines import MEDIAN


def drawings(study: Kept) -> Iterator[Drawing]:
    """Yield R2 of every entrant, then what the study's own question asks for."""
    result = study.result
    r2 = {row.name: row.r2 for row in result.entrants}
    caption = f"R2 in cross-validation; {result.reference} is what the others are measured against."
    yield Drawing(f"{result.study}-r2", caption, intervals.forest(r2, "R2", result.reference))
    for some in OF_STUDY[result.study]:
        yield from some(study)


def _scatter(study: Kept) -> Iterator[Drawing]:
    rows = study.result.entrants
    notes = {row.name: f"R2 {row.r2.number(decimals=2)}, MAE {row.mae.number(decimals=2)}" for row in rows}
    caption = "Each ECG while it was tested. Red: 5.5 mEq/L."
    yield Drawing(f"{study.result.study}-scatter", caption, agreement.scatter(study.pairs, notes))


def _learned(study: Kept) -> Iterator[Drawing]:
    """Yield how entrants agree that do not say the same of everybody."""
    name = study.result.study
    learned = {who: own for who, own in study.pairs.items() if who != MEDIAN and np.ptp(own.estimate) > 0}
    if not learned:
        return
    caption = "Low ones are estimated too high, high ones too low: regression to the mean."
    yield Drawing(f"{name}-bland-altman", f"Bias and limits of agreement. {caption}", agreement.bland_altman(learned))
    caption = "Whether an ECG is of more than 5.5 mEq/L, by every possible cut."
    yield Drawing(f"{name}-alarms", caption, roc.alarms(learned))
    caption = "What was measured where so much was estimated."
    yield Drawing(f"{name}-calibration", caption, agreement.calibration(learned))


def _small(study: Kept) -> Iterator[Drawing]:
    result = study.result
    caption = "Estimates in each bin of measured potassium: median, middle half, 5 to 95 %."
    yield Drawing(f"{result.study}-boxes", caption, agreement.boxes(study.pairs))
    covered = (result.entrant("4k") or result.entrants[0]).coverage_by_subgroup
    if covered:
        caption = "Whether the 0.9 interval of the 4k network holds in each group of patients (Wilson's interval)."
        yield Drawing(f"{result.study}-coverage", caption, intervals.coverage(covered, result.interval_coverage))


def _learning(study: Kept) -> Iterator[Drawing]:
    which = "at the learning rate that validated best, a line a fit; the best epoch of validation is kept"
    fits = {row.name: row.fits for row in study.result.entrants if row.fits and row.fits[0].validation_mae_meq_l}
    if fits:
        yield Drawing(f"{study.result.study}-learning", f"MAE by epoch {which}.", figures.learning(fits))


def _layers(study: Kept) -> Iterator[Drawing]:
    costs = {row.name: row.layers for row in study.result.entrants if row.layers}
    timed = "; the time is that of one thread of the machine that made this report"
    caption = f"What each layer costs, for one ECG{timed if study.result.study == 'separable' else ''}."
    if costs:
        yield Drawing(f"{study.result.study}-layers", caption, figures.layers(costs))


OF_STUDY: dict[str, tuple[Callable[[Kept], Iterator[Drawing]], ...]] = {
    "lead": (_scatter,),
    "window": (_learning,),
    "network": (_scatter, _learned, _learning),
    "size": (_small, _learning, _layers),
    "separable": (_layers,),
}
