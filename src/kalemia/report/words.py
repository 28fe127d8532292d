"""The wording that the terminal, the page and the index share, so that they cannot disagree."""

from __future__ import annotations

import math
import re

from kalemia.estimate.evidence import LITTLE, says_little
from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L, Estimate, ModelName

UNIT = "mEq/L"
STATUS = {"estimated": "Estimated", "refused": "Refused", "failed": "Failed"}
NAMED = {"high": "High", "low": "Low", "normal": "Normal", "uncertain": "Uncertain"}
SAME = 1.15
"""Nearer to one than this is a ratio of likelihoods that nobody need hear of."""
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
    """Return mEq/L with one decimal, or as many (up to three) as keep it on its side of 3.5 and 5.5."""
    for digits in (1, 2, 3):
        shown = f"{value:.{digits}f}"
        if all(_side(float(shown), limit) == _side(value, limit) for limit in (LOW_MEQ_L, HIGH_MEQ_L)):
            break
    return shown


def bounds(interval_meq_l: tuple[float, float]) -> str:
    """Return e.g. "5.1 to 6.8"."""
    return " to ".join(potassium(bound) for bound in interval_meq_l)


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)


def change(value: float) -> str:
    """Return mEq/L with one decimal and its sign, "0.0" where that leaves nothing."""
    shown = f"{value:+.1f}".replace("-", "\u2212")
    return "0.0" if shown[1:] == "0.0" else shown


def probability(value: float) -> str:
    """Return a percentage that never claims 0 or 100."""
    if not math.isfinite(value):
        return "unknown"
    percent = round(100 * value)
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
    """Return the level and what it means, e.g. ("High", "above 5.5 is likelier than not")."""
    if estimate.level is None:
        return None
    meaning = {
        "high": f"above {HIGH_MEQ_L} is likelier than not",
        "low": f"below {LOW_MEQ_L} is likelier than not",
        "normal": f"{LOW_MEQ_L} to {HIGH_MEQ_L} is very likely",
        "uncertain": _leaning(estimate),
    }
    return NAMED[estimate.level], meaning[estimate.level]


def _leaning(estimate: Estimate) -> str:
    """Return what an ECG changed although no level can be said."""
    sides = (
        ("high", f"above {HIGH_MEQ_L}", estimate.probability_above.get(str(HIGH_MEQ_L))),
        ("low", f"below {LOW_MEQ_L}", estimate.probability_below.get(str(LOW_MEQ_L))),
    )
    for side, where, chance in sides:
        if chance is not None and estimate.likelihood_ratio.get(side, 1.0) >= LITTLE:
            return f"{where} is possible ({probability(chance)}), and this ECG makes it likelier; a blood test tells"
    return "high, low and normal are all too unsure to be said"


def evidence(estimate: Estimate) -> str | None:
    """Return what the ECG says on its own, as a sentence; nothing of whom it is from goes into it."""
    if not (ratios := estimate.likelihood_ratio):
        return None
    if says_little(ratios):
        return (
            "This ECG says little: it is about as likely at a high or a low potassium as at a normal one. It excludes "
            "nothing."
        )
    parts = [f"{times(ratios[side])} at a {side} potassium" for side in ("high", "low")]
    return f"This ECG is {parts[0]} and {parts[1]}, both compared to a normal one."


def times(ratio: float) -> str:
    """Return a likelihood ratio in words, e.g. "8 times likelier" or "3 times less likely"."""
    factor = max(ratio, 1 / max(ratio, 1e-9))
    if factor < SAME:
        return "as likely"
    number = "over 100" if factor > 100 else f"{factor:.0f}" if factor >= 10 else f"{factor:.1f}".removesuffix(".0")
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


def duration(seconds: float) -> str:
    """Return e.g. "10.0 s", "5 min" or "1 h 0 min"."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 and minutes != 60 else f"{minutes // 60} h {minutes % 60} min"
