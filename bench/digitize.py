"""How well pages are read: against the true signal, against what every ECG obeys, and in potassium.

    KALEMIA_DATA=... python bench/digitize.py [PART ...] | python bench/fill.py digitize

PART is any of ludb, worse, pdf, mix, real, potassium, ndmc, time; all of them without one. Needs the dev extra: wfdb
reads the truth. Every page is written to a file and read from it, as a user's is; what is drawn or spoiled here
depends on SEED and the page only. Nothing is fitted.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import csv
import gzip
import resource
import subprocess
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from common import data, headers, table
from kalemia.errors import KalemiaError
from kalemia.evaluate import degrade
from kalemia.evaluate.anypage import random_page
from kalemia.evaluate.digitizing import Fidelity, agreement, decibels, einthoven, fidelity, heart_rate_bpm
from kalemia.evaluate.metrics import auroc
from kalemia.evaluate.pages import Layout, Page, Style, draw, layout, printed
from kalemia.model import bundled
from kalemia.predict import predict
from kalemia.read import read
from kalemia.records import Recording
from kalemia.simulate import simulate
from real import bins_of

if TYPE_CHECKING:
    from kalemia.digitize import Digitized

SEED = 4
FAILED_DB = 3.0
"""A page of which less than half the power is right counts as failed, and so does one that is not read."""
STRIP = layout(3, 4, ("II",))
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
        found, reason = None, str(refusal)
    except Exception as defect:  # noqa: BLE001 - one page must not stop the others
        found, reason = None, f"{type(defect).__name__}: {defect}"
        print(f"DEFECT {path.name}: {reason}", file=sys.stderr)
    seconds = time.perf_counter() - start
    print(f"{path.name}: {seconds:.1f} s {reason}", file=sys.stderr)
    return Answer(found, reason, seconds)


def ask_page(page: Page, name: str) -> Answer:
    """Digitize a page in memory, through a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.png"
        Image.fromarray(page.image).save(path, compress_level=1)
        return ask(path)


def generator(*what: object) -> Generator:
    """Return the stream of random numbers of one page."""
    return np.random.default_rng([SEED, *(zlib.crc32(str(one).encode()) for one in what)])


def true_of(header: Path, shown: Layout) -> Recording:
    """Return what a page prints of a WFDB record, in the millivolts that its header states."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb
    record = wfdb.rdrecord(str(header.with_suffix("")))
    whole = Recording(record.p_signal.T, record.fs, tuple(record.sig_name))
    return printed(whole, shown)


def scored(pages: str, reader: str, found: Sequence[Fidelity]) -> list[object]:
    """Return one row of figures of a set of pages."""
    db = np.array([one.db for one in found])
    failed = int(np.sum(db < FAILED_DB))
    return [
        pages, reader, len(found), f"{decibels([one.ratio for one in found]):.1f}", f"{np.median(db):.1f}",
        f"{np.quantile(db, 0.1):.1f}", f"{failed} ({failed / len(found):.0%})", _mean(one.lead_db for one in found),
        f"{np.mean([one.coverage for one in found]):.1%}", _middle((abs(one.gain_error) for one in found), "{:.1%}"),
        _middle((one.t_error_mv for one in found), "{:.3f}"),
    ]  # fmt: skip


def _known(values: Iterable[float]) -> list[float]:
    return [value for value in values if np.isfinite(value)]


def _mean(values: Iterable[float]) -> str:
    known = _known(values)
    return f"{np.mean(known):.1f}" if known else "-"


def _middle(values: Iterable[float], form: str = "{:.3f}", share: float = 0.5) -> str:
    known = _known(values)
    return form.format(np.quantile(known, share)) if known else "-"


# ---- LUDB's pages, drawn by others


def ludb_pages() -> list[tuple[Page, str]]:
    """Return LUDB's pages with what they print, and their names."""
    found = []
    for path in sorted((data() / "ludb-pages").glob("*.png")):
        true = true_of(data() / "ludb" / "data" / f"{int(path.stem)}.hea", STRIP)
        with Image.open(path) as image:
            found.append((Page(np.asarray(image.convert("RGB")), true, STRIP.name, 7.7), path.stem))
    return found


