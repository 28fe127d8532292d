"""From a configuration to a model: make records, fit, calibrate, test, write the ONNX file and its card."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia import __version__
from kalemia.errors import TrainError
from kalemia.estimate.card import PREPROCESSING, Card
from kalemia.estimate.likeness import learned
from kalemia.estimate.model import Model, shown
from kalemia.estimate.predict import COVERAGE
from kalemia.export.onnx import to_onnx
from kalemia.judge import compare, metrics
from kalemia.judge.metrics import LEAST_ERRORS
from kalemia.judge.resampled import Predictions
from kalemia.records import HIGH_MEQ_L, NOTICE
from kalemia.system import atomic
from kalemia.system.workers import mapped
from kalemia.train import baselines, data, loop, mix, nets, personal
from kalemia.train.config import Config
from kalemia.train.data import Beats
from kalemia.train.loop import AT_ONCE, Fitted
from kalemia.train.mix import Plan

LEAST_SPREAD_MEQ_L = 0.1
ERROR_LEVELS = np.concatenate(
    [[0.0005, 0.001, 0.0025, 0.005], np.linspace(0.01, 0.99, 99), [0.995, 0.9975, 0.999, 0.9995]]
)
SEVERAL = (
    "trained on several leads: one set of weights reads each lead alone, with a bias a lead after the first block and "
    "a dense layer a lead; the leads' estimates are averaged, each weighted by 1 / spread^2; a lead that is zero "
    "throughout is left out"
)

Report = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Trained:
    """Where a trained model was written, and its card."""

    onnx: Path
    card: Card


def train(
    config: Config, out: Path, workers: int = 1, report: Report | None = None, base: Path | None = None
) -> list[Trained]:
    """Train the model that a configuration describes and write NAME.onnx and NAME.json into a folder, then its parts'.

    `base` is the folder of the real records that the configuration's sources change. The bytes do not depend on the
    number of workers.
    """
    report = report or (lambda _what, _done, _all: None)
    plans = mix.plans(config, base)
    names = (config.name, *config.parts)
    _check_writable(out, [out / f"{name}{suffix}" for name in names for suffix in (".onnx", ".json")])
    beats = {part: _beats(config, plans, part, workers, report) for part in mix.PARTS}
    mix.check_used(plans, beats)
    _check_enough(config, beats)
    unfinished = out / f".{config.name}.unfinished"
    fitted, teachers = _fitted(config, beats, workers, report, unfinished)
    training = {
        "kalemia": __version__,
        "config": config.model_dump(mode="json"),
        "labels": mix.labels(plans),
        "split": "by patient, and by the real record beneath; none is in two parts",
        "beats": {name: len(part) for name, part in beats.items()},
        "refused": {name: part.refused for name, part in beats.items()},
        "sources": [plan.said(beats) for plan in plans],
        "network": _said(fitted),
        "teachers": [_said(teacher) for teacher in teachers],
    }
    made = [_model(config, config.name, config.leads, fitted.net, beats, training, workers)]
    for name, leads in config.parts.items():
        rows = [config.leads.index(lead) for lead in leads]
        assert isinstance(fitted.net, nets.SharedDSCRNN), "a network of one lead has no parts"
        some = {part: held.of(rows) for part, held in beats.items()}
        made.append(_model(config, name, leads, fitted.net.only(rows), some, training, workers))
    contents = {out / f"{card.name}.onnx": onnx for onnx, card in made}
    contents |= {out / f"{card.name}.json": card.dump() for _, card in made}
    with atomic.writing(out, TrainError):
        atomic.write(contents)
    shutil.rmtree(unfinished, ignore_errors=True)
    return [Trained(out / f"{card.name}.onnx", card) for _, card in made]


def _check_enough(config: Config, beats: dict[str, Beats]) -> None:
    """Raise where nothing can be learned, or no interval be calibrated."""
    if (spread := float(beats["train"].potassium.std())) < LEAST_SPREAD_MEQ_L:
        raise TrainError(f"the potassium of the training hardly varies ({spread:.2f} mEq/L); give other patients")
    good = np.asarray(beats["calibration"].waves.any(axis=2))
    for leads in (config.leads, *config.parts.values()):
        there = good[:, [config.leads.index(lead) for lead in leads]].sum(axis=1)
        if (count := int(np.sum(there >= min(config.needed, len(leads))))) < LEAST_ERRORS:
            raise TrainError(
                f"{count} ECGs with a good {' or '.join(leads)} are left for calibration; an interval of {COVERAGE:g} "
                f"needs at least {LEAST_ERRORS}"
            )


def _check_writable(out: Path, files: list[Path]) -> None:
    """Find out before the training, not after it, that its results have no place."""
    with atomic.writing(out, TrainError):
        atomic.writable(out)
        if any(file.is_dir() for file in files):
            raise TrainError(f"{out}: a folder bears the name of the model; give another place")


def _beats(config: Config, plans: list[Plan], part: str, workers: int, report: Report) -> Beats:
    done, total = 0, sum(plan.count(part) for plan in plans)

    def progress(count: int) -> None:
        nonlocal done
        done += count
        report(f"making records: {part}", done, total)

    return mix.gather(plans, part, config, workers, progress)


def _fitted(
    config: Config, beats: dict[str, Beats], workers: int, report: Report, unfinished: Path
) -> tuple[Fitted, list[Fitted]]:
    """Return the network and the teachers that it has learned from: one a seed where there are several, else none.

    Teachers are trained side by side. What was fitted before a stop lies in the folder `unfinished`, under a name that
    this configuration and these records alone have.
    """
    unfinished.mkdir(exist_ok=True)
    known = hashlib.sha256(config.model_dump_json().encode())
    for array in (beats["train"].waves, beats["train"].side, beats["train"].potassium):
        known.update(np.ascontiguousarray(array).data)
    files = unfinished / f"{known.hexdigest()[:12]}-"
    fit = partial(_fit, config, beats["train"], beats["validation"], files)
    if config.seeds == 1:
        return fit(config.seed, "training", report), []
    seeds = [config.seed + number for number in range(config.seeds)]
    teachers = []
    for teacher in mapped(fit, seeds, workers):
        teachers.append(teacher)
        report("training teachers", len(teachers), config.seeds)
    return fit(config.seed + config.seeds, "training on their mean", report, [one.net for one in teachers]), teachers


def _fit(
    config: Config,
    train: Beats,
    validation: Beats,
    files: Path,
    seed: int,
    what: str = "",
    report: Report | None = None,
    teachers: Sequence[nets.Network] = (),
) -> Fitted:
    epochs, kept = loop.epochs_of(config, bool(teachers)), files.with_name(f"{files.name}{seed}.pt")

    def said(epoch: int, mae: float) -> None:
        if report:
            report(f"{what}, validation MAE {mae:.3f} mEq/L", epoch, epochs)

    return loop.fit(config, train, validation, seed, said, teachers, kept)


def _said(fitted: Fitted) -> dict[str, Any]:
    loss, mae = round(fitted.loss, 5), round(fitted.mae_meq_l, 5)
    return {"seed": fitted.seed, "validation_loss": loss, "validation_mae_meq_l": mae}


def _model(
    config: Config,
    name: str,
    leads: tuple[str, ...],
    net: nets.Network,
    beats: dict[str, Beats],
    training: dict[str, Any],
    workers: int,
) -> tuple[bytes, Card]:
    """Return a network as ONNX, and its card: calibrated, then tested."""
    onnx = to_onnx(net, len(leads))
    draft = _draft(config, name, leads, net, onnx, beats, training)
    quantiles = calibrate(Model(onnx, draft), beats["calibration"], config.seed)
    alike = learned(beats["train"].waves, beats["calibration"].waves)
    card = replace(draft, error_quantiles=quantiles, likeness=alike.to_dict())
    parts = personal_parts(Model(onnx, card), config, len(beats["calibration"]), workers)
    card = replace(card, personal=parts)
    return onnx, replace(card, metrics=_metrics(Model(onnx, card), beats, config.seed))


def _draft(
    config: Config,
    name: str,
    leads: tuple[str, ...],
    net: nets.Network,
    onnx: bytes,
    beats: dict[str, Beats],
    training: dict[str, Any],
) -> Card:
    least = min(config.needed, len(leads))
    low, high = beats["train"].potassium.min(), beats["train"].potassium.max()
    return Card(
        name=name,
        version=config.version,
        leads=leads,
        least_leads=least,
        parameters=nets.parameters(net),
        architecture={
            "network": "DSCRNN",
            "leads": SEVERAL if isinstance(net, nets.SharedDSCRNN) else "one",
            "channels": config.channels,
            "lstm": config.lstm,
            "kernels": nets.KERNELS,
            "pools": nets.POOLS,
            "founding_study_parameters": nets.study_parameters(config.channels, config.lstm),
            "source": "DOI 10.5573/ieie.2022.59.2.59",
        },
        preprocessing=PREPROCESSING,
        trained_on=training["labels"],
        validated_on=training["labels"],
        training=training,
        metrics={},
        error_levels=tuple(float(level) for level in ERROR_LEVELS),
        error_quantiles=((0.0,) * len(ERROR_LEVELS),) * (len(leads) - least + 1),
        range_meq_l=(round(float(low), 2), round(float(high), 2)),
        prevalence=round(float(np.mean(beats["calibration"].potassium > HIGH_MEQ_L)), 4),
        personal={"between_meq_l": 0.0, "within_meq_l": 1.0},
        likeness={},
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        notice=NOTICE,
    )


def personal_parts(model: Model, config: Config, calibrated: int, workers: int = 1) -> dict[str, float]:
    """Return how much of a model's error stays with a patient, on simulated patients who are in no part of the data."""
    series = personal.patients(calibrated)
    beats = data.made(
        personal.maker(config.seed), series, model.card.leads, workers, least_leads=model.card.least_leads
    )
    return personal.components(beats.potassium - answers(model, beats)[0], beats.patients)


