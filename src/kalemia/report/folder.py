"""Pages in a folder: a name for each, written whole or not at all, and an index of them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from kalemia.errors import KalemiaError
from kalemia.records import NOTICE, Beat, Estimate, Recording
from kalemia.report import words
from kalemia.report.document import STATUS, SYMBOL, document, notice, page
from kalemia.report.markup import Markup, element
from kalemia.system import atomic

if TYPE_CHECKING:
    from kalemia.estimate.explain import Explanation

LONGEST_STEM = 48
"""Characters; even at four bytes each the name, its number and ".html" fit into the 255 bytes of a file name."""
RESERVED = frozenset(
    {"index", "con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
)
"""Our own index, and the names that Windows keeps for its devices."""


@dataclass(frozen=True)
class Row:
    """One line of the index: an estimate and the page that was written for it, if any."""

    estimate: Estimate
    page: Path | None = None


def write_page(
    folder: Path,
    estimate: Estimate,
    recording: Recording | None = None,
    beat: Beat | None = None,
    scan: bytes | None = None,
    why: Explanation | None = None,
    *,
    name: str | None = None,
) -> Path:
    """Write the page of one input into `folder`, which is made if need be, and return its path.

    Parameters
    ----------
    folder, estimate, recording, beat, scan, why
        Where to write, and what `page` draws.
    name
        The file name, from `page_name`; by default the one that the source would get alone.

    Raises
    ------
    KalemiaError
        If the folder cannot be made or written; no partial file is left.
    """
    return _write(folder, name or page_name(estimate.source, set()), page(estimate, recording, beat, scan, why))


def page_name(source: str, taken: set[str]) -> str:
    """Return a file name for the page of `source` that is not among those in `taken`, and add it there.

    Name all inputs of a run with one set, before work is shared out to processes, and no page replaces another: the
    second `ecg.html` becomes `ecg-2.html`.
    """
    stem = _stem(source)
    name, number = stem, 1
    # Case is ignored because file systems may ignore it.
    while name.casefold() in taken or name.casefold() in RESERVED:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name.casefold())
    return f"{name}.html"


def index(folder: Path, rows: Sequence[Row]) -> Path:
    """Write `index.html`, a table of what was reported with high estimates first, and return its path.

    Raises
    ------
    KalemiaError
        If the folder cannot be made or written.
    """
    shown = _distinct_names([row.estimate.source for row in rows])
    order = sorted(range(len(rows)), key=lambda k: (*_urgency(rows[k].estimate), shown[k]))
    lines = [_line(rows[k], shown[k]) for k in order]
    columns = ("Source", "Status", "Estimate", "Interval", "Level", "Reason")
    head = element("tr", *(element("th", column, scope="col") for column in columns))
    table = element("table", element("thead", head), element("tbody", *lines), class_="index")
    header = element("header", element("p", "Kalemia", class_="brand"), element("h1", "Potassium estimated from ECGs"))
    summary = element("p", _summary(rows), class_="facts")
    said = element("section", summary, _models(rows), notice(NOTICE), table, class_="index-of-pages")
    return _write(folder, "index.html", document("Estimates – Kalemia", header, element("main", said)))


def _stem(source: str) -> str:
    """Return a file name without folder, ending or any character that a file system could object to."""
    name = unicodedata.normalize("NFC", words.file_name(source))
    stem = re.sub(r"[^\w.-]+", "-", re.sub(r"(?<=.)\.\w+$", "", name))
    return stem[:LONGEST_STEM].strip("-._") or "ecg"


def _write(folder: Path, name: str, content: str) -> Path:
    target = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        atomic.write({target: content.encode("utf-8")})
    except OSError as exc:
        why = exc.strerror or str(exc)
        raise KalemiaError(f"cannot write the report into {folder}: {why}; name a folder that can be written") from exc
    return target


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


def _summary(rows: Sequence[Row]) -> str:
    counts = Counter[str](row.estimate.status for row in rows)
    high = sum(row.estimate.level == "high" for row in rows)
    parts = [f"{counts[status]} {status}" + (f" ({high} high)" if status == "estimated" else "") for status in STATUS]
    return f"Of {len(rows)}: {', '.join(parts)}."


def _models(rows: Sequence[Row]) -> Markup | None:
    names = sorted({words.model(row.estimate.model) for row in rows if row.estimate.model is not None})
    return element("p", f"Model: {'; '.join(names)}.", class_="validated") if names else None


def _line(row: Row, shown: str) -> Markup:
    estimate = row.estimate
    named = element("bdi", shown)
    source = named if row.page is None else element("a", named, href=quote(row.page.name))
    number = "" if estimate.potassium_meq_l is None else f"{words.potassium(estimate.potassium_meq_l)} {words.UNIT}"
    interval = "" if estimate.interval_meq_l is None else words.bounds(estimate.interval_meq_l)
    level = "" if estimate.level is None else f"{SYMBOL[estimate.level]} {words.NAMED[estimate.level]}"
    why = "" if words.is_estimated(estimate) else words.reason(estimate)
    return element(
        "tr",
        element("th", source, scope="row"),
        element("td", STATUS[estimate.status]),
        element("td", number, class_="figure"),
        element("td", interval, class_="figure"),
        element("td", level, class_="use"),
        element("td", why),
        class_=f"level-{estimate.level}" if estimate.level else None,
    )
