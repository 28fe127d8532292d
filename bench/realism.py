"""Can a small network tell generated beats of lead V5 from real ones? The other half of `kalemia.validate.realism`.

    KALEMIA_DATA=... python bench/realism.py

Features may be alike where shapes are not, so both are asked. Real records are PTB-XL's even ones (by name, from 0).
Changed records have PTB-XL's odd ones beneath them, each once: two of one person in different folds would be told by
the person, and records of other collections by their hospital.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold
from torch import nn

from common import data, headers, table
from kalemia.errors import BeatError
from kalemia.judge.metrics import auroc
from kalemia.read import read
from kalemia.records import Recording
from kalemia.signal.beat import cut
from kalemia.simulate import Bases, morph_one, read_bases
from kalemia.validate import oracle
from kalemia.validate.patients import ordinary
from kalemia.validate.realism import FEWEST, FOLDS, Discrimination
from kalemia.validate.realism import realism as by_features

LEAD = "V5"
EPOCHS, BATCH = 60, 32
LEVELS = ("clean", "clinic")
SEED = 3
DRAWS = 3
"""How often changed records are drawn; the mean is shown, since a hundred of them are few."""

Beats = NDArray[np.float32]


def realism(real: Iterable[Recording], generated: Iterable[Recording], seed: int = 0) -> Discrimination | None:
    """Tell real recordings from generated ones by the beat of V5, as `kalemia.validate.realism.realism` by features."""
    sides = [beats(real), beats(generated)]
    if min(map(len, sides)) < FEWEST:
        return None
    x = np.concatenate(sides)
    y = np.repeat([0, 1], [len(side) for side in sides])
    shuffled = np.random.default_rng(seed).permutation(y)
    return Discrimination(
        _cross_validated(x, y, seed), _cross_validated(x, shuffled, seed), len(sides[0]), len(sides[1])
    )


def beats(recordings: Iterable[Recording]) -> Beats:
    """Return the beats of V5 that can be used, (n, 270) in mV."""
    found = []
    for recording in recordings:
        try:
            beat = cut(recording, (LEAD,))
        except BeatError:
            continue
        if beat.problems == (None,):
            found.append(beat.waveform[0] * beat.gain_mv[0])
    return np.array(found, dtype=np.float32).reshape(-1, 270)


def network() -> nn.Module:
    """Return a network of 2,625 parameters on beats (n, 1, 270)."""
    return nn.Sequential(
        nn.Conv1d(1, 16, 9, stride=3),
        nn.ReLU(),
        nn.Conv1d(16, 16, 7, stride=2),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(16 * 41, 1),
    )


def _cross_validated(x: Beats, y: NDArray[np.int_], seed: int) -> float:
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(x, y)
    return float(np.mean([_held_out(x, y, train, test, seed) for train, test in folds]))


def _held_out(x: Beats, y: NDArray[np.int_], train: NDArray[np.intp], test: NDArray[np.intp], seed: int) -> float:
    torch.manual_seed(seed)
    net, rng = network(), np.random.default_rng(seed)
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3, weight_decay=1e-3)
    inputs, wanted = torch.from_numpy(x)[:, None], torch.from_numpy(y.astype(np.float32))
    for _ in range(EPOCHS):
        shuffled = rng.permutation(train)
        for first in range(0, len(shuffled), BATCH):
            batch = torch.from_numpy(shuffled[first : first + BATCH])
            optimizer.zero_grad()
            loss = nn.functional.binary_cross_entropy_with_logits(net(inputs[batch])[:, 0], wanted[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    net.eval()
    with torch.no_grad():
        score = net(inputs[torch.from_numpy(test)])[:, 0].numpy()
    return auroc(y[test], score)


def changed(bases: Bases, seed: int) -> list[Recording]:
    """Return a changed record, 3.5 to 5 mEq/L, for every real one."""
    rng = np.random.default_rng(seed)
    found: dict[str, Recording] = {}
    for index in range(50 * len(bases.usable)):
        one = morph_one(bases, seed, index, "clinic", float(rng.uniform(3.5, 5)))
        found.setdefault(one.variant, one.recording)
        if len(found) == len(bases.usable):
            break
    return list(found.values())


def _row(name: str, real: list[Recording], *draws: list[Recording]) -> list[str]:
    cells = [name]
    for told in (by_features, realism):
        found = [told(real, generated, SEED) for generated in draws]
        known = [(each.auroc, each.chance) for each in found if each is not None]
        cells.append("-" if len(known) < len(draws) else "{:.2f} ({:.2f})".format(*np.mean(known, axis=0)))
    return cells


if __name__ == "__main__":
    torch.set_num_threads(1)
    paths = headers(data() / "ptbxl")
    real = [read(path) for path in paths[::2]]
    rows = [_row("real, the odd ones", real, [read(path) for path in paths[1::2]])]
    if oracle.installed():
        rows.append(_row("NeuroKit2", real, [oracle.simulate(k, 50 + k % 50) for k in range(100)]))
    rows += [_row(f"simulated, {level}", real, list(ordinary(len(real), SEED, level))) for level in LEVELS]
    bases = read_bases(paths[1::2])
    rows.append(_row("changed, the odd ones", real, *(changed(bases, SEED + draw) for draw in range(DRAWS))))
    print(
        table(
            ["told from real ones, AUROC (permuted labels)", "twenty features", "beat of V5, network"], rows, "realism"
        )
    )
