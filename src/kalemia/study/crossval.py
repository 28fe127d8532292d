"""Cross-validation by patient: every entrant sees the same folds and is trained until validation stops improving.

What one fit says of its test fold is a file of its own: a study that was stopped goes on from there, studies share the
fits that they have in common, and several processes, such as those of torchrun, do them together.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from kalemia.cohort.split import fold_of, place_of
from kalemia.errors import TrainError
from kalemia.judge import stored
from kalemia.study.cached import DAMAGED
from kalemia.study.plan import BOOSTING, Budget, Entrant
from kalemia.study.results import Training
from kalemia.system import atomic
from kalemia.train import baselines, loop
from kalemia.train.answers import estimates
from kalemia.train.design import Design
from kalemia.train.examples import Examples
from kalemia.train.nets import parameters

VALIDATION = 0.12
"""Of the patients that are not tested."""
LOOK_S = 1.0
TREE_RATES, ROUNDS = (0.05, 0.02), 500
"""Of gradient boosting, which tries as many learning rates as networks and stops where they do: by validation."""
MEASURED = (baselines.RIDGE, BOOSTING, baselines.SLOPE, baselines.MEDIAN)
"""Entrants that are no network."""

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Estimates:
    """Estimates (n,) and the spread (n,) that an entrant expects of their errors, mEq/L."""

    potassium: Reals
    spread: Reals


@dataclass(frozen=True, eq=False)
class Fit:
    """What one fit estimates.

    Attributes
    ----------
    test, validation
        Of the ECGs of these, in their order.
    training
        How it went.
    """

    test: Estimates
    validation: Estimates
    training: Training

    def dump(self) -> bytes:
        """Return it as a file."""
        stream = io.BytesIO()
        test, held = (np.stack([each.potassium, each.spread]) for each in (self.test, self.validation))
        np.savez(stream, test=test, validation=held, training=stored.to_json(self.training).decode())
        return stream.getvalue()

    @classmethod
    def load(cls, path: Path) -> Fit:
        """Read it back."""
        with path.open("rb") as file, np.load(file) as arrays:  # numpy leaves a file open that is damaged
            training = stored.from_json(Training, str(arrays["training"]).encode())
            return cls(Estimates(*arrays["test"]), Estimates(*arrays["validation"]), training)


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """What an entrant estimates of all ECGs, each while it was in the test fold.

    Attributes
    ----------
    number
        (n,) places in the cohort's table.
    fold
        (n,) in which fold each was tested.
    potassium, spread
        (seeds, n) estimates and the errors that it expects, mEq/L.
    held
        A mapping a fit, by fold and seed: places in the table, estimates and spreads of the validation ECGs.
    trainings
        How each fit went.
    """

    number: NDArray[np.int64]
    fold: NDArray[np.int64]
    potassium: Reals
    spread: Reals
    held: Mapping[tuple[int, int], tuple[NDArray[np.int64], Estimates]]
    trainings: tuple[Training, ...]


def fits(entrant: Entrant, budget: Budget) -> list[tuple[int, int]]:
    """Return fold and seed of each fit; what is no network has one seed."""
    seeds = budget.seeds if entrant.design else 1
    return [(fold, seed) for fold in range(budget.folds) for seed in range(seeds)]


def fit(entrant: Entrant, examples: Examples, budget: Budget, folder: Path, which: tuple[int, int]) -> None:
    """Write what an entrant, fitted without a fold, says of it."""
    kept = file_of(folder, entrant, which)
    number, _ = which
    fold, held = _split(examples, budget)
    tested = fold == number
    train, validation, test = (examples.only(part) for part in (~tested & ~held, ~tested & held, tested))
    for name, part in (("training", train), ("validation", validation), ("test", test)):
        if len(part) < 2:
            raise TrainError(
                f"{entrant.name}: fold {number + 1} has {len(part)} ECGs with {' or '.join(entrant.leads)} "
                f"for {name}; give a larger cohort"
            )
    if entrant.design is None:
        atomic.write({kept: _measured(entrant.name, train, (test, validation), which).dump()})
    else:
        unfinished = kept.with_suffix("")
        atomic.write({kept: _fitted(entrant.design, train, (test, validation), budget, which, unfinished).dump()})
        for rate in budget.rates:
            loop.file_of(unfinished, rate).unlink(missing_ok=True)


def done(file: Path) -> bool:
    """Tell whether a fit is there and whole; one that is damaged is made anew."""
    if not file.exists():
        return False
    try:
        Fit.load(file)
    except (TypeError, *DAMAGED):
        file.unlink(missing_ok=True)
        return False
    return True


def collect(entrant: Entrant, examples: Examples, budget: Budget, folder: Path) -> CrossValidated:
    """Return what all fits of an entrant say, once they are there; TrainError where one is of other ECGs."""
    todo = fits(entrant, budget)
    wait_for([file_of(folder, entrant, which) for which in todo])
    fold, held = _split(examples, budget)
    number = examples.number
    potassium, spread = np.full((2, max(seed for _, seed in todo) + 1, len(number)), np.nan)
    kept, trainings = {}, []
    for which in todo:
        tested, validated = fold == which[0], (fold != which[0]) & held
        own, place = Fit.load(file_of(folder, entrant, which)), (which[1], tested)
        if (own.test.potassium.size, own.validation.potassium.size) != (tested.sum(), validated.sum()):
            raise TrainError(f"{file_of(folder, entrant, which)}: is of other ECGs; remove it, and it is made anew")
        potassium[place], spread[place] = own.test.potassium, own.test.spread
        kept[which] = number[validated], own.validation
        trainings.append(own.training)
    return CrossValidated(number, fold, potassium, spread, kept, tuple(trainings))


def _split(examples: Examples, budget: Budget) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the fold of each ECG, and whether it validates while it is not tested."""
    patients = examples.patients.tolist()
    held = np.array([place_of(patient, "validation") < VALIDATION for patient in patients])
    return fold_of(patients, budget.folds), held


