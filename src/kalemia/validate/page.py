"""A validation as one HTML page: the table, what potassium does, one patient's ECGs, and real against simulated."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from kalemia.report.document import document, notice
from kalemia.report.markup import Markup, element
from kalemia.validate import charts, curves, example
from kalemia.validate.criterion import Outcome
from kalemia.validate.real import MEDIANS
from kalemia.validate.validation import Validation

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


def page(validation: Validation) -> str:
    """Return the whole HTML document."""
    header = element(
        "header", element("p", "Kalemia", class_="brand"), element("h1", "Simulated patients against the clinic")
    )
    main = element(
        "main",
        _answer(validation),
        _table(validation.outcomes),
        curves.measures(validation),
        curves.shares(validation),
        example.beats(validation),
        example.sheets(validation),
        _against_real(validation),
    )
    return document("The simulator against the clinic – Kalemia", header, main, origin="from simulated ECGs")


def _answer(validation: Validation) -> Markup:
    counts = [
        element(
            "div",
            element("p", str(validation.count(verdict)), class_=f"number verdict-{verdict}"),
            element("p", label, class_="label"),
        )
        for verdict, label in (("pass", "pass"), ("missed", "missed"), ("reported", "only reported"))
    ]
    levels = list(validation.patients.at)
    compared = (
        f"{len(validation.patients.own):,} simulated patients of the level {validation.level!r}, seed "
        f"{validation.seed}: each at {len(levels)} potassium levels from {min(levels):g} to {max(levels):g} mEq/L, and "
        "once at an ordinary one. "
    )
    real = validation.real_count
    compared += f"Compared with {real} real ordinary ECGs." if real else "No real ECGs were there to compare with."
    return element(
        "section",
        element("div", *counts, class_="result counts"),
        element("p", compared),
        notice(NOTICE),
        class_="answer",
    )


def _table(outcomes: Sequence[Outcome]) -> Markup:
    groups = [
        element("tbody", _group(letter, rows), *map(_line, rows))
        for letter, rows in ((key, list(group)) for key, group in groupby(outcomes, lambda o: o.criterion.id[0]))
    ]
    names = ("", "What", "Expected", "Simulated", "Accepted", "Verdict")
    head = element("thead", element("tr", *(element("th", name, scope="col") for name in names)))
    table = element("table", head, *groups, class_="rows")
    return element("section", element("h2", "The clinic's figures"), table)


def _group(letter: str, outcomes: Sequence[Outcome]) -> Markup:
    sources = dict.fromkeys(outcome.criterion.source for outcome in outcomes)
    named = "; ".join(source for source in sources if source != "-")
    label = element("span", named, class_="label") if named else None
    title = element("th", element("strong", GROUPS.get(letter, letter)), " ", label, colspan=6, scope="rowgroup")
    return element("tr", title, class_="group")


def _line(outcome: Outcome) -> Markup:
    row = outcome.criterion
    value, _, note = outcome.shown.partition(" (")
    return element(
        "tr",
        element("td", row.id, class_="label"),
        element("th", row.what, scope="row"),
        element("td", row.expected_shown),
        element("td", element("strong", value), element("span", f" ({note}", class_="label") if note else None),
        element("td", row.tolerance, class_="label"),
        _verdict(outcome),
    )


def _verdict(outcome: Outcome) -> Markup:
    symbol = SYMBOL.get(outcome.verdict)
    kind = outcome.verdict if symbol else "reported"
    mark = None if symbol is None else element("span", f"{symbol} ", aria_hidden="true")
    return element("td", mark, outcome.verdict, class_=f"verdict-{kind}")


def _against_real(validation: Validation) -> Markup | None:
    if validation.real is None:
        return None
    lines = [
        _strip_line(outcome, charts.strip(median.measure(validation.real), median.measure(validation.patients.once)))
        for outcome, median in zip(validation.ordinary, MEDIANS, strict=True)
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
    return element("section", element("h2", "Real against simulated"), key, element("div", *tables, class_="pair"))


def _strip_line(outcome: Outcome, drawn: Markup) -> Markup:
    row = outcome.criterion
    return element(
        "tr",
        element("th", row.what.removesuffix(", median"), scope="row"),
        element("td", drawn, class_="wide"),
        element("td", f"{row.expected} → {outcome.shown}", class_="figure"),
        _verdict(outcome),
    )
