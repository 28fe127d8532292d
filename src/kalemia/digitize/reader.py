"""From a file to leads: load, find the grid, square up, find the ink, follow the rows, name them, check."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia.digitize import grid, image, ink, layout, leads, page, trace
from kalemia.digitize.leads import Lead, Reading
from kalemia.digitize.result import Digitized, Trace
from kalemia.errors import DigitizeError
from kalemia.records import LEADS, Recording

Reals = NDArray[np.float64]

MIN_ROW = 0.62
"""A row with less ink under its path than this share of the usual row's is a line of text."""
MAX_EINTHOVEN = 0.2


def digitize(source: str | os.PathLike[str], *, layout: str = "auto", dpi: float | None = None) -> Digitized:
    """Read the ECG on an image, or on the first page of a PDF.

    Parameters
    ----------
    source
        A PNG, JPEG, TIFF, BMP, GIF, WebP or PDF file.
    layout
        "auto", or what stands on the page: rows x columns + rhythm strips, such as 3x4+1, 6x2, 12x1 or cabrera-3x4.
    dpi
        Dots per inch of a scan, for a page without a grid.

    Raises
    ------
    DigitizeError
        Where the file is no image, no ECG is seen on it, or what was read contradicts itself: one sentence.
    """
    return pages(source, layout=layout, dpi=dpi)[0]


def pages(source: str | os.PathLike[str], *, layout: str = "auto", dpi: float | None = None) -> list[Digitized]:
    """Read the ECGs on all pages of a file; parameters and errors are those of `digitize`."""
    name = os.fspath(source)
    _check_options(layout, dpi)
    try:
        path = Path(name)
        return [_page(image.load(path).rgb, name, 1, layout, dpi)]
    except DigitizeError as exc:
        raise DigitizeError(f"{name}: {exc}.") from exc.__cause__
    except OSError as exc:
        raise DigitizeError(f"{name}: the file cannot be opened ({exc.strerror or type(exc).__name__}).") from exc


def _check_options(wanted: str, dpi: float | None) -> None:
    if wanted not in layout.NAMES:
        raise DigitizeError(
            f"layout is {wanted!r:.40}; accepted are auto, 3x4, 6x2, 12x1, 4x3, each with +1 to +3, and cabrera-"
        )
    if dpi is not None and not 20 <= dpi <= 4000:
        raise DigitizeError(f"dpi is {dpi}; 20 to 4000 are accepted")


def _page(rgb: NDArray[np.uint8], name: str, number: int, wanted: str, dpi: float | None) -> Digitized:
    """Read one upright page."""
    found = grid.find(rgb)
    if found is None:
        raise DigitizeError("no grid of an ECG is seen; give the dots per inch of a scan without one")
    squared = page.square(rgb, found)
    paths = trace.trace(ink.ink(squared), squared.scale)
    if paths is None:
        raise DigitizeError("no row of an ECG trace is seen")
    reading = leads.read(paths.of_quality(MIN_ROW), squared.scale, wanted)
    return _digitized(rgb, squared, reading, name, number)


def _digitized(rgb: NDArray[np.uint8], squared: page.Page, reading: Reading, name: str, number: int) -> Digitized:
    """Put the leads of a page into a recording, in the canonical order."""
    used = {lead: reading.strips.get(lead, reading.leads[lead]) for lead in LEADS if lead in reading.leads}
    signal = np.stack([lead.signal for lead in used.values()])
    recording = Recording(
        signal=signal.astype(np.float32),
        rate=leads.RATE,
        leads=tuple(used),
        source=name,
        confidence=tuple(_confidence(lead, reading) for lead in used.values()),
        warnings=_warnings(reading),
    )
    traces = [*reading.leads.values(), *reading.strips.values()]
    return Digitized(
        recording=recording,
        page=number,
        kind="image",
        pixels_per_mm=squared.grid.pitch,
        angle_degrees=squared.grid.angle,
        speed_mm_per_s=reading.paper.speed,
        gain_mm_per_mv=reading.paper.gain,
        layout=reading.layout.name,
        assumed=reading.assumed,
        einthoven=reading.einthoven,
        goldberger=reading.goldberger,
        strip_agreement=reading.agreement,
        heart_rate_bpm=None,
        rgb=rgb,
        traces=tuple(_on_image(lead, squared) for lead in traces),
        boxes=(),
    )


def _on_image(lead: Lead, squared: page.Page) -> Trace:
    x, y = squared.source(lead.x, np.nan_to_num(lead.y))
    return Trace(lead.name, np.where(np.isfinite(lead.y), x, np.nan), np.where(np.isfinite(lead.y), y, np.nan))


def _confidence(lead: Lead, reading: Reading) -> float:
    """Return how sure a lead is, 0..1: ink under its path, less where the limb leads contradict each other."""
    sure = lead.sure[np.isfinite(lead.signal)]
    if not sure.size:
        return 0.0
    value = float(np.mean(sure))
    limb = lead.name in ("I", "II", "III", "aVR", "aVL", "aVF")
    if limb and reading.einthoven is not None and reading.einthoven > MAX_EINTHOVEN:
        value *= 0.5
    return round(float(np.clip(value, 0, 1)), 3)


def _warnings(reading: Reading) -> tuple[str, ...]:
    sentences = list(reading.assumed)
    if reading.einthoven is not None and reading.einthoven > MAX_EINTHOVEN:
        sentences.append(
            f"I + III differs from II by {reading.einthoven:.0%} of the power: the limb leads as read contradict each other."
        )
    return tuple(sentences)
