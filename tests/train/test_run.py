"""Training from a configuration: the same file twice, honest intervals, baselines to beat."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="training needs torch")

from training import CLEAN, TINY

import kalemia
from kalemia.errors import TrainError
from kalemia.estimate.card import Card
from kalemia.estimate.likeness import Likeness
from kalemia.estimate.model import Model
from kalemia.train import baselines, checkpoint, loop, mix, run
from kalemia.train.config import Records
from kalemia.train.data import FEATURES, Beats, empty, made
from kalemia.train.run import ERROR_LEVELS, Trained, calibrate, fewer, intervals


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks as small as these lose more by a second thread than they gain."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return run.train(TINY, tmp_path_factory.mktemp("runs"))[0]


def test_the_same_configuration_gives_the_same_bytes_whoever_watches(trained: Trained, tmp_path: Path) -> None:
    said: list[tuple[str, int, int]] = []
    again = run.train(TINY, tmp_path / "again", 2, lambda what, done, total: said.append((what, done, total)))[0]
    assert again.onnx.read_bytes() == trained.onnx.read_bytes()
    assert again.card == trained.card
    stages = [what for what, done, total in said if done == total]
    assert stages[:4] == [f"making records: {part}" for part in ("train", "validation", "calibration", "test")]
    assert stages[4].startswith("training, validation MAE")


def test_another_seed_gives_another_model() -> None:
    train = made(CLEAN, range(64), ("V5",))
    fitted = [loop.fit(TINY, train, train, seed) for seed in (3, 3, 4)]
    weights = [torch.cat([p.flatten() for p in one.net.parameters()]) for one in fitted]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_several_seeds_teach_one_network(tmp_path: Path) -> None:
    config = TINY.model_copy(update={"seeds": 3, "epochs": 1})
    said: list[str] = []
    several = run.train(
        config, tmp_path, report=lambda what, done, total: said.append(what) if done == total else None
    )[0]
    teachers, network = several.card.training["teachers"], several.card.training["network"]
    assert [one["seed"] for one in teachers] == [3, 4, 5]
    assert network["seed"] == 6
    assert len({one["validation_loss"] for one in teachers}) == 3
    assert [what.partition(",")[0] for what in said[-2:]] == ["training teachers", "training on their mean"]
    parallel = run.train(config, tmp_path / "parallel", 2)[0]
    assert parallel.onnx.read_bytes() == several.onnx.read_bytes()
    train, held = (made(CLEAN, patients, ("V5",)) for patients in (range(64), range(64, 80)))
    taught = [loop.fit(config, train, held, one["seed"]).net for one in teachers]
    again = loop.fit(config, train, held, 6, teachers=taught)
    assert again.mae_meq_l == pytest.approx(network["validation_mae_meq_l"], abs=1e-5)
    found, _ = Model.load(several.onnx).run(held.waves, held.side)
    with torch.no_grad():
        own, spread = again.net(*loop.tensors(held)[:2])
    median = np.interp(0.5, several.card.error_levels, several.card.error_quantiles[0])
    expected_meq_l = (own + spread * median).numpy().clip(*several.card.range_meq_l)
    np.testing.assert_allclose(found, expected_meq_l, atol=1e-4)


def test_a_training_that_is_stopped_goes_on_to_the_same_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = TINY.model_copy(update={"seeds": 2})
    whole = run.train(config, tmp_path / "whole")[0]
    epoch, epochs = loop._epoch, 0

    def stop(*args: Any) -> None:
        nonlocal epochs
        epochs += 1
        if epochs == 4:  # the second of the second teacher
            raise KeyboardInterrupt
        epoch(*args)

    monkeypatch.setattr(loop, "_epoch", stop)
    monkeypatch.setattr(checkpoint, "EVERY_S", -1.0)
    with pytest.raises(KeyboardInterrupt):
        run.train(config, tmp_path / "again")
    again = run.train(config, tmp_path / "again")[0]
    assert epochs == 4 + 1 + 4  # what was fitted is not fitted again
    assert again.card.onnx_sha256 == whole.card.onnx_sha256
    assert {path.name for path in (tmp_path / "again").iterdir()} == {"tiny-v5.onnx", "tiny-v5.json"}


@pytest.mark.parametrize("leads", [("V5",), ("II", "V5")])
def test_a_taught_network_follows_its_teachers_more_than_the_truth(leads: tuple[str, ...]) -> None:
    config = TINY.model_copy(update={"leads": leads, "epochs": 20})
    train = made(CLEAN, range(64), leads)
    teacher = loop.fit(config, train, train, 3).net
    teacher.size = replace(teacher.size, centre_meq_l=teacher.size.centre_meq_l + 1.0)  # it says 1 mEq/L too much
    alone, taught = (loop.fit(config, train, train, 4, teachers=some).net for some in ((), (teacher,)))
    with torch.no_grad():
        low, high = (float(net(*loop.tensors(train)[:2])[0].mean()) for net in (alone, taught))
    assert high - low > 0.7


def test_validating_in_pieces_is_validating(monkeypatch: pytest.MonkeyPatch) -> None:
    train = made(CLEAN, range(64), ("V5",))
    whole = loop.fit(TINY, train, train, 3)
    monkeypatch.setattr(loop, "AT_ONCE", 7)
    pieces = loop.fit(TINY, train, train, 3)
    assert (pieces.loss, pieces.mae_meq_l) == pytest.approx((whole.loss, whole.mae_meq_l), abs=1e-5)


def test_the_folder_holds_the_network_and_its_card_and_nothing_else(trained: Trained) -> None:
    assert {path.name for path in trained.onnx.parent.iterdir()} == {"tiny-v5.onnx", "tiny-v5.json"}
    assert Card.load(trained.onnx.with_suffix(".json")).onnx_sha256 == trained.card.onnx_sha256


def test_the_card_says_how_it_came_about(trained: Trained) -> None:
    card = trained.card
    assert (card.name, card.version, card.leads) == ("tiny-v5", "0.0.1", ("V5",))
    assert card.trained_on == card.validated_on == "simulated"
    assert card.training["config"] == TINY.model_dump(mode="json")
    beats, refused = card.training["beats"], card.training["refused"]
    assert TINY.records is not None
    asked = TINY.records.model_dump()
    assert {name: beats[name] + refused[name] for name in asked} == asked
    assert card.metrics["patients"] == card.metrics["records"] == beats["test"]
    assert card.architecture["leads"] == "one"
    alike = Likeness.from_dict(card.likeness)
    assert alike is not None
    assert alike.limit > 0
    reached = card.metrics["figures"]
    assert reached["mae_meq_l"]["value"] == pytest.approx(card.metrics[card.name]["mae_meq_l"], abs=2e-4)
    assert reached["mae_meq_l"]["low"] < reached["mae_meq_l"]["value"] < reached["mae_meq_l"]["high"]
    assert ("sensitivity" in reached) == (card.metrics["cut_meq_l"] is not None)
    assert {"tiny-v5", "training median", "T slope formula, refitted", "ridge on features"} <= set(card.metrics)
    assert card.preprocessing["rate_hz"] == 300
    assert card.range_meq_l[0] < card.range_meq_l[1]


def test_what_was_trained_predicts(trained: Trained) -> None:
    from kalemia.simulate import simulate_one

    found = kalemia.predict(simulate_one(3, 500, "clean").recording, trained.onnx)
    assert found.status == "estimated"
    assert found.interval_validated_on == "simulated"


def test_too_few_beats_for_a_batch_is_a_sentence() -> None:
    with pytest.raises(TrainError, match="0 training beats are left; at least one batch of 16"):
        loop.fit(TINY, empty(("V5",), 9), empty(("V5",), 9), 3)


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainError, match=r"cannot be written .Not a directory"):
        run.train(TINY, tmp_path / "file" / "runs")


# Conformal prediction


def beats_of(n: int, seed: int) -> Beats:
    """Return n beats that carry nothing but noise, and a potassium with skewed errors."""
    rng = np.random.default_rng(seed)
    return Beats(
        waves=rng.normal(0, 0.3, (n, 1, 270)).astype(np.float32),
        side=rng.normal(0, 1, (n, 2)).astype(np.float32),
        potassium=(4.5 + rng.exponential(0.8, n)).astype(np.float32),
        features=np.zeros((n, len(FEATURES)), np.float32),
        patients=np.array([f"p{i}" for i in range(n)]),
        sources=np.full(n, "noise"),
        refused=0,
    )


def errors(model: Model, beats: Beats) -> NDArray[np.float64]:
    estimate, spread = model.run(beats.waves, beats.side)
    return np.sort(((beats.potassium - estimate) / spread).astype(np.float64))


@pytest.mark.parametrize("n", [19, 99, 1000, 4321])
def test_the_quantiles_are_those_of_the_textbook(tiny: Model, n: int) -> None:
    beats = beats_of(n, 1)
    scores = errors(tiny, beats)
    for level, quantile in zip(ERROR_LEVELS, calibrate(tiny, beats, 0)[0], strict=True):
        place = Fraction(str(round(level, 4))) * (n + 1)
        rank = math.floor(place) if level < 0.5 else math.ceil(place)
        assert quantile == pytest.approx(scores[min(max(rank, 1), n) - 1], abs=1e-4), level


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
def test_the_quantiles_are_those_of_mapie(tiny: Model, coverage: float) -> None:
    """MAPIE may land one rank further out, where its 1 - 0.9 is a little less than 0.1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        regression = pytest.importorskip("mapie.regression", reason="MAPIE is the oracle")
        from mapie.conformity_scores import AbsoluteConformityScore
        from sklearn.dummy import DummyRegressor
    beats = beats_of(999, 2)
    scores = errors(tiny, beats)
    nothing = np.zeros((len(scores), 1))
    zero = DummyRegressor(strategy="constant", constant=0.0).fit(nothing, scores)
    oracle = regression.SplitConformalRegressor(
        zero, confidence_level=coverage, conformity_score=AbsoluteConformityScore(sym=False), prefit=True
    )
    _, bounds = oracle.conformalize(nothing, scores).predict_interval(nothing[:1])
    quantiles = calibrate(tiny, beats, 0)[0]
    for level, theirs in zip(((1 - coverage) / 2, (1 + coverage) / 2), bounds[0, :, 0], strict=True):
        own = quantiles[int(np.abs(ERROR_LEVELS - level).argmin())]
        ranks = [int(np.abs(scores - value).argmin()) for value in (own, theirs)]
        assert abs(ranks[0] - ranks[1]) <= 1


