"""The index of a folder of pages: one line an input, those of high potassium first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from kalemia.records import HIGH_MEQ_L, NOTICE, Estimate
from kalemia.report import words
from kalemia.report.document import TO_TRUST, document, notice
from kalemia.report.markup import Attribute, Markup, element, join
from kalemia.report.trust import trust

ABOVE = f"above {HIGH_MEQ_L}"
CSV = "estimates.csv"
"""The name of the table beside the index."""
BEAT, RECORDED, LEVEL = "Beat", "Recorded", "Level"
COLUMNS = (BEAT, "Source", RECORDED, "Rate, /min", "mEq/L", "Interval", f"{ABOVE} before", "after", LEVEL, "Notes")
LONG = 24
"""Characters of a name from which on it may be broken, after what joins its words."""
HEAD_CLASSES = {BEAT: "unsorted", f"{ABOVE} before": "two-words"}
SHORT = 72
"""Characters of a reason that stand in the table; the rest unfolds."""


@dataclass(frozen=True)
class Listed:
    """A line of the index: an estimate, the page that was written for it, and a small picture of its beat, if any."""

    estimate: Estimate
    page: Path | None = None
    thumb: Markup | None = None


def index(rows: Sequence[Listed]) -> str:
    """Return the HTML document that lists what was reported, each line with a link to its page.

    It can be filtered by level, and sorted by any column where scripts run; without one it has the order of urgency.
    """
    names = _distinct_names([row.estimate.source for row in rows])
    order = sorted(range(len(rows)), key=lambda k: (*_urgency(rows[k].estimate), names[k]))
    columns = [name for name in COLUMNS if name != RECORDED or any(row.estimate.recorded for row in rows)]
    lines = [_line(rows[k], names[k], place, columns) for place, k in enumerate(order)]
    head = element("tr", *(element("th", name, scope="col", class_=HEAD_CLASSES.get(name)) for name in columns))
    table = element("table", element("thead", head), element("tbody", *lines), class_="index")
    header = element("header", element("p", "Kalemia", class_="brand"), element("h1", "Potassium estimated from ECGs"))
    beside = element("p", "The same as a table: ", element("a", CSV, href=CSV), class_="validated")
    listing = element(
        "section",
        element("p", _summary(rows), class_="facts"),
        _made_with(rows),
        beside,
        notice(NOTICE, TO_TRUST),
        *_filters(rows),
        table,
        class_="index-of-pages",
    )
    models = {row.estimate.model.sha256: row.estimate.model for row in rows if row.estimate.model is not None}
    script = resources.files("kalemia.report").joinpath("sort.js").read_text(encoding="utf-8")
    main = element("main", listing, trust(*models.values()))
    return document("Estimates – Kalemia", header, main, origin="from ECGs and their population", script=script)


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


def _group(estimate: Estimate) -> str:
    """Return what a line is filtered by."""
    return estimate.level or "none"


def _filters(rows: Sequence[Listed]) -> list[Markup]:
    """Return a button for each level that occurs, which the style sheet obeys without a script."""
    counts = Counter(_group(row.estimate) for row in rows)
    if len(counts) < 2:
        return []
    known = [(level, f"{words.SYMBOL[level]} {name}") for level, name in words.NAMED.items()]
    shown = [("all", "All", len(rows))]
    shown += [(key, name, counts[key]) for key, name in [*known, ("none", "No estimate")] if counts[key]]
    return [join(*(_filter(*each) for each in shown))]


def _filter(key: str, name: str, count: int) -> Markup:
    checked: dict[str, Attribute] = {"checked": "checked"} if key == "all" else {}
    return join(
        element("input", type="radio", name="level", id=f"show-{key}", class_="show", **checked),
        element("label", f"{name} {count:,}", for_=f"show-{key}", class_="show-label"),
    )


def _line(row: Listed, shown: str, place: int, columns: Sequence[str]) -> Markup:
    estimate = row.estimate
    value, interval = estimate.potassium_meq_l, estimate.interval_meq_l
    before, after = next((pair for what, *pair in words.chances(estimate) if what == ABOVE), ("", ""))
    rate = estimate.heart_rate_bpm
    cells = (
        element("td", row.thumb, class_="of-beat"),
        element("th", _source(row, shown), scope="row"),
        _cell(RECORDED, None if estimate.recorded is None else words.moment(estimate.recorded)),
        _cell("Rate, /min", None if rate is None else f"{rate:.0f}"),
        _cell("mEq/L", None if value is None else words.potassium(value), value, "strong"),
        _cell("Interval", None if interval is None else words.bounds(interval), interval and interval[0]),
        _cell(f"{ABOVE} before", before),
        _cell("after", after, estimate.probability_above.get(str(HIGH_MEQ_L))),
        _cell(LEVEL, _level(estimate), place, "use"),
        element("td", *_notes(estimate), class_="notes", data_value=str(len(estimate.warnings) or "")),
    )
    kept = [cell for name, cell in zip(COLUMNS, cells, strict=True) if name in columns]
    return element("tr", *kept, class_=f"level-{_group(estimate)}")


def _source(row: Listed, shown: str) -> Markup:
    """Return the name, which may be broken after what joins its words, and a link to the page."""
    parts = re.split(r"(?<=[-_./])", shown) if len(shown) > LONG else [shown]
    broken = join(*(join(part, element("wbr")) for part in parts[:-1]), parts[-1])
    named = element("bdi", broken)
    return named if row.page is None else element("a", named, href=quote(row.page.name))


def _cell(column: str, text: str | None, value: float | None = None, class_: str = "") -> Markup:
    """Return a cell with its column's name, for phones, and what it is sorted by, where that is not its text."""
    known = None if value is None else f"{value:.6g}"
    classes = f"figure {class_}".strip()
    return element("td", text, class_=classes, data_label=column, data_value=known)


def _level(estimate: Estimate) -> str:
    if estimate.level is None:
        return words.STATUS[estimate.status]
    return f"{words.SYMBOL[estimate.level]} {words.NAMED[estimate.level]}"


def _notes(estimate: Estimate) -> list[Markup]:
    """Return why there is no estimate, and the warnings, folded where they are long."""
    notes = [] if words.is_estimated(estimate) else [words.sentence(words.reason(estimate))]
    parts = [_folded(note, note) for note in notes]
    warnings = [words.without_folder(warning, estimate.source) for warning in estimate.warnings]
    if warnings:
        count = f"{len(warnings)} warning{'s' if len(warnings) > 1 else ''}"
        parts.append(_unfolding(count, element("ul", *(element("li", warning) for warning in warnings))))
    return parts


def _folded(text: str, whole: str) -> Markup:
    if len(text) <= SHORT:
        return element("p", text)
    return _unfolding(f"{text[:SHORT].rsplit(' ', 1)[0]} …", element("p", whole))


def _unfolding(summary: str, whole: Markup) -> Markup:
    return element("details", element("summary", summary), whole)
