"""What the digitizer makes of pages that hospitals printed, scanned and photographed; see `digitize.py`."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

from common import data, table
from printed.digitizing import einthoven, heart_rate_bpm
from reading import Answer, ask, middle

SUMMED = ["pages", "n", "digitized", "Emax median", "p90", "short leads' median", "strip r median",
          "rate within 3 bpm", "within 5 %"]  # fmt: skip
TOLD = ["page", "kind", "layout", "read as", "Emax", "short leads", "strip r", "bpm read", "by eye", "what was said"]


@dataclass(frozen=True)
class Real:
    """A real page: what a person saw on it, and what the digitizer did."""

    row: dict[str, str]
    answer: Answer

    @property
    def group(self) -> str:
        """The kind of page that it counts as."""
        if self.row["layout"].startswith("fragment"):
            return "other"
        if self.row["kind"] == "photo":
            return "phone photos of 12 leads"
        small = float(self.row["px_per_mm_at_strip"]) < 3.4
        return "low resolution or dark grid" if small or self.row["grid"] == "black" else "flat, at least 3.4 px/mm"

    @property
    def emax(self) -> float:
        """Emax of what was read, NaN where the page can't be judged by it."""
        judged = self.answer.recording and not self.row["einthoven_check"].startswith("no")
        return einthoven(self.answer.recording) if judged and self.answer.recording else float("nan")

    @property
    def emax_short(self) -> float:
        """Emax as the digitizer says, with II from the short lead where a strip repeats it."""
        found = self.answer.digitized
        judged = found and not self.row["einthoven_check"].startswith("no")
        return found.einthoven if judged and found and found.einthoven is not None else float("nan")

    @property
    def flagged(self) -> bool:
        """Whether a warning says more than what had to be assumed."""
        found = self.answer.digitized
        return found is not None and bool(set(found.recording.warnings) - set(found.assumed))

    @property
    def rate_bpm(self) -> float:
        """The heart rate of what was read."""
        return heart_rate_bpm(self.answer.recording) if self.answer.recording else float("nan")

    @property
    def rate_off(self) -> float:
        """How far the heart rate is from the one that a person read, beats per minute."""
        return abs(self.rate_bpm - float(self.row["hr_read_bpm"]))

    @property
    def strip_r(self) -> float:
        """Agreement of the strips with the short leads that they repeat, as the digitizer says: the least of them."""
        found = self.answer.digitized
        return min(found.strip_agreement.values(), default=float("nan")) if found else float("nan")


def real() -> str:
    """Say what happened to each real page, and sum it up by kind."""
    with (data() / "pages-real" / "pages.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if "DUPLICATE" not in row["remarks"]]
    pages = [Real(row, ask(data() / "pages-real" / row["file"])) for row in rows]
    groups = {group: [page for page in pages if page.group == group] for group in sorted({p.group for p in pages})}
    summed = [_summed(group, some) for group, some in [*groups.items(), ("all", pages)]]
    silent = [page.row["file"] for page in pages if page.emax > 0.2 and not page.flagged]
    flags = f"Emax above 0.2 without a warning: {', '.join(silent) or 'none'}."
    kinds, each = table(SUMMED, summed, "digitize-real"), [_told(page) for page in pages]
    return f"{kinds}\n\n{flags}\n\n{table(TOLD, each, 'digitize-real-pages')}"


def _summed(group: str, pages: Sequence[Real]) -> list[object]:
    done = [page for page in pages if page.answer.digitized]
    near = [page.rate_off <= 3 for page in done]
    close = [page.rate_off <= 0.05 * float(page.row["hr_read_bpm"]) for page in done]
    return [
        group, len(pages), f"{len(done)} ({len(done) / len(pages):.0%})", middle(page.emax for page in done),
        middle((page.emax for page in done), share=0.9),
        middle(page.emax_short for page in done), middle(page.strip_r for page in done),
        f"{sum(near)} of {len(near)}", f"{sum(close)} of {len(close)}",
    ]  # fmt: skip


def _told(page: Real) -> list[object]:
    found = page.answer.digitized
    said = "; ".join(found.recording.warnings) if found else page.answer.reason
    return [
        page.row["file"].split(".")[0], page.row["kind"], page.row["layout"], found.layout if found else "refused",
        middle([page.emax]), middle([page.emax_short]), middle([page.strip_r]), middle([page.rate_bpm], "{:.0f}"),
        page.row["hr_read_bpm"], said.replace("|", "/"),
    ]  # fmt: skip
