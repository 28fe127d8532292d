"""A validation as one HTML page: the table, what potassium does, one patient's ECGs, and real against simulated."""

from __future__ import annotations

from itertools import groupby

import numpy as np

from kalemia.errors import BeatError
from kalemia.records import Beat, Recording
from kalemia.report import paper, pictures
from kalemia.report.document import document, notice
from kalemia.report.markup import Markup, element, join
from kalemia.signal.beat import cut
from kalemia.simulate import simulate_one
from kalemia.validate import charts
from kalemia.validate.acceptance import ORDINARY, Result
from kalemia.validate.answers import Measure, Where, of
from kalemia.validate.charts import Curve, Reference
from kalemia.validate.patients import ORDINARY as ORDINARY_MEQ_L
from kalemia.validate.patients import Patients
from kalemia.validate.table import Table, long_pr, normal, p_absent, peaked_t, slope_ratio, slow, tabulate, wide_qrs
from kalemia.validate.validate import Validation

SHOWN_MEQ_L = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0)
NOTICE = "Simulated, research use. Nobody's ECG; says nothing about how well anything works on patients."
SYMBOL = {"pass": "●", "missed": "▲"}
"""Shapes, so that color is never the only sign of a verdict."""
GROUPS = {
    "A": "Low potassium, the same patients",
    "B": "The T wave before dialysis",
    "D": "High potassium, the same patients",
    "E": "Length of the T wave",
    "F": "Emergency patients, percent with",
    "G": "Emergency patients with high potassium, percent with",
    "H": "Between patients",
    "I": "The textbook sequence",
    "M": "Recordings",
    "N": "Told from real ECGs by twenty features of the beat",
    "O": "A second opinion on our measures, in simulated ECGs",
}
CURVES: tuple[tuple[str, str, Measure, Where | None], ...] = (
    ("T amplitude in V5", "mV", of("V5", "t_mv"), None),
    ("T amplitude in II", "mV", of("II", "t_mv"), None),
    ("T width in V5, half height", "ms", of("V5", "t_width_ms"), None),
    ("T downslope/amplitude in V5", "1/s", lambda table: slope_ratio(table, "V5"), None),
    ("QTc, Fridericia", "ms", of("II", "qtc_ms"), None),
    ("QRS", "ms", of("II", "qrs_ms"), None),
    ("PR, where there is a P wave", "ms", of("II", "pr_ms"), lambda table: table.p_present),
    ("P amplitude in II", "mV", of("II", "p_mv"), None),
)
SHARES: tuple[tuple[str, Where, tuple[tuple[str, tuple[float, float]], ...]], ...] = (
    ("QRS > 120 ms", wide_qrs, (("Fa", (3.5, 5.0)), ("Fb", (7.0, 8.2)), ("Gb", (6.5, 7.0)))),
    ("Peaked T", peaked_t, (("Fc", (3.5, 5.0)), ("Fd", (7.0, 8.2)), ("Ga", (6.5, 7.0)))),
    ("First-degree block", long_pr, (("Fe", (3.5, 5.0)), ("Ff", (7.0, 8.2)), ("Gc", (6.5, 7.0)))),
    ("Below 60 a minute", slow, (("Fg", (3.5, 5.0)), ("Fh", (7.0, 8.2)))),
    ("P absent", p_absent, (("Gd", (6.5, 8.0)),)),
    ("A normal ECG", normal, (("G2", (5.5, 8.0)),)),
)


def page(validation: Validation) -> str:
    """Return the whole HTML document."""
    header = element(
        "header", element("p", "Kalemia", class_="brand"), element("h1", "Simulated patients against the clinic")
    )
    main = element(
        "main",
        _answer(validation),
        _table(validation),
        _curves(validation),
        _shares(validation),
        _one_patient(validation),
        _against_real(validation),
    )
    return document("The simulator against the clinic – Kalemia", header, main, origin="from simulated ECGs")


def _section(heading: str, *content: str | None) -> Markup:
    return element("section", element("h2", heading), *content)


def _answer(validation: Validation) -> Markup:
    counts = [
        element(
            "div",
            element("p", str(validation.count(verdict)), class_=f"number verdict-{verdict}"),
            element("p", said, class_="label"),
        )
        for verdict, said in (("pass", "pass"), ("missed", "missed"), ("reported", "only reported"))
    ]
    patients = validation.patients
    levels = list(patients.at)
    said = (
        f"{len(patients.own):,} simulated patients of the level {validation.level!r}, seed {validation.seed}: each at "
        f"{len(levels)} potassium levels from {min(levels):g} to {max(levels):g} mEq/L, and once at an ordinary one. "
    )
    measured = 0 if validation.real is None else int(validation.real.measured.sum())
    real = f"Compared with {measured} real ordinary ECGs." if measured else "No real ECGs were there to compare with."
    return element(
        "section",
        element("div", *counts, class_="result counts"),
        element("p", said + real),
        notice(NOTICE),
        class_="answer",
    )


