"""A network in integers beside the same in floating point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("onnx")

import drawn
import onnx
from onnx import numpy_helper

from kalemia.errors import ModelError
from kalemia.estimate.evidence import Evidence
from kalemia.estimate.model import Model
from kalemia.export import golden
from kalemia.export.floats import convolved, seen
from kalemia.export.golden import IntBeats
from kalemia.export.integers import quantized
from kalemia.export.weights import Weights


@pytest.fixture(scope="module", params=["v5-4k", "i-4k", "v5-10k", "v5-180k"])
def model(request: pytest.FixtureRequest) -> Model:
    return Model.load(request.param)


def test_integers_say_nearly_what_floating_point_says(model: Model) -> None:
    """The bundled networks of one lead, large ones put together when a session starts among them."""
    weights = Weights.read(model.onnx, model.card)
    beats = drawn.beats(60)
    net = quantized(weights, seen(weights, drawn.beats(60, seed=6).waves[:, 0]))
    said = golden.run(net, IntBeats.of(beats)) / 256
    exact = np.stack([Evidence.of(each).log_likelihood for each in model.run(beats.waves, beats.side)])
    assert np.abs(said - exact).mean() < 0.05
    assert np.corrcoef(said.ravel(), exact.ravel())[0, 1] > 0.995


@pytest.mark.parametrize("leads", [1, 3])
def test_a_mean_over_time_in_integers_is_nearly_that_in_floating_point(leads: int) -> None:
    pytest.importorskip("torch", reason="the networks need torch")
    import pooling

    model, beats = pooling.model(leads), drawn.beats(60)
    weights = Weights.read(model.onnx, model.card)
    net = quantized(weights, seen(weights, drawn.beats(60, seed=6).waves[:, 0]))
    assert (weights.lstm, net.lstm, net.states) == (None, None, 0)
    said = golden.run(net, IntBeats.of(beats)) / 256
    exact = np.stack([Evidence.of(each).log_likelihood for each in model.run(beats.waves, beats.side)])
    assert np.abs(said - exact).max() < 0.02
    assert exact.std(axis=0).max() > 0.05


def test_a_lead_that_is_absent_says_nothing() -> None:
    beats = IntBeats(np.zeros((1, 270), np.int16), np.array([5], np.int16), np.array([800], np.uint16))
    assert not golden.run(drawn.net(), beats).any()


def test_no_beats_are_no_answers() -> None:
    assert golden.run(drawn.net(), IntBeats.of(drawn.beats(0))).shape == (0, 30)


def test_a_normal_potassium_has_a_mean_likelihood_of_one() -> None:
    said = golden.run(drawn.net(), drawn.every(20)) / 256
    assert np.exp(said[:, 6:14]).mean(axis=1) == pytest.approx(1, abs=0.01)
    assert np.ptp(said, axis=1).max() <= 50 + 1 / 256


def test_functions_that_are_looked_up() -> None:
    x = np.arange(-40_000, 40_000, 7)
    assert golden.sigmoid(x) / 32768 == pytest.approx(1 / (1 + np.exp(-x / 4096)), abs=4e-4)
    assert golden.tanh(x) / 32768 == pytest.approx(np.tanh(x / 4096), abs=8e-4)
    a, b = 16 * x, np.full_like(x, 9999)
    assert golden.log_add(a, b) / 65536 == pytest.approx(np.logaddexp(a / 65536, b / 65536), abs=4e-4)


@pytest.mark.parametrize("taps", [3, 4, 64])
def test_a_convolution_is_zero_beyond_the_ends(taps: int) -> None:
    rng = np.random.default_rng(1)
    steps, kernels = rng.integers(-9, 9, (2, 3, 20)).astype(float), rng.integers(-9, 9, (3, taps)).astype(float)
    padded = np.pad(steps, ((0, 0), (0, 0), ((taps - 1) // 2, taps // 2)))
    expected = [[np.correlate(row, kernel) for row, kernel in zip(each, kernels, strict=True)] for each in padded]
    assert np.array_equal(convolved(steps, kernels), expected)


def test_a_channel_that_was_never_heard_keeps_its_scale_within_bounds() -> None:
    weights = drawn.weights()
    first = replace(weights.blocks[0], bias=np.full(drawn.CHANNELS, -1e3))
    silent = replace(weights, blocks=(first, *weights.blocks[1:]))
    net = quantized(silent, seen(silent, drawn.beats(5).waves[:, 0]))
    assert np.abs(net.second.depth_scale).max() < 2**31
    assert golden.run(net, drawn.every(5)).shape == (14, 30)


def test_a_network_too_large_for_the_arithmetic_is_refused() -> None:
    weights, waves = drawn.weights(), drawn.beats(5).waves[:, 0]
    pooling, lstm = drawn.weights(states=0), weights.lstm
    assert lstm is not None
    for change, what in (
        ({"dense": weights.dense * 1e4}, "dense layer"),
        ({"lstm": replace(lstm, state=lstm.state * 1e5)}, "LSTM"),
        ({"lead_code": np.zeros(6)}, "multiples of 4"),
    ):
        odd = replace(weights, **change)
        with pytest.raises(ModelError, match=what):
            quantized(odd, seen(weights, waves))
    with pytest.raises(ModelError, match="dense layer"):
        quantized(replace(pooling, dense=pooling.dense * 1e4), seen(pooling, waves))


def test_only_separable_networks_are_read() -> None:
    model = Model.load("v5-4k")
    standard = replace(model.card, architecture={"network": "CRNN"})
    with pytest.raises(ModelError, match="v5-4k is a CRNN; a device takes a DSCRNN or a DSCNN"):
        Weights.read(
            changed(
                model.onnx, lambda graph: graph.node.remove(next(node for node in graph.node if node.op_type == "Relu"))
            ),
            standard,
        )


def test_only_kernels_of_the_runtime_s_lengths_are_read() -> None:
    def halve(graph: onnx.GraphProto) -> None:
        for number, value in enumerate(graph.initializer):
            if value.dims[1:] == [1, 64]:
                short = numpy_helper.from_array(numpy_helper.to_array(value)[:, :, :32], value.name)
                graph.initializer[number].CopyFrom(short)

    model = Model.load("v5-4k")
    with pytest.raises(ModelError, match=r"kernels of \[128, 32, 32\] taps; a device takes those of"):
        Weights.read(changed(model.onnx, halve), model.card)


def changed(content: bytes, how: Callable[[onnx.GraphProto], object]) -> bytes:
    model = onnx.load_from_string(content)
    how(model.graph)
    return bytes(model.SerializeToString())


def test_only_a_network_of_one_lead_is_read() -> None:
    model = Model.load("12-4k")
    with pytest.raises(ModelError, match="12-4k reads 8 leads; a device takes a model of one lead"):
        Weights.read(model.onnx, model.card)
