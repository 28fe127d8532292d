"""The acceptance table of the simulator: what the clinic found, within which limits simulated patients pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.stats import binomtest

from kalemia.validate import answers
from kalemia.validate.answers import Measure, of, p_present
from kalemia.validate.criterion import Criterion, Measurement, Outcome
from kalemia.validate.patients import Patients
from kalemia.validate.table import Table, long_pr, normal, p_absent, peaked_t, slow, wide_qrs

POPULATION = "PubMed 31629993, n = 163,547"
DIALYSIS = "hemodialysis criteria study, n = 32, own control"
EMERGENCY = "BMC Emerg Med 2019, s12873-019-0247-0"
ARRIVALS = "Int J Emerg Med 2022, s12245-022-00422-8"
ROUTINE = "BioMed Res Int 2018, 3054316"
RENAL = "end-stage renal disease, 476 visits"


Answer = Callable[[Patients], Measurement]
Check = tuple[Criterion, Answer]


def assess(patients: Patients) -> list[Outcome]:
    """Hold simulated patients against every one of the clinic's figures."""
    return [criterion.check(answer(patients)) for criterion, answer in checks()]


def checks() -> Iterator[Check]:
    """Yield the criteria with the function that measures each."""
    yield from _low_potassium()
    yield from _dialysis()
    yield from _shares()
    yield from _correlations()
    yield from _sequence()


def _slope(id_: str, what: str, unit: str, expected: float, answer: Answer, *, limited: bool = True) -> Check:
    low, high = sorted((0.7 * expected, 1.3 * expected))
    limits = (low, high, "30 %") if limited else ()
    name = f"{what} per +1 mEq/L, 2.0 to 4.1"
    return Criterion(id_, name, unit, f"{expected:+g}", POPULATION, *limits), answer


def _low_potassium() -> Iterator[Check]:
    def lead(name: str) -> Answer:
        return partial(answers.slope, measure=of(name, "t_mv", 1000))

    def atrial(name: str, scale: float = 1.0) -> Answer:
        return partial(answers.slope, measure=of("II", name, scale), where=p_present)

    yield _slope("A1", "QTcF", "ms", -12.8, partial(answers.slope, measure=of("II", "qtc_ms")))
    yield _slope("A2", "T, mean of I, II, V2, V4, V5", "uV", 43, partial(answers.slope, measure=answers.mean_t_uv))
    yield _slope("A2a", "T in V5", "uV", 43, lead("V5"))
    for letter, name in zip("bcde", ("I", "II", "V2", "V4"), strict=True):
        yield _slope(f"A2{letter}", f"T in {name}", "uV", 43, lead(name), limited=False)
    yield _slope("A3a", "PR", "ms", -4.6, atrial("pr_ms"))
    yield _slope("A3b", "P duration in II", "ms", -2.7, atrial("p_ms"))
    yield _slope("A3c", "P amplitude in II", "uV", -3.5, atrial("p_mv", 1000))


def _growth(id_: str, what: str, before: float, after: float, unit: str, answer: Answer) -> Check:
    """Accept a ratio within 25 % of the source's that also has half of its change: no change at all must not pass."""
    ratio = after / before
    limits = (max(0.75 * ratio, (1 + ratio) / 2), 1.25 * ratio)
    expected = f"{ratio:.2f} ({before:g} to {after:g} {unit})"
    name = f"{what}, 6 to 6.5 over 4.3"
    return Criterion(id_, name, "", expected, DIALYSIS, *limits, "25 %, half the change", digits=2), answer


def _dialysis() -> Iterator[Check]:
    for letter, lead in zip("ab", ("V4", "V5"), strict=True):
        yield (
            Criterion(
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
    long_t = Criterion("E", "T longer than 200 ms in II at 5.5 or more", "%", "0", "Nemati 2010, n = 80")
    yield long_t, partial(answers.share, abnormal=answers.long_t, weights=answers.ABOVE_5_5)


def _share(id_: str, what: str, percent: float, n: int, source: str, answer: Answer) -> Check:
    """Accept what the source's number of patients leaves open: its 95 % interval by Wilson."""
    interval = binomtest(round(percent / 100 * n), n).proportion_ci(0.95, "wilson")
    low, high = 100 * interval.low, 100 * interval.high
    return Criterion(id_, what, "%", f"{percent:g}", source, low, high, f"{low:.1f} to {high:.1f}, n = {n}"), answer


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
            Criterion(
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
        criterion = Criterion(
            f"H2{letter}", f"r2 of {what} with potassium, 4.1 to 6.5", "", "0.02 to 0.12", RENAL, digits=2
        )
        yield criterion, partial(answers.explained, measure=measure, where=where)


def _sequence() -> Iterator[Check]:
    levels = (4.3, 6.0, 7.2, 9.0)
    text = "textbook sequence"
    p = partial(answers.medians, measure=lambda table: np.abs(table.of("II", "p_mv")), levels=levels, digits=2)
    qrs = partial(answers.medians, measure=of("II", "qrs_ms"), levels=levels, digits=0)
    yield Criterion("Ia", "P in II at 9 (and at 4.3, 6, 7.2, 9)", "mV", "falls, then lost", text, digits=2), p
    yield Criterion("Ib", "QRS at 9 (and at 4.3, 6, 7.2, 9)", "ms", "widens above 6.5", text, digits=0), qrs
    yield Criterion("M", "recordings that can be measured, fewest", "%", "-", "-", digits=0), answers.fewest_measured
