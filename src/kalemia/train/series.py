"""What a patient's earlier ECG and its draw say of potassium now: taught by simulated patients who have several ECGs.

Every ECG of a patient has a potassium of its own, drawn apart from the others', so that what is learned is a likelihood
of the ECGs and not how potassium moves between them. The hearts are those of dialysis patients and of others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch import Tensor

from kalemia.errors import TrainError
from kalemia.estimate.evidence import binned
from kalemia.simulate import LEVELS, Simulated, simulate_one
from kalemia.train.calibration import SURENESS
from kalemia.train.examples import Examples, mix_of
from kalemia.train.loss import surprise
from kalemia.train.nets import Estimator
from kalemia.train.nets.estimator import present
from kalemia.train.nets.paired import Comparison, Paired

LEVEL = replace(
    LEVELS["dialysis"],
    name="series",
    visits=2,
    minutes=(0, 80),
    dialysis_share=0.5,
    penetrance=0.7,
    hypertrophy_share=0.1,
    drug_share=0.12,
)
"""Two days of a heart, with two ECGs each from the same electrodes; more kinds of hearts than on dialysis."""
MIX = LEVELS["clinic"]
"""Where the potassium of every ECG is from."""
SEED_STEP = 1_000_003
"""Between the seed of a configuration and that of these patients, who are in no part of the data."""
HELD_SHARE = 0.1
"""Of the patients, who are kept apart to tell how sure the network may be."""
EPOCHS, BATCH, RATE, WEIGHT_DECAY, RISES, CLIP_NORM = 10, 256, 0.004, 1e-4, 0.15, 1.0
DRAW_ERROR_MEQ_L = 0.1
"""Standard deviation of a laboratory's error."""
MOST_HIDDEN = 0.3
"""Up to which share leads are left out of a step, so that the network can do with those that two ECGs have."""
AT_ONCE = 1024


@dataclass(frozen=True)
class Series:
    """Simulates patients of `LEVEL`, a potassium of its own for every ECG."""

    seed: int
    source: str = "simulated series"
    each: int = LEVEL.records

    def __call__(self, patients: range) -> Iterator[Simulated]:
        """Yield the records of these patients."""
        for patient in patients:
            rng = np.random.default_rng((self.seed, patient))
            for visit in range(self.each):
                yield simulate_one(self.seed, patient, LEVEL, MIX.potassium(rng), visit)


