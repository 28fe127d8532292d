"""What the benchmarks of reading pages share: asking the digitizer through a file, and a row of figures."""

from __future__ import annotations

import sys
import tempfile
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from kalemia.errors import KalemiaError
from kalemia.records import Recording
from printed.digitizing import Fidelity, decibels
from printed.pages import PrintedPage

if TYPE_CHECKING:
    from kalemia.digitize import Digitized

SEED = 4
FAILED_DB = 3.0
"""A page of which less than half the power is right counts as failed, and so does one that is not read."""
FIDELITY = ["pages", "reader", "n", "set, dB", "median", "p10", "failed", "mean lead, dB", "coverage",
            "gain error", "T error, mV"]  # fmt: skip
Generator = np.random.Generator


@dataclass(frozen=True)
class Answer:
    """What the digitizer made of a page: a result, or the reason why there is none."""

    digitized: Digitized | None
    reason: str
    seconds: float

    @property
    def recording(self) -> Recording | None:
        """What was read, if anything."""
        return self.digitized.recording if self.digitized else None


def ask(path: Path) -> Answer:
    """Digitize a file; anything else than a refusal that ends it is said on stderr, for it is a defect."""
    from kalemia.digitize import digitize

    start = time.perf_counter()
    try:
        found, reason = digitize(path), ""
    except KalemiaError as refusal:
        found, reason = None, str(refusal).removeprefix(f"{path}: ")
    except Exception as defect:  # noqa: BLE001 - one page must not stop the others
        found, reason = None, f"{type(defect).__name__}: {defect}"
        print(f"DEFECT {path.name}: {reason}", file=sys.stderr)
    seconds = time.perf_counter() - start
    print(f"{path.name}: {seconds:.1f} s {reason}", file=sys.stderr)
    return Answer(found, reason, seconds)


def ask_page(page: PrintedPage, name: str) -> Answer:
    """Digitize a page in memory, through a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.png"
        Image.fromarray(page.image).save(path, compress_level=1)
        return ask(path)


def generator(*what: object) -> Generator:
    """Return the stream of random numbers of one page."""
    return np.random.default_rng([SEED, *(zlib.crc32(str(one).encode()) for one in what)])


def scored(pages: str, reader: str, found: Sequence[Fidelity]) -> list[object]:
    """Return one row of figures of a set of pages."""
    db = np.array([one.db for one in found])
    failed = int(np.sum(db < FAILED_DB))
    return [
        pages, reader, len(found), f"{decibels([one.ratio for one in found]):.1f}", f"{np.median(db):.1f}",
        f"{np.quantile(db, 0.1):.1f}", f"{failed} ({failed / len(found):.0%})", _mean(one.lead_db for one in found),
        f"{np.mean([one.coverage for one in found]):.1%}", middle((abs(one.gain_error) for one in found), "{:.1%}"),
        middle((one.t_error_mv for one in found), "{:.3f}"),
    ]  # fmt: skip


def _known(values: Iterable[float]) -> list[float]:
    return [value for value in values if np.isfinite(value)]


def _mean(values: Iterable[float]) -> str:
    known = _known(values)
    return f"{np.mean(known):.1f}" if known else "-"


def middle(values: Iterable[float], form: str = "{:.3f}", share: float = 0.5) -> str:
    """Return a quantile of the values that are known, by default the median, as text; "-" where there is none."""
    known = _known(values)
    return form.format(np.quantile(known, share)) if known else "-"
