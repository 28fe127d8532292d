"""How well pages are read: against the true signal, against what every ECG obeys, and in potassium.

    KALEMIA_DATA=... python bench/digitize.py [PART ...] | python bench/fill.py digitize

PART is any of ludb, worse, pdf, mix, real, potassium, ndmc, time; all of them without one. Needs the dev extra: wfdb
reads the truth. Every page is written to a file and read from it, as a user's is; what is drawn or spoiled here
depends on the seed and the page only. Nothing is fitted.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import gzip
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from common import data, table
from kalemia.records import Recording
from kalemia.simulate import simulate
from pages_potassium import ndmc, potassium
from pages_real import real
from printed import degrade, warp
from printed.anypage import random_page
from printed.digitizing import Fidelity, fidelity
from printed.pages import PrintedPage, Style, draw
from reading import FAILED_DB, FIDELITY, SEED, ask, ask_page, generator, scored
from truth import STRIP, ludb_pages, pdf_pages

Generator = np.random.Generator


# ---- LUDB's pages, drawn by others


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
    return table(FIDELITY, rows, "digitize-ludb")


def _turned(page: PrintedPage, rng: Generator) -> PrintedPage:
    return warp.rotate(page, float(rng.uniform(1, 5) * rng.choice([-1, 1])))


WORSE: dict[str, Callable[[PrintedPage, Generator], PrintedPage]] = {
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
    return table(FIDELITY, rows, "digitize-ludb-spoiled")


# ---- PDF


def pdf() -> str:
    """Score the PDF pages as files (their paths are read), and drawn at 200 dpi."""
    pages = pdf_pages()
    whole = [fidelity(true, ask(path).recording) for path, true in pages]
    drawn = [fidelity(true, ask_page(_rasterized(path, true), path.stem).recording) for path, true in pages]
    rows = [scored("`pages-pdf`", "Kalemia", whole), scored("`pages-pdf`, at 200 dpi", "Kalemia", drawn)]
    return table(FIDELITY, rows, "digitize-pdf")


def _rasterized(path: Path, true: Recording) -> PrintedPage:
    import pypdfium2

    with pypdfium2.PdfDocument(path) as document:
        return PrintedPage(np.asarray(document[0].render(scale=200 / 72).to_numpy()), true, "", 200 / 25.4)


# ---- our own renderer


def mix(count: int = 60) -> str:
    """Score pages of all layouts and looks: a third as they are, a third scanned, a third photographed."""
    ways: dict[str, Callable[[PrintedPage, Generator], PrintedPage]] = {
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
    drawn = table([*FIDELITY, "layout right"], rows, "digitize-mix")
    wrong = table(["page", "how", "layout", "px/mm", "read as", "dB"], reasons, "digitize-mix-failed")
    return f"{drawn}\n\nThose that failed or were taken for another layout:\n\n{wrong}"


# ---- time


def timed() -> str:
    """Measure a page of 2000 by 960 pixels and a photo of 12 megapixels, each in a process of its own."""
    one = next(iter(simulate(1, SEED))).recording
    large = degrade.photo(draw(one, STRIP, Style(px_per_mm=14, row_mm=44)), generator("time"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        Image.fromarray(large.image).save(path, quality=90)
        rows = [
            ["2000 x 960 page", *_process(data() / "ludb-pages" / "001.png", 5)],
            [f"photo of {large.image.shape[1]} x {large.image.shape[0]}", *_process(path, 3)],
        ]
    return table(["what", "median, s", "peak memory, GB"], rows, "digitize-time")


CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from digitize import child; child(sys.argv[2], int(sys.argv[3]))"


def child(path: str, times: int) -> None:
    """Digitize a file some times; print the median time in s and the peak memory in GB."""
    taken = [ask(Path(path)).seconds for _ in range(times + 1)][1:]
    print(np.median(taken), _peak_gb())


def _peak_gb() -> float:
    """Return the most memory that this process had, GB; getrusage would count what its parent had, too."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024**2


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
