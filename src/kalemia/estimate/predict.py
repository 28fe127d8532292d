"""Source to Estimate: read -> cut -> gate -> caveats -> forecast, and a reason where a step cannot be trusted."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kalemia import body
from kalemia.errors import BeatError, DigitizeError, KalemiaError
from kalemia.estimate import caveats, gate
from kalemia.estimate.card import Card
from kalemia.estimate.forecast import Forecast
from kalemia.estimate.model import DEFAULT, Model
from kalemia.estimate.personal import Calibration
from kalemia.read import Input, identify, read
from kalemia.read.reader import other_rate
from kalemia.records import EIGHT, HIGH_MEQ_L, LOW_MEQ_L, Beat, Estimate, Level, Recording
from kalemia.signal import beat as beats
from kalemia.signal import electrodes

if TYPE_CHECKING:
    from kalemia.digitize import Digitized

COVERAGE = 0.9
CUTS_ABOVE = (5.5, 6.0, 6.5)
CUTS_BELOW = (3.5,)
PAGE_ERROR_MEQ_L = 0.2
"""How far reading a page moves an estimate: RMS 0.15 to 0.2 on 35 that were drawn, then scanned or photographed."""


@dataclass(frozen=True, eq=False)
class Result:
    """An Estimate with the recording, beat and model it was made from, and the page it was read from, for a report."""

    estimate: Estimate
    recording: Recording | None = None
    beat: Beat | None = None
    page: Digitized | None = None
    model: Model | None = None


def predict(
    source: str | os.PathLike[str] | Recording,
    model: str | Path | None = None,
    *,
    rate: float | None = None,
    calibration: Calibration | None = None,
    prevalence: float | None = None,
) -> Estimate:
    """Estimate potassium from a file or a Recording.

    Parameters
    ----------
    source
        The path of any ECG that `kalemia.read` or `kalemia.digitize` understands, or a Recording.
    model
        The name of a bundled model or the path of an ONNX file; by default the bundled one that reads any lead.
    rate
        Samples per second, Hz, for a CSV file that does not say it.
    calibration
        The patient's own, from `calibrate`.
    prevalence
        The share of ECGs above 5.5 mEq/L where this one comes from; by default that of the model's calibration.

    Returns
    -------
    An Estimate. One whose status is "refused" or "failed" has a reason and no potassium; only a wrong `model` or
    `prevalence` raises (ModelError), and a calibration of another (CalibrationError).
    """
    return examine(source, model, rate=rate, calibration=calibration, prevalence=prevalence).estimate


def examine(
    source: str | os.PathLike[str] | Recording,
    model: str | Path | None = None,
    *,
    rate: float | None = None,
    calibration: Calibration | None = None,
    prevalence: float | None = None,
) -> Result:
    """Do what `predict` does, and keep what a report draws and explains."""
    loaded = Model.load(DEFAULT if model is None else model)
    prior = Prior(calibration, prevalence)
    prior.check(loaded)  # a wrong one is wrong usage, not a reason to refuse an ECG
    if isinstance(source, Recording):
        try:
            return _estimated(other_rate(body.checked(source), rate), loaded, prior)
        except KalemiaError as exc:
            return Result(Estimate(source.source, "refused", reason=str(exc), model=loaded.name), source)
    name = os.fsdecode(source)
    try:
        entry = identify(source)
        if entry.format.page:
            return _of_page(entry, loaded, prior)
        recording = read(entry, rate=rate)
    except KalemiaError as exc:
        return Result(Estimate(source=name, status="failed", reason=str(exc), model=loaded.name))
    return _estimated(recording, loaded, prior)


@dataclass(frozen=True)
class Prior:
    """What is known of a patient beside the ECG: see `predict`."""

    calibration: Calibration | None = None
    prevalence: float | None = None

    def check(self, model: Model) -> None:
        """Raise where a model cannot take this in."""
        if self.calibration is not None:
            self.calibration.check(model)
        if self.prevalence is not None:
            model.card.odds(self.prevalence)

    def applied(self, forecast: Forecast, card: Card) -> Forecast:
        """Return a forecast in this light."""
        if self.calibration is not None:
            forecast = self.calibration.apply(forecast, card.range_meq_l)
        return forecast if self.prevalence is None else replace(forecast, odds=card.odds(self.prevalence))

    def noted(self, estimate: Estimate, card: Card) -> Estimate:
        """Return an estimate that says so."""
        if self.calibration is not None:
            warnings = (*estimate.warnings, self.calibration.sentence)
            estimate = replace(estimate, personal_offset_meq_l=self.calibration.offset_meq_l, warnings=warnings)
        if self.prevalence is not None:
            sentence = (
                f"Said where {100 * self.prevalence:.4g} % of all ECGs are above {HIGH_MEQ_L} mEq/L; "
                f"of those that the model was calibrated on {100 * card.prevalence:.4g} % were."
            )
            estimate = replace(estimate, prevalence=self.prevalence, warnings=(*estimate.warnings, sentence))
        return estimate


def _of_page(entry: Input, model: Model, prior: Prior) -> Result:
    """Examine the first page of a file that shows an ECG; a page that cannot be read for sure is refused."""
    from kalemia.digitize import pages

    try:
        first, *others = pages(entry)
    except DigitizeError as exc:
        return Result(Estimate(str(entry), "refused", reason=str(exc), model=model.name))
    recording = first.recording
    if others:
        taken = f"{len(others) + 1} pages of the file show an ECG; page {first.page} was taken."
        recording = replace(recording, warnings=(*recording.warnings, taken))
    if first.einthoven is not None and first.einthoven > body.MAX_RESIDUAL:
        why = f"I + III differs from II by {first.einthoven:.0%} of their power: leads were read wrong, or turned over"
        return Result(Estimate(str(entry), "refused", reason=why, model=model.name), recording, page=first)
    return replace(_estimated(recording, model, prior), page=first)


def _estimated(recording: Recording, model: Model, prior: Prior) -> Result:
    """Cut, gate and estimate a recording; refuse it where a step fails."""
    leads = tuple(lead for lead in model.card.leads if lead in recording.leads)
    refused = Estimate(recording.source, "refused", model=model.name, leads_used=leads, warnings=recording.warnings)
    if len(leads) < model.card.least_leads:
        return Result(replace(refused, reason=_missing(recording, model.card)), recording)
    eight = tuple(lead for lead in EIGHT if lead in recording.leads)
    try:
        cycles = beats.cycles(recording, leads, [lead for lead in eight if lead not in leads])
    except BeatError as exc:
        return Result(replace(refused, reason=str(exc)), recording)
    wiring = electrodes.examined(recording, leads)
    beat = gate.gated(cycles.beat(leads), recording, wiring, model)
    findings = caveats.findings(beat if set(eight) <= set(leads) else cycles.beat(eight))
    refused = replace(
        refused,
        heart_rate_bpm=round(beat.heart_rate_bpm, 1),
        beats_used=beat.count,
        quality={lead: round(float(q), 2) for lead, q in zip(beat.leads, beat.quality, strict=True)},
        warnings=(*recording.warnings, *findings.warnings, *wiring.warnings),
    )
    if reason := gate.refusal(beat, recording, model.card.least_leads):
        return Result(replace(refused, reason=reason), recording, beat)
    left_out = [f"{reason[0].upper()}{reason[1:]}." for reason in gate.unused(beat)]
    unanswered = replace(refused, leads_used=beat.good, warnings=(*refused.warnings, *left_out))
    forecast = model.forecast(beat).widened(PAGE_ERROR_MEQ_L if recording.digitized else 0.0)
    estimate = _answered(prior.noted(unanswered, model.card), prior.applied(forecast, model.card), model.card)
    # Neither a T wave that says nothing nor the rarity of high potassium can say that all is well.
    if estimate.level == "normal" and (findings.silent_t or estimate.prevalence is not None):
        estimate = replace(estimate, level="uncertain")
    return Result(estimate, recording, beat, model=model)


def _missing(recording: Recording, card: Card) -> str:
    """Say which leads the model would need."""
    leads, least = card.leads, card.least_leads
    wanted = f"lead {leads[0]} is" if len(leads) == 1 else f"at least {least} of the leads {', '.join(leads)} are"
    return f"the ECG has {'lead ' + ', '.join(recording.leads) if recording.leads else 'no leads'}; {wanted} needed"


def _answered(unanswered: Estimate, forecast: Forecast, card: Card) -> Estimate:
    """Put a forecast into numbers and a word."""
    if not forecast.sane:
        reason = "the network returned no number for this beat, or no spread that an error can have"
        return replace(unanswered, reason=reason)
    # Rounded before they are judged, so that the level never contradicts the number that is printed.
    potassium = round(forecast.quantile(0.5), 2)
    low, high = (round(bound, 2) for bound in forecast.interval(COVERAGE))
    return replace(
        unanswered,
        status="estimated",
        potassium_meq_l=potassium,
        interval_meq_l=(low, high),
        interval_coverage=COVERAGE,
        probability_above={f"{c:.1f}": round(forecast.probability_above(c), 3) for c in CUTS_ABOVE},
        probability_below={f"{c:.1f}": round(1 - forecast.probability_above(c), 3) for c in CUTS_BELOW},
        level=level(potassium, low, high),
        interval_validated_on=card.validated_on,
    )


def level(potassium_meq_l: float, low: float, high: float) -> Level:
    """Put an estimate and its interval into a word; see Estimate."""
    if potassium_meq_l > HIGH_MEQ_L:
        return "high"
    if potassium_meq_l < LOW_MEQ_L:
        return "low"
    return "normal" if low >= LOW_MEQ_L and high <= HIGH_MEQ_L else "uncertain"
