"""The wording that the terminal, the page and the index share, so that they cannot disagree."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime

from kalemia.estimate.evidence import LITTLE, says_little
from kalemia.estimate.predict import NORMAL_RISK
from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L, Before, Estimate, ModelName

UNIT = "mEq/L"
STATUS = {"estimated": "Estimated", "refused": "Refused", "failed": "Failed"}
NAMED = {"high": "High", "low": "Low", "normal": "Normal", "uncertain": "Uncertain"}
WHERE = {
    "high": f"above {HIGH_MEQ_L}",
    "low": f"below {LOW_MEQ_L}",
    "normal": f"{LOW_MEQ_L} to {HIGH_MEQ_L}",
}
SAME, ABOUT = 1.5, "about as likely"
"""Nearer to one than this is a ratio of likelihoods that nobody need hear of, and what is said of it."""
FEW = 0.0995
"""Below a probability of a tenth, a decimal shows what an ECG changed."""
SYMBOL = {"high": "▲", "low": "▼", "normal": "●", "uncertain": "◆"}
"""Shapes, so that color is never the only sign of a level."""


def clean(text: str) -> str:
    """Return one printable line: control characters, direction overrides and broken bytes do not get through."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)


def file_name(source: str) -> str:
    """Return the last part of a path, POSIX or Windows: folders often carry what must not be shown."""
    return re.split(r"[/\\]", source.rstrip("/\\"))[-1] or "recording"


def without_folder(sentence: str, source: str) -> str:
    """Return the sentence with the path of the source, if it is quoted there, cut down to the file name."""
    name = file_name(source)
    return sentence.replace(source, name) if source.endswith(name) and source != name else sentence


def potassium(value: float) -> str:
    """Return mEq/L with one decimal, as a laboratory gives it."""
    return f"{value:.1f}"


def bounds(interval_meq_l: tuple[float, float]) -> str:
    """Return e.g. "5.1 to 6.8"."""
    return " to ".join(potassium(bound) for bound in interval_meq_l)


def change(value: float) -> str:
    """Return mEq/L with one decimal and its sign, "0.0" where that leaves nothing."""
    shown = f"{value:+.1f}".replace("-", "\u2212")
    return "0.0" if shown[1:] == "0.0" else shown


def probability(value: float) -> str:
    """Return a percentage that never claims 0 or 100."""
    if not math.isfinite(value):
        return "unknown"
    percent = round(100 * value, 1) if value < FEW else round(100 * value)
    return "< 1 %" if percent < 1 else "> 99 %" if percent > 99 else f"{percent} %"


def is_estimated(estimate: Estimate) -> bool:
    """Tell whether there is a number to show."""
    return estimate.status == "estimated" and estimate.potassium_meq_l is not None


def interval(estimate: Estimate) -> str | None:
    """Return e.g. "90 % interval 5.1 to 6.8"."""
    if estimate.interval_meq_l is None:
        return None
    coverage = "" if estimate.interval_coverage is None else f"{100 * estimate.interval_coverage:g} % "
    return f"{coverage}interval {bounds(estimate.interval_meq_l)}"


def level(estimate: Estimate) -> tuple[str, str] | None:
    """Return the level and what it means, e.g. ("High", "above 5.5 is likelier than not (63 %)")."""
    if estimate.level is None:
        return None
    after = _sides(estimate)
    meaning = {
        "high": f"{WHERE['high']} is likelier than not{_percent(after, 'high')}",
        "low": f"{WHERE['low']} is likelier than not{_percent(after, 'low')}",
        "normal": (
            f"{WHERE['normal']} is very likely{_percent(after, 'normal', _before(estimate))}, but not certain; a blood "
            "test tells"
        ),
        "uncertain": _leaning(estimate) or _open(after.get("normal")),
    }
    return NAMED[estimate.level], meaning[estimate.level]


def _sides(known: Estimate | Before | None) -> dict[str, float]:
    """Return how likely a high, a low and a normal potassium are, as far as that is stated."""
    if known is None:
        return {}
    stated = {"high": known.probability_above.get(str(HIGH_MEQ_L)), "low": known.probability_below.get(str(LOW_MEQ_L))}
    sides = {side: chance for side, chance in stated.items() if chance is not None}
    if len(sides) == len(stated):
        sides["normal"] = 1 - sum(sides.values())
    return sides


def _before(estimate: Estimate) -> dict[str, float]:
    return _sides(estimate.population)


def _percent(after: Mapping[str, float], side: str, before: Mapping[str, float] | None = None) -> str:
    """Return " (94 %)", or " (94 %; 90 % before this ECG)", or nothing where it is not known."""
    if side not in after:
        return ""
    earlier = f"; {probability(before[side])} before this ECG" if before and side in before else ""
    return f" ({probability(after[side])}{earlier})"


def _leaning(estimate: Estimate) -> str | None:
    """Return which side an ECG made likelier although no level can be said; of two, the likelier one."""
    after, before = _sides(estimate), _before(estimate)
    raised = [
        (chance, side)
        for side, chance in after.items()
        if estimate.likelihood_ratio.get(side, 1.0) >= LITTLE and chance > before.get(side, 0.0)
    ]
    if not raised:
        return None
    chance, side = max(raised)
    return f"{WHERE[side]} is possible ({probability(chance)}), and this ECG makes it likelier; a blood test tells"