def _table(validation: Validation) -> Markup:
    groups = [
        element("tbody", _group(letter, list(results)), *map(_line, results))
        for letter, results in ((key, list(group)) for key, group in groupby(validation.results, lambda r: r.row.id[0]))
    ]
    names = ("", "What", "Expected", "Simulated", "Accepted", "Verdict")
    head = element("thead", element("tr", *(element("th", name, scope="col") for name in names)))
    return _section("The clinic's figures", element("table", head, *groups, class_="rows"))


def _group(letter: str, results: list[Result]) -> Markup:
    sources = "; ".join(dict.fromkeys(result.row.source for result in results if result.row.source != "-"))
    said = element("span", sources, class_="label") if sources else None
    title = element("th", element("strong", GROUPS.get(letter, letter)), " ", said, colspan=6, scope="rowgroup")
    return element("tr", title, class_="group")


def _line(result: Result) -> Markup:
    row = result.row
    value, _, note = result.shown.partition(" (")
    return element(
        "tr",
        element("td", row.id, class_="label"),
        element("th", row.what, scope="row"),
        element("td", row.expected_shown),
        element("td", element("strong", value), element("span", f" ({note}", class_="label") if note else None),
        element("td", row.tolerance, class_="label"),
        _verdict(result),
    )


def _verdict(result: Result) -> Markup:
    symbol = SYMBOL.get(result.verdict)
    kind = result.verdict if symbol else "reported"
    mark = None if symbol is None else element("span", f"{symbol} ", aria_hidden="true")
    return element("td", mark, result.verdict, class_=f"verdict-{kind}")


def _curves(validation: Validation) -> Markup:
    drawn = [
        charts.chart(
            title, unit, _curve(validation.patients, measure, where), _ordinary(validation.real, measure, where)
        )
        for title, unit, measure, where in CURVES
    ]
    real = "" if validation.real is None else " Grey: the middle half and the median of real ordinary ECGs."
    said = f"Median and middle four fifths of the same patients at every level.{real}"
    return _section("What potassium does", element("p", said, class_="facts"), element("div", *drawn, class_="charts"))


def _curve(patients: Patients, measure: Measure, where: Where | None) -> Curve:
    spread = [_quantiles(measure(table), table, where, (0.1, 0.5, 0.9)) for table in patients.at.values()]
    low, middle, high = np.array(spread).T
    return Curve(np.array(list(patients.at)), middle, low, high)


def _ordinary(real: Table | None, measure: Measure, where: Where | None) -> list[Reference]:
    if real is None:
        return []
    low, middle, high = _quantiles(measure(real), real, where, (0.25, 0.5, 0.75))
    return [Reference(ORDINARY_MEQ_L, low, high, middle)]


def _quantiles(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    table: Table,
    where: Where | None,
    shares: tuple[float, ...],
) -> list[float]:
    chosen = values[np.isfinite(values) & (table.measured if where is None else where(table))]
    return [float(value) for value in np.quantile(chosen, shares)] if chosen.size else [np.nan] * len(shares)


def _shares(validation: Validation) -> Markup:
    rows = {result.row.id: result.row for result in validation.results}
    drawn = []
    for title, abnormal, sources in SHARES:
        percent = [
            100 * abnormal(t)[t.measured].mean() if t.measured.any() else np.nan
            for t in validation.patients.at.values()
        ]
        curve = Curve(np.array(list(validation.patients.at)), np.array(percent))
        seen = [
            Reference(span, row.low, row.high, float(row.expected))
            for row, span in ((rows[id_], span) for id_, span in sources)
            if row.low is not None and row.high is not None
        ]
        drawn.append(charts.chart(title, "%", curve, seen))
    said = "Share of patients. Grey: what the sources of rows F and G saw, with what their few patients leave open."
    return _section("How many show it", element("p", said, class_="facts"), element("div", *drawn, class_="charts"))


