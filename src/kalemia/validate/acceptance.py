"""The acceptance table of the simulator: what the clinic found, within which limits simulated patients pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import binomtest

from kalemia.records import EIGHT
from kalemia.validate import answers
from kalemia.validate.answers import Got, Measure, of, p_present
from kalemia.validate.patients import Patients
from kalemia.validate.table import Table, long_pr, normal, p_absent, peaked_t, slow, wide_qrs

POPULATION = "PubMed 31629993, n = 163,547"
DIALYSIS = "hemodialysis criteria study, n = 32, own control"
EMERGENCY = "BMC Emerg Med 2019, s12873-019-0247-0"
ARRIVALS = "Int J Emerg Med 2022, s12245-022-00422-8"
ROUTINE = "BioMed Res Int 2018, 3054316"
RENAL = "end-stage renal disease, 476 visits"


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes
    ----------
    id
        As in the table of the clinic's figures, with a letter where a row has several numbers.
    what, unit
        What is measured.
    expected, source
        What was found in patients, and where that was published.
    low, high
        Between which a simulator passes; None for a number that is reported only.
    tolerance
        How the limits follow from what is expected.
    digits
        Decimals that are shown.
    """

    id: str
    what: str
    unit: str
    expected: str
    source: str
    low: float | None = None
    high: float | None = None
    tolerance: str = "-"
    digits: int = 1

    @property
    def expected_shown(self) -> str:
        """What is expected, with its unit where it is a mere number."""
        number = self.expected.lstrip("+-").replace(".", "", 1).isdigit()
        return f"{self.expected} {self.unit}" if number and self.unit else self.expected

    def judge(self, got: Got) -> Result:
        """Return the verdict on what is shown, with its digits; what could not be measured is missed, if judged."""
        if self.low is None or self.high is None:
            return Result(self, got, "reported")
        low, value, high = (round(number, self.digits) for number in (self.low, got.value, self.high))
        return Result(self, got, "pass" if low <= value <= high else "missed")


@dataclass(frozen=True)
class Result:
    """A row with what was measured; the verdict is "pass", "missed", "reported", or why nothing was measured."""

    row: Row
    got: Got
    verdict: str

    @property
    def shown(self) -> str:
        """What was measured, in words."""
        if math.isnan(self.got.value):
            return self.got.note or "not measured"
        number = f"{self.got.value:.{self.row.digits}f} {self.row.unit}".rstrip()
        return f"{number} ({self.got.note})" if self.got.note else number

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and strings; None for what could not be measured."""
        value = None if math.isnan(self.got.value) else round(self.got.value, 6)
        return vars(self.row) | {"got": value, "note": self.got.note, "verdict": self.verdict}


Answer = Callable[[Patients], Got]
Check = tuple[Row, Answer]


def judge(patients: Patients) -> list[Result]:
    """Hold simulated patients against every row of the clinic's figures."""
    return [row.judge(answer(patients)) for row, answer in checks()]


def checks() -> Iterator[Check]:
    """Yield the rows with the function that measures each."""
    yield from _low_potassium()
    yield from _dialysis()
    yield from _shares()
    yield from _correlations()
    yield from _sequence()


def _slope(id_: str, what: str, unit: str, expected: float, answer: Answer, judged: bool = True) -> Check:
    low, high = sorted((0.7 * expected, 1.3 * expected))
    limits = {"low": low, "high": high, "tolerance": "30 %"} if judged else {}
    row = Row(id_, f"{what} per +1 mEq/L, 2.0 to 4.1", unit, f"{expected:+g}", POPULATION, **limits)  # type: ignore[arg-type]
    return row, answer