def _open(normal: float | None) -> str:
    """Return why nothing can be said of an ECG that leans to no side."""
    if normal is None:
        return "neither high nor low nor normal is likely enough"
    if normal >= 1 - NORMAL_RISK:
        return f"{WHERE['normal']} would be very likely, but the T waves say too little"
    percent = math.floor(round(100 * normal, 1))  # of thousandths; 89.9 is not yet 90
    return f"{WHERE['normal']} has a probability of {percent} %, too little to be called normal"


def evidence(estimate: Estimate) -> str | None:
    """Return what the ECG says, as a sentence; no population goes into it, only the patient's own blood draws."""
    if not (ratios := estimate.likelihood_ratio):
        return None
    if says_little(ratios):
        return (
            "This ECG says little: it fits a high, a low and a normal potassium about equally well, and rules out none "
            "of them."
        )
    high, low = (times(ratios[side]) for side in ("high", "low"))
    than = "as" if high == ABOUT else "than"
    whose = "Of this patient, an" if estimate.earlier_ecgs else "An"
    return f"{whose} ECG like this is {high} at a high potassium {than} at a normal one, and {low} at a low one."


def times(ratio: float) -> str:
    """Return a likelihood ratio in words, e.g. "8 times likelier" or "2.5 times less likely"."""
    factor = max(ratio, 1 / max(ratio, 1e-9))
    if factor < SAME:
        return ABOUT
    number = "over 100" if factor > 100 else f"{factor:.0f}" if factor >= 3 else f"{factor:.1f}".removesuffix(".0")
    return f"{number} times {'likelier' if ratio > 1 else 'less likely'}"


def chances(estimate: Estimate) -> list[tuple[str, str, str]]:
    """Return what is above or below a limit, its probability before the ECG, and after it."""
    before = estimate.population
    sides = (
        ("above", estimate.probability_above, before.probability_above if before else {}),
        ("below", estimate.probability_below, before.probability_below if before else {}),
    )
    return [
        (f"{side} {limit}", probability(known[limit]) if limit in known else "", probability(value))
        for side, after, known in sides
        for limit, value in after.items()
    ]


def laboratory(estimate: Estimate) -> str | None:
    """Return what a hemolyzed sample and the ECG say together, in words that are no laboratory's result."""
    if (draw := estimate.doubtful_draw) is None:
        return None
    with_ecg, without = probability(draw.probability_with_ecg), probability(draw.probability_without_ecg)
    index = "" if draw.hemolysis_index is None else f" (index {draw.hemolysis_index:g})"
    drawn = " with these earlier blood draws" if estimate.earlier_ecgs else ""
    who = "" if estimate.population is None else f", for a patient of the population {estimate.population.name}{drawn},"
    return (
        f"The laboratory found {draw.potassium_meq_l:g} {UNIT} in a hemolyzed sample{index}, of which burst cells may "
        f"have added about {draw.added_meq_l:.1f}. The true potassium is above {HIGH_MEQ_L}{who} with a probability of "
        f"{without} without this ECG, {with_ecg} with it. This was tried on no patient and rules nothing out: draw "
        "blood again now. The estimate does not use this sample."
    )


def population(estimate: Estimate) -> str | None:
    """Return where the patient is taken from, e.g. "kidney (outpatients with chronic kidney disease)"."""
    known = estimate.population
    return None if known is None else f"{known.name} ({known.people})"


def reason(estimate: Estimate) -> str:
    """Return why there is no number, without the folder of the source."""
    return without_folder(estimate.reason or "no reason was given", estimate.source)


def sentence(text: str) -> str:
    """Return the text with a capital, unless its first word is a name, such as aVR or ecg.dat."""
    first = text.split(" ", 1)[0]
    return text[0].upper() + text[1:] if first.isalpha() and first.islower() else text


def origin(data: str) -> str:
    """Return what a model or an interval was made with, as a phrase."""
    return f"{data} ECGs" if data.endswith(("simulated", "measured")) else data


def model(name: ModelName) -> str:
    """Return e.g. "v5-4k 1.0.0, trained on simulated ECGs"."""
    return f"{name.name} {name.version}, trained on {origin(name.trained_on)}"


def days(count: float) -> str:
    """Return e.g. "a day" or "9 days"."""
    return "a day" if round(count) == 1 else f"{count:.0f} days"


def moment(time: datetime) -> str:
    """Return e.g. "2026-03-02 08:15"."""
    return f"{time:%Y-%m-%d %H:%M}"


def span(low: float, high: float) -> str:
    """Return e.g. "660 to 700", or "680" where both are the same."""
    return f"{low:.0f}" if f"{low:.0f}" == f"{high:.0f}" else f"{low:.0f} to {high:.0f}"


def duration(seconds: float) -> str:
    """Return e.g. "10.0 s", "5 min" or "1 h 0 min"."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 and minutes != 60 else f"{minutes // 60} h {minutes % 60} min"
