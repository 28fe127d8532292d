"""What reading a page does to the estimate of potassium; see `digitize.py`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from common import data, headers, table
from kalemia.estimate.model import bundled
from kalemia.estimate.predict import predict
from kalemia.judge.metrics import auroc
from kalemia.read import read
from kalemia.records import Recording
from kalemia.simulate import simulate
from ndmc import bins_of
from printed import degrade
from printed.layouts import layout
from printed.pages import Style, draw
from reading import SEED, ask, ask_page, generator, middle
from truth import STRIP, pdf_pages


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
    return table(columns, rows, "digitize-estimates")


def _differences(pages: str, pairs: Sequence[tuple[Recording, Recording | None]]) -> list[list[object]]:
    rows: list[list[object]] = []
    for card in bundled():
        from_file = [predict(true, card.name).potassium_meq_l for true, _ in pairs]
        from_page = [predict(found, card.name).potassium_meq_l if found else None for _, found in pairs]
        both = [(a, b) for a, b in zip(from_file, from_page, strict=True) if a is not None and b is not None]
        off = [abs(a - b) for a, b in both]
        spread = f"{np.std([a for a, _ in both]):.2f}" if both else "-"
        rows.append([pages, card.name, len(pairs), len(both), middle(off), middle(off, share=0.9), spread])
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
    columns = ["model", *sources, *(f"{one}, where all three estimate" for one in sources)]
    return table(columns, rows, "digitize-potassium")


def _area(truth: Sequence[bool], scores: Sequence[float | None]) -> str:
    kept = [(t, s) for t, s in zip(truth, scores, strict=True) if s is not None]
    if len({t for t, _ in kept}) < 2:
        return f"- ({len(kept)})"
    return f"{auroc(np.array([t for t, _ in kept]), np.array([s for _, s in kept])):.3f} ({len(kept)})"
