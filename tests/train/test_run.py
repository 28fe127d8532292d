"""Training from a configuration: a card that says how it came about, nothing left behind, nothing begun in vain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from training import TINY

import kalemia
from kalemia.errors import TrainError
from kalemia.estimate.card import Card
from kalemia.estimate.likeness import Likeness
from kalemia.estimate.model import Model
from kalemia.train import mix, run, teaching
from kalemia.train.calibration import calibrate, intervals, shares
from kalemia.train.config import Records
from kalemia.train.examples import Examples, mix_of
from kalemia.train.run import Trained
from kalemia.train.teaching import Taught


@pytest.fixture(scope="module")
def taught() -> list[Taught]:
    """The networks that were trained in this file."""
    return []


@pytest.fixture(scope="module")
def calibrated() -> list[tuple[Any, ...]]:
    """What calibrations of this file were given."""
    return []


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, taught: list[Taught], calibrated: list[tuple[Any, ...]]
) -> Iterator[Trained]:
    with pytest.MonkeyPatch.context() as patch:
        fit = teaching.fit

        def noted(*args: Any) -> Taught:
            taught.append(fit(*args))
            return taught[-1]

        def given(*args: Any) -> tuple[float, ...]:
            calibrated.append(args)
            return calibrate(*args)

        patch.setattr(teaching, "fit", noted)
        patch.setattr("kalemia.train.card.calibrate", given)
        yield run.train(TINY, tmp_path_factory.mktemp("runs"))[0]


def test_what_is_written_is_what_was_trained(trained: Trained, taught: list[Taught]) -> None:
    """The network's answer, as sure as its card says."""
    rng = np.random.default_rng(0)
    waves, side = rng.normal(0, 0.3, (9, 1, 270)).astype(np.float32), rng.normal(0, 1, (9, 2)).astype(np.float32)
    card = trained.card
    with torch.no_grad():
        own = taught[0].fitted.net.eval()(torch.from_numpy(waves), torch.from_numpy(side)).numpy()
    np.testing.assert_allclose(Model.load(trained.onnx).run(waves, side), card.sureness[0] * own, atol=1e-4)


def test_it_is_calibrated_on_its_part_and_measured_in_the_mix_of_the_training(
    trained: Trained, calibrated: list[tuple[Any, ...]]
) -> None:
    parts = {part: mix.gather(mix.plans(TINY, None), part, TINY) for part in mix.PARTS}
    patients = mix_of(parts["train"].potassium)
    ((unsure, examples, said, seed),) = calibrated
    np.testing.assert_array_equal(examples.waves, parts["calibration"].waves)
    np.testing.assert_array_equal(said.shares, patients.shares)
    assert (unsure.card.sureness, seed) == ((1.0,), TINY.seed)
    assert trained.card.sureness == calibrate(*calibrated[0]) != (1.0,)
    reached = intervals(shares(Model.load(trained.onnx), parts["test"], patients), 0.9)
    width = float(np.median(reached.high - reached.low))
    assert trained.card.metrics["interval_width_meq_l"] == pytest.approx(width, abs=1e-3)


def test_the_folder_holds_the_network_and_its_card_and_nothing_else(trained: Trained) -> None:
    assert {path.name for path in trained.onnx.parent.iterdir()} == {"tiny-v5.onnx", "tiny-v5.json"}
    assert Card.load(trained.onnx.with_suffix(".json")).onnx_sha256 == trained.card.onnx_sha256


def test_the_card_says_how_it_came_about(trained: Trained, taught: list[Taught]) -> None:
    card = trained.card
    assert (card.name, card.version, card.leads) == ("tiny-v5", "0.0.1", ("V5",))
    assert card.trained_on == card.validated_on == "simulated"
    assert card.training["config"] == TINY.model_dump(mode="json")
    assert card.training["kalemia"] == kalemia.__version__
    assert card.training["network"]["seed"] == 3
    assert card.training["teachers"] == []
    beats, refused = card.training["beats"], card.training["refused"]
    assert TINY.records is not None
    asked = TINY.records.model_dump()
    assert {name: beats[name] + refused[name] for name in asked} == asked
    assert card.metrics["patients"] == card.metrics["records"] == beats["test"]
    assert card.preprocessing["rate_hz"] == 300
    assert sum(card.mix) == pytest.approx(1, abs=1e-4)
    assert card.mix == pytest.approx(taught[0].fitted.net.shape.mix, abs=1e-6)
    assert card.reference is None


def test_the_card_describes_the_network(trained: Trained) -> None:
    assert trained.card.architecture == {
        "network": "DSCRNN",
        "leads": "one",
        "channels": 2,
        "lstm": 2,
        "kernels": (128, 64, 64),
        "pools": (2, 5, 1),
        "founding_study_parameters": trained.card.parameters - 6 * (2 + 2) - 6 + (2 + 1),
        "source": "DOI 10.5573/ieie.2022.59.2.59",
    }


def test_the_card_says_what_was_reached(trained: Trained) -> None:
    card = trained.card
    alike = Likeness.from_dict(card.likeness)
    assert alike is not None
    assert alike.limit > 0
    reached = card.metrics["figures"]
    assert reached["mae_meq_l"]["value"] == pytest.approx(card.metrics[card.name]["mae_meq_l"], abs=2e-4)
    assert reached["mae_meq_l"]["low"] < reached["mae_meq_l"]["value"] < reached["mae_meq_l"]["high"]
    assert ("sensitivity" in reached) == (card.metrics["cut_likelihood_ratio"] is not None)
    assert {"tiny-v5", "training median", "T slope formula, refitted", "ridge on features"} <= set(card.metrics)


def test_what_was_trained_predicts(trained: Trained) -> None:
    from kalemia.simulate import simulate_one

    found = kalemia.predict(simulate_one(3, 500, "clean").recording, trained.onnx)
    assert found.status == "estimated"
    assert found.interval_validated_on == "simulated"


# Nothing is begun in vain


@pytest.mark.parametrize("name", ["tiny-v5.onnx", "tiny-v5.json"])
def test_a_folder_that_bears_the_models_name_is_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(TrainError, match="a folder bears the name of the model; give another place"):
        run.train(TINY, tmp_path)


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainError, match=r"cannot be written .Not a directory"):
        run.train(TINY, tmp_path / "file" / "runs")


def test_too_few_for_an_interval_are_refused(tmp_path: Path) -> None:
    few = TINY.model_copy(update={"records": Records(train=64, validation=16, calibration=12, test=60)})
    with pytest.raises(TrainError, match=r"12 ECGs with a good V5 are left for calibration; expected at least 19"):
        run.train(few, tmp_path)


def test_patients_who_are_all_alike_teach_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gathered = mix.gather

    def alike(*args: Any) -> Examples:
        examples = gathered(*args)
        return replace(examples, potassium=np.full(len(examples), 4.2, np.float32))

    monkeypatch.setattr(mix, "gather", alike)
    with pytest.raises(TrainError, match=r"the potassium of the training hardly varies \(0\.00 mEq/L\)"):
        run.train(TINY, tmp_path)