def test_few_records_of_many_leads_have_the_interval_of_fewer(tiny: Model) -> None:
    beats = beats_of(60, 1)
    waves, side = np.zeros((60, 3, 270), np.float32), np.ones((60, 4), np.float32)
    waves[:, 0], waves[:25, 1], waves[:3, 2] = 1, 1, 1
    beats = replace(beats, waves=waves, side=side)
    model = Several(tiny.card)
    one, two, three = calibrate(model, beats, 0)  # type: ignore[arg-type]
    assert len({one, two}) == 2
    assert three == two


def test_the_interval_covers_what_it_says_for_any_network(tiny: Model, tiny_path: Path) -> None:
    covered = []
    for seed in range(5):
        card = replace(tiny.card, error_quantiles=calibrate(tiny, beats_of(2000, seed), 0))
        model = Model(tiny_path.read_bytes(), card)
        test = beats_of(2000, 100 + seed)
        _, low, high = intervals(model, test, 0.9)
        covered.append(np.mean((test.potassium >= low) & (test.potassium <= high)))
    assert np.mean(covered) == pytest.approx(0.9, abs=0.012)


def test_each_tail_is_missed_as_often(tiny: Model, tiny_path: Path) -> None:
    model = Model(tiny_path.read_bytes(), replace(tiny.card, error_quantiles=calibrate(tiny, beats_of(4000, 1), 0)))
    test = beats_of(4000, 2)
    _, low, high = intervals(model, test, 0.9)
    assert np.mean(test.potassium < low) == pytest.approx(0.05, abs=0.015)
    assert np.mean(test.potassium > high) == pytest.approx(0.05, abs=0.015)


