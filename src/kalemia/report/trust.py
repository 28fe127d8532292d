"""How far to trust a number, in a few sentences that every page carries: it is read where no documentation is."""

from __future__ import annotations

from kalemia.estimate.judged import Judged, RealPotassium, real_potassium
from kalemia.records import ModelName
from kalemia.report.document import ANCHOR, section
from kalemia.report.markup import Markup, element

FIRST = "Not far enough to act on it: only a blood test says what a patient's potassium is."
LAST = (
    "Intervals and probabilities hold for patients like those of the population that is named; on real ones they were "
    "not tried. Infarction, blocked bundles, pacemakers, drugs and other salts change the same waves; a page warns of "
    "some, not of all. More is in docs/trust.md of Kalemia's documentation."
)


def trust(*models: ModelName) -> Markup:
    """Return what the models reach on real potassium, and what is not known of them."""
    real = real_potassium()
    judged = [(model.name, found) for model in models if (found := real.of(model.sha256)) is not None]
    reached = [_reached(*each, real) for each in judged] or [
        "How good this model is on patients with a blood test is not known here."
    ]
    text = " ".join((FIRST, *reached, LAST))
    return section("How far to trust this", element("p", text), class_="trust", id_=ANCHOR)


def _reached(name: str, found: Judged, real: RealPotassium) -> str:
    doctors = [one.sensitivity.value for one in real.doctors]
    return (
        f"Of {real.judged} real emergency patients with a blood test within the hour, {name} "
        f"called high {found.sensitivity.value:.0%} of the {real.high} at 5.5 mEq/L or more, and misses the others; "
        f"{found.specificity.value:.0%} of those below were not called high. {len(real.doctors)} doctors found "
        f"{min(doctors):.0%} to {max(doctors):.0%} on the same ECGs."
    )
