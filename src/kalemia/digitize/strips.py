"""Rhythm strips: each repeats one of the leads above it, over the whole page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kalemia.digitize import laws
from kalemia.digitize.label import CERTAIN, Label
from kalemia.digitize.letters import NAMES
from kalemia.digitize.row import RATE, Lead

MIN_AGREEMENT, MIN_NAMED = 0.9, 0.75
"""Correlation of a strip with the lead that it repeats: without a label, and with one."""
PRINTED_ALIKE = 0.06
"""Names whose likeness to a label is by no more below the best one's: which agrees better decides."""
USUAL, ALIKE, DOUBTFUL, UNUSUAL = ("II", "V1", "V5"), 0.06, 0.02, 0.6
"""Leads that are printed as strips: one is taken where another agrees better by less than the second, and said to be
assumed where by more than the third. Another lead as a strip counts as the last: rows of two leads repeat, too."""
SHIFT = 35
"""Samples by which a strip may be shifted beside the row that it repeats: on a photo, paper is never quite squared."""


@dataclass(frozen=True, eq=False)
class Strips:
    """The strips under the names of the leads they repeat, how well they agree, and sentences on what is assumed.

    `names` are those of all rows below the leads, by row, of strips that are not used, too.
    """

    leads: dict[str, Lead] = field(default_factory=dict)
    agreement: dict[str, float] = field(default_factory=dict)
    assumed: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)


def named(rows: Sequence[Lead], leads: Mapping[str, Lead], labels: Sequence[Sequence[Label]] = ()) -> Strips:
    """Return the rows below the leads as strips; one that repeats none of them is not used.

    `labels` are the words beside the beginning of each row: a name that is read there decides.
    """
    strips = Strips()
    for k, row in enumerate(rows):
        aligned = {name: laws.aligned(row.signal, lead.signal, SHIFT) for name, lead in leads.items()}
        agreed = {name: agreement for name, (agreement, _) in aligned.items()}
        alike = {name: laws.alike(row.signal, lead.signal, aligned[name][1]) for name, lead in leads.items()}
        printed = max(stated(labels[k] if labels else (), leads), key=lambda name: agreed[name], default=None)
        name = printed or _likely(alike, max(alike, key=lambda name: alike[name]))
        strips.names[row.row] = name
        least = MIN_AGREEMENT if printed is None else MIN_NAMED
        if name in strips.leads or agreed[name] < least or not laws.one_lead(row.signal, RATE):
            if printed is not None and name not in strips.leads:
                strips.assumed.append(f"The rhythm strip labelled {name} cannot be followed; it is not used.")
            elif len(rows) == 1 and "II" in leads:
                strips.assumed.append(_not_used(agreed[name]))
            if len(rows) == 1 and "II" in leads:
                strips.agreement[printed or "II"] = agreed[printed or "II"]
            continue
        strips.agreement[name] = agreed[name]
        best = max(alike, key=lambda name: alike[name])
        if printed is None and alike[best] > alike[name] + DOUBTFUL:
            strips.assumed.append(f"The rhythm strip is assumed to be {name}, as usual, although {best} agrees better.")
        strips.leads[name] = replace(row, name=name).earlier(aligned[name][1])
    return strips


def stated(labels: Sequence[Label], leads: Mapping[str, Lead]) -> list[str]:
    """Return the names of leads that a printed label may be: V1 and V4 are much alike in print."""
    sure = [word for word in labels if word.whole and word.sure > CERTAIN and word.clear]
    if not sure:
        return []
    word = max(sure, key=lambda word: word.sure)
    return [name for name in leads if word.likeness[NAMES.index(name)] > word.sure - PRINTED_ALIKE]


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