class Several:
    """A model of three leads that says the same of everybody."""

    def __init__(self, card: Card) -> None:
        self.card = replace(card, leads=("I", "II", "V5"), least_leads=1, error_quantiles=card.error_quantiles * 3)

    def run(self, waves: Any, _side: Any) -> tuple[Any, Any]:
        """Say 4.5."""
        return np.full(len(waves), 4.5), np.ones(len(waves))


def test_fewer_leads_are_drawn_from_the_good_ones() -> None:
    rng = np.random.default_rng(3)
    beats = replace(beats_of(400, 1), waves=rng.random((400, 4, 270), np.float32) + 0.1)
    beats = replace(beats, side=np.ones((400, 5), np.float32))
    beats.waves[:50, 1] = 0
    beats.waves[:20, 2] = 0
    for count in (1, 3, 4):
        some = fewer(beats, count, 7)
        kept = np.asarray(some.waves.any(axis=2))
        assert (kept.sum(axis=1) == count).all()
        assert len(some) == {1: 400, 3: 380, 4: 350}[count]
        assert not kept[:20, 1:3].any() or count > 1
        np.testing.assert_array_equal(some.side[:, :4] > 0, kept)
        assert (some.side[:, 4] == 1).all()
    shares = np.asarray(fewer(beats, 1, 7).waves.any(axis=2))[50:].mean(axis=0)
    assert shares == pytest.approx(0.25, abs=0.08)


