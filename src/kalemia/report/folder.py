"""Pages in a folder: a name for each, written whole or not at all, and an index of them."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kalemia.errors import KalemiaError
from kalemia.estimate.table import to_csv
from kalemia.records import Estimate
from kalemia.report import words
from kalemia.report.index import CSV, Listed, index
from kalemia.report.markup import Markup
from kalemia.report.onepage import page
from kalemia.system import atomic

if TYPE_CHECKING:
    from kalemia.estimate.predict import Result

LONGEST_STEM = 48
"""Characters; even at four bytes each the name, its number and ".html" fit into the 255 bytes of a file name."""
RESERVED = frozenset(
    {"index", "con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
)
"""Our own index, and the names that Windows keeps for its devices."""


def write_page(result: Result, folder: str | Path, *, name: str | None = None) -> Path:
    """Write the page of one input into `folder`, which is made if need be, and return its path.

    Parameters
    ----------
    result, folder
        What `page` shows, and where to write it.
    name
        The file name; by default that of the source, with html for its ending.

    Raises
    ------
    KalemiaError
        If the folder cannot be made or written; no partial file is left.
    """
    return _write(Path(folder), name or page_name(result.estimate.source, set()), page(result))


def report(what: Result | Estimate, path: str | os.PathLike[str]) -> Path:
    """Write the page of an estimate, one HTML file that needs nothing else, and return its path.

    Parameters
    ----------
    what
        From `kalemia.examine`, which keeps what the page shows; or an Estimate, whose file is read again for it. Where
        that is no longer there, or says something else than the Estimate (options were given with it), the page shows
        what the Estimate holds, without the ECG.
    path
        The file to write, or a folder for it.

    Raises
    ------
    KalemiaError
        It cannot be written; no partial file is left.
    """
    result = _examined(what) if isinstance(what, Estimate) else what
    target = Path(path)
    if target.suffix.lower() in (".html", ".htm") and not target.is_dir():
        return write_page(result, target.parent, name=target.name)
    return write_page(result, target)


def _examined(estimate: Estimate) -> Result:
    """Return what an Estimate was made from, if its file still says the same."""
    from kalemia.estimate.predict import Result, examine

    alone = Result(estimate)
    if not Path(estimate.source).is_file() or estimate.model is None or estimate.population is None:
        return alone
    with suppress(KalemiaError):
        again = examine(estimate.source, estimate.model.name, population=estimate.population.name)
        return again if again.estimate == estimate else alone
    return alone


@dataclass(frozen=True)
class Pages:
    """The pages of many inputs in one folder, each under a name that no other has; as `each` of a `Job` it writes them.

    Attributes
    ----------
    folder
        Where they are written.
    names
        The file name of the page of every source.
    """

    folder: Path
    names: Mapping[str, str]

    @classmethod
    def of(cls, sources: Iterable[str | os.PathLike[str]], folder: str | Path) -> Pages:
        """Name the pages of all sources, before work is shared out to processes."""
        taken: set[str] = set()
        names = dict.fromkeys(os.fsdecode(source) for source in sources)
        return cls(Path(folder), {source: page_name(source, taken) for source in names})

    def __call__(self, source: str, result: Result) -> None:
        """Write the page of one source; where it cannot be written the estimate is not lost, and `page` says so."""
        try:
            write_page(result, self.folder, name=self.names[source])
        except Exception as exc:
            with suppress(OSError):  # one of an earlier run must not pass for it
                (self.folder / self.names[source]).unlink(missing_ok=True)
            if not isinstance(exc, KalemiaError):
                raise

    def page(self, estimate: Estimate) -> Path | None:
        """Return the page of an estimate; None where it was not written."""
        path = self.folder / self.names[estimate.source]
        return path if path.is_file() else None

    def write_index(self, estimates: Sequence[Estimate]) -> Path:
        """Write `index.html`, a table of what was estimated with the high ones first, and return its path.

        Beside it lies `estimates.csv`, the same for other programs.

        Raises
        ------
        KalemiaError
            If it cannot be written.
        """
        written = _write(self.folder, "index.html", index([self._listed(estimate) for estimate in estimates]))
        _write(self.folder, CSV, to_csv(estimates))
        return written

    def _listed(self, estimate: Estimate) -> Listed:
        page = self.page(estimate)
        return Listed(estimate, page, None if page is None else _thumb(page))


def _thumb(page: Path) -> Markup | None:
    """Return the small picture of the beat that stands in the head of a page."""
    with suppress(OSError, UnicodeDecodeError):
        head = page.read_text(encoding="utf-8").partition("<main>")[0]
        if found := re.search(r'<svg class="thumb".*?</svg>', head):
            return Markup(found[0])
    return None


def page_name(source: str, taken: set[str]) -> str:
    """Return a file name for the page of `source` that is not among those in `taken`, and add it there.

    Named with one set, no page replaces another: the second `ecg.html` becomes `ecg-2.html`.
    """
    stem = _stem(source)
    name, number = stem, 1
    # Case is ignored because file systems may ignore it.
    while name.casefold() in taken or name.casefold() in RESERVED:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name.casefold())
    return f"{name}.html"


def _stem(source: str) -> str:
    """Return a file name without folder, ending or any character that a file system could object to."""
    name = unicodedata.normalize("NFC", words.file_name(source))
    stem = re.sub(r"[^\w.-]+", "-", re.sub(r"(?<=.)\.\w+$", "", name))
    return stem[:LONGEST_STEM].strip("-._") or "ecg"


def _write(folder: Path, name: str, content: str) -> Path:
    if Path(name).name != name or name == "..":
        raise KalemiaError(f"{name!r:.80} is no name of a file in {folder}; give one without folders")
    target = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        atomic.write({target: content.encode("utf-8")})
    except (OSError, ValueError) as exc:  # a zero byte in a name is a ValueError
        reason = getattr(exc, "strerror", None) or str(exc)
        raise KalemiaError(
            f"cannot write the report into {folder}: {reason}; name a folder that can be written"
        ) from exc
    return target
