"""What an earlier ECG says: the patients who teach it, how their ECGs are paired, and what is learned of a heart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from torch import Tensor
from training import TINY

import kalemia
from kalemia.errors import TrainError
from kalemia.estimate.card import Card
from kalemia.estimate.evidence import BINS, CENTRES_MEQ_L
from kalemia.estimate.model import REFERENCE, Model
from kalemia.export.onnx import pair_to_onnx
from kalemia.records import SAMPLES
from kalemia.simulate import simulate_one
from kalemia.train import run, series
from kalemia.train.design import Design
from kalemia.train.examples import FEATURES, Examples
from kalemia.train.nets import Estimator, Shape, build
from kalemia.train.nets.paired import Comparison, Paired


class Heart(Estimator):
    """Sees in each lead what its gain is, which here is potassium beside what is the patient's own."""

    def __init__(self, leads: int = 1) -> None:
        super().__init__(Shape(leads), torch.nn.Identity())

    def states(self, waves: Tensor, side: Tensor, rows: Tensor | None = None) -> Tensor:
        del waves, rows
        return side[:, :-1, None]


def hearts(patients: int, seed: int, leads: int = 1, each: int = 4) -> Examples:
    """Return ECGs whose gain is their potassium and twice as much that stays with the patient."""
    rng = np.random.default_rng(seed)
    potassium = rng.uniform(3, 8, patients * each)
    own = np.repeat(rng.normal(0, 2, patients), each)
    side = np.zeros((len(potassium), leads + 1))
    side[:, :-1] = (potassium / 2 + own)[:, None]
    return Examples(
        waves=np.ones((len(potassium), leads, SAMPLES), np.float32),
        side=side.astype(np.float32),
        potassium=potassium.astype(np.float32),
        features=np.zeros((len(potassium), leads * len(FEATURES)), np.float32),
        patients=np.repeat([f"p{k:05d}" for k in range(patients)], each),
        sources=np.full(len(potassium), "x"),
        number=np.arange(len(potassium)),
    )


def nothing(*_: int) -> None:
    """Report to nobody."""


def test_every_ecg_of_a_patient_has_a_potassium_of_its_own() -> None:
    made = list(series.Series(7)(range(3, 43)))
    assert [one.patient for one in made[:5]] == ["p000003"] * 4 + ["p000004"]
    potassium = np.array([one.potassium_meq_l for one in made]).reshape(40, 4)
    assert abs(np.corrcoef(potassium.T)[np.triu_indices(4, 1)]).max() < 0.6  # 40 patients: beyond 3.5 standard errors
    assert np.ptp(potassium) > 3
    again = list(series.Series(7)(range(5, 6)))
    np.testing.assert_array_equal(again[1].recording.signal, made[9].recording.signal)
    first = made[0]
    same = simulate_one(7, 3, series.LEVEL, first.potassium_meq_l, 0)
    np.testing.assert_array_equal(first.recording.signal, same.recording.signal)


def test_an_ecg_is_paired_with_another_one_of_its_patient() -> None:
    some = hearts(9, 0).only(np.array([0, 1, 2, 4, 5, 8, *range(12, 36)]))
    pairs = series.Pairs.of(Heart(), some)
    rng = np.random.default_rng(1)
    drawn = [pairs.drawn(rng) for _ in range(20)]
    for now, earlier in drawn:
        assert (some.patients[now] == some.patients[earlier]).all()
        assert (now != earlier).all()
        assert sorted(now.tolist()) == sorted(earlier.tolist()) == [k for k in range(30) if k != 5]  # alone
    assert len({tuple(earlier[now.argsort()].tolist()) for now, earlier in drawn}) > 1


def test_what_a_heart_is_off_by_is_learned_from_its_earlier_ecg() -> None:
    """One ECG tells potassium to within some mEq/L here, two and a draw tell it nearly."""
    torch.set_num_threads(1)
    learned = series.fit(Heart(), hearts(1500, 2), 3, nothing)
    assert learned.patients == 1500
    assert len(set(learned.held.patients)) == 150
    pairs = series.Pairs.of(Heart(), hearts(200, 4))
    now, earlier = pairs.drawn(np.random.default_rng(5))
    with torch.no_grad():
        answer = learned.net.compared(
            pairs.states[now], pairs.states[earlier], pairs.potassium[earlier], pairs.there[now]
        )
    said = torch.softmax(answer, 1) @ torch.tensor(CENTRES_MEQ_L, dtype=torch.float32)
    assert float((said - pairs.potassium[now]).abs().mean()) < 0.5
    slope = np.polyfit(pairs.states[now, 0, 0].numpy(), pairs.potassium[now].numpy(), 1)
    alone = np.polyval(slope, pairs.states[now, 0, 0].numpy()) - pairs.potassium[now].numpy()
    assert float(np.abs(alone).mean()) > 1.0


