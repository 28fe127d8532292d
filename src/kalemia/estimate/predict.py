"""Source to Estimate: composes read, beat and model, and refuses where a part of the way cannot be trusted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from kalemia import body
from kalemia.errors import BeatError, DigitizeError, KalemiaError, internal
from kalemia.estimate import caveats
from kalemia.estimate.model import DEFAULT, Forecast, Model
from kalemia.estimate.personal import Calibration
from kalemia.read import read, sniff
from kalemia.read.reader import other_rate
from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L, Beat, Estimate, Level, Recording
from kalemia.signal import quality
from kalemia.signal.beat import cut
from kalemia.system.workers import pool

if TYPE_CHECKING:
    from kalemia.digitize import Digitized

COVERAGE = 0.9
SLOW_TO_IMPORT = ("scipy.signal", "scipy.ndimage", "sleepecg.heartbeats", "onnxruntime", "kalemia.read.wfdb")
CUTS_ABOVE = (5.5, 6.0, 6.5)
CUTS_BELOW = (3.5,)
LEAST_CONFIDENCE = 0.5
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
    judge = Model.load(DEFAULT if model is None else model)
    if calibration is not None:
        calibration.check(judge)
    if prevalence is not None:
        judge.card.odds(prevalence)  # a wrong one is wrong usage, not a reason to refuse an ECG
    known = _Known(calibration, prevalence)
    if isinstance(source, Recording):
        try:
            return _judge(other_rate(body.checked(source), rate), judge, known)
        except KalemiaError as exc:
            return Result(Estimate(source.source, "refused", reason=str(exc), model=judge.name), source)
    name = os.fsdecode(source)
    if sniff.is_page(Path(name)):
        return _judge_page(name, judge, known)
    try:
        recording = read(name, rate=rate)
    except KalemiaError as exc:
        return Result(Estimate(source=name, status="failed", reason=str(exc), model=judge.name))
    return _judge(recording, judge, known)


@dataclass(frozen=True)
class _Known:
    """What is known of a patient beside the ECG."""

    calibration: Calibration | None
    prevalence: float | None

    def apply(self, seen: Estimate, forecast: Forecast, model: Model) -> tuple[Estimate, Forecast]:
        """Return a forecast in this light, and the estimate-to-be that says so."""
        if self.calibration is not None:
            forecast = self.calibration.apply(forecast, model)
            said = (*seen.warnings, self.calibration.said)
            seen = replace(seen, personal_offset_meq_l=self.calibration.offset_meq_l, warnings=said)
        if self.prevalence is not None:
            forecast = replace(forecast, odds=model.card.odds(self.prevalence))
            told = (
                f"Said where {100 * self.prevalence:.4g} % of all ECGs are above {HIGH_MEQ_L} mEq/L; "
                f"of those that the model was calibrated on {100 * model.card.prevalence:.4g} % were."
            )
            seen = replace(seen, prevalence=self.prevalence, warnings=(*seen.warnings, told))
        return seen, forecast


def _judge_page(name: str, model: Model, known: _Known) -> Result:
    """Judge the first page of a file that shows an ECG; a page that cannot be read for sure is refused."""
    from kalemia.digitize import pages

    try:
        first, *others = pages(name)
    except DigitizeError as exc:
        return Result(Estimate(source=name, status="refused", reason=str(exc), model=model.name))
    except KalemiaError as exc:
        return Result(Estimate(source=name, status="failed", reason=str(exc), model=model.name))
    recording = first.recording
    if others:
        said = f"{len(others) + 1} pages of the file show an ECG; page {first.page} was taken."
        recording = replace(recording, warnings=(*recording.warnings, said))
    if first.einthoven is not None and first.einthoven > body.MAX_RESIDUAL:
        said = f"I + III differs from II by {first.einthoven:.0%} of their power: leads were read wrong, or turned over"
        return Result(Estimate(name, "refused", reason=said, model=model.name), recording, page=first)
    return replace(_judge(recording, model, known), page=first)


def _judge(recording: Recording, model: Model, known: _Known) -> Result:
    leads = tuple(lead for lead in model.card.leads if lead in recording.leads)
    blank = Estimate(recording.source, "refused", model=model.name, leads_used=leads, warnings=recording.warnings)
    if len(leads) < model.card.least_leads:
        return Result(replace(blank, reason=_missing(recording, model)), recording)
    try:
        beat = cut(recording, leads)
    except BeatError as exc:
        return Result(replace(blank, reason=str(exc)), recording)
    beat = replace(beat, problems=tuple(_problems(recording, beat, model)))
    told = caveats.told(recording, beat)
    seen = replace(
        blank,
        heart_rate_bpm=round(beat.heart_rate_bpm, 1),
        beats_used=beat.count,
        quality={lead: round(float(q), 2) for lead, q in zip(beat.leads, beat.quality, strict=True)},
        warnings=(*blank.warnings, *beat.warnings, *caveats.shapes(told), *caveats.electrodes(recording, beat)),
    )
    unused = _unused(beat)
    # Where most leads are bad, the few that look good are not to be trusted either. A short one is not bad.
    long = [problem for problem in beat.problems if not (problem or "").startswith(quality.SHORT)]
    if len(beat.good) < max(model.card.least_leads, len(long) / 2):
        return Result(replace(seen, reason="; ".join(unused)), recording, beat)
    # Looked for in every lead there is: a spike is often small in the lead that the model takes.
    if quality.pacing_spikes(recording.signal, recording.rate, beat.r_peaks_s):
        spikes = "pacing spikes: a paced beat says nothing about potassium"
        return Result(replace(seen, reason=spikes), recording, beat)
    left_out = [f"{reason[0].upper()}{reason[1:]}." for reason in unused]
    seen = replace(seen, leads_used=beat.good, warnings=(*seen.warnings, *left_out))
    forecast = model.forecast(beat).widened(PAGE_ERROR_MEQ_L if recording.digitized else 0.0)
    estimate = _estimate(*known.apply(seen, forecast, model), model)
    # Neither a T wave that says nothing nor the rarity of high potassium can say that all is well.
    if estimate.level == "normal" and (caveats.silent_t(told) or estimate.prevalence is not None):
        estimate = replace(estimate, level="uncertain")
    return Result(estimate, recording, beat, model=model)


def _missing(recording: Recording, model: Model) -> str:
    """Say which leads the model would need."""
    leads, least = model.card.leads, model.card.least_leads
    wanted = f"lead {leads[0]} is" if len(leads) == 1 else f"at least {least} of the leads {', '.join(leads)} are"
    return f"the ECG has {'lead ' + ', '.join(recording.leads) if recording.leads else 'no leads'}; {wanted} needed"


def _problems(recording: Recording, beat: Beat, model: Model) -> Iterator[str | None]:
    """Say of every lead why it must not be used, or None: what `cut` found, and what only a judge of patients asks."""
    sure = dict(zip(recording.leads, recording.confidence, strict=True))
    for lead, wave, problem in zip(beat.leads, beat.waveform, beat.problems, strict=True):
        if problem is None and sure[lead] < LEAST_CONFIDENCE:
            problem = f"it was traced with a confidence of {sure[lead]:.2f}, at least {LEAST_CONFIDENCE} is needed"
        if problem is None and (against := quality.opposed(recording, lead)):
            problem = f"it runs against {against}: its electrode or its sign is wrong"
        yield problem or quality.unlike_a_beat(wave, beat.rr_s) or model.unlike(wave)


def _unused(beat: Beat) -> list[str]:
    """Name the leads that cannot be used, together where the reason is the same."""
    by_reason: dict[str, list[str]] = {}
    for lead, problem in zip(beat.leads, beat.problems, strict=True):
        if problem:
            by_reason.setdefault(problem, []).append(lead)
    return [
        f"lead{'s' if len(leads) > 1 else ''} {', '.join(leads)} cannot be used ({problem})"
        for problem, leads in by_reason.items()
    ]


def _estimate(seen: Estimate, forecast: Forecast, model: Model) -> Estimate:
    if not forecast.sane:
        return replace(seen, reason="the network returned no number for this beat, or no spread that an error can have")
    # Rounded before they are judged, so that the level never contradicts the number that is printed.
    potassium = round(model.quantile(forecast, 0.5), 2)
    low, high = (round(bound, 2) for bound in model.interval(forecast, COVERAGE))
    return replace(
        seen,
        status="estimated",
        potassium_meq_l=potassium,
        interval_meq_l=(low, high),
        interval_coverage=COVERAGE,
        probability_above={f"{c:.1f}": round(model.probability_above(forecast, c), 3) for c in CUTS_ABOVE},
        probability_below={f"{c:.1f}": round(1 - model.probability_above(forecast, c), 3) for c in CUTS_BELOW},
        level=level(potassium, low, high),
        interval_validated_on=model.card.validated_on,
    )


def level(potassium_meq_l: float, low: float, high: float) -> Level:
    """Put an estimate and its interval into a word; see Estimate."""
    if potassium_meq_l > HIGH_MEQ_L:
        return "high"
    if potassium_meq_l < LOW_MEQ_L:
        return "low"
    return "normal" if low >= LOW_MEQ_L and high <= HIGH_MEQ_L else "uncertain"


@dataclass(frozen=True)
class Job:
    """What to do with each of many files; it is sent to worker processes.

    Attributes
    ----------
    model, rate
        As in `predict`.
    calibration
        The patient's own, if all files are of one.
    prevalence
        As in `predict`.
    each
        Called in the worker with the source and the Result, to write a report.
    """

    model: str | Path | None = None
    rate: float | None = None
    calibration: Calibration | None = None
    prevalence: float | None = None
    each: Callable[[str, Result], None] | None = None

    def __call__(self, source: str) -> Estimate:
        """Estimate one file; whatever goes wrong with it is its own Estimate, so that the others go on."""
        try:
            result = examine(
                source, self.model, rate=self.rate, calibration=self.calibration, prevalence=self.prevalence
            )
            if self.each:
                self.each(source, result)
        except KalemiaError:
            raise
        except Exception as exc:  # noqa: BLE001 - one bad file must never stop the others
            return _failed(source, internal(exc))
        return result.estimate


def predict_many(sources: Sequence[str], job: Job, workers: int = 1) -> Iterator[Estimate]:
    """Estimate many files in their order, on several processes; a file that kills its process fails alone."""
    if workers <= 1:
        yield from map(job, sources)
        return
    for module in SLOW_TO_IMPORT:
        import_module(module)  # once, here: processes that are forked from this one then have it
    done = 0
    try:
        with pool(workers) as processes:
            for estimate in processes.map(job, sources, chunksize=16):
                yield estimate
                done += 1
    except BrokenProcessPool:
        yield from _in_turn(sources[done:], job)


def _in_turn(sources: Sequence[str], job: Job) -> Iterator[Estimate]:
    """Estimate files one after the other in a process of their own; where it dies, the file in hand is to blame."""
    while sources:
        with pool(1) as process:
            for done, source in enumerate(sources, start=1):  # noqa: B007 - says where to go on
                try:
                    yield process.submit(job, source).result()
                except BrokenProcessPool:
                    yield _failed(
                        source, "the process that read it died: the file is damaged beyond what a reader survives"
                    )
                    break
        sources = sources[done:]


def _failed(source: str, reason: str) -> Estimate:
    return Estimate(source=source, status="failed", reason=reason)