def calibrate(model: Model, beats: Beats, seed: int) -> tuple[tuple[float, ...], ...]:
    """Return the conformal quantiles of (true - estimate) / spread on patients kept apart, at ERROR_LEVELS.

    A row for every number of leads used, from the least to all (`evaluate.metrics.conformal`); where fewer are, they
    are drawn for every record from those that are good. Where too few records have so many leads, the row of fewer
    leads stands in: its interval is wider.
    """
    rows: list[tuple[float, ...]] = []
    for count in _counts(model):
        some = fewer(beats, count, seed)
        rows.append(rows[-1] if rows and len(some) < LEAST_ERRORS else _quantiles(model, some))
    return tuple(rows)


def _quantiles(model: Model, beats: Beats) -> tuple[float, ...]:
    estimate, spread = answers(model, beats)
    errors = (beats.potassium - estimate) / spread
    if not np.isfinite(errors).all():
        raise TrainError("training diverged: the network returns no numbers; take a lower learning rate")
    return tuple(round(float(error), 5) for error in metrics.conformal(errors, ERROR_LEVELS))


def answers(model: Model, beats: Beats) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return potassium and spread (n,) in mEq/L; some records at a time, since all at once would need gigabytes."""
    cuts = range(AT_ONCE, len(beats), AT_ONCE)
    pieces = zip(np.split(beats.waves, cuts), np.split(beats.side, cuts), strict=True)
    potassium, spread = zip(*(model.run(waves, side) for waves, side in pieces), strict=True)
    return np.concatenate(potassium), np.concatenate(spread)


def _counts(model: Model) -> range:
    return range(model.card.least_leads, len(model.card.leads) + 1)


def fewer(beats: Beats, count: int, seed: int) -> Beats:
    """Return the beats with `count` of their good leads left, drawn at random; records with fewer are left out."""
    there = np.asarray(beats.waves.any(axis=2))
    enough = np.flatnonzero(there.sum(axis=1) >= count)
    beats, there = beats.only(enough), there[enough]
    dice = np.where(there, np.random.default_rng(seed).random(there.shape), 2.0)
    return masked(beats, dice <= np.sort(dice, axis=1)[:, [count - 1]])


def masked(beats: Beats, shown: NDArray[np.bool_]) -> Beats:
    """Return the beats with only the leads that are `shown`, (n, leads) or (leads,); without those that have none."""
    kept = np.broadcast_to(shown, beats.waves.shape[:2])
    side = beats.side * np.column_stack([kept, np.ones(len(kept), bool)])
    some = replace(beats, waves=beats.waves * kept[:, :, None], side=side)
    return some.only(np.flatnonzero(some.waves.any(axis=(1, 2))))


def intervals(model: Model, beats: Beats, coverage: float) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return estimate, low and high (n,) in mEq/L."""
    estimate, spread = answers(model, beats)
    said = zip(estimate, spread, shown(beats.waves), strict=True)
    bounds = np.array([model.forecast_of(float(k), float(s), int(n)).interval(coverage) for k, s, n in said])
    return estimate, bounds[:, 0], bounds[:, 1]


