"""Source to Estimate: read -> cut -> gate -> caveats -> evidence -> population, or a reason why not so far."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from kalemia import body
from kalemia.errors import BeatError, DigitizeError, KalemiaError, ModelError
from kalemia.estimate import caveats, gate
from kalemia.estimate.card import Card
from kalemia.estimate.evidence import Evidence, Shares
from kalemia.estimate.hemolysis import Hemolyzed, judged
from kalemia.estimate.known import Known
from kalemia.estimate.model import DEFAULT, Model
from kalemia.estimate.personal import Calibration, Earlier
from kalemia.estimate.population import DEFAULT as DEFAULT_POPULATION
from kalemia.estimate.population import Population
from kalemia.read import Given, Input, identify, read
from kalemia.read.memory import Ecg, held, is_bare, is_named, spelled
from kalemia.read.printed import Printed
from kalemia.records import EIGHT, HIGH_MEQ_L, LOW_MEQ_L, Beat, Estimate, Level, Recording
from kalemia.signal import beat as beats
from kalemia.signal import electrodes

if TYPE_CHECKING:
    from kalemia.digitize import Digitized

COVERAGE = 0.9
LIKELY, NORMAL_RISK = 0.5, 0.1
"""From which probability a high or a low potassium is said, and up to which one of either a normal one."""


@dataclass(frozen=True, eq=False)
class Result:
    """An Estimate with what it was made from, for a report.

    Attributes
    ----------
    recording, beat, model
        What was read, cut from it, and asked; None where it did not come so far.
    page
        Where it was read from, if from a page.
    evidence, population
        What the ECG says, and where its patient comes from, of one that was estimated.
    earlier
        The last of the patient's earlier ECGs that it was compared with, if any.
    findings
        What in the shape of the beat misleads, of one in which a beat was found.
    """

    estimate: Estimate
    recording: Recording | None = None
    beat: Beat | None = None
    page: Digitized | None = None
    model: Model | None = None
    evidence: Evidence | None = None
    population: Population | None = None
    earlier: Earlier | None = None
    findings: caveats.Findings | None = None


@overload
def predict(
    source: Ecg,
    model: str | Path | None = None,
    *,
    rate: float | None = None,
    leads: str | Sequence[str] | None = None,
    unit: str | None = None,
    page: Printed | None = None,
    calibration: Calibration | None = None,
    population: str | Path | Population = DEFAULT_POPULATION,
    lab: Hemolyzed | None = None,
) -> Estimate: ...
@overload
def predict(
    source: list[Any] | tuple[Any, ...],
    model: str | Path | None = None,
    *,
    rate: float | None = None,
    leads: str | Sequence[str] | None = None,
    unit: str | None = None,
    page: Printed | None = None,
    calibration: Calibration | None = None,
    population: str | Path | Population = DEFAULT_POPULATION,
    lab: Hemolyzed | None = None,
) -> list[Estimate]: ...
@spelled
def predict(
    source: Ecg | list[Any] | tuple[Any, ...],
    model: str | Path | None = None,
    *,
    rate: float | None = None,
    leads: str | Sequence[str] | None = None,
    unit: str | None = None,
    page: Printed | None = None,
    calibration: Calibration | None = None,
    population: str | Path | Population = DEFAULT_POPULATION,
    lab: Hemolyzed | None = None,
) -> Estimate | list[Estimate]:
    """Estimate potassium from a file, or from an ECG that is in memory.

    Parameters
    ----------
    source
        The path of any ECG that `kalemia.read` or `kalemia.digitize` understands; a Recording; an array of mV, (leads,
        samples) or (samples, leads), or a table with a column a lead; a wfdb Record or an MNE Raw. A list of them gives
        a list of Estimates; `predict_many` shares many out to processes.
    model
        The name of a bundled model or the path of an ONNX file; by default the bundled one that reads any lead.
    rate
        Samples per second, Hz, of an array, a table, or a file that does not say it.
    leads
        The names of an array's leads, in order; of a file with one channel, which lead it is, where it does not say it.
    unit
        What the numbers are of an array or a file that does not say it: "mV", "uV", "V", or "200/mV", 200 steps a mV.
    page
        How a page is printed, where it does not show it: `Printed(layout="6x2", speed=50, gain=5, dpi=300)`.
    calibration
        The patient's earlier ECGs, from `calibrate`.
    population
        Where the patient comes from: the name of a `Population`, the path of a table of one's own laboratory values, or
        what `Population.load` returned.
    lab
        What a laboratory found in a hemolyzed sample of this time, to be judged beside the ECG.

    Returns
    -------
    An Estimate. One whose status is "refused" or "failed" has a reason and no potassium; only a wrong `model` raises
    (ModelError), a wrong `population` (PopulationError) or `lab` (LaboratoryError), and a calibration of another model
    (CalibrationError).
    """

    def one(ecg: Ecg) -> Estimate:
        return examine(
            ecg,
            model,
            rate=rate,
            leads=leads,
            unit=unit,
            page=page,
            calibration=calibration,
            population=population,
            lab=lab,
        ).estimate

    return [one(each) for each in source] if isinstance(source, list | tuple) else one(source)


@spelled
def examine(
    source: Ecg,
    model: str | Path | None = None,
    *,
    rate: float | None = None,
    leads: str | Sequence[str] | None = None,
    unit: str | None = None,
    page: Printed | None = None,
    calibration: Calibration | None = None,
    population: str | Path | Population = DEFAULT_POPULATION,
    lab: Hemolyzed | None = None,
) -> Result:
    """Do what `predict` does, and keep what a report draws and explains."""
    if isinstance(model, int | float):
        raise TypeError(f"the second argument is a model; a rate is named, rate={model}")
    loaded = Model.load(DEFAULT if model is None else model)
    # What is wrong here is wrong usage, not a reason to refuse an ECG.
    known = Known(population if isinstance(population, Population) else Population.load(population), calibration, lab)
    known.check(loaded)
    if not is_named(source):
        return _of_memory(source, rate, leads, unit, loaded, known)
    if not isinstance(leads, str | None):
        raise TypeError(f"leads= names those of an array; {os.fsdecode(source)!r:.80} is a file, which names its own")
    given = Given(rate, leads, unit)
    given.check()
    if page is not None and page != Printed():
        _check(page)
    name = os.fsdecode(source)
    try:
        entry = identify(source)
        if entry.format.page:
            return _of_page(entry, loaded, known, given, page)
        recording = read(entry, rate=rate, leads=leads, unit=unit)
    except KalemiaError as exc:
        several = " kalemia.predict_many takes folders." if Path(name).is_dir() else ""
        return Result(Estimate(source=name, status="failed", reason=f"{exc}{several}", model=loaded.name))
    return _estimated(recording, loaded, known)


def _of_memory(
    ecg: Ecg,
    rate: float | None,
    leads: str | Sequence[str] | None,
    unit: str | None,
    model: Model,
    known: Known,
) -> Result:
    """Examine what was read, computed or loaded elsewhere."""
    try:
        recording = held(ecg, rate, leads, unit)
    except KalemiaError as exc:
        return Result(Estimate("memory", "failed", reason=str(exc), model=model.name))
    try:
        checked = body.checked(recording)
        if not is_bare(ecg):
            Given(rate, leads if isinstance(leads, str) else None, unit).agrees(checked)
            if not isinstance(leads, str | None):
                Given.orders(leads, checked)
        return _estimated(checked, model, known)
    except KalemiaError as exc:
        return Result(Estimate(recording.source, "refused", reason=str(exc), model=model.name), recording)


def _check(page: Printed) -> None:
    """Raise a DigitizeError for what no page is printed like."""
    from kalemia.digitize import check_options

    check_options(**asdict(page))


def _of_page(entry: Input, model: Model, known: Known, given: Given, printed: Printed | None) -> Result:
    """Examine the first page of a file that shows an ECG; a page that cannot be read for sure is refused."""
    from kalemia.digitize import pages

    try:
        first, *others = pages(entry, **({} if printed is None else asdict(printed)))
    except DigitizeError as exc:
        return Result(Estimate(str(entry), "refused", reason=str(exc), model=model.name))
    recording = first.recording
    if others:
        taken = f"{len(others) + 1} pages of the file show an ECG; page {first.page} was taken."
        recording = replace(recording, warnings=(*recording.warnings, taken))
    if given:
        unused = "The rate, lead or unit that was given is for files that do not state it; the page's own were used."
        recording = replace(recording, warnings=(*recording.warnings, unused))
    if first.einthoven is not None and first.einthoven > body.MAX_RESIDUAL:
        why = f"I + III differs from II by {first.einthoven:.0%} of their power: leads were read wrong, or turned over"
        return Result(Estimate(str(entry), "refused", reason=why, model=model.name), recording, page=first)
    return replace(_estimated(recording, model, known), page=first)


def _estimated(recording: Recording, model: Model, known: Known) -> Result:
    """Cut, gate and estimate a recording; refuse it where a step fails."""
    leads = tuple(lead for lead in model.card.leads if lead in recording.leads)
    refused = Estimate(
        recording.source,
        "refused",
        recorded=recording.start,
        leads_used=leads,
        warnings=recording.warnings,
        model=model.name,
    )
    if len(leads) < model.card.least_leads:
        return Result(replace(refused, reason=_missing(recording, model.card)), recording)
    eight = tuple(lead for lead in EIGHT if lead in recording.leads)
    try:
        cycles = beats.cycles(recording, leads, [lead for lead in eight if lead not in leads])
    except BeatError as exc:
        return Result(replace(refused, reason=str(exc)), recording)
    wiring = electrodes.examined(recording, leads)
    own = gate.recorded(cycles.beat(leads), recording, wiring)
    whole = own if leads == eight else gate.recorded(cycles.beat(eight), recording, wiring)
    beat = gate.gated(own, model)
    findings = caveats.findings(beat if set(eight) <= set(leads) else cycles.beat(eight), whole)
    refused = replace(
        refused,
        heart_rate_bpm=round(beat.heart_rate_bpm, 1),
        beats_used=beat.count,
        quality={lead: round(float(q), 2) for lead, q in zip(beat.leads, beat.quality, strict=True)},
        warnings=(*recording.warnings, *findings.warnings, *caveats.ectopy(beat), *wiring.warnings),
    )
    after = known.calibration and known.calibration.fault(beat, recording.start)
    if reason := gate.refusal(beat, recording, model.card.least_leads) or gate.injured(findings.st) or after:
        return Result(replace(refused, reason=reason), recording, beat, findings=findings)
    left_out = [f"{reason[0].upper()}{reason[1:]}." for reason in gate.unused(beat)]
    unanswered = replace(refused, leads_used=beat.good, warnings=(*refused.warnings, *left_out))
    known = known.fitting(beat, recording.start)
    try:
        evidence = known.evidence(beat, recording, model)
    except ModelError as exc:
        return Result(replace(unanswered, reason=str(exc)), recording, beat, findings=findings)
    estimate = _answered(known.noted(unanswered), evidence, known.population, model.card)
    if known.lab is not None:
        estimate = replace(estimate, doubtful_draw=judged(known.lab, known.population, evidence))
    # A T wave that says nothing, or an injured heart, cannot say that all is well.
    if estimate.level == "normal" and findings.hides_potassium:
        estimate = replace(estimate, level="uncertain")
    last = known.last(recording.start)
    return Result(
        estimate,
        recording,
        beat,
        model=model,
        evidence=evidence,
        population=known.population,
        earlier=last,
        findings=findings,
    )


def _missing(recording: Recording, card: Card) -> str:
    """Say which leads the model would need."""
    leads, least = card.leads, card.least_leads
    wanted = f"lead {leads[0]} is" if len(leads) == 1 else f"at least {least} of the leads {', '.join(leads)} are"
    return f"the ECG has {'lead ' + ', '.join(recording.leads) if recording.leads else 'no leads'}; {wanted} needed"


def _answered(unanswered: Estimate, evidence: Evidence, population: Population, card: Card) -> Estimate:
    """Put what an ECG says of a patient of a population into numbers and a word."""
    after = population.given(evidence)
    low, high = (round(bound, 2) for bound in after.interval(COVERAGE))
    return replace(
        unanswered,
        status="estimated",
        potassium_meq_l=round(after.quantile(0.5), 2),
        interval_meq_l=(low, high),
        interval_coverage=COVERAGE,
        probability_above=after.chances_above,
        probability_below=after.chances_below,
        level=level(after),
        likelihood_ratio=evidence.likelihood_ratio,
        population=population.before,
        interval_validated_on=card.validated_on,
    )


def level(known: Shares) -> Level:
    """Put what is known of a patient into a word; see Estimate."""
    # Rounded before they are judged, so that the level never contradicts the numbers that are printed.
    low, high = round(known.below(LOW_MEQ_L), 3), round(known.above(HIGH_MEQ_L), 3)
    if high >= LIKELY:
        return "high"
    if low >= LIKELY:
        return "low"
    return "normal" if low + high <= NORMAL_RISK else "uncertain"
