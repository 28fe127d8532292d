"""The bundled models on patients and changed real ECGs never seen in training, from their cards.

python bench/simulated.py | python bench/fill.py simulated
"""

from __future__ import annotations

from common import table
from kalemia.estimate.card import Card
from kalemia.estimate.model import bundled

COLUMNS = {
    "MAE, mEq/L": "mae_meq_l",
    "MAE below 3.5": "mae_meq_l_0_to_3.5",
    "3.5 to 5.5": "mae_meq_l_3.5_to_5.5",
    "5.5 to 6.5": "mae_meq_l_5.5_to_6.5",
    "above 6.5": "mae_meq_l_6.5_to_99",
    "R2": "r2",
    "AUROC > 5.5": "auroc_above_5.5",
    "AUROC < 3.5": "auroc_below_3.5",
    "coverage": "interval_coverage",
}
BASELINES = ("training median", "T slope formula, refitted", "ridge on features")
"""What a network has to beat: the same for every network of the same leads."""


def rows(card: Card) -> list[list[object]]:
    """Return how far a card's model and its baselines are off, of all ECGs and of parts of them."""
    leads = "+".join(card.leads)
    return [
        [
            f"baseline of {leads}" if name in BASELINES else card.name,
            "all" if name == card.name else name,
            *(_shown(values.get(key)) for key in COLUMNS.values()),
        ]
        for name, values in card.metrics.items()
        if isinstance(values, dict) and name != "figures"
    ]


def main() -> None:
    """Print what the models were trained on, and one table."""
    for card in bundled():
        training, tested = card.training["config"]["records"], card.metrics
        sources = ", ".join(f"{each['share']:.0%} {each['name']}" for each in card.training["sources"])
        print(
            f"`{card.name}` {card.version}: {card.parameters:,} parameters, lead {'+'.join(card.leads)}, trained on "
            f"{training['train']:,} records ({sources}), calibrated on {training['calibration']:,}, tested on "
            f"{tested['records']:,} of {tested['patients']:,} others. The 0.9 interval holds "
            f"{tested['interval_coverage']:.3f} of them and is "
            f"{tested['interval_width_meq_l']:.2f} mEq/L wide in the median.\n"
        )
    every = dict.fromkeys(tuple(row) for card in bundled() for row in rows(card))
    print(table(["model", "estimate", *COLUMNS], every, "simulated"))


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
