"""From a configuration to a model: make records, fit, calibrate, test, write the ONNX file and its card."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from kalemia.errors import TrainError
from kalemia.estimate.card import Card
from kalemia.estimate.model import REFERENCE
from kalemia.judge.metrics import LEAST_ERRORS
from kalemia.system import atomic
from kalemia.train import labelled, mix, series, teaching
from kalemia.train.card import Finished, History, finish
from kalemia.train.config import Config
from kalemia.train.examples import Examples
from kalemia.train.mix import Plan
from kalemia.train.nets import Estimator, SeveralLeads
from kalemia.train.series import Learned
from kalemia.train.teaching import Report

LEAST_SPREAD_MEQ_L = 0.1


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
    suffixes = (".onnx", ".json", REFERENCE) if config.series else (".onnx", ".json")
    _check_writable(out, [out / f"{name}{suffix}" for name in names for suffix in suffixes])
    examples = {part: _gathered(config, plans, part, workers, report) for part in mix.PARTS}
    sources = mix.facts(plans, examples)
    _check_enough(config, examples)
    unfinished = out / f".{config.name}.unfinished"
    history = History(
        config,
        labels=mix.labels(plans),
        beats={part: len(some) for part, some in examples.items()},
        refused={part: some.refused for part, some in examples.items()},
        sources=tuple(sources),
        taught=teaching.fit(config, examples["train"], examples["validation"], unfinished, workers, report),
    )
    models = _finished(config, examples, history, _paired(config, history.taught.fitted.net, workers, report))
    contents = {out / f"{model.card.name}.onnx": model.onnx for model in models}
    contents |= {out / f"{model.card.name}.json": model.card.dump() for model in models}
    contents |= {out / f"{model.card.name}{REFERENCE}": model.reference for model in models if model.reference}
    with atomic.writing(out, TrainError):
        atomic.write(contents)
    shutil.rmtree(unfinished, ignore_errors=True)
    return [Trained(out / f"{model.card.name}.onnx", model.card) for model in models]


def _check_writable(out: Path, files: list[Path]) -> None:
    """Find out before the training, not after it, that its results have no place."""
    with atomic.writing(out, TrainError):
        atomic.writable(out)
        if any(file.is_dir() for file in files):
            raise TrainError(f"{out}: a folder bears the name of the model; give another place")


def _gathered(config: Config, plans: Sequence[Plan], part: str, workers: int, report: Report) -> Examples:
    done, total = 0, sum(plan.count(part) for plan in plans)

    def progress(count: int) -> None:
        nonlocal done
        done += count
        report(f"making records: {part}", done, total)

    return mix.gather(plans, part, config, workers, progress)


def _check_enough(config: Config, examples: dict[str, Examples]) -> None:
    """Raise where nothing can be learned, or not be told how sure the network may be."""
    if (spread := float(examples["train"].potassium.std())) < LEAST_SPREAD_MEQ_L:
        raise TrainError(f"the potassium of the training hardly varies ({spread:.2f} mEq/L); give other patients")
    good = np.asarray(examples["calibration"].waves.any(axis=2))
    for leads in (config.leads, *config.parts.values()):
        there = good[:, [config.leads.index(lead) for lead in leads]].sum(axis=1)
        if (count := int(np.sum(there >= min(config.needed, len(leads))))) < LEAST_ERRORS:
            raise TrainError(
                f"{count} ECGs with a good {' or '.join(leads)} are left for calibration; expected at least "
                f"{LEAST_ERRORS}"
            )


def _paired(config: Config, net: Estimator, workers: int, report: Report) -> Learned | None:
    """Teach what an earlier ECG says, where the configuration wants it."""
    if config.series is None:
        return None
    done, total = 0, config.series * series.LEVEL.records

    def progress(count: int) -> None:
        nonlocal done
        done += count
        report("making series", done, total)

    maker = series.Series(config.seed + series.SEED_STEP)
    made = labelled.made(maker, range(config.series), config.cut, workers, progress)
    return series.fit(net, made, config.seed, partial(report, "training what an earlier ECG says"))


def _finished(
    config: Config, examples: dict[str, Examples], history: History, learned: Learned | None
) -> list[Finished]:
    """Return the model, then its parts."""
    net = history.taught.fitted.net
    models = [finish(config.name, config.leads, net, examples, history, learned)]
    for name, leads in config.parts.items():
        assert isinstance(net, SeveralLeads), "a network of one lead has no parts"
        rows = [config.leads.index(lead) for lead in leads]
        own = {part: some.of(rows) for part, some in examples.items()}
        models.append(finish(name, leads, net.only(rows), own, history, learned.of(rows) if learned else None))
    return models
