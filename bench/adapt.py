"""What adapting brings with 50, 200 and 1,000 labelled ECGs that a model's training has never seen.

    KALEMIA_DATA=... python bench/adapt.py [--kept DIR] [--only NAME ...] | python bench/fill.py adapted

Three generators stand for a hospital: patients of level `kidney` whose walls are of ionic variants that the atlas does
not have, real hearts that no training saw changed by the training's own rules, and the same hearts with the simulator's
difference laid on them. Of each, ECGs are drawn that have labels, and all others are asked. `12-4k` and a ridge
on the measures of all leads, both taught by simulated and changed ECGs, are asked as they are and adapted by the same
steps; the two are also taught anew by the labels alone. Training again on the bundled networks' 24,000 records and the
labels takes hours a row, and is not shown. DIR keeps the ECGs and the atlas, which take half an hour.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

import ridge
from common import data, headers, table
from generators import Differences
from kalemia.adapt.figures import above_alone, covered, figures
from kalemia.adapt.fit import sureness
from kalemia.adapt.folds import fitted, held, parts
from kalemia.adapt.gather import Gathered
from kalemia.adapt.layer import Ecgs, Layer, surprise
from kalemia.adapt.run import seen
from kalemia.estimate.model import Model
from kalemia.export.head import head_of
from kalemia.judge.metrics import auroc
from kalemia.records import EIGHT, HIGH_MEQ_L
from kalemia.simulate import atlas, cable
from kalemia.simulate.variants import COUNT, RANGES, Variant
from kalemia.train import loop
from kalemia.train.answers import answers
from kalemia.train.config import Config
from kalemia.train.design import Cut
from kalemia.train.examples import ARRAYS, Examples
from kalemia.train.labelled import Generator, Maker, made
from kalemia.train.loss import Batch

NAME, MODEL = "adapted", "12-4k"
MADE = 3000
DRAWS = {50: 6, 200: 4, 1000: 2}
"""How often labels are drawn: few differ much from one draw to the next."""
ANEW = 1
"""Draws that a network is taught anew by."""
COURSES = {50: (100, 16), 200: (60, 32), 1000: (30, 64)}
"""Epochs and batch of that."""
WALLS, HELD_WALLS = "ionic variants held out", 6

Reals = NDArray[np.float64]
Says = Callable[[Examples], Reals]


@dataclass(frozen=True)
class Worth:
    """Bits added to the generator's own shares, AUROC of more than 5.5 mEq/L, and how often the 0.9 interval holds."""

    bits: float
    auroc: float
    coverage: float


def worth(said: Reals, shares: Reals, asked: Ecgs) -> Worth:
    """Judge log-likelihoods (n, 30) of ECGs in a population of these log-shares (30,)."""
    bits = (surprise(np.zeros_like(said), shares, asked.bins) - surprise(said, shares, asked.bins)).mean() / np.log(2)
    high = asked.potassium > HIGH_MEQ_L
    area = auroc(high, above_alone(said))
    return Worth(
        float(bits), float("nan") if area is None else area, float(covered(said + shares, asked.potassium).mean())
    )


def generators() -> dict[str, Maker]:
    """Return what stands for a hospital."""
    bases = tuple(map(str, headers(data() / "ptbxl")[::2]))
    return {
        WALLS: Generator("walls", "kidney", 78),
        "changed real ECGs": Generator("morph", "clinic", 77, bases=bases),
        "real ECGs with the simulator's difference": Differences("difference", bases),
    }


@contextmanager
def held_walls(folder: Path) -> Iterator[None]:
    """Let patients have walls that the atlas does not hold: the next ones of its sequence."""
    path = folder / "atlas.npz"
    if not path.is_file():
        low, high = np.array(list(RANGES.values())).T
        places = qmc.Sobol(len(RANGES), seed=1).random_base2(6)[COUNT : COUNT + HELD_WALLS]
        rows = np.round(low + places * (high - low), 3).tolist()
        walls = [Variant(f"held-{n:02d}", **dict(zip(RANGES, row, strict=True))) for n, row in enumerate(rows, 1)]
        np.savez_compressed(path, **cable.build(tuple(walls), workers=1, report=_told))
    with patch.object(atlas, "files", lambda _: folder):
        atlas.load.cache_clear()
        yield
    atlas.load.cache_clear()


def once(path: Path, make: Callable[[], Examples]) -> Examples:
    """Return ECGs that a file keeps, or make them and keep them there."""
    if not path.is_file():
        made_now = make()
        np.savez(path, **{name: getattr(made_now, name) for name in ARRAYS})
    with np.load(path, allow_pickle=False) as held_there:
        return Examples(**{name: held_there[name] for name in ARRAYS})


def ecgs(name: str, maker: Maker, folder: Path) -> Examples:
    """Return the ECGs of a generator."""
    with held_walls(folder) if name == WALLS else nullcontext():
        return once(folder / f"{maker.source}.npz", lambda: made(maker, range(MADE), Cut(EIGHT, 1), 1))