def test_the_same_seed_teaches_the_same() -> None:
    torch.set_num_threads(1)
    first, again, other = (series.fit(Heart(), hearts(100, 2), seed, nothing).net for seed in (3, 3, 4))
    for ours, theirs in zip(first.parameters(), again.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(next(first.parameters()), next(other.parameters()))


def test_too_few_pairs_teach_nothing() -> None:
    with pytest.raises(TrainError, match="series: fewer than 256 pairs of ECGs of 70 patients are left; give more"):
        series.fit(Heart(), hearts(70, 2), 3, nothing)


def paired(leads: int) -> Paired:
    torch.manual_seed(1)
    net = build(Design("DSCRNN", channels=2, lstm=2), Shape(leads))
    made = Paired(net, Comparison(leads, net.body.width + 2))
    with torch.no_grad():
        for weights in made.parameters():
            weights.add_(0.3 * torch.randn(weights.shape))
    return made.eval()


def given(leads: int, count: int = 5) -> list[Tensor]:
    torch.manual_seed(2)
    beat, side = (count, leads, SAMPLES), (count, leads + 1)
    return [torch.randn(beat), torch.randn(side), torch.randn(beat), torch.randn(side), 5 + torch.randn(count)]


def test_leads_that_one_ecg_lacks_say_nothing() -> None:
    net, (now, side, then, then_side, draw) = paired(3), given(3)
    now[:, 0], then[:, 2] = 0, 0
    with torch.no_grad():
        whole = net(now, side, then, then_side, draw)
        part = net.only([1])(now[:, [1]], side[:, [1, 3]], then[:, [1]], then_side[:, [1, 3]], draw)
    torch.testing.assert_close(whole, part)


@pytest.mark.parametrize("leads", [1, 3])
def test_the_file_says_what_the_network_says(leads: int, tmp_path: Path) -> None:
    import onnxruntime

    net, inputs = paired(leads), given(leads)
    session = onnxruntime.InferenceSession(pair_to_onnx(net, leads), providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    assert names == ["beats", "side", "earlier_beats", "earlier_side", "draw"]
    (said,) = session.run(None, {name: value.numpy() for name, value in zip(names, inputs, strict=True)})
    with torch.no_grad():
        np.testing.assert_allclose(said, net(*inputs).numpy(), atol=1e-4)


def test_one_that_says_twice_as_much_may_be_half_as_sure() -> None:
    torch.set_num_threads(1)
    learned = series.fit(Heart(2), hearts(300, 2, leads=2), 3, nothing)
    found = []
    for _ in range(2):
        with torch.no_grad():
            learned.net.comparison.answer.weight.mul_(2)
            learned.net.comparison.answer.bias.mul_(2)
        found.append(series.sureness(learned.net, learned.held, learned.mix, 1, 0))
    assert len(found[0]) == len(found[1]) == 2
    np.testing.assert_allclose(np.array(found[1]), np.array(found[0]) / 2, atol=0.01)


def test_fewer_leads_are_drawn_from_those_that_are_there() -> None:
    both = torch.tensor([[True, True, False, True], [False, True, False, False]])
    drawn = [series._fewer(both, 2, np.random.default_rng(seed)) for seed in range(30)]
    assert all((some <= both).all() for some in drawn)
    assert {tuple(some.sum(dim=1).tolist()) for some in drawn} == {(2, 1)}
    assert len({tuple(some[0].tolist()) for some in drawn}) == 3


def test_training_writes_what_compares_two_ecgs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "BATCH", 8)
    monkeypatch.setattr(series, "EPOCHS", 1)
    told: list[str] = []
    config = TINY.model_copy(update={"series": 12})
    (trained,) = run.train(config, tmp_path, report=lambda what, _done, _all: told.append(what))
    assert {"making series", "training what an earlier ECG says"} <= set(told)
    reference = Card.load(trained.onnx.with_suffix(".json")).reference
    assert reference is not None
    assert (reference.patients, len(reference.sureness)) == (12, 1)
    assert reference.parameters > trained.card.parameters
    assert trained.onnx.with_suffix(REFERENCE).is_file()
    one, today = (simulate_one(1, 1, "clean", potassium).recording for potassium in (5.0, 6.0))
    own = kalemia.calibrate([one], [5.0], trained.onnx)
    assert kalemia.predict(today, trained.onnx, calibration=own).earlier_ecgs == 1
    shown = own.earlier[0].beat
    assert Model.load(trained.onnx).compare(shown, [shown] * 3, [4.0, 5.0, 6.0]).shape == (3, BINS)