# Baselines


@pytest.fixture(scope="module")
def patients() -> tuple[Beats, Beats]:
    return made(CLEAN, range(150), ("V5",)), made(CLEAN, range(150, 250), ("V5",))


def test_the_baselines_see_the_test_patients_potassium_nowhere(patients: tuple[Beats, Beats]) -> None:
    train, test = patients
    blind = replace(test, potassium=np.full_like(test.potassium, 99.0))
    for name, guess in baselines.estimates(train, test, 0).items():
        np.testing.assert_array_equal(baselines.estimates(train, blind, 0)[name], guess)
        assert guess.shape == (len(test),)


def test_ridge_does_better_than_the_median(patients: tuple[Beats, Beats]) -> None:
    train, test = patients
    found = baselines.estimates(train, test, 0)
    error = {name: float(np.abs(guess - test.potassium).mean()) for name, guess in found.items()}
    assert error["ridge on features"] < error["training median"]


def test_a_lost_t_wave_has_a_finite_slope_ratio(patients: tuple[Beats, Beats]) -> None:
    train, _ = patients
    np.testing.assert_array_equal(baselines.slope_ratio(np.zeros_like(train.features)), 0.0)


def test_a_training_that_can_teach_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = TINY.model_copy(update={"records": Records(train=64, validation=16, calibration=12, test=60)})
    with pytest.raises(
        TrainError, match=r"12 ECGs with a good V5 are left for calibration; an interval of 0\.9 needs at least 19"
    ):
        run.train(few, tmp_path)
    gathered = mix.gather

    def alike(*args: Any) -> Beats:
        beats = gathered(*args)
        return replace(beats, potassium=np.full(len(beats), 4.2, np.float32))

    monkeypatch.setattr(mix, "gather", alike)
    with pytest.raises(TrainError, match="the potassium of the training hardly varies"):
        run.train(TINY, tmp_path)


def test_a_network_that_returns_no_numbers_is_not_calibrated(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    beats = made(CLEAN, range(30), ("V5",))
    nothing = np.full(len(beats), np.nan)
    monkeypatch.setattr(run, "answers", lambda *_: (nothing, nothing))
    with pytest.raises(TrainError, match="training diverged: the network returns no numbers"):
        run.calibrate(Model.load(trained.onnx), beats, 1)


def test_baselines_do_without_a_lead_that_is_not_there() -> None:
    rng = np.random.default_rng(0)
    beats = replace(beats_of(200, 1), features=rng.random((200, 2 * len(FEATURES)), np.float32))
    beats.features[:, : len(FEATURES)] = np.nan
    said = baselines.estimates(beats, beats.only(np.arange(20)), 0)
    assert all(np.isfinite(guess).all() for guess in said.values())
    beats.features[:100, : len(FEATURES)] = rng.random((100, len(FEATURES)))
    some, one = (baselines.estimates(beats, beats.only(asked), 0) for asked in (np.arange(90, 110), np.array([100])))
    assert some[baselines.SLOPE][10] == one[baselines.SLOPE][0]  # what stands in is the training's, not the test's