def peer(name: str) -> Recording:
    """Return what ECGMiner published for one of LUDB's pages."""
    with gzip.open(data() / "ludb-pages" / "peer-ecgminer" / f"{name}.csv.gz", "rt") as file:
        rows = np.genfromtxt(file, delimiter=",", names=True)
    leads = tuple(rows.dtype.names or ())
    return Recording(np.stack([rows[lead] for lead in leads]), 500.0, leads)


def ludb() -> str:
    """Score LUDB's pages as they are, beside ECGMiner's own output for the same pages."""
    pages = ludb_pages()
    rows = [
        scored("`ludb-pages`, as they are", "ECGMiner", [fidelity(page.recording, peer(name)) for page, name in pages])
    ]
    answers = [ask(data() / "ludb-pages" / f"{name}.png") for _, name in pages]
    own = [fidelity(page.recording, one.recording) for (page, _), one in zip(pages, answers, strict=True)]
    rows.append(scored("`ludb-pages`, as they are", "Kalemia", own))
    return table(FIDELITY, rows)


def _turned(page: Page, rng: Generator) -> Page:
    return degrade.rotate(page, float(rng.uniform(1, 5) * rng.choice([-1, 1])))


WORSE: dict[str, Callable[[Page, Generator], Page]] = {
    "greyscale": lambda page, _: degrade.grey(page),
    "JPEG 50": lambda page, _: degrade.jpeg(page, 50),
    "turned by 1 to 5 degrees": _turned,
    "shaded by 30 to 60 %, noise of SD 5 to 15": lambda page, rng: degrade.noise(
        degrade.shade(page, rng), rng, rng.uniform(5, 15)
    ),
    "simulated photos": degrade.photo,
}


def worse() -> str:
    """Score LUDB's pages after they were spoiled."""
    rows = []
    for how, spoil in WORSE.items():
        found = []
        for page, name in ludb_pages():
            spoiled = spoil(page, generator(how, name))
            found.append(fidelity(page.recording, ask_page(spoiled, f"{name} {how[:8]}").recording))
        rows.append(scored(f"`ludb-pages`, {how}", "Kalemia", found))
    return table(FIDELITY, rows)


# ---- PDF


def pdf_pages() -> list[tuple[Path, Recording]]:
    """Return the PDF pages with what they print."""
    paths = sorted((data() / "pages-pdf").glob("*.pdf"))
    return [
        (path, true_of(path.with_name(path.stem.removesuffix("_6x2")), layout(6, 2) if "6x2" in path.stem else STRIP))
        for path in paths
    ]


def pdf() -> str:
    """Score the PDF pages as files (their paths are read), and drawn at 200 dpi."""
    pages = pdf_pages()
    whole = [fidelity(true, ask(path).recording) for path, true in pages]
    drawn = [fidelity(true, ask_page(_rasterized(path, true), path.stem).recording) for path, true in pages]
    rows = [scored("`pages-pdf`", "Kalemia", whole), scored("`pages-pdf`, at 200 dpi", "Kalemia", drawn)]
    return table(FIDELITY, rows)


def _rasterized(path: Path, true: Recording) -> Page:
    import pypdfium2

    with pypdfium2.PdfDocument(path) as document:
        return Page(np.asarray(document[0].render(scale=200 / 72).to_numpy()), true, "", 200 / 25.4)


# ---- our own renderer


def mix(count: int = 60) -> str:
    """Score pages of all layouts and looks: a third as they are, a third scanned, a third photographed."""
    ways: dict[str, Callable[[Page, Generator], Page]] = {
        "clean": lambda page, _: page,
        "scanned": degrade.scan,
        "photographed": degrade.photo,
    }
    found: dict[str, list[Fidelity]] = {how: [] for how in ways}
    right: dict[str, list[bool]] = {how: [] for how in ways}
    reasons: list[list[object]] = []
    for nth, one in enumerate(simulate(count, SEED)):
        how = list(ways)[nth % len(ways)]
        rng = generator("mix", nth)
        page = ways[how](random_page(one.recording, rng), rng)
        answer = ask_page(page, f"{nth} {how} {page.layout}")
        found[how].append(fidelity(page.recording, answer.recording))
        right[how].append(answer.digitized is not None and answer.digitized.layout == page.layout)
        if not right[how][-1] or found[how][-1].db < FAILED_DB:
            said = answer.digitized.layout if answer.digitized else answer.reason
            reasons.append([nth, how, page.layout, f"{page.px_per_mm:.1f}", said, f"{found[how][-1].db:.1f}"])
    found["all"], right["all"] = list(chain(*found.values())), list(chain(*right.values()))
    rows = [[*scored(f"own mix, {how}", "Kalemia", found[how]), f"{np.mean(right[how]):.0%}"] for how in found]
    wrong = table(["page", "how", "layout", "px/mm", "read as", "dB"], reasons)
    return (
        f"{table([*FIDELITY, 'layout right'], rows)}\n\nThose that failed or were taken for another layout:\n\n{wrong}"
    )


