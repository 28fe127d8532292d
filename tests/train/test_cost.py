"""What the layers of a network cost, against counts by hand."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the networks need torch")

from kalemia.train.design import Design
from kalemia.train.nets import NETWORKS, Shape, build, parameters
from kalemia.train.nets.cost import LayerCost, layers, microseconds


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("leads", [1, 3])
def test_the_parts_make_the_whole(kind: str, leads: int) -> None:
    net = build(Design(kind, 8, 6), Shape(leads, 60))
    assert sum(layer.parameters for layer in layers(net)) == parameters(net)


def test_separable_convolutions_cost_what_their_shape_says() -> None:
    standard, separable = (layers(build(Design(kind, 16, 10), Shape(1))) for kind in ("CRNN", "DSCRNN"))
    assert standard[0] == LayerCost("body.0.1", 128 * 16 + 16, 270 * 128 * 16)
    assert separable[:2] == [LayerCost("body.0.0", 128, 270 * 128), LayerCost("body.0.1", 2 * 16, 270 * 16)]


def test_recurrent_and_dense_layers_cost_what_their_shape_says() -> None:
    *_, lstm, dense = layers(build(Design("DSCRNN", 16, 10), Shape(1)))
    assert lstm == LayerCost("body.3.lstm", 4 * 10 * (16 + 10 + 2), 27 * 4 * 10 * (16 + 10))
    assert dense == LayerCost("dense", (10 + 2) * 6 + 6, (10 + 2) * 6)


def test_batch_norm_costs_nothing_when_it_is_folded() -> None:
    norms = [layer for layer in layers(build(Design("CNN", 4), Shape(1))) if layer.layer.endswith(".2")]
    assert [(layer.parameters, layer.macs) for layer in norms] == [(8, 0)] * 3


def test_each_of_several_leads_is_read() -> None:
    one, three = (layers(build(Design("DSCRNN", 16, 10), Shape(leads))) for leads in (1, 3))
    assert [layer.macs for layer in three[:-1]] == [3 * layer.macs for layer in one[:-1]]
    assert three[-1] == LayerCost("dense", 3 * (16 + 6 * 12 + 6) + 1, 3 * 6 * 12)


def test_the_time_of_layers_is_told_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock that goes on by a second whenever it is asked, a layer takes one second for 64 ECGs."""
    seconds = iter(range(100_000))
    monkeypatch.setattr("time.thread_time", lambda: float(next(seconds)))
    net = build(Design("CRNN", 4, 3), Shape(1))
    threads = torch.get_num_threads()
    times = microseconds(net)
    assert list(times) == [layer.layer for layer in layers(net)]
    assert set(times.values()) == {15625.0}
    assert torch.get_num_threads() == threads
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())
