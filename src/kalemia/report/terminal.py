"""An Estimate as a few aligned lines of plain text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L, Estimate
from kalemia.report import words

LIMITS = (f"above {HIGH_MEQ_L}", f"below {LOW_MEQ_L}")
"""What the level is about; the page has all that is known."""
FEW_LEADS = 3
"""Above this many leads the quality of the worst one says more than a list."""


def text(estimate: Estimate) -> str:
    """Return what `kalemia predict FILE` prints for a person; several lines, the last without a line break.

    File names are freed of control characters, so that they cannot write to the terminal on their own.
    """
    lines = [_aligned(label, value) for label, value in _facts(estimate)]
    if not words.is_estimated(estimate):
        lines.insert(0, f"{estimate.status}: {words.reason(estimate)}")
    return "\n  ".join(words.clean(line) for line in (estimate.source, *lines, estimate.notice))


def _aligned(label: str, value: str) -> str:
    return f"{label:<13}{value}"


def _facts(estimate: Estimate) -> Iterator[tuple[str, str]]:
    if words.is_estimated(estimate):
        yield "estimate", "  ".join(_headline(estimate))
    if (evidence := words.evidence(estimate)) is not None:
        yield "evidence", evidence
    for what, before, after in words.chances(estimate):
        if what in LIMITS:
            yield what, f"{before} before this ECG, {after} after it" if before else after
    if (laboratory := words.laboratory(estimate)) is not None:
        yield "laboratory", laboratory
    if (population := words.population(estimate)) is not None:
        yield "population", population
    if estimate.heart_rate_bpm is not None:
        yield "heart rate", f"{estimate.heart_rate_bpm:.0f} bpm"
    # A refusal names the beats that were found and the leads that the model needs: it used none.
    beats, leads = ("beats used", "leads used") if words.is_estimated(estimate) else ("beats found", "leads needed")
    if estimate.beats_used:
        yield beats, str(estimate.beats_used)
    if estimate.leads_used:
        yield leads, ", ".join(estimate.leads_used)
    if estimate.quality:
        yield "quality", _quality(_looked_at(estimate))
    for warning in estimate.warnings:
        yield "warning", warning
    if estimate.model is not None:
        yield "model", words.model(estimate.model)
    if estimate.interval_validated_on is not None:
        yield "interval", f"validated on {words.origin(estimate.interval_validated_on)} only"


def _headline(estimate: Estimate) -> Iterator[str]:
    assert estimate.potassium_meq_l is not None
    yield f"{words.potassium(estimate.potassium_meq_l)} {words.UNIT}"
    if (interval := words.interval(estimate)) is not None:
        yield f"({interval})"
    if (level := words.level(estimate)) is not None:
        yield f"{level[0].upper()}: {level[1]}"


def _looked_at(estimate: Estimate) -> Mapping[str, float]:
    """Return the quality of the leads that an estimate used; of all where there is none."""
    if not words.is_estimated(estimate):
        return estimate.quality
    return {lead: value for lead, value in estimate.quality.items() if lead in estimate.leads_used}


def _quality(quality: Mapping[str, float]) -> str:
    if len(quality) <= FEW_LEADS:
        return ", ".join(f"{lead} {value:.2f}" for lead, value in quality.items())
    worst = min(quality, key=lambda lead: quality[lead])
    return f"lowest {quality[worst]:.2f} ({worst}) of {len(quality)} leads"
