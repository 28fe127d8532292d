"""The table of MODEL_CARD.md, from the bundled models' cards and what bench/judge.py kept of real potassium.

python bench/card.py | python bench/fill.py card
"""

from __future__ import annotations

from common import table
from kalemia.estimate.card import Card
from kalemia.estimate.judged import real_potassium
from kalemia.estimate.model import bundled

BASELINES = {"median": "training median", "T slope": "T slope formula, refitted", "ridge": "ridge on features"}
"""What a network has to beat, and its name in the cards."""


def row(card: Card) -> list[str]:
    """Return a model's row: what it is, then generated ECGs, then real ones."""
    found, real = card.metrics, real_potassium().of(card.onnx_sha256)
    own = found[card.name]
    return [
        f"`{card.name}` {card.version}",
        f"{card.parameters:,}",
        f"{own['mae_meq_l']:.2f}",
        f"{own['auroc_above_5.5']:.2f}",
        f"{found['interval_coverage']:.3f}",
        f"{found['interval_width_meq_l']:.1f}",
        str(real.auroc_high) if real else "-",
    ]


def baselines() -> str:
    """Say what the baselines reach on the leads of each model, in MAE."""
    reached = {
        tuple(f"{name} {card.metrics[key]['mae_meq_l']:.2f}" for name, key in BASELINES.items()): card.leads
        for card in bundled()
    }
    return "; ".join(f"of {', '.join(leads)}: {', '.join(each)}" for each, leads in reached.items())


def main() -> None:
    """Print the table."""
    columns = [
        "model",
        "parameters",
        "MAE, mEq/L",
        "AUROC > 5.5",
        "0.9 interval holds",
        "its width",
        "real, AUROC >= 5.5",
    ]
    print(table(columns, [row(card) for card in bundled()]))
    real = real_potassium()
    print(
        f"\nAll but the last column: generated ECGs never seen. The last: {real.judged} of {real.ecgs} real emergency "
        "ECGs. A network has to beat the\ntraining median, the T-slope formula refitted and ridge regression on the "
        f"beat's measures, whose MAE is, {baselines()}."
    )


if __name__ == "__main__":
    main()
