"""The networks: every one is built, run and exported; the DSCRNN is the founding study's; leads are read apart."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need torch")

from torch import Tensor, nn

from kalemia.export.onnx import to_onnx
from kalemia.train.design import Design
from kalemia.train.nets import NETWORKS, Estimator, OneLead, SeveralLeads, Shape, build, parameters
from kalemia.train.nets.dscrnn import DSCRNN
from kalemia.train.nets.estimator import ORDER, present
from kalemia.train.nets.layers import Depthwise, Last, Mean, Separable, Standard

SMALL = Design("DSCRNN", 4, 3)
SHORT = 30
"""Samples: enough for every network, and one that reads each of them in turn is exported in a tenth of the time."""


def drawn(design: Design, shape: Shape) -> Estimator:
    """Return a network whose leads differ."""
    torch.manual_seed(5)
    net = build(design, shape)
    if isinstance(net, SeveralLeads):
        nn.init.normal_(net.lead_code)
        nn.init.normal_(net.bias)
    return net.eval()


def seen(n: int, leads: int, samples: int = 270) -> tuple[Tensor, Tensor]:
    return torch.randn(n, leads, samples), torch.randn(n, leads + 1)


# Every network


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("leads", [1, 3])
@pytest.mark.parametrize("samples", [SHORT, 270])
def test_it_answers_with_a_likelihood_of_each_potassium(kind: str, leads: int, samples: int) -> None:
    net = drawn(Design(kind, 4, 3), Shape(leads, samples))
    for n in (1, 3):
        with torch.no_grad():
            answer, each = net(*seen(n, leads, samples)), net.each(*seen(n, leads, samples))
        assert answer.shape == (n, 30)
        assert each.shape == (n, leads, 30)
        assert torch.isfinite(answer).all()


@pytest.mark.parametrize("leads", [1, 3])
def test_a_log_likelihood_is_a_polynomial(leads: int) -> None:
    """Of degree 6, without a constant: its mean over the scale is zero, and seven differences leave nothing."""
    with torch.no_grad():
        each = drawn(SMALL, Shape(leads)).each(*seen(4, leads)).double().numpy()
    assert ORDER == 6
    np.testing.assert_allclose(np.diff(each, n=7, axis=2), 0, atol=1e-4)
    assert np.abs(np.diff(each, n=6, axis=2)).max() > 1e-6
    np.testing.assert_allclose(each.mean(axis=2), 0, atol=0.05 * np.abs(each).max())


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_weight_of_it_is_learned(kind: str) -> None:
    """The gradient of some answer reaches each; of a bias before batch norm it is zero but for rounding."""
    net = drawn(Design(kind, 4, 3), Shape(3, SHORT)).train()
    net(*seen(8, 3, SHORT)).square().sum().backward()
    assert all(weight.grad is not None for weight in net.parameters())


class Every(nn.Module):
    """All networks in one, since every export takes seconds: (n, networks, 30)."""

    def __init__(self) -> None:
        super().__init__()
        self.nets = nn.ModuleList(drawn(Design(kind, 2, 2), Shape(2, SHORT)) for kind in NETWORKS)

    def forward(self, waves: Tensor, side: Tensor) -> Tensor:
        """Ask each."""
        answers: Tensor = torch.stack([net(waves, side) for net in self.nets], dim=1)
        return answers


@pytest.fixture(scope="module")
def exported() -> tuple[Every, bytes]:
    every = Every().eval()
    return every, to_onnx(every, 2, SHORT)


@pytest.mark.parametrize("kind", NETWORKS)
def test_its_onnx_file_says_what_it_says(exported: tuple[Every, bytes], kind: str) -> None:
    """Of two leads; the dense layer of one lead is exported in tests/export."""
    import onnxruntime

    every, content = exported
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    place = list(NETWORKS).index(kind)
    for n in (1, 5):
        waves, side = seen(n, 2, SHORT)
        with torch.no_grad():
            expected = every.nets[place](waves, side)
        (found,) = session.run(None, {"beats": waves.numpy(), "side": side.numpy()})
        np.testing.assert_allclose(found[:, place], expected.numpy(), atol=1e-4)


@pytest.mark.parametrize("kind", NETWORKS)
def test_it_names_its_paper(kind: str) -> None:
    net = build(Design(kind, 4, 3), Shape(1))
    assert net.body.source.startswith("DOI 10.")
    assert net.body.details()["source"] == net.body.source
    assert net.body.source.removeprefix("DOI ") in (type(net.body).__doc__ or "")
    assert net.body.design == Design(kind, 4, 3)


# The founding study's


@pytest.mark.parametrize(("channels", "lstm", "count"), [(16, 10, 3979), (32, 16, 9809), (176, 88, 180089)])
def test_the_sizes_are_those_of_the_study(channels: int, lstm: int, count: int) -> None:
    assert DSCRNN(Design("DSCRNN", channels, lstm), 270).details()["founding_study_parameters"] == count


def by_hand(channels: int, lstm: int, side: int, outputs: int) -> int:
    """Count the parameters from the description of the network, layer by layer."""
    total, inputs = 0, 1
    for kernel in (128, 64, 64):
        total += inputs * kernel  # depthwise, no bias
        total += inputs * channels + channels  # pointwise
        total += 2 * channels  # batch norm
        inputs = channels
    total += 4 * lstm * (channels + lstm + 2)  # PyTorch keeps two biases
    return total + (lstm + side) * outputs + outputs


@pytest.mark.parametrize(("channels", "lstm"), [(16, 10), (8, 4), (32, 16)])
def test_the_side_inputs_and_the_likelihood_are_all_that_is_added(channels: int, lstm: int) -> None:
    design = Design("DSCRNN", channels, lstm)
    assert parameters(build(design, Shape(1))) == by_hand(channels, lstm, 2, ORDER)
    assert DSCRNN(design, 270).study_parameters == by_hand(channels, lstm, 0, 1)


def test_the_pools_divide_the_beat_and_the_lstm_sees_27_steps() -> None:
    lengths = [270, 135, 27, 27]
    steps = torch.zeros(1, 1, 270)
    for block, (before, after) in zip(build(SMALL, Shape(1)).eval().body, pairwise(lengths), strict=False):
        assert steps.shape[-1] == before
        steps = block(steps)
        assert steps.shape[-1] == after


@pytest.mark.parametrize(
    ("kind", "layers"),
    [
        ("DSCRNN", (Separable, Separable, Separable, Last)),
        ("DSCNN", (Separable, Separable, Separable, Mean)),
        ("CRNN", (Standard, Standard, Standard, Last)),
        ("CNN", (Standard, Standard, Standard, Mean)),
    ],
)
def test_the_four_differ_in_convolution_and_recurrence_alone(kind: str, layers: tuple[type, ...]) -> None:
    body = build(Design(kind, 4, 3), Shape(1)).body
    assert [type(layer) for layer in body] == list(layers)


def test_the_screening_network_widens_and_shortens() -> None:
    body = build(Design("screening CNN", 4), Shape(1)).eval().body
    steps, sizes = torch.zeros(1, 1, 270), []
    for layer in list(body)[:-1]:
        steps = layer(steps)
        sizes.append(tuple(steps.shape[1:]))
    assert sizes == [(4, 135), (4, 135), (4, 67), (8, 67), (8, 33), (8, 33), (16, 16), (16, 16)]


# Input and output


@pytest.mark.parametrize("changed", [0, 1])
@pytest.mark.parametrize("leads", [1, 2])
def test_gain_and_rr_reach_the_answer(changed: int, leads: int) -> None:
    net, waves = drawn(SMALL, Shape(leads)), torch.randn(1, leads, 270)
    side, other = torch.zeros(1, leads + 1), torch.zeros(1, leads + 1)
    other[0, -changed] = 1.0
    with torch.no_grad():
        assert float((net(waves, side) - net(waves, other)).abs().max()) > 1e-4


def test_the_scales_of_the_side_inputs_are_undone() -> None:
    plain, scaled = drawn(SMALL, Shape(1)), drawn(SMALL, Shape(1, side_centre=(1.0, 0.8), side_scale=(0.5, 0.2)))
    waves, side = seen(2, 1)
    with torch.no_grad():
        found = scaled(waves, side * torch.tensor([0.5, 0.2]) + torch.tensor([1.0, 0.8]))
        torch.testing.assert_close(found, plain(waves, side))


def test_the_mix_of_the_training_is_known_and_changes_no_answer() -> None:
    shares = np.linspace(1, 2, 30)
    mixed, flat = (drawn(SMALL, Shape(1, mix=tuple(own / own.sum()))) for own in (shares, np.ones(30)))
    np.testing.assert_allclose(mixed.log_mix.exp().numpy(), shares / shares.sum(), rtol=1e-5)
    waves, side = seen(2, 1)
    with torch.no_grad():
        torch.testing.assert_close(mixed(waves, side), flat(waves, side))


@pytest.mark.parametrize(("channels", "kernel", "samples"), [(1, 128, 270), (3, 64, 27), (2, 5, 40), (2, 63, 50)])
def test_training_convolves_as_answering_does(channels: int, kernel: int, samples: int) -> None:
    layer, waves = Depthwise(channels, kernel).double(), torch.randn(4, channels, samples).double()
    trained, weights = layer.train()(waves), layer.weight.detach()[:, 0].numpy()
    answered = layer.eval()(waves)
    torch.testing.assert_close(trained, answered)
    before, after = (kernel - 1) // 2, kernel // 2
    expected = np.convolve(np.pad(waves[0, 0].numpy(), (before, after)), weights[0][::-1], "valid")
    np.testing.assert_allclose(answered[0, 0].detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("kernel", [4, 5])
def test_a_standard_block_keeps_the_length_and_pools(kernel: int) -> None:
    assert Standard(2, 3, kernel, 1)(torch.zeros(2, 2, 20)).shape == (2, 3, 20)
    assert Standard(2, 3, kernel, 5)(torch.zeros(2, 2, 20)).shape == (2, 3, 4)


def test_the_mean_and_the_last_of_the_steps() -> None:
    steps = torch.randn(2, 3, 5)
    torch.testing.assert_close(Mean()(steps), steps.sum(dim=2) / 5)
    layer = Last(3, 4)
    states, _ = layer.lstm(steps.transpose(1, 2))
    torch.testing.assert_close(layer(steps), states[:, 4])


# Several leads


def shared(leads: int = 3, kind: str = "DSCRNN", samples: int = 270) -> SeveralLeads:
    centre, scale = (0.1,) * leads + (0.8,), (0.5,) * leads + (0.2,)
    net = drawn(Design(kind, 4, 3), Shape(leads, samples, side_centre=centre, side_scale=scale))
    assert isinstance(net, SeveralLeads)
    return net


def test_one_lead_is_the_study_and_several_share_its_weights() -> None:
    design = Design("DSCRNN", 16, 10)
    assert type(build(design, Shape(1))) is OneLead
    several = build(design, Shape(8))
    assert type(several) is SeveralLeads
    waves = DSCRNN(design, 270).study_parameters - 11
    assert parameters(several) == waves + 8 * (16 + ORDER * (10 + 2) + ORDER) + 1


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("lead", [0, 1, 2])
def test_a_lead_is_read_for_itself(kind: str, lead: int) -> None:
    """What another lead shows changes nothing of what this one says: there is no shortcut between leads."""
    net, (beats, side) = shared(kind=kind, samples=SHORT), seen(2, 3, SHORT)
    other_beats, other_side = beats.clone(), side.clone()
    other_beats[:, lead], other_side[:, lead] = torch.randn(2, SHORT), 9.0
    with torch.no_grad():
        before, after = net.each(beats, side), net.each(other_beats, other_side)
    same = torch.isclose(before, after).all(dim=2).all(dim=0)
    assert same.tolist() == [number != lead for number in range(3)]


@pytest.mark.parametrize("rows", [(0,), (2, 0), (1, 2, 0)])
def test_some_leads_are_asked_by_their_place(rows: tuple[int, ...]) -> None:
    net, (beats, side) = shared(), seen(2, 3)
    with torch.no_grad():
        every, some = net.each(beats, side), net.each(beats, side, torch.tensor(rows))
    torch.testing.assert_close(some, every[:, list(rows)])


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_network_of_some_leads_says_of_them_what_the_whole_says(kind: str) -> None:
    net, (beats, side) = shared(kind=kind, samples=SHORT), seen(2, 3, SHORT)
    part = net.only([2, 0])
    with torch.no_grad():
        every, own = net.each(beats, side), part.each(beats[:, [2, 0]], side[:, [2, 0, 3]])
        for weight in part.parameters():
            weight.add_(1.0)  # its weights are its own
        again = net.each(beats, side)
    assert part.shape.leads == 2
    torch.testing.assert_close(own, every[:, [2, 0]])
    torch.testing.assert_close(again, every)


@pytest.mark.parametrize("own", ["lead_code", "dense", "bias"])
def test_every_lead_is_told_which_it_is(own: str) -> None:
    """By any of three weights alone, and where leads share all of them, nothing tells the same wave apart."""
    net, beats, side = shared(), torch.randn(1, 1, 270).expand(-1, 3, -1), torch.zeros(1, 4)
    kept = net.get_parameter(own).detach().clone()
    with torch.no_grad():
        for name in ("lead_code", "dense", "bias"):
            weights = net.get_parameter(name)
            weights.copy_(weights[:1].clone().expand_as(weights))
        alike = net.each(beats, side)
        net.get_parameter(own).copy_(kept)
        each = net.each(beats, side)
    torch.testing.assert_close(alike, alike[:, :1].expand_as(alike))
    assert all(float((each[0, a] - each[0, b]).abs().max()) > 1e-3 for a, b in ((0, 1), (0, 2), (1, 2)))


def test_dense_layers_begin_about_zero() -> None:
    """As those of torch do: as far to either side as the number of inputs makes sense."""
    torch.manual_seed(5)
    net = build(SMALL, Shape(12))
    assert isinstance(net, SeveralLeads)
    least, most = float(net.dense.detach().min()), float(net.dense.detach().max())
    assert -(5**-0.5) <= least < -0.9 * 5**-0.5
    assert 0.9 * 5**-0.5 < most <= 5**-0.5
    assert not net.bias.detach().any()


@pytest.mark.parametrize(("crowding", "share"), [(0.0, 1.0), (1.0, 1 / 3), (0.5, 3**-0.5)])
def test_what_leads_say_is_added_up_and_crowded_together(crowding: float, share: float) -> None:
    """Independent leads add up, and leads that all say the same count as one."""
    net, each, there = shared(), torch.randn(2, 3, 30), torch.ones(2, 3, dtype=torch.bool)
    with torch.no_grad():
        net.crowding.fill_(crowding)
        torch.testing.assert_close(net.combined(each, there), share * each.sum(dim=1))
        there[0, 1:] = False
        torch.testing.assert_close(net.combined(each, there)[0], each[0, 0])  # one lead says what it says
        there[0] = False
        assert not net.combined(each, there)[0].any()  # no lead says nothing


@pytest.mark.parametrize("lead", [0, 2])
def test_a_lead_that_is_zero_throughout_is_left_out(lead: int) -> None:
    net, (beats, side) = shared(), seen(4, 3)
    others = [number for number in range(3) if number != lead]
    beats[:, lead] = 0
    assert present(beats).tolist() == [[number != lead for number in range(3)]] * 4
    with torch.no_grad():
        each, found = net.each(beats, side), net(beats, side)
        two = net.combined(each[:, others], torch.ones(4, 2, dtype=torch.bool))
        side[:, lead] = 99.0  # nor does its gain count
        again = net(beats, side)
    torch.testing.assert_close(found, two)
    torch.testing.assert_close(found, again)
