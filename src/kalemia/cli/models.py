"""`kalemia models`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from kalemia.cli.terminal import say
from kalemia.records import NOTICE

if TYPE_CHECKING:
    from kalemia.estimate.card import Card
    from kalemia.estimate.judged import Judged, RealPotassium

INDENT = "\n" + 9 * " "


def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole cards, one JSON object a line.")] = False,
) -> None:
    """List the bundled models: the leads that each needs, its size, its error on simulated and on real potassium."""
    from kalemia.estimate.judged import real_potassium
    from kalemia.estimate.model import bundled

    real = real_potassium()
    for card in bundled():
        reached = real.of(card.onnx_sha256)
        if as_json:
            say(json.dumps(asdict(card) | {"real_potassium": None if reached is None else asdict(reached)}))
        else:
            say(_described(card, reached))
    if not as_json:
        say(_beside(real))
        say(NOTICE)


def _described(card: Card, reached: Judged | None) -> str:
    from kalemia.estimate.model import DEFAULT

    default = ", the default" if card.name == DEFAULT else ""
    own, median = (card.metrics[name]["mae_meq_l"] for name in (card.name, "training median"))
    lines = [
        f"{card.name:<8} {card.version}{default}: lead {'+'.join(card.leads)}, {card.parameters:,} parameters, "
        f"trained on {card.trained_on} ECGs",
        f"on {card.metrics['patients']:,} {card.metrics['ecgs']} patients, in their own mix: MAE {own:.2f} mEq/L "
        f"(predicting the median: {median:.2f})",
    ]
    if reached is not None:
        lines.append(f"on real potassium: {_reached(reached)}")
    return INDENT.join(lines)


def _reached(model: Judged) -> str:
    return (
        f"AUROC for 5.5 mEq/L or more {model.auroc_high}, sensitivity {model.sensitivity}, "
        f"specificity {model.specificity}"
    )


def _beside(real: RealPotassium) -> str:
    """Say what real potassium is, and what others reach on it."""
    seen, spared = ([getattr(one, side).value for one in real.doctors] for side in ("sensitivity", "specificity"))
    return (
        f"Real potassium: {real.judged} of {real.ecgs} {real.source}, those that no model refused; in brackets 95 % "
        f"intervals. The {real.published.name} reaches {_reached(real.published)}; {len(real.doctors)} doctors had "
        f"sensitivities of {min(seen):.2f} to {max(seen):.2f} and specificities of {min(spared):.2f} to "
        f"{max(spared):.2f}. How far to trust a number: docs/trust.md."
    )
