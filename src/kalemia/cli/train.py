"""`kalemia train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kalemia.cli.terminal import CORES, Workers, goes_on, needs, say, stages

if TYPE_CHECKING:
    from kalemia.estimate.card import Card


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file such as configs/12-4k.yaml.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where NAME.onnx and NAME.json go.")] = Path("runs"),
    base: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Real ECGs of normal potassium, where the configuration lists some."),
    ] = None,
    workers: Workers = CORES,
) -> None:
    """Train a model on simulated patients, changed real ECGs and cohorts; write its ONNX file and card.

    Example:

      kalemia train configs/12-4k.yaml --base recordings --out runs
    """
    with needs("train"):
        from kalemia.train.config import Config
        from kalemia.train.run import train as run

    with goes_on(), stages() as stage:
        trained = run(Config.load(config), out, workers, stage, base)
    for network in trained:
        say(f"{network.onnx}: {_measured(network.card)}")


def _measured(card: Card) -> str:
    own, area = card.metrics[card.name], card.metrics[card.name]["auroc_above_5.5"]
    return (
        f"MAE {own['mae_meq_l']:.3f} mEq/L (predicting the median: "
        f"{card.metrics['training median']['mae_meq_l']:.3f}), "
        f"AUROC above 5.5 {'-' if area is None else f'{area:.3f}'}, "
        f"interval coverage {card.metrics['interval_coverage']:.3f} on {card.metrics['patients']:,} "
        f"{card.metrics['ecgs']} patients"
    )
