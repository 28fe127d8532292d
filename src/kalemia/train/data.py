"""Beats of simulated patients as arrays, cut by the same code that predicting uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from functools import partial

import numpy as np
from numpy.typing import NDArray

from kalemia.beat import cut
from kalemia.errors import BeatError
from kalemia.measure import Waves, measure
from kalemia.model import inputs
from kalemia.records import Beat
from kalemia.simulate import simulate
from kalemia.workers import pool

CHUNK = 500
FEATURES = tuple(f.name for f in fields(Waves))

Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Beats:
    """Beats of n patients.

    Attributes
    ----------
    waves, side
        What `Model.run` takes.
    potassium
        (n,) true serum potassium, mEq/L.
    features
        (n, leads * FEATURES) what `measure` says of each lead.
    patients
        (n,) names.
    refused
        How many further patients had no beat that may be used.
    """

    waves: Float32
    side: Float32
    potassium: Float32
    features: Float32
    patients: NDArray[np.str_]
    refused: int

    def __len__(self) -> int:
        return len(self.potassium)


def parts(sizes: dict[str, int]) -> dict[str, range]:
    """Give each part its own patients, by number."""
    ends = np.cumsum([0, *sizes.values()])
    return {name: range(int(ends[i]), int(ends[i + 1])) for i, name in enumerate(sizes)}


def simulated(
    level: str,
    seed: int,
    patients: range,
    leads: tuple[str, ...],
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Beats:
    """Simulate these patients and cut their beats; the result does not depend on the number of workers."""
    starts = [range(s, min(s + CHUNK, patients.stop)) for s in range(patients.start, patients.stop, CHUNK)]
    chunks = []
    for done in _map(partial(_chunk, level, seed, leads), starts, workers):
        chunks.append(done)
        if progress:
            progress(len(done) + done.refused)
    return Beats(
        waves=np.concatenate([c.waves for c in chunks]),
        side=np.concatenate([c.side for c in chunks]),
        potassium=np.concatenate([c.potassium for c in chunks]),
        features=np.concatenate([c.features for c in chunks]),
        patients=np.concatenate([c.patients for c in chunks]),
        refused=sum(c.refused for c in chunks),
    )


def _map(job: Callable[[range], Beats], chunks: list[range], workers: int) -> Iterator[Beats]:
    if workers <= 1:
        yield from map(job, chunks)
        return
    with pool(workers) as processes:
        yield from processes.map(job, chunks)


def _chunk(level: str, seed: int, leads: tuple[str, ...], patients: range) -> Beats:
    kept: list[tuple[Beat, float, str]] = []
    for one in simulate(len(patients), seed, level, start=patients.start):
        try:
            beat = cut(one.recording, leads)
        except BeatError:
            continue
        if not any(beat.problems):
            kept.append((beat, one.potassium_meq_l, one.patient))
    if not kept:
        return empty(leads, len(patients))
    waves, side = inputs([beat for beat, _, _ in kept], leads)
    return Beats(
        waves=waves,
        side=side,
        potassium=np.array([k for _, k, _ in kept], dtype=np.float32),
        features=np.stack([features(beat, leads) for beat, _, _ in kept]),
        patients=np.array([p for _, _, p in kept]),
        refused=len(patients) - len(kept),
    )


def empty(leads: tuple[str, ...], refused: int) -> Beats:
    """Return no beats at all, of the right shapes."""
    n = len(leads)
    return Beats(
        np.empty((0, n, 270), np.float32),
        np.empty((0, n + 1), np.float32),
        np.empty(0, np.float32),
        np.empty((0, n * len(FEATURES)), np.float32),
        np.empty(0, "U1"),
        refused,
    )


def features(beat: Beat, leads: tuple[str, ...]) -> Float32:
    """Return what `measure` says of these leads, (leads * FEATURES,)."""
    found = measure(beat)
    return np.concatenate([astuple(found[lead]) for lead in leads]).astype(np.float32)
