"""Cross-validation by patient: folds, what each fit is given, what is kept, and what is not done twice."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("polars")
pytest.importorskip("sklearn")

from kalemia.errors import TrainError
from kalemia.study import crossval
from kalemia.study.crossval import MEASURED, CrossValidated, Estimates, Fit
from kalemia.study.plan import BOOSTING, Budget, Entrant
from kalemia.study.results import Training
from kalemia.train import baselines, loop, training
from kalemia.train.design import Course, Design
from kalemia.train.examples import Examples
from kalemia.train.loop import Fitted
from kalemia.train.nets import Shape, build
from kalemia.train.training import Curve, Trainee
from learnable import learnable

BUDGET = Budget(folds=2, rates=(0.01,), patience=3, halve=2, epochs=4, batch=16)
SMALL = Entrant("small", ("V5",), Design("FNN", 8))
MEDIAN = Entrant("training median", ("V5",))


def run(entrant: Entrant, examples: Examples, budget: Budget, folder: Path) -> CrossValidated:
    """Cross-validate one entrant."""
    for which in crossval.fits(entrant, budget):
        if not crossval.done(crossval.file_of(folder, entrant, which)):
            crossval.fit(entrant, examples, budget, folder, which)
    return crossval.collect(entrant, examples, budget, folder)


# Folds


def test_no_patient_is_in_training_and_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    examples, seen = learnable(80, samples=30), []

    def note(_name: str, train: Examples, others: tuple[Examples, Examples], which: tuple[int, int]) -> Fit:
        seen.append((set(train.patients), set(others[0].patients)))
        assert not set(train.patients) & set(others[1].patients)
        assert not set(others[0].patients) & set(others[1].patients)
        zeros, ones = (Estimates(*[np.full(len(some), float(k)) for k in (0, 1)]) for some in others)
        return Fit(zeros, ones, Training(*which))

    monkeypatch.setattr(crossval, "_measured", note)
    run(MEDIAN, examples, replace(BUDGET, folds=4), tmp_path)
    assert len(seen) == 4
    assert all(not train & test for train, test in seen)
    assert set().union(*(test for _, test in seen)) == set(examples.patients)
    again = run(MEDIAN, examples, replace(BUDGET, folds=4), tmp_path)
    assert len(seen) == 4  # what lies there is not done again
    assert not again.potassium.any()


def test_of_those_who_are_not_tested_an_eighth_validates() -> None:
    """Of 1,000 patients 12 % with a standard deviation of 1 %; a hash of their names decides, so that it is fixed."""
    examples = learnable(2000, samples=30)
    fold, held = crossval._split(examples, BUDGET)
    assert held.mean() == pytest.approx(0.12, abs=0.03)
    assert np.mean(fold == 0) == pytest.approx(0.5, abs=0.05)
    longer = crossval._split(learnable(3000, samples=30), BUDGET)
    np.testing.assert_array_equal(longer[0][:2000], fold)
    np.testing.assert_array_equal(longer[1][:2000], held)


@pytest.mark.parametrize(
    ("entrant", "seeds", "pairs"),
    [(SMALL, 1, [(0, 0), (1, 0)]), (SMALL, 2, [(0, 0), (0, 1), (1, 0), (1, 1)]), (MEDIAN, 3, [(0, 0), (1, 0)])],
)
def test_what_is_no_network_has_one_seed(entrant: Entrant, seeds: int, pairs: list[tuple[int, int]]) -> None:
    assert crossval.fits(entrant, replace(BUDGET, seeds=seeds)) == pairs


@pytest.mark.parametrize(("count", "part"), [(4, "training|validation|test"), (12, "validation")])
def test_too_few_for_a_fold_is_a_sentence(tmp_path: Path, count: int, part: str) -> None:
    sentence = rf"small: fold 1 has \d ECGs with V5 for ({part}); give a larger cohort"
    with pytest.raises(TrainError, match=sentence):
        crossval.fit(SMALL, learnable(count, samples=30), BUDGET, tmp_path, (0, 0))
    assert not list(tmp_path.iterdir())


def test_estimates_are_where_their_ecgs_are(tmp_path: Path) -> None:
    """Each fit says which fold and seed it is of; the whole has everything in its place."""
    examples = replace(learnable(80, samples=30), number=np.arange(500, 580))
    budget = replace(BUDGET, seeds=2)
    fold, held = crossval._split(examples, budget)
    for which in crossval.fits(SMALL, budget):
        test, validation = fold == which[0], (fold != which[0]) & held
        value = 10.0 * which[0] + which[1]
        given = [Estimates(np.full(some.sum(), value), np.full(some.sum(), 1 + value)) for some in (test, validation)]
        crossval.file_of(tmp_path, SMALL, which).write_bytes(
            Fit(given[0], given[1], Training(*which, epochs=int(value))).dump()
        )
    whole = crossval.collect(SMALL, examples, budget, tmp_path)
    np.testing.assert_array_equal(whole.number, examples.number)
    np.testing.assert_array_equal(whole.fold, fold)
    np.testing.assert_array_equal(whole.potassium, [10.0 * fold, 10.0 * fold + 1])
    np.testing.assert_array_equal(whole.spread, whole.potassium + 1)
    for (number, seed), (places, estimates) in whole.held.items():
        np.testing.assert_array_equal(places, examples.number[(fold != number) & held])
        assert set(estimates.potassium) == {10.0 * number + seed}
    assert [training.epochs for training in whole.trainings] == [0, 1, 10, 11]
    assert [(training.fold, training.seed) for training in whole.trainings] == [(0, 0), (0, 1), (1, 0), (1, 1)]


# Networks


def test_a_network_is_trained_as_those_that_are_shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the one loop, on the training part, with the budget as its course, ended by the validation part."""
    asked: dict[str, Any] = {}

    def fit(design: Design, train: Examples, validation: Examples, course: Course, seed: int, **options: Any) -> Fitted:
        asked.update(design=design, train=train, validation=validation, course=course, seed=seed, **options)
        return Fitted(build(design, Shape(1, 30)), seed, 0.002, Curve(2, 0.9, 0.8, [1.0, 0.7, 0.6], [1.1, 0.8, 0.9]))

    monkeypatch.setattr(loop, "fit", fit)
    examples = learnable(80, samples=30)
    crossval.fit(SMALL, examples, BUDGET, tmp_path, (1, 5))
    fold, held = crossval._split(examples, BUDGET)
    assert (asked["design"], asked["seed"]) == (SMALL.design, 5)
    assert asked["course"] == BUDGET
    np.testing.assert_array_equal(asked["train"].number, np.flatnonzero((fold != 1) & ~held))
    np.testing.assert_array_equal(asked["validation"].number, np.flatnonzero((fold != 1) & held))
    kept = Fit.load(crossval.file_of(tmp_path, SMALL, (1, 5)))
    assert kept.training == Training(
        fold=1,
        seed=5,
        learning_rate=0.002,
        epochs=2,
        validation_loss=0.9,
        training_mae_meq_l=(1.0, 0.7, 0.6),
        validation_mae_meq_l=(1.1, 0.8, 0.9),
        parameters=30 * 8 + 8 + 8 * 8 + 8 + (8 + 2) * 6 + 6,
    )
    assert len(kept.test.potassium) == (fold == 1).sum()
    assert len(kept.validation.potassium) == len(asked["validation"])


