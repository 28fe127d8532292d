"""Who is trained from which seed, for how long, taught by whom, and where a stopped training goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from training import TINY

from kalemia.errors import TrainError
from kalemia.train import loop, teaching
from kalemia.train.config import Config
from kalemia.train.design import Course, Design
from kalemia.train.loop import Fitted
from kalemia.train.loss import Batch
from kalemia.train.nets import Shape, build
from kalemia.train.training import Curve, Trainee
from learnable import learnable

TRAIN, HELD = learnable(40), learnable(20, seed=1)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the loop is asked for, which nobody trains."""
    asked: list[dict[str, Any]] = []

    def fit(design: Design, train: object, validation: object, course: Course, seed: int, **options: Any) -> Fitted:
        assert (train, validation) == (TRAIN, HELD)
        asked.append({"design": design, "course": course, "seed": seed, **options})
        if options.get("progress"):
            options["progress"](1, 0.5)
        return Fitted(build(design, Shape(1)), seed, 0.01, Curve(1, 1.0, 0.5, [0.6], [0.5]))

    monkeypatch.setattr(loop, "fit", fit)
    return asked


def teach(config: Config, folder: Path, told: list[tuple[str, int, int]] | None = None) -> teaching.Taught:
    told = [] if told is None else told
    return teaching.fit(config, TRAIN, HELD, folder, 1, lambda *one: told.append(one))


def test_one_seed_has_no_teachers(fits: list[dict[str, Any]], tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    taught = teach(TINY, tmp_path, told)
    (asked,) = fits
    assert (asked["design"], asked["course"], asked["seed"]) == (TINY.design, TINY.course, 3)
    assert not asked.get("teachers")
    assert (taught.fitted.seed, taught.teachers) == (3, ())
    assert told == [("training, validation MAE 0.500 mEq/L", 1, 2)]


def test_several_seeds_teach_one_that_is_trained_twice_as_long(fits: list[dict[str, Any]], tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    taught = teach(TINY.model_copy(update={"seeds": 3}), tmp_path, told)
    *teachers, pupil = fits
    assert [asked["seed"] for asked in teachers] == [3, 4, 5]
    assert {asked["course"] for asked in teachers} == {TINY.course}
    assert not any(asked.get("teachers") for asked in teachers)
    assert (pupil["seed"], pupil["course"]) == (6, replace(TINY.course, epochs=4))
    assert pupil["teachers"] == [teacher.net for teacher in taught.teachers]
    assert [teacher.seed for teacher in taught.teachers] == [3, 4, 5]
    assert taught.fitted.seed == 6
    assert told == [
        *(("training teachers", number, 3) for number in (1, 2, 3)),
        ("training on their mean, validation MAE 0.500 mEq/L", 1, 4),
    ]


def test_every_network_goes_on_from_a_file_of_its_own(fits: list[dict[str, Any]], tmp_path: Path) -> None:
    teach(TINY.model_copy(update={"seeds": 3}), tmp_path / "unfinished")
    kept = [asked["kept"] for asked in fits]
    assert len(set(kept)) == 4
    assert {path.parent for path in kept} == {tmp_path / "unfinished"}
    assert (tmp_path / "unfinished").is_dir()


def test_a_file_in_place_of_its_folder_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "unfinished").write_text("theirs")
    with pytest.raises(TrainError, match=r"unfinished: cannot be written \(File exists\); give a folder"):
        teach(TINY, tmp_path / "unfinished")


@pytest.mark.parametrize("changed", ["configuration", "potassium", "waves", "side"])
def test_what_was_fitted_to_something_else_is_not_gone_on_with(
    fits: list[dict[str, Any]], tmp_path: Path, changed: str
) -> None:
    names = [teaching._fingerprint(TINY, TRAIN)]
    config, train = TINY, TRAIN
    if changed == "configuration":
        config = TINY.model_copy(update={"learning_rate": 0.02})
    else:
        train = replace(TRAIN, **{changed: np.nextafter(getattr(TRAIN, changed), np.float32(9))})
    names.append(teaching._fingerprint(config, train))
    assert names[0] != names[1]
    assert names[0] == teaching._fingerprint(TINY.model_copy(), learnable(40))


def test_teachers_of_a_stopped_training_are_not_fitted_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the pupil alone nothing was kept: the loop trains nobody else."""
    config = TINY.model_copy(update={"seeds": 2})
    whole = teach(config, tmp_path)
    for file in tmp_path.glob("*-5-*.pt"):
        file.unlink()
    trained: list[int] = []
    epoch = Trainee.epoch

    def count(self: Trainee, learned: Batch) -> float:
        trained.append(len(self.curve))
        return float(epoch(self, learned))

    monkeypatch.setattr(Trainee, "epoch", count)
    again = teach(config, tmp_path)
    assert trained == [0, 1, 2, 3]
    for one, other in zip(whole.fitted.net.parameters(), again.fitted.net.parameters(), strict=True):
        assert torch.equal(one, other)
