"""How a model does on the test part, which neither training nor calibration has seen: the metrics of its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.estimate.evidence import ratios
from kalemia.estimate.model import Model
from kalemia.estimate.population import Population
from kalemia.estimate.predict import COVERAGE
from kalemia.judge import compare, metrics
from kalemia.judge.resampled import Predictions
from kalemia.train import baselines
from kalemia.train.calibration import Intervals, answers, counts, intervals, shares
from kalemia.train.examples import Examples
from kalemia.train.mix import COHORT

Metrics = dict[str, Any]
"""Of a card, as its JSON has them."""


def metrics_of(model: Model, examples: Mapping[str, Examples], mix: Population, seed: int) -> Metrics:
    """Return the metrics of a card: over all test ECGs, by source, of fewer leads, and of the baselines.

    Estimates are of the training's mix. `cut_likelihood_ratio` is what the validation part froze; at it are sensitivity
    and specificity in `figures`, which all have 95 % intervals over patients.
    """
    test, validation = examples["test"], examples["validation"]
    reached = _reached(model, test, mix)
    names = _persons(test)
    cut = metrics.frozen_cut(validation.potassium, _high(model, validation))
    held = reached.hold(test.potassium)
    called = None if cut is None else _high(model, test) > cut
    predictions = Predictions(reached.estimate.astype(np.float64), called, held)
    figures = compare.summary(test.potassium.astype(np.float64), [predictions], names)
    return {
        "patients": len(set(names)),
        "records": len(test),
        "ecgs": model.card.validated_on,
        model.card.name: metrics.regression(test.potassium, reached.estimate),
        "interval_coverage": _share(held),
        "interval_width_meq_l": round(float(np.median(reached.high - reached.low)), 3),
        "cut_likelihood_ratio": None if cut is None else round(cut, 4),
        "figures": {name: asdict(span) for name, span in figures.items()},
        **{
            name: metrics.regression(test.potassium, guess)
            for name, guess in baselines.estimates(examples["train"], test, seed).items()
        },
        **_by_source(test, reached),
        **_by_leads(model, test, mix, seed),
    }


def _by_source(test: Examples, reached: Intervals) -> Metrics:
    rows: Metrics = {}
    held = reached.hold(test.potassium)
    for name in dict.fromkeys(map(str, test.sources)):
        own = test.sources == name
        known = metrics.regression(test.potassium[own], reached.estimate[own])
        rows[name] = {**known, "records": int(own.sum()), "interval_coverage": _share(held[own])}
    return rows


def _by_leads(model: Model, test: Examples, mix: Population, seed: int) -> Metrics:
    """Return what fewer leads reach, and each alone where one suffices."""
    leads = model.card.leads
    if len(leads) < 2:
        return {}
    rows = {f"{count} of the leads": _short(model, test.fewer(count, seed + 1), mix) for count in counts(model)}
    if model.card.least_leads == 1:
        each = np.eye(len(leads), dtype=np.bool_)
        rows |= {f"{lead} alone": _short(model, test.masked(own), mix) for lead, own in zip(leads, each, strict=True)}
    return rows


def _short(model: Model, examples: Examples, mix: Population) -> Metrics:
    reached = _reached(model, examples, mix)
    known = metrics.regression(examples.potassium, reached.estimate)
    return {**known, "interval_coverage": _share(reached.hold(examples.potassium))}


def _reached(model: Model, examples: Examples, mix: Population) -> Intervals:
    return intervals(shares(model, examples, mix), COVERAGE)


def _high(model: Model, examples: Examples) -> NDArray[np.float64]:
    """Return how many times likelier each ECG is at a high potassium than at a normal one, (n,)."""
    return ratios(answers(model, examples))["high"]


def _share(held: NDArray[np.bool_]) -> float:
    return round(float(held.mean()), 4)


def _persons(test: Examples) -> NDArray[np.str_]:
    """Return who each patient is (n,): cohorts of one hospital may share patients, generators do not."""
    names = zip(test.sources, test.patients, strict=True)
    return np.array([patient if source.startswith(COHORT) else f"{source} {patient}" for source, patient in names])
