"""The tables of MODEL_CARD.md, from the bundled models' cards and from what docs/measured.md says of real ECGs.

python bench/card.py | python bench/fill.py card      # after judged has been filled in
"""

from __future__ import annotations

from common import table
from fill import DOCS
from kalemia.estimate.model import Card, bundled
from potassium import DOCTORS, TITLE


def generated(card: Card) -> list[str]:
    """Return a model's row on generated ECGs."""
    found = card.metrics
    own = found[card.name]
    others = (f"{found[name]['mae_meq_l']:.2f}" for name in ("training median", "T slope formula, refitted"))
    return [
        f"`{card.name}` {card.version}",
        ", ".join(card.leads),
        f"{card.parameters:,}",
        f"{own['mae_meq_l']:.2f}",
        *others,
        f"{found['ridge on features']['mae_meq_l']:.2f}",
        f"{own['auroc_above_5.5']:.2f}",
        f"{own['auroc_below_3.5']:.2f}",
        f"{found['interval_coverage']:.3f}",
        f"{found['interval_width_meq_l']:.1f}",
    ]


def main() -> None:
    """Print the tables."""
    columns = ["model", "leads", "parameters", "MAE, mEq/L", "median", "T slope", "ridge", "AUROC > 5.5", "< 3.5"]
    print("On generated ECGs never seen:\n")
    print(table([*columns, "coverage of the 0.9 interval", "its width"], [generated(card) for card in bundled()]))
    print(
        '\n"median", "T slope" and "ridge" are the MAE of predicting the training median, of the T-slope formula '
        "refitted, and of ridge\nregression on the beat's measures.\n"
    )
    measured = (DOCS / "measured.md").read_text(encoding="utf-8")
    _, _, judged = measured.partition(f"### {TITLE}\n")
    print(f"{TITLE} (`ndmc-potassium`):\n\n{judged.partition(DOCTORS)[0].strip()}")


if __name__ == "__main__":
    main()