@dataclass(frozen=True, eq=False)
class Pairs:
    """What the dense layers of a network see in ECGs (n, leads, width), and what is known of them (n, ...)."""

    states: Tensor
    there: Tensor
    potassium: Tensor
    bins: Tensor
    patients: NDArray[np.str_]

    @classmethod
    @torch.no_grad()
    def of(cls, net: Estimator, series: Examples) -> Pairs:
        """Read all ECGs once; the network is no longer trained."""
        waves, side, potassium = map(torch.from_numpy, (series.waves, series.side, series.potassium))
        pieces = zip(torch.split(waves, AT_ONCE), torch.split(side, AT_ONCE), strict=True)
        states = torch.cat([net.eval().states(*piece) for piece in pieces])
        return cls(states, present(waves), potassium, torch.from_numpy(binned(series.potassium)), series.patients)

    def drawn(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return for every ECG of a patient who has several its place, and that of another one of them."""
        order = rng.permutation(len(self.patients))
        order = order[np.argsort(self.patients[order], kind="stable")]  # a patient's ECGs together, in any order
        names = self.patients[order]
        starts = np.flatnonzero(np.concatenate([[True], names[1:] != names[:-1]]))
        ends = np.append(starts[1:], len(order))
        following = np.arange(1, len(order) + 1)
        following[ends - 1] = starts
        several = following != np.arange(len(order))
        return torch.from_numpy(order[several]), torch.from_numpy(order[following[several]])


@dataclass(frozen=True, eq=False)
class Learned:
    """A network of two ECGs, and those patients who are kept apart."""

    net: Paired
    held: Examples
    patients: int
    mix: Tensor

    def of(self, rows: Sequence[int]) -> Learned:
        """Return that of some leads."""
        return Learned(self.net.only(rows), self.held.of(rows), self.patients, self.mix)


def fit(net: Estimator, series: Examples, seed: int, report: Callable[[int, int], None]) -> Learned:
    """Teach a comparison of what a trained network sees; the same for the same data and seed.

    Raises
    ------
    TrainError
        Fewer pairs than a batch are left.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    names = np.unique(series.patients)
    apart = np.isin(series.patients, names[: round(HELD_SHARE * len(names))])
    pairs = Pairs.of(net, series.only(~apart))
    paired = Paired(net, Comparison(*pairs.states.shape[1:]))
    steps = len(pairs.drawn(rng)[0]) // BATCH
    if not steps:
        raise TrainError(f"series: fewer than {BATCH} pairs of ECGs of {len(names)} patients are left; give more")
    learned = list(paired.comparison.parameters())
    optimizer = torch.optim.AdamW(learned, RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=EPOCHS * steps, pct_start=RISES)
    log_mix = torch.from_numpy(np.log(mix_of(series.potassium).shares)).float()
    for epoch in range(1, EPOCHS + 1):
        now, earlier = pairs.drawn(rng)
        order = torch.randperm(len(now))[: steps * BATCH]
        for pick in torch.split(order, BATCH):
            optimizer.zero_grad()
            _surprise(paired, pairs, now[pick], earlier[pick], log_mix).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(learned, CLIP_NORM)
            optimizer.step()
            schedule.step()
        report(epoch, EPOCHS)
    return Learned(paired.eval(), series.only(apart), len(names), log_mix)


def _surprise(paired: Paired, pairs: Pairs, now: Tensor, earlier: Tensor, log_mix: Tensor) -> Tensor:
    """Return what training makes small: the surprise at the true potassium now, some leads left out."""
    there = pairs.there[now] & pairs.there[earlier]
    there = there & (torch.rand(there.shape) >= MOST_HIDDEN * torch.rand(1))
    draw = pairs.potassium[earlier] + DRAW_ERROR_MEQ_L * torch.randn(len(earlier))
    answer = paired.compared(pairs.states[now], pairs.states[earlier], draw, there)
    return surprise(answer, log_mix, pairs.bins[now]).mean()


@torch.no_grad()
def sureness(paired: Paired, held: Examples, log_mix: Tensor, least: int, seed: int) -> tuple[float, ...]:
    """Return what log-likelihoods are multiplied with so that patients kept apart surprise least.

    A factor for every number of leads that both ECGs have, from the least to all; where they have more, those that
    count are drawn.
    """
    rng = np.random.default_rng(seed)
    pairs = Pairs.of(paired.net, held)
    now, earlier = pairs.drawn(rng)
    both = pairs.there[now] & pairs.there[earlier]
    return tuple(
        _factor(paired, pairs, (now, earlier), _fewer(both, count, rng), log_mix)
        for count in range(least, both.shape[1] + 1)
    )


def _fewer(both: Tensor, count: int, rng: np.random.Generator) -> Tensor:
    """Return at most so many of the leads that are there (n, leads), drawn for every pair."""
    dice = torch.from_numpy(rng.random(both.shape)).masked_fill(~both, 2.0)
    return both & (dice <= dice.sort(dim=1).values[:, count - 1 : count])


def _factor(paired: Paired, pairs: Pairs, pair: tuple[Tensor, Tensor], there: Tensor, log_mix: Tensor) -> float:
    now, earlier = pair
    answer = paired.compared(pairs.states[now], pairs.states[earlier], pairs.potassium[earlier], there)

    def surprised(factor: float) -> float:
        return float(surprise(factor * answer, log_mix, pairs.bins[now]).mean())

    return round(float(minimize_scalar(surprised, bounds=SURENESS, method="bounded").x), 4)
