"""Which generator teaches what: every one as a source of training and as a test, and real potassium as the judge.

    KALEMIA_DATA=... python bench/generators.py | python bench/fill.py generators

Small networks of eight leads, four seeds each, and V5 alone by the same weights. The rows train on simulated patients,
on real beats changed by potassium, or on both; the columns test on patients and real records that no training saw.
"difference" lays the simulator's own difference on real beats and is for testing only. Real records: the odd ones of
PTB-XL and CinC 2021 and LUDB train, but for a tenth of them, which calibrates; the even ones of PTB-XL test.
`ndmc-potassium` judges and nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from common import area, data, headers, odd, share, table
from kalemia.errors import BeatError, KalemiaError
from kalemia.estimate.model import inputs
from kalemia.judge.metrics import TAILS, conformal
from kalemia.judge.resampled import span
from kalemia.read import read
from kalemia.records import EIGHT, Beat
from kalemia.signal.beat import cut
from kalemia.simulate import Simulated, read_bases
from kalemia.simulate.difference import atlas_difference
from kalemia.train import loop
from kalemia.train.config import Config
from kalemia.train.design import Cut
from kalemia.train.examples import Examples, joined
from kalemia.train.labelled import Generator, Maker, made
from kalemia.train.nets import Estimator, SeveralLeads
from ndmc import BINS, QUESTIONS, bins_of

V5 = EIGHT.index("V5")
RECORDS, CALIBRATED, TESTED, DIFFERENCES = 8000, 1000, 2000, 500
SEEDS = (1, 2, 3, 4)
CONFIG = {
    "name": "bench", "version": "0.0.0", "leads": EIGHT, "channels": 16, "lstm": 10, "seed": 1, "epochs": 6,
    "least_leads": 1,
    "sources": [{"level": "clinic", "share": 1}], "batch": 256, "learning_rate": 0.006, "weight_decay": 1e-4,
    "records": dict.fromkeys(("train", "validation", "calibration", "test"), 100),
}  # fmt: skip

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Differences:
    """Real beats with the simulator's difference laid on them; those that cannot be measured are left out."""

    source: str
    bases: tuple[str, ...]
    each: int = 1

    def __call__(self, patients: range) -> Iterator[Simulated]:
        """Yield one record a patient."""
        held = read_bases(self.bases)
        rng = np.random.default_rng(7)
        for index, potassium in zip(patients, rng.uniform(2.5, 8.5, len(patients)), strict=True):
            try:
                yield atlas_difference(held, 1, index, "clinic", float(potassium))
            except KalemiaError:
                continue


def train(beats: Examples, seed: int) -> SeveralLeads:
    """Return a network that was fitted to nine tenths of some beats and stopped by the others."""
    order = np.random.default_rng(0).permutation(len(beats))
    held = len(order) // 10
    config = Config.model_validate(CONFIG)
    net = loop.fit(config.design, beats.only(order[held:]), beats.only(order[:held]), config.course, seed).net
    assert isinstance(net, SeveralLeads)
    return net


@torch.no_grad()
def held(net: Estimator, calibrated: Examples, test: Examples) -> str:
    """Return how often the 0.9 interval, conformal by some beats, holds others, with Wilson's 95 % interval."""
    answers = (net(torch.from_numpy(beats.waves), torch.from_numpy(beats.side)) for beats in (calibrated, test))
    known, asked = (
        (beats.potassium - k.numpy()) / s.numpy() for beats, (k, s) in zip((calibrated, test), answers, strict=True)
    )
    low, high = conformal(known, TAILS)
    return share(int(np.sum((asked >= low) & (asked <= high))), len(asked))


def records(maker: Maker, patients: range) -> Examples:
    """Make records of which at least one lead is good."""
    return made(maker, patients, Cut(EIGHT, 1), 2)


def judged() -> tuple[list[Beat], Numbers]:
    """Return the beats of the recordings with a laboratory's potassium, and their bins, 0 to 4."""
    places, kept, where = bins_of(), [], []
    for path in headers(data() / "ndmc-potassium"):
        try:
            beat = cut(read(path), EIGHT)
        except BeatError:
            continue
        if len(beat.good) >= len(EIGHT) / 2:
            kept.append(beat)
            where.append(places[path.stem])
    return kept, np.array(where)


