"""Rhythm strips: each repeats one of the leads above it, over the whole page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kalemia.digitize import laws
from kalemia.digitize.row import RATE, Lead

MIN_AGREEMENT = 0.9
USUAL, ALIKE, DOUBTFUL, UNUSUAL = ("II", "V1", "V5"), 0.06, 0.02, 0.6
"""Leads that are printed as strips: one is taken where another agrees better by less than the second, and said to be
assumed where by more than the third. Another lead as a strip counts as the last: rows of two leads repeat, too."""
SHIFT = 35
"""Samples by which a strip may be shifted beside the row that it repeats: on a photo, paper is never quite squared."""


@dataclass(frozen=True, eq=False)
class Strips:
    """The strips under the names of the leads they repeat, how well they agree, and sentences on what is assumed."""

    leads: dict[str, Lead] = field(default_factory=dict)
    agreement: dict[str, float] = field(default_factory=dict)
    assumed: list[str] = field(default_factory=list)


def named(rows: Sequence[Lead], leads: Mapping[str, Lead]) -> Strips:
    """Return the rows below the leads as strips; one that repeats none of them is not used."""
    strips = Strips()
    for row in rows:
        aligned = {name: laws.aligned(row.signal, lead.signal, SHIFT) for name, lead in leads.items()}
        agreed = {name: agreement for name, (agreement, _) in aligned.items()}
        best = max(agreed, key=lambda name: agreed[name])
        name = _likely(agreed, best)
        if name in strips.leads or agreed[name] < MIN_AGREEMENT or not laws.one_lead(row.signal, RATE):
            if len(rows) == 1 and "II" in leads:
                strips.assumed.append(_not_used(agreed[name]))
                strips.agreement["II"] = agreed["II"]
            continue
        strips.agreement[name] = agreed[name]
        if agreed[best] > agreed[name] + DOUBTFUL:
            strips.assumed.append(f"The rhythm strip is assumed to be {name}, as usual, although {best} agrees better.")
        strips.leads[name] = replace(row, name=name).earlier(aligned[name][1])
    return strips


def _likely(agreed: Mapping[str, float], best: str) -> str:
    """Return which lead a strip repeats, by how well each agrees with it.

    II and aVF, or V5 and V6, are much alike: what is printed as a strip usually decides.
    """
    usual = [name for name in USUAL if name in agreed and agreed[name] > agreed[best] - ALIKE]
    return max(usual, key=lambda name: agreed[name]) if usual else best


def _not_used(agreed: float) -> str:
    """Return why a strip is not used, which agrees with a lead by so much at most."""
    if agreed < MIN_AGREEMENT:
        return f"The rhythm strip agrees with no lead (r {agreed:.2f} at most); it is not used."
    return "The rhythm strip does not look like one lead from end to end; it is not used."
