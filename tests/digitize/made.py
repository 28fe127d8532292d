"""Leads, readings and rows of trace made by hand: what a step is given, without the steps before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

import ecgs
from kalemia.digitize.borders import Columns
from kalemia.digitize.cells import Named
from kalemia.digitize.layout import Layout
from kalemia.digitize.letters import NAMES
from kalemia.digitize.paper import Paper
from kalemia.digitize.reading import Reading
from kalemia.digitize.row import RATE, Lead
from kalemia.digitize.trace import Paths
from kalemia.records import LEADS

Reals = NDArray[np.float64]
SCALE = 8.0
"""Pixels a mm of the squared pages that are made here."""
PAPER = Paper(25.0, 10.0, (), pulse=True)


def lead(name: str, signal: Reals, sure: float = 1.0, row: int = 0) -> Lead:
    """Return a lead as it was cut from a row 100 px below the top of a squared page."""
    x = np.arange(float(len(signal))) * (PAPER.speed * SCALE / RATE)
    y = np.where(np.isfinite(signal), 100 - signal * PAPER.gain * SCALE, np.nan)
    return Lead(name, signal, np.full(len(signal), sure), row, x, y)


def twelve(seconds: float = 10.0) -> dict[str, Reals]:
    """Return twelve leads that obey all laws, mV."""
    recording = ecgs.recording(seconds=seconds, noise_mv=0.0)
    leads = {name: recording.lead(name).astype(np.float64) for name in LEADS}
    one, two = leads["I"], leads["II"]
    return leads | {"aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}


def in_columns(signals: dict[str, Reals], rows: int = 3) -> dict[str, Lead]:
    """Return leads as they stand in columns of so many rows: each known in its own part of the page's time."""
    size = len(next(iter(signals.values()))) // (len(signals) // rows)
    leads = {}
    for k, (name, signal) in enumerate(signals.items()):
        part = np.full(len(signal), np.nan)
        column = slice(k // rows * size, (k // rows + 1) * size)
        part[column] = signal[column]
        leads[name] = lead(name, part, row=k % rows)
    return leads


def reading(**changes: Any) -> Reading:
    """Return a page of 3x4 that nothing speaks against, but for the changes."""
    sound = Reading(
        layout=Layout(3, 4),
        columns=Columns((0.0, 500.0, 1000.0, 1500.0, 2000.0), 500.0, 1.0),
        paper=PAPER,
        given=False,
        leads=in_columns(twelve()),
        strips={},
        agreement={},
        named=Named(3, (3, 3, 3, 3), ()),
        einthoven=0.01,
        goldberger=0.01,
        beyond_s=0.0,
        repeats=False,
        mixed=0.0,
        along=(),
        assumed=(),
        vector=False,
    )
    return replace(sound, **changes)


def fewer(names: Sequence[str], **changes: Any) -> Reading:
    """Return a page of a few leads, one a row."""
    signals = twelve()
    return reading(
        layout=Layout(len(names), 1, 0, tuple(names)),
        columns=Columns((0.0, 2000.0), 2000.0, 0.0),
        leads={name: lead(name, signals[name], row=r) for r, name in enumerate(names)},
        named=Named(len(names), (len(names),), ()),
        einthoven=None,
        goldberger=None,
        **changes,
    )


def paths(lines: Sequence[Reals], height: int, on: Sequence[Reals] | None = None, pen: int = 3) -> Paths:
    """Return rows that run at `lines` (columns,) px, drawn with a pen on a page so high where there is ink."""
    y = np.stack(lines)
    there = np.ones(y.shape) if on is None else np.stack(on)
    sure = np.zeros((height, y.shape[1]), np.uint8)
    for line, ink in zip(y, there, strict=True):
        points = np.round(np.stack([np.arange(len(line)), line], -1) * 16).astype(np.int32)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], ink > 0.5, [0]]).astype(np.int8)))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            cv2.polylines(sure, [points[first:last]], False, 255, pen, cv2.LINE_AA, 4)
    seen = [ink > 0.5 for ink in there]
    traces = tuple((np.flatnonzero(ink).astype(float), line[ink]) for line, ink in zip(y, seen, strict=True))
    return Paths(np.median(y, axis=1), y, there, traces, (sure / 255).astype(np.float32))


def row_of(signal: Reals, zero: float, first: float = 0.0, columns: int = 2000) -> Reals:
    """Return the heights, px, at which a lead's trace runs that begins at column `first`; straight beside it."""
    x = np.arange(columns)
    seconds = (x - first) / (PAPER.speed * SCALE)
    mv = np.interp(seconds, np.arange(len(signal)) / RATE, signal, left=signal[0], right=signal[-1])
    return np.asarray(zero - mv * PAPER.gain * SCALE, np.float64)


def like(name: str, much: float = 0.95, others: float = 0.1) -> NDArray[np.float32]:
    """Return the likeness of a word that is like one name."""
    likeness = np.full(len(NAMES), others, np.float32)
    likeness[NAMES.index(name)] = much
    return likeness
