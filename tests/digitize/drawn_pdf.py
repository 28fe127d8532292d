"""Draws PDFs with paths whose every point is known."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as raw
from numpy.typing import NDArray

Reals = NDArray[np.float64]


def pdf(
    path: Path,
    *traces: Reals,
    size: tuple[float, float] = (600, 400),
    matrix: Any = None,
    turn: int = 0,
    pens: tuple[float, float] = (1.0, 1.0),
    crop: tuple[float, float, float, float] | None = None,
) -> Path:
    """Write a PDF with paths (points, 2), in 1/72 inch from the lower left corner; those of two have the first pen."""
    document = pypdfium2.PdfDocument.new()
    page = document.new_page(*size)
    for trace in traces:
        item = raw.FPDFPageObj_CreateNewPath(*map(ctypes.c_float, trace[0]))
        for x, y in trace[1:]:
            raw.FPDFPath_LineTo(item, x, y)
        raw.FPDFPath_SetDrawMode(item, 0, True)
        raw.FPDFPageObj_SetStrokeWidth(item, pens[len(trace) > 2])
        if len(trace) == 2:
            raw.FPDFPageObj_SetStrokeColor(item, 230, 120, 120, 255)
        if matrix is not None:
            raw.FPDFPageObj_SetMatrix(item, raw.FS_MATRIX(*matrix))
        raw.FPDFPage_InsertObject(page, item)
    page.gen_content()
    page.set_rotation(turn)
    if crop is not None:
        page.set_cropbox(*crop)
    document.save(str(path))
    return path


def wave(count: int = 200, step: float = 2.0) -> Reals:
    x = 50 + step * np.arange(count)
    return np.stack([x, 200 + 50 * np.sin(x / 20)], -1)
