"""Why what was read is no ECG, or cannot be trusted: a doubt each, in a sentence."""

from __future__ import annotations

import numpy as np

from kalemia import body
from kalemia.digitize.layout import STANDARD
from kalemia.digitize.reading import Reading

UNRELATED = 1.0
"""Leads that are none of the three together have a residual above this."""
MAX_MIXED = 0.4
"""Of rows of one lead no larger share changes its look."""
BEYOND_S = 0.7, 3.0
"""Traces that go on for longer after the last column are said to be left out, or to be those of another ECG."""
MIN_CLEAR = 0.25
"""Borders marked less clearly than this are not seen."""
LOST, MAX_LOST = 0.2, 2
"""A lead below this confidence is not there; more than so many such and the page is refused."""
MIN_CONFIDENCE = 0.35
UNCHECKED, FASTEST_BPM = 3, 200.0
"""Fewer leads obey no law. Text, chessboards and other patterns have more beats a minute than the second."""
LAWFUL, LAWLESS, ALONE, MIN_NAMED, MOST_NAMED = 0.05, 0.25, 0.5, 0.2, 0.5
"""Where a residual is above the second, in Cabrera's order above the first, or strips agree less than the third with
leads, and labels name a smaller share of the leads than the fourth, it is unknown which lead is where; twice the second
needs the fifth. Upside down, I, II and III are read, too."""
MAX_CONTRADICTED = 1
"""One label may be mistaken; more that name other leads are right."""


def of_page(reading: Reading) -> str | None:
    """Return the first reason why the leads are not those of an ECG, or why it is unknown which is where."""
    return next((reason for doubt in DOUBTS if (reason := doubt(reading))), None)


def of_limb_leads(reading: Reading) -> str | None:
    """Return why limb leads are wrong, or right and the augmented ones are others; a page isn't turned for that."""
    if (reading.einthoven or 0.0) > UNRELATED:
        return (
            f"I + III differs from II by {reading.einthoven:.0%} of their power, as on curled paper or with other leads"
        )
    if (reading.goldberger or 0.0) > UNRELATED:
        return (
            f"what stands where aVR, aVL and aVF should be does not sum up to zero ({reading.goldberger:.0%} of their "
            f"power is left); the page is curled, or has another layout than {reading.layout.name}"
        )
    return None


def _borders(reading: Reading) -> str | None:
    contradicted = reading.layout.known and (reading.einthoven is None or reading.einthoven > body.MAX_RESIDUAL)
    if reading.layout.columns > 1 and reading.columns.clear < MIN_CLEAR and contradicted:
        return (
            "it is not seen where one lead ends and the next begins; give a clearer page, the layout, or the leads row "
            "by row, such as --layout I/II/III"
        )
    return None


def _names(reading: Reading) -> str | None:
    if not reading.layout.known or reading.named.share >= _needed(reading):
        return None
    other = (
        "the page seems to have another layout than the given one"
        if reading.given
        else "give the layout, or the leads row by row, such as --layout I/II/III"
    )
    return (
        f"the leads as read in the layout {reading.layout.name} contradict each other, and labels that name them "
        f"are not read; {other}"
    )


def _needed(reading: Reading) -> float:
    """Return the share of leads that labels must name where laws are broken so that another layout is likely.

    Cabrera's order needs to be sure.
    """
    most = LAWLESS if reading.layout.order == STANDARD else LAWFUL
    worst = max(reading.residuals, default=0.0)
    strips = reading.layout.strips
    alone = strips > 0 and sum(reading.agreement.values()) / strips < ALONE
    return MOST_NAMED if worst > 2 * LAWLESS else MIN_NAMED if alone or worst > most else 0.0


def _lost(reading: Reading) -> str | None:
    lost = [name for name, sure in reading.confidence.items() if sure < LOST]
    return f"no trace is seen where {', '.join(lost)} should be" if len(lost) > MAX_LOST else None


def _beyond(reading: Reading) -> str | None:
    if reading.layout.columns > 1 and reading.beyond_s > BEYOND_S[1]:
        return (
            f"the traces go on for {reading.beyond_s:.1f} s after the last lead of the layout {reading.layout.name}; "
            "two ECGs side by side have to be cut apart"
        )
    return None


def _along(reading: Reading) -> str | None:
    if reading.along:
        return (
            f"labels stand along the rows ({', '.join(reading.along[:3])}): each holds several leads, and they are but "
            "a part of a page"
        )
    return None


def _mixed(reading: Reading) -> str | None:
    if reading.layout.columns == 1 and not reading.layout.known and reading.mixed > MAX_MIXED:
        return "a row does not look like one lead from end to end, as where it holds several and the page is but a part"
    return None


def _strips(reading: Reading) -> str | None:
    strips = reading.layout.strips
    if strips > 1 and not reading.agreement:
        return f"{strips} rows below the leads repeat none of them; two ECGs on a page have to be cut apart"
    return None


def _chest(reading: Reading) -> str | None:
    if reading.repeats:
        return (
            f"what stands where V4, V5 and V6 should be in the layout {reading.layout.name} obeys a law of limb leads; "
            "give the leads row by row, such as --layout I/II/III"
        )
    return None


def _contradicted(reading: Reading) -> str | None:
    names = reading.named.contradicted
    if len(names) > MAX_CONTRADICTED:
        return (
            f"labels name other leads than {', '.join(names)} of the layout {reading.layout.name}; give the leads row "
            "by row, such as --layout I/II/III"
        )
    return None


def _apart(reading: Reading) -> str | None:
    if reading.einthoven is None and reading.layout.known:
        return "I, II and III are not seen at the same time, so that nothing read here could be checked"
    return None


def _confidence(reading: Reading) -> str | None:
    sure = float(np.mean(list(reading.confidence.values())))
    if sure < MIN_CONFIDENCE:
        return f"the trace cannot be followed for sure (confidence {sure:.2f}, at least {MIN_CONFIDENCE} is needed)"
    return None


def _beats(reading: Reading) -> str | None:
    beats = reading.heart_rate_bpm
    if beats is None:
        return "no heart beats of 20 to 300 a minute are seen on the traced rows"
    if len(reading.leads) < UNCHECKED and beats > FASTEST_BPM and not reading.given:
        return (
            f"what was read has {beats:.0f} beats a minute and too few leads to be checked; if this is an ECG, give "
            "the leads row by row, such as --layout II"
        )
    return None


DOUBTS = (
    _borders, _names, _lost, _beyond, _along, _mixed, _strips, _chest, _contradicted, _apart, _confidence, _beats,
)  # fmt: skip
"""In the order in which they say most of what is wrong."""
