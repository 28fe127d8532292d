"""The index of a folder of pages: one line an input, those of high potassium first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from kalemia.records import HIGH_MEQ_L, NOTICE, Estimate
from kalemia.report import words
from kalemia.report.document import document, notice
from kalemia.report.markup import Markup, element

ABOVE = f"above {HIGH_MEQ_L}"


@dataclass(frozen=True)
class Listed:
    """A line of the index: an estimate and the page that was written for it, if any."""

    estimate: Estimate
    page: Path | None = None


def index(rows: Sequence[Listed]) -> str:
    """Return the HTML document that lists what was reported, each line with a link to its page."""
    names = _distinct_names([row.estimate.source for row in rows])
    order = sorted(range(len(rows)), key=lambda k: (*_urgency(rows[k].estimate), names[k]))
    lines = [_line(rows[k], names[k]) for k in order]
    columns = ("Source", "Status", "Estimate", "Interval", f"{ABOVE} before", "after", "Level", "Reason")
    head = element("tr", *(element("th", column, scope="col") for column in columns))
    table = element("table", element("thead", head), element("tbody", *lines), class_="index")
    header = element("header", element("p", "Kalemia", class_="brand"), element("h1", "Potassium estimated from ECGs"))
    summary = element("p", _summary(rows), class_="facts")
    listing = element("section", summary, _made_with(rows), notice(NOTICE), table, class_="index-of-pages")
    return document("Estimates – Kalemia", header, element("main", listing), origin="from ECGs and their population")


def _urgency(estimate: Estimate) -> tuple[int, float]:
    """Return what to sort by: high, low, uncertain, normal, then what has no estimate; the highest first."""
    order = ("high", "low", "uncertain", "normal", None)
    value = estimate.potassium_meq_l or 0.0
    return order.index(estimate.level), value if estimate.level == "low" else -value


def _distinct_names(sources: Sequence[str]) -> list[str]:
    """Return the file names, with the folder before those that occur twice."""
    names = [words.file_name(source) for source in sources]
    often = Counter(names)
    return [
        "/".join(re.split(r"[/\\]", source)[-2:]) if often[name] > 1 else name
        for source, name in zip(sources, names, strict=True)
    ]


def _summary(rows: Sequence[Listed]) -> str:
    counts = Counter[str](row.estimate.status for row in rows)
    levels = Counter[str](row.estimate.level for row in rows if row.estimate.level is not None)
    named = ", ".join(f"{levels[level]} {level}" for level in words.NAMED if levels[level])
    parts = [
        f"{counts[status]} {status}" + (f" ({named})" if status == "estimated" and named else "")
        for status in words.STATUS
    ]
    return f"Of {len(rows)}: {', '.join(parts)}."


def _made_with(rows: Sequence[Listed]) -> Markup | None:
    """Return the populations and models of all, each named once."""
    populations = {known for row in rows if (known := words.population(row.estimate)) is not None}
    models = {words.model(row.estimate.model) for row in rows if row.estimate.model is not None}
    named = (("Population", populations), ("Model", models))
    sentences = [f"{what}: {'; '.join(sorted(names))}." for what, names in named if names]
    return element("p", " ".join(sentences), class_="validated") if sentences else None


def _line(row: Listed, shown: str) -> Markup:
    estimate = row.estimate
    named = element("bdi", shown)
    source = named if row.page is None else element("a", named, href=quote(row.page.name))
    number = "" if estimate.potassium_meq_l is None else f"{words.potassium(estimate.potassium_meq_l)} {words.UNIT}"
    interval = "" if estimate.interval_meq_l is None else words.bounds(estimate.interval_meq_l)
    before, after = next((pair for what, *pair in words.chances(estimate) if what == ABOVE), ("", ""))
    level = "" if estimate.level is None else f"{words.SYMBOL[estimate.level]} {words.NAMED[estimate.level]}"
    reason = "" if words.is_estimated(estimate) else words.reason(estimate)
    return element(
        "tr",
        element("th", source, scope="row"),
        element("td", words.STATUS[estimate.status]),
        element("td", number, class_="figure"),
        element("td", interval, class_="figure"),
        element("td", before, class_="figure"),
        element("td", after, class_="figure"),
        element("td", level, class_="use"),
        element("td", reason),
        class_=f"level-{estimate.level}" if estimate.level else None,
    )