@dataclass(frozen=True, eq=False)
class Adaptable:
    """A model with a last layer, and how ECGs are shown to it."""

    name: str
    layer: Layer
    seen: Callable[[Examples], Ecgs]


def network() -> Adaptable:
    """Return the bundled network."""
    model = Model.load(MODEL)
    head = head_of(model.onnx)

    def see(some: Examples) -> Ecgs:
        potassium = some.potassium.astype(np.float64)
        return seen(model, head, Gathered(some.waves, some.side, potassium, some.patients, {}))

    return Adaptable(f"`{MODEL}`", Layer(head.layer, head.polynomials), see)


def adapted(one: Adaptable, known: Ecgs, shares: Reals, asked: Ecgs) -> tuple[Worth, bool]:
    """Return what a model is worth once it is adapted, and whether its own cross-validation shows that it helps."""
    said = fitted(one.layer, known).layer.says(asked.states)
    return worth(said, shares, asked), figures(held(one.layer, known), known).sure


def ridge_anew(known: Examples, asked: Examples, seed: int) -> Reals:
    """Return what a ridge says that learns from the labels alone."""
    own = ridge.fitted(known, seed)
    return own.layer.says(own.states(asked))


def network_anew(known: Examples, asked: Examples, seed: int) -> Reals:
    """Return what a network says that learns from the labels alone; a fifth of them stops and calibrates it."""
    config = Config.load(Path(__file__).parent.parent / "configs" / f"{MODEL}.yaml")
    epochs, batch = COURSES[len(known)]
    train, apart = parts(plain(known))[0]
    course = replace(config.course, epochs=epochs, batch=batch)
    net = loop.fit(config.design, known.only(train), known.only(apart), course, seed).net
    own, said = (answers(net, Batch.of(some)).double().numpy() for some in (known.only(apart), asked))
    return np.asarray(said * sureness(own, plain(known).log_shares(), plain(known.only(apart)).bins))


def plain(examples: Examples) -> Ecgs:
    """Return ECGs with nothing seen of them."""
    return Ecgs(np.zeros((len(examples), 1)), examples.potassium.astype(np.float64), examples.patients)


def rows(name: str, examples: Examples, models: Sequence[Adaptable]) -> Iterator[list[object]]:
    """Yield a row a model and a number of labels."""
    shares, truth = plain(examples).log_shares(), plain(examples)
    for one in models:
        whole = one.seen(examples)
        yield [name, f"{one.name} as it is", 0, "", *_cells([worth(one.layer.says(whole.states), shares, whole)]), ""]
        for count, times in DRAWS.items():
            new, left, sure = [], [], 0
            for known, asked in draws(examples, count, times):
                reached, helps = adapted(one, whole.only(known), shares, whole.only(asked))
                new.append(reached)
                left.append(reached if helps else worth(one.layer.says(whole.states[asked]), shares, whole.only(asked)))
                sure += helps
            yield [name, f"{one.name} adapted", count, len(new), *_cells(new), f"{sure} of {len(new)}"]
            yield [name, f"{one.name} as the command leaves it", count, len(new), *_cells(left), ""]
    for who, anew, most in ((ridge.NAME, ridge_anew, max(DRAWS.values())), ("network", network_anew, ANEW)):
        for count, times in DRAWS.items():
            found = [
                worth(anew(examples.only(known), examples.only(asked), seed), shares, truth.only(asked))
                for seed, (known, asked) in enumerate(draws(examples, count, min(times, most)))
            ]
            yield [name, f"{who}, by these labels alone", count, len(found), *_cells(found), ""]


def draws(examples: Examples, count: int, times: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield which ECGs have labels, and which are asked."""
    for seed in range(times):
        order = np.random.default_rng(seed).permutation(len(examples))
        yield order[:count], order[count:]


def _cells(found: Sequence[Worth]) -> list[str]:
    return [f"{value:.3f}" for value in np.mean([astuple(one) for one in found], axis=0)]


def _told(line: str) -> None:
    """Say how far the work is, beside the table."""
    print(line, file=sys.stderr)


def main(folder: Path, only: Sequence[str]) -> None:
    """Print the curve."""
    folder.mkdir(parents=True, exist_ok=True)
    baseline = ridge.fitted(once(folder / "taught.npz", ridge.taught))
    models = (network(), Adaptable(ridge.NAME, baseline.layer, baseline.seen))
    found = []
    for name, maker in generators().items():
        if only and maker.source not in only:
            continue
        for row in rows(name, ecgs(name, maker, folder), models):
            print(*row, sep=" | ", file=sys.stderr, flush=True)
            found.append(row)
    columns = ["ECGs", "who", "labels", "draws", "bits", "AUROC > 5.5", "interval holds", "shown to help"]
    print(table(columns, found, NAME))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Print what adapting brings.")
    parser.add_argument("--kept", type=Path, default=Path("adapted-bench"), metavar="DIR", help="keeps ECGs and atlas")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="of walls, morph and difference")
    given = parser.parse_args()
    main(given.kept, given.only)
