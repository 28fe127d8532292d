"""Draws small ECG pages: a grid, twelve synthetic leads that obey Einthoven's law, labels, pulses; and reads them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kalemia.digitize import Digitized, digitize

RATE = 500
PX_PER_MM = 6
NAMES = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
Reals = NDArray[np.float64]


def ecg(seconds: float = 10.0, bpm: float = 72.0, seed: int = 0) -> dict[str, Reals]:
    """Return twelve leads, mV: bumps for P, QRS and T of another size in each, limb leads by their laws."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    phase = (t % (60 / bpm)) - 0.35
    waves = [(-0.17, 0.025), (-0.03, 0.010), (0.0, 0.014), (0.035, 0.012), (0.26, 0.045)]
    shapes = [np.exp(-0.5 * ((phase - at) / width) ** 2) for at, width in waves]
    sizes = {"I": (0.1, -0.05, 0.8, -0.15, 0.25), "II": (0.15, -0.1, 1.1, -0.2, 0.3)}
    for k in range(1, 7):
        size = (0.1, 0.0, 0.2 + 0.2 * k, -1.2 + 0.19 * k, 0.1 + 0.07 * k)
        sizes[f"V{k}"] = tuple(s * float(rng.uniform(0.9, 1.1)) for s in size)  # type: ignore[assignment]
    leads = {
        name: sum((a * s for a, s in zip(size, shapes, strict=True)), np.zeros_like(t)) for name, size in sizes.items()
    }
    one, two = leads["I"], leads["II"]
    leads |= {"III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
    return {name: leads[name] for name in NAMES}


def page(
    leads: dict[str, Reals],
    rows: tuple[tuple[str, ...], ...] = (NAMES[0::3][:4], NAMES[1::3][:4], NAMES[2::3][:4], ("II",)),
    *,
    grid: tuple[int, int, int] = (255, 190, 190),
    pulse: bool = True,
    speed: float = 25.0,
    gain: float = 10.0,
    row_mm: float = 28.0,
    px: int = PX_PER_MM,
    labels: bool = True,
    chest: float = 1.0,
    seconds: float = 10.0,
) -> NDArray[np.uint8]:
    """Return a page, uint8 (height, width, 3): a tuple of leads a row, one after the other over its seconds.

    Rows that begin with a chest lead have `chest` times the gain.
    """
    left, top = 14, 24
    width = round((left + seconds * speed + 8) * px)
    height = round((2 * top + row_mm * (len(rows) - 1)) * px)
    paper = np.full((height, width, 3), 255, np.uint8)
    for mm in range(0, max(width, height) // px + 1):
        color = tuple(int(c * (0.8 if mm % 5 == 0 and min(grid) < 255 else 1)) for c in grid)
        thick = 2 if mm % 5 == 0 else 1
        cv2.line(paper, (mm * px, 0), (mm * px, height), color, thick)
        cv2.line(paper, (0, mm * px), (width, mm * px), color, thick)
    for r, names in enumerate(rows):
        zero = top + r * row_mm
        own = gain * (chest if names[0].startswith("V") else 1.0)
        if pulse:
            edges = ((2, 0), (4, 0), (4, own), (4 + 0.2 * speed, own), (4 + 0.2 * speed, 0), (5 + 0.2 * speed, 0))
            line(paper, np.array([(x, zero - y) for x, y in edges], float) * px)
        share = seconds / len(names)
        for c, name in enumerate(names):
            first, last = round(c * share * RATE), round((c + 1) * share * RATE)
            x = left + np.arange(first, last) / RATE * speed
            y = zero - leads[name][first:last] * own
            line(paper, np.stack([x, y], -1) * px)
            where = (round((x[0] + 1.5) * px), round((zero - 7) * px))
            if labels:
                cv2.putText(paper, name, where, cv2.FONT_HERSHEY_SIMPLEX, 0.09 * px, (0, 0, 0), 1, cv2.LINE_AA)
            if c:
                for low, high in ((-6, -3), (3, 6)):
                    at = round(x[0] * px)
                    cv2.line(paper, (at, round((zero + low) * px)), (at, round((zero + high) * px)), (0, 0, 0), 2)
    return paper


def ruled(
    pitch: float, angle: float = 0.0, size: tuple[int, int] = (360, 480), bend: float = 0.0, stretch: float = 1.0
) -> tuple[NDArray[np.uint8], Reals, Reals]:
    """Return paper with lines every 1 and 5 mm, and the millimeters u and v of each pixel.

    It is turned clockwise by `angle` degrees, bent by `bend` mm in the middle, and `stretch` times as high as wide.
    """
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float64)
    turn = np.radians(angle)
    u = (np.cos(turn) * x + np.sin(turn) * y) / pitch
    v = (-np.sin(turn) * x + np.cos(turn) * y) / pitch / stretch
    v = v + bend * np.sin(np.pi * x / size[1])
    dark = np.zeros(size)
    for mm, much, wide in ((1, 45, 0.15), (5, 90, 0.25)):
        for place in (u, v):
            off = np.abs((place + mm / 2) % mm - mm / 2)
            dark = np.maximum(dark, much * np.clip((wide - off) * pitch / 2 + 0.5, 0, 1))
    return np.repeat((255 - dark)[..., None], 3, axis=2).astype(np.uint8), u, v


def read(
    picture: NDArray[np.uint8], suffix: str = ".png", *, layout: str = "auto", dpi: float | None = None
) -> Digitized:
    """Return what is read of a picture in a file; one that was read before is not read again."""
    key = picture.tobytes(), picture.shape, suffix, layout, dpi
    if key not in _READ:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"page{suffix}"
            assert cv2.imwrite(str(path), picture[..., ::-1])
            _READ[key] = digitize(path, layout=layout, dpi=dpi)
    return _READ[key]


_READ: dict[tuple[Any, ...], Digitized] = {}


def line(paper: NDArray[np.uint8], points: Reals) -> None:
    """Draw a line of the pen, px."""
    cv2.polylines(paper, [np.round(points * 16).astype(np.int32)], False, (20, 20, 20), 2, cv2.LINE_AA, 4)


def columns(names: tuple[str, ...], rows: int) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a layout that is filled column by column."""
    return tuple(names[r::rows] for r in range(rows))


def snr_db(true: Reals, read: NDArray[np.float32]) -> float:
    """Return signal over noise of a lead where it was read, best of shifts up to 20 ms, offset removed."""
    known = np.flatnonzero(np.isfinite(read))
    inner = known[(known > 10) & (known < len(true) - 10)]
    best = -np.inf
    for shift in range(-10, 11):
        wanted = true[inner + shift]
        rest = read[inner] - wanted
        noise = float(np.mean((rest - rest.mean()) ** 2))
        best = max(best, 10 * np.log10(float(np.var(wanted)) / noise))
    return float(best)