@torch.no_grad()
def estimates(nets: Sequence[Estimator], waves: NDArray[np.float32], side: NDArray[np.float32]) -> Numbers:
    """Return the mean (n,) of the potassium that networks read from beats, mEq/L."""
    seen = torch.from_numpy(waves), torch.from_numpy(side)
    return np.asarray(np.mean([net(*seen)[0].numpy() for net in nets], axis=0), dtype=np.float64)


def real_row(name: str, score: Numbers, place: Numbers) -> list[str]:
    """Return AUROC with intervals for the questions that the laboratory's bins allow."""
    cells = [name, str(len(score))]
    for question in QUESTIONS.values():
        truth, sign = np.array([question(int(p)) for p in place]), 1 if question(len(BINS) - 1) else -1
        cells.append(str(span(area(truth, sign * score))))
    return cells


def main() -> None:
    """Print the matrix and the judgement."""
    known = [*odd(), *headers(data() / "ludb")]
    apart = known[::10]  # hearts that no network is fitted to or stopped by
    hearts = ([path for path in known if path not in apart], apart, headers(data() / "ptbxl")[::2])
    seen, kept_apart, unseen = (tuple(map(str, paths)) for paths in hearts)
    simulated, changed = Generator("simulated", "clinic", 5), Generator("changed", "clinic", 5, bases=seen)
    sources = {maker.source: records(maker, range(RECORDS)) for maker in (simulated, changed)}
    calibrated = {
        "simulated": records(simulated, range(RECORDS, RECORDS + CALIBRATED)),
        "changed": records(Generator("changed", "clinic", 5, bases=kept_apart), range(RECORDS, RECORDS + CALIBRATED)),
    }
    for each, count in ((sources, RECORDS), (calibrated, CALIBRATED)):
        each["both, three to one"] = joined([each["simulated"], each["changed"].only(np.arange(count // 3))])
    tests = {
        "simulated": records(simulated, range(RECORDS + CALIBRATED, RECORDS + CALIBRATED + TESTED)),
        "changed": records(Generator("changed", "clinic", 6, bases=unseen), range(TESTED)),
        "difference": records(Differences("difference", unseen), range(DIFFERENCES)),
    }
    kept, place = judged()
    real = inputs(kept, EIGHT)
    rows, judgement, coverage = [], [], []
    good = real[0][:, V5].any(axis=1)
    for name, beats in sources.items():
        nets = [train(beats, seed) for seed in SEEDS]
        print(f"trained on {name}", file=sys.stderr)
        rows.append([name, *(f"{_r(nets, test):.2f}" for test in tests.values())])
        coverage.append([name, *(held(nets[0], calibrated[name], test) for test in tests.values())])
        judgement.append(real_row(f"{name}, all leads", estimates(nets, *real), place))
        wave, side = real[0][good][:, [V5]], real[1][good][:, [V5, len(EIGHT)]]
        alone = estimates([net.only([V5]) for net in nets], wave, side)
        judgement.append(real_row(f"{name}, V5", alone, place[good]))
    print(
        "Correlation of the estimate with potassium, patients never seen; off the diagonal a generator is left out:\n"
    )
    print(table(["trained on", *(f"tested on {name}" for name in tests)], rows, "generators-correlation"))
    print("\nHow often the 0.9 interval holds that was calibrated on patients of the training's own generators, %:\n")
    print(table(["trained on", *(f"tested on {name}" for name in tests)], coverage, "generators-coverage"))
    print("\nReal potassium, AUROC with its 95 % interval, the mean of four seeds' estimates:\n")
    print(table(["trained on", "ECGs", *(f"AUROC {question}" for question in QUESTIONS)], judgement, "generators-real"))


def _r(nets: Sequence[Estimator], test: Examples) -> float:
    return float(np.corrcoef(estimates(nets, test.waves, test.side), test.potassium)[0, 1])


if __name__ == "__main__":
    main()
