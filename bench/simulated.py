"""The bundled models on patients and changed real ECGs never seen in training, from their cards.

python bench/simulated.py | python bench/fill.py simulated
"""

from __future__ import annotations

from common import table
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


def main() -> None:
    """Print a table a model."""
    for card in bundled():
        found = card.metrics
        rows = [
            [name, *(_shown(values.get(key)) for key in COLUMNS.values())]
            for name, values in found.items()
            if isinstance(values, dict) and name != "figures"
        ]
        training = card.training["config"]["records"]
        sources = ", ".join(f"{each['share']:.0%} {each['name']}" for each in card.training["sources"])
        print(
            f"`{card.name}` {card.version}: {card.parameters:,} parameters, lead {'+'.join(card.leads)}, trained on "
            f"{training['train']:,} records ({sources}), calibrated on {training['calibration']:,}, tested on "
            f"{found['records']:,} of {found['patients']:,} others. The 0.9 interval holds "
            f"{found['interval_coverage']:.3f} of them and is "
            f"{found['interval_width_meq_l']:.2f} mEq/L wide in the median.\n"
        )
        print(table(["estimate", *COLUMNS], rows), end="\n\n")


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
