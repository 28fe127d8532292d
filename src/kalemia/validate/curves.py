"""What potassium does to simulated patients, drawn: measures against it, and how many show an abnormality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kalemia.report.markup import Markup, element
from kalemia.validate import charts
from kalemia.validate.answers import Measure, Where, mean, of
from kalemia.validate.charts import Curve, Reference
from kalemia.validate.criterion import Criterion
from kalemia.validate.patients import ORDINARY, Patients
from kalemia.validate.table import Numbers, Table, long_pr, normal, p_absent, peaked_t, slope_ratio, slow, wide_qrs
from kalemia.validate.validation import Validation

Sources = tuple[tuple[str, tuple[float, float]], ...]
"""Rows of the acceptance table, and the range of potassium of each one's patients, mEq/L."""

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
SHARES: tuple[tuple[str, Where, Sources], ...] = (
    ("QRS > 120 ms", wide_qrs, (("Fa", (3.5, 5.0)), ("Fb", (7.0, 8.2)), ("Gb", (6.5, 7.0)))),
    ("Peaked T", peaked_t, (("Fc", (3.5, 5.0)), ("Fd", (7.0, 8.2)), ("Ga", (6.5, 7.0)))),
    ("First-degree block", long_pr, (("Fe", (3.5, 5.0)), ("Ff", (7.0, 8.2)), ("Gc", (6.5, 7.0)))),
    ("Below 60 a minute", slow, (("Fg", (3.5, 5.0)), ("Fh", (7.0, 8.2)))),
    ("P absent", p_absent, (("Gd", (6.5, 8.0)),)),
    ("A normal ECG", normal, (("G2", (5.5, 8.0)),)),
)


def measures(validation: Validation) -> Markup:
    """Return the section of measures against potassium, real ordinary ECGs behind them."""
    drawn = [
        charts.chart(
            title, unit, _curve(validation.patients, measure, where), _ordinary(validation.real, measure, where)
        )
        for title, unit, measure, where in CURVES
    ]
    key = "Median and middle four fifths of the same patients at every level."
    if validation.real is not None:
        key += " Grey: the middle half and the median of real ordinary ECGs."
    return _section("What potassium does", key, drawn)


def shares(validation: Validation) -> Markup:
    """Return the section of shares of patients with an abnormality, behind them what the sources saw."""
    criteria = {outcome.criterion.id: outcome.criterion for outcome in validation.outcomes}
    drawn = [
        charts.chart(title, "%", _share(validation.patients, abnormal), _seen(criteria, sources))
        for title, abnormal, sources in SHARES
    ]
    key = "Share of patients. Grey: what the sources of rows F and G saw, with what their few patients leave open."
    return _section("How many show it", key, drawn)


def _section(heading: str, key: str, drawn: Sequence[Markup]) -> Markup:
    charted = element("div", *drawn, class_="charts")
    return element("section", element("h2", heading), element("p", key, class_="facts"), charted)


def _curve(patients: Patients, measure: Measure, where: Where | None) -> Curve:
    spread = [_quantiles(measure(table), table, where, (0.1, 0.5, 0.9)) for table in patients.at.values()]
    low, middle, high = np.array(spread).T
    return Curve(np.array(list(patients.at)), middle, low, high)


def _ordinary(real: Table | None, measure: Measure, where: Where | None) -> list[Reference]:
    if real is None:
        return []
    low, middle, high = _quantiles(measure(real), real, where, (0.25, 0.5, 0.75))
    return [Reference(ORDINARY, low, high, middle)]


def _quantiles(values: Numbers, table: Table, where: Where | None, shares: tuple[float, ...]) -> list[float]:
    chosen = values[np.isfinite(values) & (table.measured if where is None else where(table))]
    return [float(value) for value in np.quantile(chosen, shares)] if chosen.size else [np.nan] * len(shares)


def _share(patients: Patients, abnormal: Where) -> Curve:
    percent = [100 * mean(abnormal(table)[table.measured]) for table in patients.at.values()]
    return Curve(np.array(list(patients.at)), np.array(percent))


def _seen(criteria: Mapping[str, Criterion], sources: Sources) -> list[Reference]:
    """Return what each source saw, at the potassium of its patients."""
    return [
        Reference(span, row.low, row.high, float(row.expected))
        for row, span in ((criteria[id_], span) for id_, span in sources)
        if row.low is not None and row.high is not None
    ]
