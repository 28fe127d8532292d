"""The network of the founding study, and its ONNX file."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need torch")

import tiny_model
from kalemia.estimate.card import Card
from kalemia.estimate.model import Model
from kalemia.export.onnx import to_onnx
from kalemia.train.nets import (
    DSCRNN,
    SPREAD_FLOOR_MEQ_L,
    Depthwise,
    SharedDSCRNN,
    Size,
    network,
    parameters,
    study_parameters,
)


@pytest.mark.parametrize(("channels", "lstm", "count"), [(16, 10, 3979), (32, 16, 9809), (176, 88, 180089)])
def test_the_sizes_are_those_of_the_study(channels: int, lstm: int, count: int) -> None:
    assert study_parameters(channels, lstm) == count


def by_hand(leads: int, channels: int, lstm: int, side: int, outputs: int) -> int:
    """Count the parameters from the description of the network, layer by layer."""
    total, inputs = 0, leads
    for kernel in (128, 64, 64):
        total += inputs * kernel  # depthwise, no bias
        total += inputs * channels + channels  # pointwise
        total += 2 * channels  # batch norm
        inputs = channels
    total += 4 * lstm * (channels + lstm + 2)  # PyTorch keeps two biases
    return total + (lstm + side) * outputs + outputs


@pytest.mark.parametrize(("leads", "channels", "lstm"), [(1, 16, 10), (2, 8, 4), (12, 32, 16)])
def test_the_side_inputs_and_the_spread_are_all_that_is_added(leads: int, channels: int, lstm: int) -> None:
    assert parameters(DSCRNN(Size(leads, channels, lstm))) == by_hand(leads, channels, lstm, leads + 1, 2)
    assert study_parameters(channels, lstm) == by_hand(1, channels, lstm, 0, 1)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("leads", [1, 3])
def test_it_answers_with_a_number_and_a_positive_spread_each(n: int, leads: int) -> None:
    net = DSCRNN(Size(leads, 4, 3)).eval()
    with torch.no_grad():
        potassium, spread = net(torch.randn(n, leads, 270), torch.randn(n, leads + 1))
    assert potassium.shape == spread.shape == (n,)
    assert (spread >= SPREAD_FLOOR_MEQ_L).all()


def test_the_lstm_sees_27_steps() -> None:
    net = DSCRNN(Size(1, 4, 3)).eval()
    assert net.blocks(torch.zeros(1, 1, 270)).shape == (1, 4, 27)


@pytest.mark.parametrize("changed", [0, 1])
def test_gain_and_rr_reach_the_answer(changed: int) -> None:
    torch.manual_seed(1)
    net = DSCRNN(Size(1, 4, 3)).eval()
    beat, side = torch.randn(1, 1, 270), torch.zeros(1, 2)
    other = side.clone()
    other[0, changed] = 1.0
    with torch.no_grad():
        assert abs(float(net(beat, side)[0] - net(beat, other)[0])) > 1e-4


def test_the_scales_of_the_training_data_are_undone() -> None:
    torch.manual_seed(1)
    plain = DSCRNN(Size(1, 4, 3, centre_meq_l=0.0, scale_meq_l=1.0)).eval()
    scaled = DSCRNN(Size(1, 4, 3, 4.5, 2.0, side_centre=(1.0, 0.8), side_scale=(0.5, 0.2))).eval()
    weights = {k: v for k, v in plain.state_dict().items() if not k.startswith("side_")}
    scaled.load_state_dict(weights, strict=False)
    beat, side = torch.randn(2, 1, 270), torch.randn(2, 2)
    with torch.no_grad():
        expected = 4.5 + 2.0 * plain(beat, side)[0]
        found = scaled(beat, side * torch.tensor([0.5, 0.2]) + torch.tensor([1.0, 0.8]))[0]
    torch.testing.assert_close(found, expected)


@pytest.fixture(scope="module")
def exported() -> bytes:
    return to_onnx(tiny_model.network(), 1)


@pytest.mark.parametrize("n", [1, 7])
def test_onnx_answers_as_torch_does(exported: bytes, n: int) -> None:
    model = Model(exported, tiny_model.card(exported))
    rng = np.random.default_rng(n)
    beats = rng.normal(0, 0.3, (n, 1, 270)).astype(np.float32)
    side = rng.normal(0, 1, (n, 2)).astype(np.float32)
    with torch.no_grad():
        expected = tiny_model.network()(torch.from_numpy(beats), torch.from_numpy(side))
    for found, true in zip(model.run(beats, side), expected, strict=True):
        np.testing.assert_allclose(found, true.numpy(), atol=1e-5)


def test_the_committed_tiny_model_is_what_its_script_makes(exported: bytes, tiny: Model) -> None:
    """Its bytes may differ between versions of the exporter; what it says may not."""
    again = Model(exported, tiny_model.card(exported))
    rng = np.random.default_rng(0)
    beats = rng.normal(0, 0.3, (9, 1, 270)).astype(np.float32)
    side = rng.normal(0, 1, (9, 2)).astype(np.float32)
    for one, other in zip(tiny.run(beats, side), again.run(beats, side), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert unhashed(again.card) == unhashed(tiny.card)


def unhashed(card: Card) -> dict[str, object]:
    return {name: value for name, value in vars(card).items() if name != "onnx_sha256"}


def test_the_file_is_small_and_names_no_place(exported: bytes) -> None:
    assert len(exported) < 10_000
    assert b".py" not in exported
    assert b"/home" not in exported
    assert b"site-packages" not in exported


def test_the_pools_divide_the_beat() -> None:
    lengths = [270, 135, 27, 27]
    net = DSCRNN(Size(1, 2, 2)).eval()
    signal = torch.zeros(1, 1, 270)
    for block, (before, after) in zip(net.blocks, pairwise(lengths), strict=True):
        assert signal.shape[-1] == before
        signal = block(signal)
        assert signal.shape[-1] == after


# Several leads


def shared(leads: int = 3) -> SharedDSCRNN:
    """Return a network whose leads differ."""
    torch.manual_seed(5)
    net = SharedDSCRNN(Size(leads, 4, 3, side_centre=(0.1,) * leads + (0.8,), side_scale=(0.5,) * leads + (0.2,)))
    torch.nn.init.normal_(net.lead_code)
    return net.eval()


def test_one_lead_is_the_study_and_several_share_its_weights() -> None:
    assert type(network(Size(1, 16, 10))) is DSCRNN
    several = network(Size(8, 16, 10))
    assert type(several) is SharedDSCRNN
    waves = study_parameters(16, 10) - 11
    assert parameters(several) == waves + 8 * (16 + 2 * (10 + 2) + 2) + 3


@pytest.mark.parametrize("n", [1, 3])
def test_several_leads_answer_each_and_together(n: int) -> None:
    net, beats, side = shared(), torch.randn(n, 3, 270), torch.randn(n, 4)
    with torch.no_grad():
        each, (potassium, spread) = net.each(beats, side), net(beats, side)
    assert each[0].shape == each[1].shape == (n, 3)
    assert potassium.shape == spread.shape == (n,)
    assert (spread >= SPREAD_FLOOR_MEQ_L).all()


@pytest.mark.parametrize("lead", [0, 1, 2])
def test_a_lead_is_read_for_itself(lead: int) -> None:
    """What another lead shows changes nothing of what this one says: there is no shortcut between leads."""
    net, beats, side = shared(), torch.randn(2, 3, 270), torch.randn(2, 4)
    other_beats, other_side = beats.clone(), side.clone()
    other_beats[:, lead], other_side[:, lead] = torch.randn(2, 270), 9.0
    with torch.no_grad():
        before, after = net.each(beats, side), net.each(other_beats, other_side)
    for one, other in zip(before, after, strict=True):
        same = torch.isclose(one, other).all(dim=0)
        assert same.tolist() == [number != lead for number in range(3)]


def test_every_lead_is_told_which_it_is() -> None:
    net, beats = shared(), torch.randn(1, 1, 270).expand(-1, 3, -1)
    for parameter in (net.dense, net.lead_code):
        kept = parameter.detach().clone()
        with torch.no_grad():
            parameter.copy_(kept[:1].expand_as(kept))
            said, _ = net.each(beats, torch.zeros(1, 4))
            parameter.copy_(kept)
        assert len(set(said[0].tolist())) == 3


def test_an_unsure_lead_counts_less() -> None:
    net, there = shared(), torch.ones(1, 3, dtype=torch.bool)
    potassium = torch.tensor([[4.0, 4.0, 8.0]])
    with torch.no_grad():
        alike, _ = net.combined(potassium, torch.tensor([[0.5, 0.5, 0.5]]), there)
        unsure, _ = net.combined(potassium, torch.tensor([[0.5, 0.5, 5.0]]), there)
    assert float(alike) == pytest.approx(16 / 3, rel=1e-5)
    assert float(unsure) == pytest.approx((4 * 4 * 2 + 8 * 0.04) / 8.04, rel=1e-5)


def test_leads_that_differ_or_are_unsure_widen_the_spread() -> None:
    net, half = shared(), torch.full((1, 3), 0.5)
    with torch.no_grad():
        alike, apart, unsure = (
            float(net.combined(torch.tensor([potassium]), spread, torch.ones(1, 3, dtype=torch.bool))[1])
            for potassium, spread in (([5.0, 5.0, 5.0], half), ([4.0, 5.0, 6.0], half), ([5.0, 5.0, 5.0], 2 * half))
        )
    assert alike < apart
    assert alike < unsure


@pytest.mark.parametrize("lead", [0, 2])
def test_a_lead_that_is_zero_throughout_is_left_out(lead: int) -> None:
    net, beats, side = shared(), torch.randn(4, 3, 270), torch.randn(4, 4)
    others = [number for number in range(3) if number != lead]
    beats[:, lead] = 0
    with torch.no_grad():
        each, spread = net.each(beats, side)
        found = net(beats, side)
        two = net.combined(each[:, others], spread[:, others], torch.ones(4, 2, dtype=torch.bool))
        side[:, lead] = 99.0  # nor does its gain count
        again = net(beats, side)
    for one, other, third in zip(found, two, again, strict=True):
        torch.testing.assert_close(one, other)
        torch.testing.assert_close(one, third)


def test_more_leads_make_the_spread_no_wider() -> None:
    net, spread, potassium = shared(), torch.full((1, 3), 0.5), torch.full((1, 3), 5.0)
    with torch.no_grad():
        found = [
            float(net.combined(potassium, spread, torch.tensor([[True] * n + [False] * (3 - n)]))[1]) for n in (1, 2, 3)
        ]
    assert found[0] > found[1] > found[2]


@pytest.fixture(scope="module")
def exported_leads() -> bytes:
    return to_onnx(shared(8), 8)


@pytest.mark.parametrize("n", [1, 7])
def test_onnx_answers_as_torch_does_for_several_leads(exported_leads: bytes, n: int) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(exported_leads, providers=["CPUExecutionProvider"])
    torch.manual_seed(n)
    beats, side = torch.randn(n, 8, 270), torch.randn(n, 9)
    with torch.no_grad():
        expected = shared(8)(beats, side)
    for found, true in zip(session.run(None, {"beats": beats.numpy(), "side": side.numpy()}), expected, strict=True):
        np.testing.assert_allclose(found, true.numpy(), atol=1e-4)


@pytest.mark.parametrize(("channels", "kernel", "samples"), [(1, 128, 270), (3, 64, 27), (2, 5, 40), (2, 63, 50)])
def test_training_convolves_as_answering_does(channels: int, kernel: int, samples: int) -> None:
    layer, waves = Depthwise(channels, kernel).double(), torch.randn(4, channels, samples).double()
    trained, weights = layer.train()(waves), layer.weight.detach()[:, 0].numpy()
    answered = layer.eval()(waves)
    torch.testing.assert_close(trained, answered)
    before, after = (kernel - 1) // 2, kernel // 2
    expected = np.convolve(np.pad(waves[0, 0].numpy(), (before, after)), weights[0][::-1], "valid")
    np.testing.assert_allclose(answered[0, 0].detach().numpy(), expected, atol=1e-12)