def share() -> tuple[int, int]:
    """Return which of how many processes this one is, as torchrun says it."""
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


def wait_for(files: list[Path]) -> None:
    """Wait until the other processes have written theirs: where one of them fails, torchrun ends all."""
    while not all(file.exists() for file in files):
        time.sleep(LOOK_S)


def file_of(folder: Path, entrant: Entrant, which: tuple[int, int]) -> Path:
    """Return where a fit is kept: who, of what, and which fold and seed; another study may ask for the same."""
    design, (fold, seed) = entrant.design, which
    who = f"{design.kind}-{design.channels}-{design.lstm}" if design else entrant.name
    what = f"{who}-{'-'.join(entrant.leads)}-{entrant.window}-fold{fold}-seed{seed}.npz"
    return folder / what.replace(" ", "-").replace(",", "")


def _fitted(
    design: Design,
    train: Examples,
    others: tuple[Examples, Examples],
    budget: Budget,
    which: tuple[int, int],
    unfinished: Path,
) -> Fit:
    """Return what a network estimates of the test fold and of the validation ECGs, on which its training ends."""
    course, (fold, seed) = replace(budget, batch=min(budget.batch, len(train))), which
    fitted = loop.fit(design, train, others[1], course, seed, kept=unfinished, device=loop.fastest())
    test, validation = (
        Estimates(*(part.astype(np.float64) for part in estimates(fitted.net, some))) for some in others
    )
    training = Training(
        fold,
        seed,
        learning_rate=fitted.rate,
        epochs=fitted.curve.best,
        validation_loss=fitted.curve.loss,
        training_mae_meq_l=tuple(fitted.curve.training_mae_meq_l),
        validation_mae_meq_l=tuple(fitted.curve.validation_mae_meq_l),
        parameters=parameters(fitted.net),
    )
    return Fit(test, validation, training)


def _measured(name: str, train: Examples, others: tuple[Examples, Examples], which: tuple[int, int]) -> Fit:
    """Return what an entrant that is no network estimates of the test fold and of the validation ECGs.

    It expects the same error everywhere.
    """
    seen, *asked = [baselines.table(some.features, some.side) for some in (train, *others)]
    both, training = np.concatenate(asked), Training(*which)
    if name == BOOSTING:
        trees, rounds = _boosted(seen, train.potassium, asked[1], others[1].potassium, which[1])
        potassium = np.asarray(next(islice(trees.staged_predict(both), rounds - 1, None)), np.float64)
        training = replace(training, learning_rate=float(trees.learning_rate), rounds=rounds)
    else:
        potassium = baselines.fitted(name, seen, train.potassium, both, which[1])
    first, second = np.split(potassium, [len(asked[0])])
    return Fit(Estimates(first, np.ones_like(first)), Estimates(second, np.ones_like(second)), training)


def _boosted(
    seen: Reals, potassium: NDArray[np.float32], held: Reals, true: NDArray[np.float32], seed: int
) -> tuple[HistGradientBoostingRegressor, int]:
    """Return the trees, and after how many rounds, that validate best."""
    tried = []
    for rate in TREE_RATES:
        trees = HistGradientBoostingRegressor(
            learning_rate=rate, max_iter=ROUNDS, max_leaf_nodes=15, early_stopping=False, random_state=seed
        ).fit(seen, potassium)
        losses = [float(np.mean(np.square(guess - true))) for guess in trees.staged_predict(held)]
        tried.append((min(losses), trees, int(np.argmin(losses)) + 1))
    _, best, rounds = min(tried, key=lambda tree: tree[0])
    return best, rounds
