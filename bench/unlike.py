"""How many beats a model's card calls unlike those of its training: real ones, the same spoiled, and what is no beat.

    KALEMIA_DATA=... python bench/unlike.py [MODEL ...] | python bench/fill.py unlike

The even records of PTB-XL and CinC 2021 and the emergency patients, whom no training saw; every good lead is a beat.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import Models, data, even, headers, named, share, table
from kalemia.errors import KalemiaError
from kalemia.estimate.likeness import Likeness
from kalemia.estimate.model import Model
from kalemia.read import read
from kalemia.records import R_SAMPLE, SAMPLES
from kalemia.signal.beat import cut

MADE = 1000
AT = np.arange(SAMPLES)
WAVES_HZ = (1.0, 5.0)

Waves = NDArray[np.float32]


def beats(paths: Iterable[Path], leads: tuple[str, ...]) -> Waves:
    """Return the good leads' beats (n, 270) of some files."""
    found = []
    for path in paths:
        try:
            beat = cut(read(path), leads)
        except KalemiaError:
            continue
        found += [beat.waveform[row] for row, lead in enumerate(beat.leads) if lead in beat.good and lead in leads]
    return np.array(found, np.float32)


@cache
def sets(leads: tuple[str, ...]) -> dict[str, Waves]:
    """Return what is asked about, by what it is."""
    rng, own = np.random.default_rng(0), beats(even(), leads)
    square = [np.sign(np.sin(2 * np.pi * hz * (AT - R_SAMPLE) / 300 + 1)) for hz in rng.uniform(*WAVES_HZ, MADE)]
    over = own.copy()
    over[:, R_SAMPLE + 30 :] *= -1
    return {
        "ordinary": own,
        "emergency room": beats(headers(data() / "ndmc-emergency"), leads),
        "white noise": _normalized(rng.standard_normal((MADE, SAMPLES))),
        "square waves": _normalized(np.array(square)),
        "ordinary, reversed": _normalized(own[:, ::-1]),
        "ordinary, twice as fast": _faster(own, 2.0),
        "ordinary, half as fast": _faster(own, 0.5),
        "ordinary, T turned over": _normalized(over),
    }


def _normalized(waves: NDArray[np.floating]) -> Waves:
    return np.asarray(waves / np.abs(waves).max(axis=1, keepdims=True), np.float32)


def _faster(waves: Waves, times: float) -> Waves:
    at = R_SAMPLE + (AT - R_SAMPLE) * times
    return _normalized(np.array([np.interp(at, AT, wave, left=0, right=0) for wave in waves]))


def column(model: str) -> dict[str, str]:
    """Return which share of each set a model's card calls unlike."""
    card = Model.load(model).card
    likeness = Likeness.from_dict(card.likeness)
    if likeness is None:
        sys.exit(f"{model}: its card knows no beats of its training")
    found = {kind: likeness.unlikeness(some) > likeness.limit for kind, some in sets(card.leads).items()}
    return {kind: share(int(unlike.sum()), len(unlike)) for kind, unlike in found.items()}


def main(models: Models) -> None:
    """Print the table."""
    columns = [column(model) for model in models.values()]
    rows = [[kind, *(one[kind] for one in columns)] for kind in columns[0]]
    print(table(["beats", *(f"`{name}`" for name in models)], rows, "unlike"))


if __name__ == "__main__":
    main(named(sys.argv[1:] or ["12-4k", "v5-4k", "i-4k"]))
