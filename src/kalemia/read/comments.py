"""What the comments of a CSV say of all its columns: rate, unit, gain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kalemia.body import RATES_HZ
from kalemia.errors import ReadError
from kalemia.read.raw import mv_per, mv_per_step
from kalemia.read.text import STYLES
from kalemia.records import DIGITIZED

_NUMBER = r"\d[\d.,']*"
_RATE = re.compile(
    r"(?:(?:sampl[a-z]*[ _-]*)?(?:rate|freq|frequency)|fs)[ _]*[\[(]?(k?hz|hertz)?[\])]?"
    rf"\s*[:=]?\s*({_NUMBER})\s*(k?hz|hertz)?",
    re.I,
)
_UNIT = re.compile(r"units?\s*[:=]?\s*(\S.*)", re.I)
_GAIN = re.compile(r"(?:adc[ _-]*)?(?:gain|resolution|lsb|step)\s*[:=]?\s*(\d\S*.*)", re.I)
_BASELINE = re.compile(r"(?:adc[ _-]*)?(?:baseline|zero|offset)\s*[:=]?\s*(-?\d+)", re.I)
_PAPER = re.compile(r"[\d.,]+\s*mm\s*/\s*mv", re.I)


@dataclass(frozen=True)
class Stated:
    """What comments state: the sampling rate, Hz, the unit or gain of the numbers, and which of them is 0 mV."""

    rate: float | None = None
    unit: str | None = None
    gain: str | None = None
    baseline: float = 0.0
    digitized: bool = False

    @classmethod
    def of(cls, comments: Sequence[str]) -> Stated:
        """Read comments, of which each part is one of its own, up to a comma that is in no number.

        Raises
        ------
        ReadError
            Where they contradict each other, or say something of the unit that is not understood.
        """
        parts = [part.strip() for line in comments for part in re.split(r",(?!\d)|(?<!\d),|;", line.lstrip("#"))]
        rates = {_hertz(found) for part in parts if (found := _RATE.fullmatch(part))}
        units = {found[1].strip() for part in parts if (found := _UNIT.fullmatch(part))}
        gains = {found[1].strip() for part in parts if (found := _GAIN.fullmatch(part)) and not _PAPER.match(found[1])}
        zeros = {float(found[1]) for part in parts if (found := _BASELINE.fullmatch(part))}
        if len(rates) > 1:
            raise ReadError("the comments of the CSV state several sampling rates; one is accepted")
        volts = {unit for unit in units if mv_per(unit) is not None}
        gains |= {unit for unit in units - volts if mv_per_step(unit) is not None}
        counts = units - volts - gains
        if len(volts) > 1 or (counts and not (gains and all(map(_counts, counts)))):
            raise ReadError(
                "the comments of the CSV state a unit that is not known, or several; mV, uV or V is accepted"
            )
        if not volts and (len(gains) > 1 or any(mv_per_step(gain) is None for gain in gains)):
            raise ReadError("the comments of the CSV state several gains, or one without a unit; 200/mV is accepted")
        gain = next(iter(gains), None) if not volts else None
        zero = next(iter(zeros), 0.0) if gain and len(zeros) == 1 else 0.0
        return cls(next(iter(rates), None), next(iter(volts), None), gain, zero, f"# {DIGITIZED}" in comments)


def _counts(unit: str) -> bool:
    return re.fullmatch(r"adc|adu|(?:adc )?(?:counts?|units?)|lsb|steps?|raw", unit, re.I) is not None


def _hertz(rate: re.Match[str]) -> float:
    """Return a rate, Hz, in the style in which an ECG may have it: "511,422 Hz", "1,000 Hz"."""
    factor = 1e3 if "khz" in {(rate[1] or "").lower(), (rate[3] or "").lower()} else 1.0
    found = [factor * style.value(rate[2]) for style in STYLES if style.reads([rate[2]])]
    return next((hertz for hertz in found if RATES_HZ[0] <= hertz <= RATES_HZ[1]), found[0] if found else float("nan"))
