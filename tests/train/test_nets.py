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
from kalemia.train.nets.estimator import SPREAD_FLOOR_MEQ_L, present
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
    return net.eval()


def seen(n: int, leads: int, samples: int = 270) -> tuple[Tensor, Tensor]:
    return torch.randn(n, leads, samples), torch.randn(n, leads + 1)


# Every network


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("leads", [1, 3])
@pytest.mark.parametrize("samples", [SHORT, 270])
def test_it_answers_with_a_number_and_a_positive_spread_each(kind: str, leads: int, samples: int) -> None:
    net = drawn(Design(kind, 4, 3), Shape(leads, samples))
    for n in (1, 3):
        with torch.no_grad():
            potassium, spread = net(*seen(n, leads, samples))
            each = net.each(*seen(n, leads, samples))
        assert potassium.shape == spread.shape == (n,)
        assert each[0].shape == each[1].shape == (n, leads)
        assert (spread >= SPREAD_FLOOR_MEQ_L).all()
        assert (each[1] >= SPREAD_FLOOR_MEQ_L).all()


@pytest.mark.parametrize("kind", NETWORKS)
def test_every_weight_of_it_is_learned(kind: str) -> None:
    """The gradient of some answer reaches each; of a bias before batch norm it is zero but for rounding."""
    net = drawn(Design(kind, 4, 3), Shape(3, SHORT)).train()
    potassium, spread = net(*seen(8, 3, SHORT))
    (potassium.sum() + spread.sum()).backward()
    assert all(weight.grad is not None for weight in net.parameters())


class Every(nn.Module):
    """All networks in one, since every export takes seconds: potassium and spread (n, networks)."""

    def __init__(self) -> None:
        super().__init__()
        self.nets = nn.ModuleList(drawn(Design(kind, 2, 2), Shape(2, SHORT)) for kind in NETWORKS)

    def forward(self, waves: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
        """Ask each."""
        answers = [net(waves, side) for net in self.nets]
        return torch.stack([k for k, _ in answers], dim=1), torch.stack([s for _, s in answers], dim=1)


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
        answers = session.run(None, {"beats": waves.numpy(), "side": side.numpy()})
        for found, true in zip(answers, expected, strict=True):
            np.testing.assert_allclose(found[:, place], true.numpy(), atol=1e-4)


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
def test_the_side_inputs_and_the_spread_are_all_that_is_added(channels: int, lstm: int) -> None:
    design = Design("DSCRNN", channels, lstm)
    assert parameters(build(design, Shape(1))) == by_hand(channels, lstm, 2, 2)
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
        assert abs(float(net(waves, side)[0] - net(waves, other)[0])) > 1e-4


def test_the_scales_of_the_training_data_are_undone() -> None:
    plain = drawn(SMALL, Shape(1, centre_meq_l=0.0, scale_meq_l=1.0))
    scaled = drawn(SMALL, Shape(1, 270, 4.5, 2.0, side_centre=(1.0, 0.8), side_scale=(0.5, 0.2)))
    waves, side = seen(2, 1)
    with torch.no_grad():
        potassium, spread = plain(waves, side)
        found = scaled(waves, side * torch.tensor([0.5, 0.2]) + torch.tensor([1.0, 0.8]))
    torch.testing.assert_close(found[0], 4.5 + 2.0 * potassium)
    torch.testing.assert_close(found[1] - SPREAD_FLOOR_MEQ_L, 2.0 * (spread - SPREAD_FLOOR_MEQ_L))


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
    assert parameters(several) == waves + 8 * (16 + 2 * (10 + 2) + 2) + 3


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("lead", [0, 1, 2])
def test_a_lead_is_read_for_itself(kind: str, lead: int) -> None:
    """What another lead shows changes nothing of what this one says: there is no shortcut between leads."""
    net, (beats, side) = shared(kind=kind, samples=SHORT), seen(2, 3, SHORT)
    other_beats, other_side = beats.clone(), side.clone()
    other_beats[:, lead], other_side[:, lead] = torch.randn(2, SHORT), 9.0
    with torch.no_grad():
        before, after = net.each(beats, side), net.each(other_beats, other_side)
    for one, other in zip(before, after, strict=True):
        same = torch.isclose(one, other).all(dim=0)
        assert same.tolist() == [number != lead for number in range(3)]


@pytest.mark.parametrize("rows", [(0,), (2, 0), (1, 2, 0)])
def test_some_leads_are_asked_by_their_place(rows: tuple[int, ...]) -> None:
    net, (beats, side) = shared(), seen(2, 3)
    with torch.no_grad():
        every, some = net.each(beats, side), net.each(beats, side, torch.tensor(rows))
    for all_leads, own in zip(every, some, strict=True):
        torch.testing.assert_close(own, all_leads[:, list(rows)])


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
    for all_leads, some, after in zip(every, own, again, strict=True):
        torch.testing.assert_close(some, all_leads[:, [2, 0]])
        torch.testing.assert_close(after, all_leads)


def test_every_lead_is_told_which_it_is() -> None:
    net, beats = shared(), torch.randn(1, 1, 270).expand(-1, 3, -1)
    for parameter in (net.dense, net.lead_code):
        kept = parameter.detach().clone()
        with torch.no_grad():
            parameter.copy_(kept[:1].expand_as(kept))
            potassium, _ = net.each(beats, torch.zeros(1, 4))
            parameter.copy_(kept)
        assert len(set(potassium[0].tolist())) == 3


def test_an_unsure_lead_counts_less() -> None:
    net, there = shared(), torch.ones(1, 3, dtype=torch.bool)
    potassium = torch.tensor([[4.0, 4.0, 8.0]])
    with torch.no_grad():
        alike, _ = net.combined(potassium, torch.tensor([[0.5, 0.5, 0.5]]), there)
        unsure, _ = net.combined(potassium, torch.tensor([[0.5, 0.5, 5.0]]), there)
    assert float(alike) == pytest.approx(16 / 3, rel=1e-5)
    assert float(unsure) == pytest.approx((4 * 4 * 2 + 8 * 0.04) / 8.04, rel=1e-5)


def test_the_variance_has_three_shares() -> None:
    """Of two leads at 4 and 6 with a spread of 0.5: 0.25 of their own, 0.125 that two make smaller, 1 between them."""
    net = shared(2)
    potassium, half, there = torch.tensor([[4.0, 6.0]]), torch.full((1, 2), 0.5), torch.ones(1, 2, dtype=torch.bool)
    for share, variance in enumerate((0.25, 0.125, 1.0)):
        with torch.no_grad():
            net.log_shares.copy_(torch.tensor([0.0 if own == share else -99.0 for own in range(3)]))
            _, spread = net.combined(potassium, half, there)
        assert float(spread) == pytest.approx(variance**0.5 + SPREAD_FLOOR_MEQ_L, rel=1e-5)


@pytest.mark.parametrize("lead", [0, 2])
def test_a_lead_that_is_zero_throughout_is_left_out(lead: int) -> None:
    net, (beats, side) = shared(), seen(4, 3)
    others = [number for number in range(3) if number != lead]
    beats[:, lead] = 0
    assert present(beats).tolist() == [[number != lead for number in range(3)]] * 4
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
