"""What stands behind an estimate: the ECG, the beat that was used, the quality of each lead, the model."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from kalemia.estimate.judged import real_potassium
from kalemia.estimate.personal import Earlier
from kalemia.records import Beat, Estimate, ModelName, Recording
from kalemia.report import numbers, paper, plots, scales, words
from kalemia.report.document import section
from kalemia.report.markup import Markup, element, join

if TYPE_CHECKING:
    from kalemia.estimate.predict import Result

SIDEWAYS = element("p", "Wider than this screen: push it sideways.", class_="sideways")
"""Said on a phone, where paper keeps a readable size."""
TALL_TABLE = 6
"""With more leads than this the table of quality is about as tall as the picture of a beat."""


def ecg(recording: Recording, beat: Beat | None, name: str = "ecg") -> Markup:
    """Return the recording on millimetre paper, with the R peaks of the beat."""
    if not recording.leads or not recording.signal.shape[1]:
        return section("The ECG", element("p", "The recording is empty."))
    drawing = paper.draw(recording, beat, name)
    facts = [
        f"{len(recording.leads)} leads" if len(recording.leads) > 1 else f"Lead {recording.leads[0]}",
        words.duration(recording.duration_s),
        f"{recording.rate:g} Hz",
        None if recording.start is None else f"recorded {words.moment(recording.start)}",
    ]
    return section(
        "The ECG",
        element("p", " · ".join(fact for fact in facts if fact), class_="facts"),
        element(
            "figure",
            # The paper keeps a readable size on a phone, where it scrolls sideways: hence reachable by keyboard.
            element(
                "div", drawing.svg, class_="sheet", tabindex=0, role="region", aria_label="The ECG, scrolls sideways"
            ),
            SIDEWAYS,
            element("figcaption", " ".join(drawing.remarks)),
        ),
        class_="recording",
    )


def behind(result: Result) -> Markup:
    """Return the beat, the quality and the model: in two columns where the beat is of one lead.

    Below the beat lies that of an earlier ECG; how long before, is told where the ECG starts at a known time.
    """
    estimate, beat, earlier = result.estimate, result.beat, result.earlier
    panels = [] if beat is None else plots.beats(beat, estimate.leads_used, None if earlier is None else earlier.beat)
    shown = None if beat is None or not panels else _beat(result, beat, panels)
    quality, model = _quality(estimate, beat), _model(estimate)
    if len(panels) != 1:
        return element("div", shown, quality, model)
    # The model goes below the shorter of the two.
    long = beat is not None and len(beat.leads) > TALL_TABLE
    columns = (join(shown, model), quality) if long else (shown, join(quality, model))
    return element("div", *(element("div", column) for column in columns), class_="pair")


def _beat(result: Result, beat: Beat, panels: list[Markup]) -> Markup:
    used = words.is_estimated(result.estimate)
    seen = "What the model saw, after filtering." if used else "Not given to the model."
    caption = (
        f"{seen} Median of {beat.count} beats; zero is the level of the PR segment; R is at 0 ms."
        f"{_below(result.earlier, result.estimate.recorded)} The numbers were measured by machine, in the leads in "
        "which the waves are seen."
    )
    return section(
        "The beat that was used" if used else "The beat that was found",
        numbers.numbers(result.estimate, beat),
        numbers.st(result.findings),
        element(
            "figure",
            element("div", *panels, class_="beats beats-one" if len(panels) == 1 else "beats"),
            element("figcaption", caption),
        ),
    )


def _below(earlier: Earlier | None, start: datetime | None) -> str:
    """Say what the dashed line is, if there is one."""
    if earlier is None:
        return ""
    days = earlier.told_days(start)
    ago = "" if days is None else " of the same day" if days < 1 else f" {words.days(days)} ago"
    drawn = f"{words.potassium(earlier.draw.potassium_meq_l)} {words.UNIT}"
    name = words.file_name(earlier.source)
    return f" Dashed: the patient's earlier ECG ({name}){ago}, when the blood test said {drawn}."


def _quality(estimate: Estimate, beat: Beat | None) -> Markup | None:
    quality = {} if beat is None else {lead: float(q) for lead, q in zip(beat.leads, beat.quality, strict=True)}
    quality |= estimate.quality
    problems = {} if beat is None else dict(zip(beat.leads, beat.problems, strict=True))
    rows = [
        element(
            "tr",
            element("th", lead, scope="row"),
            element("td", f"{value:.2f}", class_="figure"),
            element("td", scales.bar(value), class_="wide"),
            element("td", _use(lead, estimate, problems.get(lead)), class_="use"),
        )
        for lead, value in quality.items()
    ]
    names = (("Lead", None), ("Quality, 0 to 1", 2), ("Use", None))
    head = element("tr", *(element("th", name, scope="col", colspan=span) for name, span in names))
    table = element("table", element("thead", head), element("tbody", *rows), class_="quality")
    return section("Signal quality", table) if rows else None


def _use(lead: str, estimate: Estimate, problem: str | None) -> Markup:
    is_used = words.is_estimated(estimate) and lead in estimate.leads_used
    used = element("strong", "used") if is_used else element("span", "not used")
    return join(used, None if problem is None else f": {problem}")


def _model(estimate: Estimate) -> Markup | None:
    if estimate.model is None:
        return None
    return section("The model", element("dl", *(_fact(*fact) for fact in _facts(estimate.model, estimate))))


def _facts(model: ModelName, estimate: Estimate) -> list[tuple[str, str]]:
    facts = [("Name", f"{model.name} {model.version}"), ("Trained on", words.origin(model.trained_on))]
    if estimate.interval_validated_on is not None:
        facts.append(("Interval validated on", words.origin(estimate.interval_validated_on)))
    if (judged := real_potassium().of(model.sha256)) is not None:
        found = f"{judged.sensitivity.value:.0%} of those with a high potassium called high, by twice the likelihood"
        facts.append(("On real emergency patients", found))
    return [*facts, ("SHA-256 of its file", f"{model.sha256[:12]}…" if len(model.sha256) > 12 else model.sha256)]


def _fact(term: str, value: str) -> Markup:
    return element("div", element("dt", term), element("dd", value))