def test_where_there_is_less_than_a_batch_all_are_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sizes: list[int] = []
    fit = loop.fit

    def note(
        design: Design, train: Examples, validation: Examples, course: Course, seed: int, **options: Any
    ) -> Fitted:
        sizes.append(course.batch)
        assert len(train) == course.batch
        return fit(design, train, validation, course, seed, **options)

    monkeypatch.setattr(loop, "fit", note)
    crossval.fit(SMALL, learnable(60, samples=30), replace(BUDGET, batch=64), tmp_path, (0, 0))
    assert len(sizes) == 1


def test_a_network_learns_what_is_there_and_is_judged_on_patients_it_has_not_seen(tmp_path: Path) -> None:
    """Saying 5.5 of everybody is 1.25 mEq/L off; four seeds, on two kinds of processor, are 0.13 to 0.17."""
    examples = learnable(240, samples=30)
    budget = replace(BUDGET, epochs=40, patience=15, halve=6, rates=(0.02,))
    whole = run(SMALL, examples, budget, tmp_path)
    assert np.abs(whole.potassium[0] - examples.potassium).mean() < 0.5
    errors = whole.trainings[0].validation_mae_meq_l
    assert errors is not None
    assert len(errors) <= 40
    assert errors[-1] < errors[0]


def test_a_training_that_is_stopped_goes_on_to_the_same_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Here that the files are those of the fit, and gone when it is done; test_loop has the rest."""
    examples, budget = learnable(80, samples=30), replace(BUDGET, epochs=3, patience=3, rates=(0.01, 0.003))
    whole = run(SMALL, examples, budget, tmp_path)
    epoch, epochs = Trainee.epoch, 0

    def stop(self: Trainee, learned: Any) -> float:
        nonlocal epochs
        epochs += 1
        if epochs == 5:  # the second of the second rate
            raise KeyboardInterrupt
        return epoch(self, learned)

    monkeypatch.setattr(Trainee, "epoch", stop)
    (tmp_path / "again").mkdir()
    with pytest.raises(KeyboardInterrupt):
        run(SMALL, examples, budget, tmp_path / "again")
    assert [path.name for path in (tmp_path / "again").iterdir()] == ["FNN-8-0-V5-cycle-fold0-seed0-rate0.01.pt"]
    again = run(SMALL, examples, budget, tmp_path / "again")
    assert epochs == 5 + 3 + 6  # the first rate is not trained again
    assert np.array_equal(whole.potassium, again.potassium)
    assert whole.trainings == again.trainings
    assert not list((tmp_path / "again").glob("*.pt"))


def test_a_training_that_diverges_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(training, "validated", lambda *_: (float("nan"), float("nan")))
    with pytest.raises(TrainError, match=r"training diverged at every learning rate \(0\.01\)"):
        run(SMALL, learnable(80, samples=30), BUDGET, tmp_path)


# What is kept


@pytest.mark.parametrize(
    ("entrant", "name"),
    [
        (Entrant("4k", ("V5",), Design("DSCRNN", 16, 10)), "DSCRNN-16-10-V5-cycle-fold1-seed2.npz"),
        (Entrant("CNN", ("I", "V5"), Design("CNN", 8), 2.0), "CNN-8-0-I-V5-2s-fold1-seed2.npz"),
        (Entrant("T slope formula, refitted", ("V5",)), "T-slope-formula-refitted-V5-cycle-fold1-seed2.npz"),
    ],
)
def test_a_fit_is_kept_by_what_it_is(tmp_path: Path, entrant: Entrant, name: str) -> None:
    assert crossval.file_of(tmp_path, entrant, (1, 2)) == tmp_path / name


@pytest.mark.parametrize(
    "training",
    [Training(0, 1), Training(1, 0, epochs=3, training_mae_meq_l=(1.0, 0.5), validation_mae_meq_l=(1.1, 0.6))],
)
def test_a_fit_is_read_back(tmp_path: Path, training: Training) -> None:
    test, validation = Estimates(np.arange(4.0), np.ones(4)), Estimates(np.arange(2.0), np.full(2, 0.5))
    (tmp_path / "fit.npz").write_bytes(Fit(test, validation, training).dump())
    again = Fit.load(tmp_path / "fit.npz")
    for one, other in ((test, again.test), (validation, again.validation)):
        np.testing.assert_array_equal(one.potassium, other.potassium)
        np.testing.assert_array_equal(one.spread, other.spread)
    assert again.training == training


@pytest.mark.parametrize("content", [b"", b"PK cut off", None])
def test_a_fit_that_is_damaged_is_made_anew(tmp_path: Path, content: bytes | None) -> None:
    examples = learnable(80, samples=30)
    whole = run(MEDIAN, examples, BUDGET, tmp_path)
    file = crossval.file_of(tmp_path, MEDIAN, (0, 0))
    assert crossval.done(file)
    file.write_bytes(file.read_bytes()[:300] if content is None else content)
    assert not crossval.done(file)
    assert not file.exists()
    assert np.array_equal(run(MEDIAN, examples, BUDGET, tmp_path).potassium, whole.potassium)


@pytest.mark.parametrize("part", ["test", "validation"])
def test_a_fit_of_other_ecgs_gets_a_sentence(tmp_path: Path, part: str) -> None:
    examples = learnable(80, samples=30)
    run(MEDIAN, examples, BUDGET, tmp_path)
    file = crossval.file_of(tmp_path, MEDIAN, (0, 0))
    whole, other = Fit.load(file), Estimates(np.ones(3), np.ones(3))
    damaged = replace(whole, test=other) if part == "test" else replace(whole, validation=other)
    file.write_bytes(damaged.dump())
    with pytest.raises(TrainError, match=r"fold0-seed0\.npz: is of other ECGs; remove it, and it is made anew$"):
        crossval.collect(MEDIAN, examples, BUDGET, tmp_path)


# Processes of torchrun


def test_alone_it_does_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert crossval.share() == (0, 1)
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert crossval.share() == (2, 4)


def test_it_waits_for_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        (tmp_path / f"{len(slept)}").write_text("")

    monkeypatch.setattr(time, "sleep", sleep)
    crossval.wait_for([tmp_path / "1", tmp_path / "2"])
    assert slept == [crossval.LOOK_S] * 2


# What is no network


def thirds(examples: Examples) -> list[Examples]:
    return [examples.only(np.arange(len(examples)) % 3 == part) for part in range(3)]


def test_boosting_stops_where_validation_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossval, "ROUNDS", 100)
    examples = learnable(360, samples=30)
    examples.features[:, 0] = examples.potassium
    train, test, held = thirds(examples)
    fit = crossval._measured(BOOSTING, train, (test, held), (1, 0))
    assert fit.training.learning_rate in crossval.TREE_RATES
    assert 1 <= (fit.training.rounds or 0) <= 100
    assert (fit.training.fold, fit.training.seed) == (1, 0)
    assert np.abs(fit.test.potassium - test.potassium).mean() < 0.5
    against = replace(held, potassium=-held.potassium)  # what there is to learn
    assert crossval._measured(BOOSTING, train, (test, against), (1, 0)).training.rounds == 1


@pytest.mark.parametrize("name", [name for name in MEASURED if name != BOOSTING])
def test_baselines_are_fitted_to_the_training_alone(name: str) -> None:
    train, test, held = thirds(learnable(90, samples=30))
    fit = crossval._measured(name, train, (test, held), (2, 0))
    table = [baselines.table(some.features, some.side) for some in (train, test, held)]
    for estimates, own in ((fit.test, table[1]), (fit.validation, table[2])):
        np.testing.assert_allclose(estimates.potassium, baselines.fitted(name, table[0], train.potassium, own, 0))
        assert set(estimates.spread) == {1.0}
    assert fit.training == Training(2, 0)