# ---- pages that hospitals made


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
    def rate_bpm(self) -> float:
        """The heart rate of what was read."""
        return heart_rate_bpm(self.answer.recording) if self.answer.recording else float("nan")

    @property
    def rate_off(self) -> float:
        """How far the heart rate is from the one that a person read, beats per minute."""
        return abs(self.rate_bpm - float(self.row["hr_read_bpm"]))

    @property
    def strip_r(self) -> float:
        """Agreement of the strips with the short leads that they repeat, the least of them."""
        if self.answer.digitized is None:
            return float("nan")
        return min(strip_agreements(self.answer.digitized), default=float("nan"))


def strip_agreements(digitized: Digitized) -> list[float]:
    """Return the correlation of each rhythm strip with the short lead that it repeats."""
    rate = digitized.recording.rate
    rows = [(trace.lead, np.asarray(trace.signal, dtype=np.float64)) for trace in digitized.traces]
    found = []
    for lead in {lead for lead, _ in rows}:
        short, *others = sorted((signal for name, signal in rows if name == lead), key=lambda s: np.isfinite(s).sum())
        found += [agreement(short, strip, rate) for strip in others]
    return found


def real() -> str:
    """Say what happened to each real page, and sum it up by kind."""
    with (data() / "pages-real" / "pages.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if "DUPLICATE" not in row["remarks"]]
    pages = [Real(row, ask(data() / "pages-real" / row["file"])) for row in rows]
    groups = {group: [page for page in pages if page.group == group] for group in sorted({p.group for p in pages})}
    summed = [_summed(group, some) for group, some in [*groups.items(), ("all", pages)]]
    silent = [p.row["file"] for p in pages if p.emax > 0.2 and p.answer.recording and not p.answer.recording.warnings]
    columns = ["pages", "n", "digitized", "Emax median", "p90", "strip r median", "rate within 3 bpm", "within 5 %"]
    return (
        f"{table(columns, summed)}\n\nEmax above 0.2 without a warning: {', '.join(silent) or 'none'}.\n\n"
        + table(["page", "kind", "layout", "read as", "Emax", "strip r", "bpm read", "by eye", "what was said"],
                [_told(page) for page in pages])
    )  # fmt: skip


def _summed(group: str, pages: Sequence[Real]) -> list[object]:
    done = [page for page in pages if page.answer.digitized]
    near = [page.rate_off <= 3 for page in done]
    close = [page.rate_off <= 0.05 * float(page.row["hr_read_bpm"]) for page in done]
    return [
        group, len(pages), f"{len(done)} ({len(done) / len(pages):.0%})", _middle(page.emax for page in done),
        _middle((page.emax for page in done), share=0.9), _middle(page.strip_r for page in done),
        f"{sum(near)} of {len(near)}", f"{sum(close)} of {len(close)}",
    ]  # fmt: skip


def _told(page: Real) -> list[object]:
    found = page.answer.digitized
    said = "; ".join(found.recording.warnings) if found else page.answer.reason
    return [
        page.row["file"].split(".")[0], page.row["kind"], page.row["layout"], found.layout if found else "refused",
        _middle([page.emax]), _middle([page.strip_r]), _middle([page.rate_bpm], "{:.0f}"), page.row["hr_read_bpm"],
        said.replace("|", "/"),
    ]  # fmt: skip


# ---- potassium


def potassium(count: int = 40) -> str:
    """Compare the estimate through the page with the one from the same beats of the file."""
    rows: list[list[object]] = []
    pairs = [(true, ask(path).recording) for path, true in pdf_pages()]
    rows += _differences("`pages-pdf`", pairs)
    pairs = []
    for nth, one in enumerate(simulate(count, SEED + 1)):
        page = draw(one.recording, (STRIP, layout(6, 2), layout(12, 1))[nth % 3])
        pairs.append((page.recording, ask_page(page, f"{nth} {page.layout}").recording))
    rows += _differences("simulated pages", pairs)
    columns = ["pages", "model", "n", "both estimated", "median difference, mEq/L", "p90", "SD of the files' estimates"]
    return table(columns, rows)


def _differences(pages: str, pairs: Sequence[tuple[Recording, Recording | None]]) -> list[list[object]]:
    rows: list[list[object]] = []
    for card in bundled():
        from_file = [predict(true, card.name).potassium_meq_l for true, _ in pairs]
        from_page = [predict(found, card.name).potassium_meq_l if found else None for _, found in pairs]
        both = [(a, b) for a, b in zip(from_file, from_page, strict=True) if a is not None and b is not None]
        off = [abs(a - b) for a, b in both]
        spread = f"{np.std([a for a, _ in both]):.2f}" if both else "-"
        rows.append([pages, card.name, len(pairs), len(both), _middle(off), _middle(off, share=0.9), spread])
    return rows


def ndmc() -> str:
    """Draw the ECGs with a laboratory's potassium as scanned or photographed pages, and read them back."""
    places = bins_of()
    whole, high, pages = [], [], []
    for nth, header in enumerate(headers(data() / "ndmc-potassium")):
        rng = generator("ndmc", header.stem)
        recording = read(header)
        page = (degrade.scan, degrade.photo)[nth % 2](draw(recording, STRIP, Style()), rng)
        whole.append(recording)
        high.append(places[header.stem] >= 3)
        pages.append((page.recording, ask_page(page, header.stem).recording))
    rows: list[list[object]] = []
    for card in bundled():
        estimates = [
            [predict(one, card.name).potassium_meq_l if one else None for one in some]
            for some in (whole, [true for true, _ in pages], [found for _, found in pages])
        ]
        row: list[object] = [card.name, *(_area(high, some) for some in estimates)]
        both = [all(value is not None for value in some) for some in zip(*estimates, strict=True)]
        row += [_area(high, [v if keep else None for v, keep in zip(some, both, strict=True)]) for some in estimates]
        rows.append(row)
    sources = ["whole file", "what the page prints", "page"]
    return table(["model", *sources, *(f"{one}, where all three estimate" for one in sources)], rows)


def _area(truth: Sequence[bool], scores: Sequence[float | None]) -> str:
    kept = [(t, s) for t, s in zip(truth, scores, strict=True) if s is not None]
    if len({t for t, _ in kept}) < 2:
        return f"- ({len(kept)})"
    return f"{auroc(np.array([t for t, _ in kept]), np.array([s for _, s in kept])):.3f} ({len(kept)})"


# ---- time


def timed() -> str:
    """Measure a page of 2000 by 960 pixels and a photo of 12 megapixels, each in a process of its own."""
    one = next(iter(simulate(1, SEED))).recording
    large = degrade.photo(draw(one, STRIP, Style(px_per_mm=13.4, row_mm=44)), generator("time"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        Image.fromarray(large.image).save(path, quality=90)
        rows = [
            ["2000 x 960 page", *_process(data() / "ludb-pages" / "001.png", 5)],
            [f"photo of {large.image.shape[1]} x {large.image.shape[0]}", *_process(path, 3)],
        ]
    return table(["what", "median, s", "peak memory, GB"], rows)


CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from digitize import child; child(sys.argv[2], int(sys.argv[3]))"


def child(path: str, times: int) -> None:
    """Digitize a file some times; print the median time in s and the peak memory in GB."""
    taken = [ask(Path(path)).seconds for _ in range(times + 1)][1:]
    print(np.median(taken), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2)


def _process(path: Path, times: int) -> list[str]:
    here = str(Path(__file__).parent)
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, here, str(path), str(times)], check=True, capture_output=True, text=True
    )
    return [f"{float(number):.2f}" for number in ran.stdout.split()]


PARTS: dict[str, Callable[[], str]] = {
    "ludb": ludb, "worse": worse, "pdf": pdf, "mix": mix, "real": real, "potassium": potassium, "ndmc": ndmc,
    "time": timed,
}  # fmt: skip


if __name__ == "__main__":
    wanted = sys.argv[1:] or list(PARTS)
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"no part {', '.join(sorted(unknown))}; expected any of {', '.join(PARTS)}")
    for part in wanted:
        print(f"{(PARTS[part].__doc__ or '').splitlines()[0]}\n\n{PARTS[part]()}\n", flush=True)