def _low_potassium() -> Iterator[Check]:
    def lead(name: str) -> Answer:
        return partial(answers.slope, measure=of(name, "t_mv", 1000))

    def atrial(name: str, scale: float = 1.0) -> Answer:
        return partial(answers.slope, measure=of("II", name, scale), where=p_present)

    yield _slope("A1", "QTcF", "ms", -12.8, partial(answers.slope, measure=of("II", "qtc_ms")))
    yield _slope("A2", "T, mean of I, II, V2, V4, V5", "uV", 43, partial(answers.slope, measure=answers.mean_t_uv))
    yield _slope("A2a", "T in V5", "uV", 43, lead("V5"))
    for letter, name in zip("bcde", ("I", "II", "V2", "V4"), strict=True):
        yield _slope(f"A2{letter}", f"T in {name}", "uV", 43, lead(name), judged=False)
    yield _slope("A3a", "PR", "ms", -4.6, atrial("pr_ms"))
    yield _slope("A3b", "P duration in II", "ms", -2.7, atrial("p_ms"))
    yield _slope("A3c", "P amplitude in II", "uV", -3.5, atrial("p_mv", 1000))


def _growth(id_: str, what: str, before: float, after: float, unit: str, answer: Answer) -> Check:
    """Accept a ratio within 25 % of the source's that also has half of its change: no change at all must not pass."""
    ratio = after / before
    limits = (max(0.75 * ratio, (1 + ratio) / 2), 1.25 * ratio)
    expected = f"{ratio:.2f} ({before:g} to {after:g} {unit})"
    said = "25 %, half the change"
    return Row(id_, f"{what}, 6 to 6.5 over 4.3", "", expected, DIALYSIS, *limits, tolerance=said, digits=2), answer


def _dialysis() -> Iterator[Check]:
    for letter, lead in zip("ab", ("V4", "V5"), strict=True):
        yield (
            Row(
                f"B{letter}", f"T downslope/amplitude in {lead}, 6 over 4.1", "", "1.16 to 1.43",
                "Severi/Corsi, Computing in Cardiology", 1.05, 1.5, "1.05 to 1.5", digits=2,
            ),
            partial(answers.steepening, lead=lead),
        )  # fmt: skip
    for letter, lead, before, after in (("a", "V4", 3.7, 5.0), ("b", "II", 2.7, 4.0)):
        answer = partial(answers.growth, measure=of(lead, "t_mv", 10))
        yield _growth(f"D1{letter}", f"T height in {lead}", before, after, "mm", answer)
    pr = partial(answers.growth, measure=of("II", "pr_ms"), where=p_present, unit="ms")
    yield _growth("D2", "PR", 167, 188, "ms", pr)
    long_t = Row("E", "T longer than 200 ms in II at 5.5 or more", "%", "0", "Nemati 2010, n = 80")
    yield long_t, partial(answers.share, abnormal=answers.long_t, weights=answers.ABOVE_5_5)


def _share(id_: str, what: str, percent: float, n: int, source: str, answer: Answer) -> Check:
    """Accept what the source's number of patients leaves open: its 95 % interval by Wilson."""
    interval = binomtest(round(percent / 100 * n), n).proportion_ci(0.95, "wilson")
    low, high = 100 * interval.low, 100 * interval.high
    said = f"{low:.1f} to {high:.1f}, n = {n}"
    return Row(id_, what, "%", f"{percent:g}", source, low, high, said), answer


def _shares() -> Iterator[Check]:
    emergency = (
        ("QRS > 120 ms", wide_qrs, 8.2, 31.6),
        ("peaked T", peaked_t, 4.7, 18.4),
        ("first-degree block", long_pr, 7.1, 18.4),
        ("below 60 a minute", slow, 6.5, 18.4),
    )
    for letters, (what, abnormal, at_normal, high) in zip(("ab", "cd", "ef", "gh"), emergency, strict=True):
        for letter, where, weights, percent, n in (
            (letters[0], "at 3.5 to 5.0", answers.NORMAL, at_normal, 170),
            (letters[1], "above 7.0", answers.ABOVE_7, high, 38),
        ):
            answer = partial(answers.share, abnormal=abnormal, weights=weights)
            yield _share(f"F{letter}", f"{what}, {where}", percent, n, EMERGENCY, answer)
    arrivals = (("peaked T", peaked_t, 21), ("QRS > 120 ms", wide_qrs, 15), ("PR > 200 ms", long_pr, 12))
    for letter, (what, abnormal, percent) in zip("abcd", (*arrivals, ("P absent", p_absent, 3)), strict=True):
        answer = partial(answers.share, abnormal=abnormal, weights=answers.ABOVE_6_5)
        yield _share(f"G{letter}", f"{what}, at 6.5 or more", percent, 33, ARRIVALS, answer)
    unchanged = partial(answers.share, abnormal=normal, weights=answers.ABOVE_5_5)
    yield _share("G2", "a normal ECG, at 5.5 or more", 25.4, 67, ARRIVALS, unchanged)


