"""From a configuration to a model: simulate, fit, calibrate, test, write the ONNX file and its card."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia import __version__, atomic
from kalemia.errors import TrainError
from kalemia.evaluate import metrics
from kalemia.export.onnx import to_onnx
from kalemia.model import PREPROCESSING, Card, Forecast, Model
from kalemia.records import NOTICE
from kalemia.train import baselines, data, loop, nets
from kalemia.train.config import Config
from kalemia.train.data import Beats

COVERAGE = 0.9
ERROR_LEVELS = np.concatenate(
    [[0.0005, 0.001, 0.0025, 0.005], np.linspace(0.01, 0.99, 99), [0.995, 0.9975, 0.999, 0.9995]]
)

Report = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True)
class Trained:
    """Where a trained model was written, and its card."""

    onnx: Path
    card: Card


def train(config: Config, out: Path, workers: int = 1, report: Report | None = None) -> Trained:
    """Train the model that a configuration describes and write NAME.onnx and NAME.json into a folder."""
    report = report or (lambda _what, _done, _all: None)
    files = tuple(out / f"{config.name}{suffix}" for suffix in (".onnx", ".json"))
    _check_writable(out, files)
    beats = {name: _beats(config, name, patients, workers, report) for name, patients in _parts(config).items()}
    net = loop.fit(
        config,
        beats["train"],
        beats["validation"],
        lambda epoch, mae: report(f"training, validation MAE {mae:.3f} mEq/L", epoch, config.epochs),
    )
    onnx = to_onnx(net, len(config.leads))
    card = _card(config, net, onnx, beats)
    try:
        atomic.write(dict(zip(files, (onnx, card.dump()), strict=True)))
    except OSError as exc:
        raise TrainError(f"{out}: the model cannot be written ({exc.strerror}); nothing was changed") from exc
    return Trained(files[0], card)


def _check_writable(out: Path, files: tuple[Path, ...]) -> None:
    """Find out before the training, not after it, that its results have no place."""
    try:
        atomic.writable(out)
        if any(file.is_dir() for file in files):
            raise TrainError(f"{out}: a folder bears the name of the model; give another place")
    except OSError as exc:
        raise TrainError(f"{out}: cannot be written ({exc.strerror}); give a folder that may be written") from exc


def _parts(config: Config) -> dict[str, range]:
    return data.parts(config.patients.model_dump())


def _beats(config: Config, name: str, patients: range, workers: int, report: Report) -> Beats:
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        report(f"simulating patients: {name}", done, len(patients))

    return data.simulated(config.level, config.seed, patients, config.leads, workers, progress)


def _card(config: Config, net: nets.DSCRNN, onnx: bytes, beats: dict[str, Beats]) -> Card:
    draft = _draft(config, net, onnx, beats)
    model = Model(onnx, draft)
    quantiles = calibrate(model, beats["calibration"])
    card = Card(**{**vars(draft), "error_quantiles": quantiles})
    return Card(**{**vars(card), "metrics": _metrics(Model(onnx, card), beats, config.seed)})


def _draft(config: Config, net: nets.DSCRNN, onnx: bytes, beats: dict[str, Beats]) -> Card:
    low, high = beats["train"].potassium.min(), beats["train"].potassium.max()
    return Card(
        name=config.name,
        version=config.version,
        leads=config.leads,
        parameters=nets.parameters(net),
        architecture={
            "network": "DSCRNN",
            "channels": config.channels,
            "lstm": config.lstm,
            "kernels": nets.KERNELS,
            "pools": nets.POOLS,
            "founding_study_parameters": nets.study_parameters(config.channels, config.lstm),
            "source": "DOI 10.5573/ieie.2022.59.2.59",
        },
        preprocessing=PREPROCESSING,
        trained_on="simulated",
        validated_on="simulated",
        training={
            "kalemia": __version__,
            "config": config.model_dump(mode="json"),
            "split": "by patient; no patient is in two parts",
            "beats": {name: len(part) for name, part in beats.items()},
            "refused": {name: part.refused for name, part in beats.items()},
        },
        metrics={},
        error_levels=tuple(float(level) for level in ERROR_LEVELS),
        error_quantiles=tuple(0.0 for _ in ERROR_LEVELS),
        range_meq_l=(round(float(low), 2), round(float(high), 2)),
        onnx_sha256=hashlib.sha256(onnx).hexdigest(),
        notice=NOTICE,
    )


def calibrate(model: Model, beats: Beats) -> tuple[float, ...]:
    """Return the conformal quantiles of (true - estimate) / spread on patients kept apart, at ERROR_LEVELS.

    Split conformal prediction with the normalized error as score (Papadopoulos 2008; Lei 2018), a tail each: the level
    p below one half takes the order statistic floor(p (n + 1)), above it ceil(p (n + 1)), which is what makes the
    coverage hold for any network and any distribution as long as the new patient is like these.
    """
    estimate, spread = model.run(beats.waves, beats.side)
    errors = np.sort((beats.potassium - estimate) / spread)
    n = len(errors)
    ranks = np.where(ERROR_LEVELS < 0.5, np.floor(ERROR_LEVELS * (n + 1)), np.ceil(ERROR_LEVELS * (n + 1)))
    return tuple(round(float(e), 5) for e in errors[np.clip(ranks.astype(int) - 1, 0, n - 1)])


def intervals(model: Model, beats: Beats, coverage: float) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return estimate, low and high (n,) in mEq/L."""
    estimate, spread = model.run(beats.waves, beats.side)
    pairs = zip(estimate, spread, strict=True)
    bounds = np.array([model.interval(Forecast(float(k), float(s)), coverage) for k, s in pairs])
    return estimate, bounds[:, 0], bounds[:, 1]


def _metrics(model: Model, beats: dict[str, Beats], seed: int) -> dict[str, Any]:
    test = beats["test"]
    estimate, low, high = intervals(model, test, COVERAGE)
    found: dict[str, Any] = {
        "patients": len(test),
        "ecgs": "simulated",
        model.card.name: metrics.regression(test.potassium, estimate),
        "interval_coverage": round(metrics.coverage(test.potassium, low, high), 4),
        "interval_width_meq_l": round(float(np.median(high - low)), 3),
    }
    for name, guess in baselines.estimates(beats["train"], test, seed).items():
        found[name] = metrics.regression(test.potassium, guess)
    return found