def inside(beats: Beats, low: NDArray[Any], high: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which true potassium values lie within their interval (n,)."""
    return np.asarray((beats.potassium >= low) & (beats.potassium <= high))


def _person(source: str, patient: str) -> str:
    """Return who it is: cohorts of one hospital may share patients, generators do not."""
    return patient if source.startswith(mix.COHORT) else f"{source} {patient}"


def _short(model: Model, beats: Beats) -> dict[str, Any]:
    estimate, low, high = intervals(model, beats, COVERAGE)
    covered = round(float(inside(beats, low, high).mean()), 4)
    return {**metrics.regression(beats.potassium, estimate), "interval_coverage": covered}


def _metrics(model: Model, beats: dict[str, Beats], seed: int) -> dict[str, Any]:
    test = beats["test"]
    estimate, low, high = intervals(model, test, COVERAGE)
    held = inside(test, low, high)
    found: dict[str, Any] = {
        "patients": len({_person(*who) for who in zip(test.sources, test.patients, strict=True)}),
        "records": len(test),
        "ecgs": model.card.validated_on,
        model.card.name: metrics.regression(test.potassium, estimate),
        "interval_coverage": round(float(held.mean()), 4),
        "interval_width_meq_l": round(float(np.median(high - low)), 3),
    }
    validation = beats["validation"]
    cut = metrics.frozen_cut(validation.potassium, answers(model, validation)[0])
    # At this cut, which validation froze, are sensitivity and specificity below; all with 95 % intervals over patients.
    found["cut_meq_l"] = None if cut is None else round(cut, 4)
    said = Predictions(estimate.astype(np.float64), None if cut is None else estimate > cut, held)
    names = np.array([_person(*who) for who in zip(test.sources, test.patients, strict=True)])
    figures = compare.summary(test.potassium.astype(np.float64), [said], names)
    found["figures"] = {name: asdict(span) for name, span in figures.items()}
    for name, guess in baselines.estimates(beats["train"], test, seed).items():
        found[name] = metrics.regression(test.potassium, guess)
    for name in dict.fromkeys(map(str, test.sources)):
        own = test.sources == name
        known = metrics.regression(test.potassium[own], estimate[own])
        found[name] = {**known, "records": int(own.sum()), "interval_coverage": round(float(held[own].mean()), 4)}
    if len(model.card.leads) > 1:
        found |= {f"{count} of the leads": _short(model, fewer(test, count, seed + 1)) for count in _counts(model)}
        if model.card.least_leads == 1:
            each = np.eye(len(model.card.leads), dtype=np.bool_)
            found |= {
                f"{lead} alone": _short(model, masked(test, own))
                for lead, own in zip(model.card.leads, each, strict=True)
            }
    return found