def _correlations() -> Iterator[Check]:
    for letter, lead in zip("ab", ("V5", "II"), strict=True):
        yield (
            Row(
                f"H{letter}", f"r of T in {lead} with potassium, 3.5 to 5", "", "-0.22 to 0.02", ROUTINE,
                -0.25, 0.25, "|r| up to 0.25", digits=2,
            ),
            partial(answers.correlation, measure=of(lead, "t_mv")),
        )  # fmt: skip

    def t_over_r(table: Table) -> np.ndarray[Any, np.dtype[np.float64]]:
        height = table.of("V5", "r_mv")
        return np.asarray(table.of("V5", "t_mv") / np.where(height > 0.1, height, np.nan))

    renal: tuple[tuple[str, Measure, answers.Where], ...] = (
        ("T/R in V5", t_over_r, answers.measured),
        ("PR", of("II", "pr_ms"), p_present),
        ("QRS", of("II", "qrs_ms"), answers.measured),
    )
    for letter, (what, measure, where) in zip("abc", renal, strict=True):
        row = Row(f"H2{letter}", f"r2 of {what} with potassium, 4.1 to 6.5", "", "0.02 to 0.12", RENAL, digits=2)
        yield row, partial(answers.explained, measure=measure, where=where)


def _sequence() -> Iterator[Check]:
    levels = (4.3, 6.0, 7.2, 9.0)
    text = "textbook sequence"
    p = partial(answers.medians, measure=lambda table: np.abs(table.of("II", "p_mv")), levels=levels, digits=2)
    qrs = partial(answers.medians, measure=of("II", "qrs_ms"), levels=levels, digits=0)
    yield Row("Ia", "P in II at 9 (and at 4.3, 6, 7.2, 9)", "mV", "falls, then lost", text, digits=2), p
    yield Row("Ib", "QRS at 9 (and at 4.3, 6, 7.2, 9)", "ms", "widens above 6.5", text, digits=0), qrs
    yield Row("M", "recordings that can be measured, fewest", "%", "-", "-", digits=0), answers.fewest_measured


@dataclass(frozen=True)
class Ordinary:
    """A measure whose median must lie among those of real ordinary ECGs."""

    what: str
    unit: str
    measure: Measure
    digits: int = 2


ORDINARY = (
    Ordinary("PR", "ms", lambda t: np.where(t.p_present, t.of("II", "pr_ms"), np.nan), 0),
    Ordinary("QRS", "ms", of("II", "qrs_ms"), 0),
    Ordinary("QTc", "ms", of("II", "qtc_ms"), 0),
    Ordinary("QRS axis", "degrees", lambda t: t.axis_deg, 0),
    *(
        Ordinary(f"{wave.upper()} in {lead}", "mV", of(lead, f"{wave}_mv"))
        for wave in "prst"
        for lead in EIGHT
    ),
)  # fmt: skip


def against_real(patients: Patients, real: Table) -> list[Result]:
    """Hold medians at an ordinary potassium against the interquartile ranges of real ECGs."""
    return [_against(k, ordinary, patients.once, real) for k, ordinary in enumerate(ORDINARY, start=1)]


def _against(number: int, ordinary: Ordinary, simulated: Table, real: Table) -> Result:
    low, middle, high = np.nanquantile(ordinary.measure(real), [0.25, 0.5, 0.75])
    digits = ordinary.digits
    row = Row(
        id=f"R{number}",
        what=f"{ordinary.what}, median",
        unit=ordinary.unit,
        expected=f"{middle:.{digits}f}",
        source="real ordinary ECGs",
        low=float(low),
        high=float(high),
        tolerance=f"{low:.{digits}f} to {high:.{digits}f}",
        digits=digits,
    )
    return row.judge(Got(float(np.nanmedian(ordinary.measure(simulated)))))
