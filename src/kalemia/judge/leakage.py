"""Which patients of a cohort a model's training may have known: it is not judged on them."""

from __future__ import annotations

from kalemia.cohort.cohort import Cohort
from kalemia.errors import CohortError
from kalemia.estimate.card import Card

KNOWN = "of patients that the model may have been trained with"


def unseen(card: Card, cohort: Cohort, *, outside: bool) -> tuple[tuple[int, ...], dict[str, int]]:
    """Return the rows of a cohort that may judge a model, and why how many others may not.

    Where it was trained on this cohort, only the patients of the test part are left; so, too, where it was trained on
    any measured cohort and this one is measured, since another period or another cut of a hospital has the same people
    under the same names, unless `outside` says that none of these patients can have been in the training.

    Raises
    ------
    CohortError
        Where nothing is left to judge on, or the training simulated these very patients.
    """
    if cohort.made is not None and cohort.made in _simulated_for(card):
        level, seed = cohort.made
        raise CohortError(
            f"{cohort.folder}: level {level} with seed {seed} makes the patients that {card.name} was trained on; "
            "simulate a cohort with another --seed"
        )
    parts = cohort.parts()
    rows = tuple(sorted(row for part in parts.values() for row in part))
    left_out = {"hemolyzed": len(cohort) - len(rows)}
    if _may_know(card, cohort, outside=outside):
        left_out[KNOWN] = len(rows) - len(parts["test"])
        rows = parts["test"]
    if not rows:
        why = "; ".join(f"{count:,} {reason}" for reason, count in left_out.items())
        raise CohortError(
            f"{cohort.folder}: none of its {len(cohort):,} ECGs is left to judge on ({why}); give another cohort"
        )
    return rows, {reason: count for reason, count in left_out.items() if count}


def _may_know(card: Card, cohort: Cohort, *, outside: bool) -> bool:
    """Tell whether patients of a cohort may have been in a model's training; nobody's word makes its own another."""
    sources = [source for source in card.training.get("sources", ()) if "cohort" in source]
    made = [(source["level"], source.get("seed")) for source in sources if "level" in source]
    same = any(source["cohort"] == cohort.digest for source in sources) or cohort.made in made
    return same or (
        not outside
        and "measured" in cohort.labels
        and any("measured" in str(source.get("labels")) for source in sources)
    )


def _simulated_for(card: Card) -> set[tuple[str, int]]:
    """Return level and seed of the patients that a training simulated; a patient is the same for the same of both."""
    config = card.training.get("config", {})
    return {
        (source["level"], config["seed"])
        for source in config.get("sources", ())
        if "seed" in config and "level" in source and not source.get("bases")
    }
