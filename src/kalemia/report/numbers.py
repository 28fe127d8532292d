"""An ECG in the usual numbers, as a page shows them beside the beat, and ST by lead where it is shifted."""

from __future__ import annotations

from kalemia.estimate.caveats import Findings
from kalemia.records import Beat, Estimate
from kalemia.report import words
from kalemia.report.markup import Markup, element
from kalemia.signal.summary import Summary, summary

UNKNOWN = "not seen"


def numbers(estimate: Estimate, beat: Beat) -> Markup | None:
    """Return rate, rhythm, PR, QRS, QT, QTc and axis; None where no lead can be measured."""
    found = summary(beat)
    if found is None:
        return None
    rate = found.heart_rate_bpm if estimate.heart_rate_bpm is None else estimate.heart_rate_bpm
    facts = (
        ("Rate", f"{rate:.0f} /min"),
        ("Rhythm", rhythm(found, beat)),
        ("PR", _ms(found.pr_ms)),
        ("QRS", _ms(found.qrs_ms)),
        ("QT", _ms(found.qt_ms)),
        ("QTc (Fridericia)", _ms(found.qtc_ms)),
        ("Axis", _degrees(found.axis_degrees)),
    )
    known = [_fact(term, value) for term, value in facts if value is not None]
    return element("dl", *known, class_="numbers-of-beat")


def rhythm(found: Summary, beat: Beat) -> str:
    """Return e.g. "regular, with P waves; RR 660 to 700 ms"."""
    evenness = {True: "regular", False: "irregular", None: "too few beats to say"}[found.regular]
    waves = "with P waves" if found.has_p else "no P wave stands out"
    ectopic = len(beat.ectopic_s)
    early = f", {ectopic} ectopic beat{'s' if ectopic > 1 else ''}" if ectopic else ""
    reach = "" if found.rr_ms is None else f"; RR {words.span(*found.rr_ms)} ms"
    return f"{evenness}, {waves}{early}{reach}"


def st(findings: Findings | None) -> Markup | None:
    """Return the level of ST in each lead in which it is raised or lowered."""
    levels = {} if findings is None else {**findings.st.raised, **findings.st.lowered}
    if not levels:
        return None
    cells = [
        element("div", element("dt", lead), element("dd", f"{mv:+.2f}".replace("-", "\u2212")))
        for lead, mv in levels.items()
    ]
    caption = element("p", "ST where it is shifted, mV against the PR segment", class_="facts")
    return element("div", caption, element("dl", *cells, class_="numbers-of-beat"), class_="st")


def _fact(term: str, value: str) -> Markup:
    return element("div", element("dt", term), element("dd", value))


def _ms(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0f} ms"


def _degrees(value: float | None) -> str | None:
    """Return the axis; None where the leads do not tell it."""
    return None if value is None else f"{value:.0f}°".replace("-", "\u2212")