def answering(patients: Patients) -> int:
    """Return a patient who answers clearly: a normal ECG at 4.1, and T steepens by 7.2 more than in four of five."""
    before, after = patients.at[4.1], patients.at[7.2]
    change = slope_ratio(after, "V5") / slope_ratio(before, "V5")
    usable = np.isfinite(change)
    chosen = usable & normal(before) if (usable & normal(before)).any() else usable
    if not chosen.any():
        return 0
    away = np.where(chosen, np.abs(change - np.quantile(change[chosen], 0.8)), np.inf)
    return int(away.argmin())


def _one_patient(validation: Validation) -> Markup:
    index = answering(validation.patients)
    made = {k: simulate_one(validation.seed, index, validation.level, k).recording for k in SHOWN_MEQ_L}
    said = (
        f"Patient {index} of seed {validation.seed}, with a normal ECG at 4.1 mEq/L and a T wave that answers more "
        "than in four of five patients. Only potassium differs; noise and rhythm are the same."
    )
    scale = "25 mm/s, 10 mm/mV: a small square is 0.04 s by 0.1 mV. Not filtered; each lead is shifted to its median."
    return join(
        _section("One patient, beat by beat", element("p", said, class_="facts"), *_beats(made)),
        _section(
            "The same patient, as recorded",
            element("p", scale, class_="facts"),
            *(_sheet(k, recording) for k, recording in made.items()),
        ),
    )


def _beats(made: dict[float, Recording]) -> list[Markup]:
    """Return the beats of two leads at every potassium, each lead on one scale."""
    return [
        element("div", *pictures.beats(beat, beat.leads), class_="beats")
        for beat in (_side_by_side(made, lead) for lead in ("V5", "II"))
        if beat is not None
    ]


def _side_by_side(made: dict[float, Recording], lead: str) -> Beat | None:
    """Return the beats of one lead as if each potassium were a lead of one recording."""
    cuts = {}
    for k, recording in made.items():
        try:
            cuts[f"{lead} at {k:g} mEq/L"] = cut(recording, (lead,))
        except BeatError:
            continue
    if not cuts:
        return None
    beats = list(cuts.values())
    return Beat(
        waveform=np.concatenate([beat.waveform for beat in beats]),
        gain_mv=np.concatenate([beat.gain_mv for beat in beats]),
        leads=tuple(cuts),
        rr_s=beats[0].rr_s,
        count=min(beat.count for beat in beats),
        quality=np.concatenate([beat.quality for beat in beats]),
        problems=tuple(problem for beat in beats for problem in beat.problems),
    )


def _sheet(potassium: float, recording: Recording) -> Markup:
    drawing = paper.draw(recording, None, f"k{potassium:g}")
    found = tabulate([recording])
    facts = [
        f"{name} {value:.0f} {unit}"
        for name, value, unit in (
            ("heart rate", found.rate_bpm[0], "a minute"),
            ("PR", found.of("II", "pr_ms")[0] if found.p_present[0] else np.nan, "ms"),
            ("QRS", found.of("II", "qrs_ms")[0], "ms"),
            ("QTc", found.of("II", "qtc_ms")[0], "ms"),
        )
        if np.isfinite(value)
    ]
    return element(
        "figure",
        element("figcaption", element("strong", f"{potassium:g} mEq/L"), " · ".join(["", "simulated", *facts])),
        element(
            "div", drawing.svg, class_="sheet", tabindex=0, role="region",
            aria_label=f"The ECG at {potassium:g} mEq/L, scrolls sideways",
        ),
    )  # fmt: skip


def _against_real(validation: Validation) -> Markup | None:
    if validation.real is None:
        return None
    lines = [
        _strip_line(result, charts.strip(ordinary.measure(validation.real), ordinary.measure(validation.patients.once)))
        for result, ordinary in zip(validation.ordinary, ORDINARY, strict=True)
    ]
    half = (len(lines) + 1) // 2
    tables = [element("table", element("tbody", *part), class_="strips") for part in (lines[:half], lines[half:])]
    key = element(
        "p",
        element("span", "■", class_="key-real"), " real  ",
        element("span", "■", class_="key-simulated"), " simulated at 3.5 to 5 mEq/L: median, middle half, "
        "middle four fifths. A row passes where the simulated median lies in the real middle half.",
        class_="facts",
    )  # fmt: skip
    return _section("Real against simulated", key, element("div", *tables, class_="pair"))


def _strip_line(result: Result, drawn: Markup) -> Markup:
    row = result.row
    return element(
        "tr",
        element("th", row.what.removesuffix(", median"), scope="row"),
        element("td", drawn, class_="wide"),
        element("td", f"{row.expected} → {result.shown}", class_="figure"),
        _verdict(result),
    )
