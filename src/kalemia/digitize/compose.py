"""Puts what was read of a page together: the recording in the canonical order, and where it stands on the picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kalemia import body
from kalemia.digitize.doubts import BEYOND_S
from kalemia.digitize.page import Page
from kalemia.digitize.reading import Reading
from kalemia.digitize.result import Digitized, Trace
from kalemia.digitize.row import RATE, Lead
from kalemia.records import LEADS, Recording

Reals = NDArray[np.float64]

LABEL_MM, PULSE_MM = 8.5, 14.0
"""How far beside its row a label stands, and before or behind it a calibration pulse."""
PEN_MM = 1.5
"""How far a box reaches beyond its traces."""
CORNERS = 40
"""Points along each long side of a box, which is bent as the page is."""


def digitized(rgb: NDArray[np.uint8], squared: Page, reading: Reading, name: str, number: int) -> Digitized:
    """Return what was read of a page, uint8 (height, width, 3): the page `number`, from 1, of the file `name`."""
    traces = [*reading.leads.values(), *reading.strips.values()]
    return Digitized(
        recording=_recording(reading, name),
        page=number,
        kind="vector" if reading.vector else "image",
        pixels_per_mm=squared.grid.pitch,
        angle_degrees=squared.grid.angle,
        speed_mm_per_s=reading.paper.speed,
        gain_mm_per_mv=reading.paper.gain,
        layout=reading.layout.name,
        assumed=reading.assumed,
        einthoven=reading.einthoven,
        goldberger=reading.goldberger,
        strip_agreement=reading.agreement,
        heart_rate_bpm=reading.heart_rate_bpm,
        rgb=rgb,
        traces=tuple(_on_image(lead, squared) for lead in traces),
        boxes=tuple(_boxes(traces, squared)),
    )


def _recording(reading: Reading, name: str) -> Recording:
    """Return the leads in the canonical order, the rarer ones last; a strip in the place of the lead it repeats."""
    order = [*(lead for lead in LEADS if lead in reading.leads), *(lead for lead in reading.leads if lead not in LEADS)]
    used = [reading.strips.get(lead, reading.leads[lead]) for lead in order]
    return Recording(
        signal=np.stack([lead.signal for lead in used]).astype(np.float32),
        rate=RATE,
        leads=tuple(order),
        source=name,
        confidence=tuple(reading.sure(lead) for lead in used),
        warnings=tuple(_warnings(reading)),
        digitized=True,
    )


def _warnings(reading: Reading) -> Iterator[str]:
    yield from reading.assumed
    if reading.layout.columns > 1 and reading.beyond_s > BEYOND_S[0]:
        yield f"The traces go on for {reading.beyond_s:.1f} s after the last lead; that is not read."
    for law, residual in (
        ("I + III differs from II", reading.einthoven),
        ("aVR + aVL differs from -aVF", reading.goldberger),
    ):
        if residual is not None and residual > body.MAX_RESIDUAL:
            yield f"{law} by {residual:.0%} of their power: the leads as read contradict each other."


def _on_image(lead: Lead, squared: Page) -> Trace:
    x, y = squared.source(lead.x, np.nan_to_num(lead.y))
    return Trace(lead.name, np.where(np.isfinite(lead.y), x, np.nan), np.where(np.isfinite(lead.y), y, np.nan))


def _boxes(traces: list[Lead], squared: Page) -> Iterator[Reals]:
    """Yield the region of each row with its labels and pulse, as a polygon on the image."""
    rows: dict[int, list[Lead]] = {}
    for lead in traces:
        rows.setdefault(lead.row, []).append(lead)
    scale = squared.scale
    for traced in rows.values():
        y = np.concatenate([lead.y for lead in traced])
        x = np.concatenate([lead.x for lead in traced])[np.isfinite(y)]
        y = y[np.isfinite(y)]
        if not y.size:
            continue
        middle = float(np.median(y))
        high = min(float(y.min()) - PEN_MM * scale, middle - LABEL_MM * scale)
        low = max(float(y.max()) + PEN_MM * scale, middle + LABEL_MM * scale)
        across = np.linspace(x.min() - PULSE_MM * scale, x.max() + PULSE_MM * scale, CORNERS)
        edge = np.concatenate([across, across[::-1]])
        yield np.stack(squared.source(edge, np.repeat([high, low], CORNERS)), -1)
