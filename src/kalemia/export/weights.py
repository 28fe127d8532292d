"""The weights of a network of one lead, read from its ONNX file: what a device computes with, before it is integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from kalemia.errors import ModelError
from kalemia.estimate.card import Card

Reals = NDArray[np.float64]

BLOCKS = ["Conv", "Conv", "Relu", "MaxPool", "Conv", "Conv", "Relu", "MaxPool", "Conv", "Conv", "Relu"]
LAYERS = {"DSCRNN": [*BLOCKS, "LSTM"], "DSCNN": [*BLOCKS, "ReduceMean"]}
"""What computes in a network that a device takes, in order; the dense layer comes after it."""
TAPS = [128, 64, 64]
"""Of its depthwise kernels."""


@dataclass(frozen=True, eq=False)
class Block:
    """A depthwise kernel, and the convolution of 1 step that mixes its channels.

    Attributes
    ----------
    depth
        (inputs, taps).
    point, bias
        (channels, inputs) and (channels,).
    """

    depth: Reals
    point: Reals
    bias: Reals


@dataclass(frozen=True, eq=False)
class Lstm:
    """(4 * states, channels), (4 * states, states) and (4 * states,) of the gates: input, output, forget, cell."""

    input: Reals
    state: Reals
    bias: Reals


@dataclass(frozen=True, eq=False)
class Weights:
    """A DSCRNN of one lead, or a DSCNN, which has the mean over time in the place of the LSTM.

    Attributes
    ----------
    name
        Of the model, with its version.
    blocks
        The three, in order.
    lead_code
        (channels,) is added to what the first block made.
    lstm
        None in a DSCNN.
    dense, dense_bias
        (6, n + 2) and (6,): from the LSTM's last states or the channels' means, the logarithm of the gain in mV and the
        RR interval in s to the coefficients of Legendre's polynomials, times how sure the network may be.
    """

    name: str
    blocks: tuple[Block, Block, Block]
    lead_code: Reals
    lstm: Lstm | None
    dense: Reals
    dense_bias: Reals

    @property
    def channels(self) -> int:
        """How many channels a block has."""
        return len(self.lead_code)

    @property
    def states(self) -> int:
        """How many states the LSTM has; none where there is no LSTM."""
        return 0 if self.lstm is None else int(self.lstm.state.shape[1])

    @classmethod
    def read(cls, content: bytes, card: Card) -> Weights:
        """Read an ONNX file; ModelError where it is no DSCRNN or DSCNN of one lead."""
        if len(card.leads) > 1:
            raise ModelError(
                f"model {card.name} reads {len(card.leads)} leads; a device takes a model of one lead, such as v5-4k"
            )
        graph = _Graph(onnx.load_from_string(content))
        if graph.layers not in LAYERS.values():
            kind = card.architecture.get("network", "network of another kind")
            raise ModelError(f"model {card.name} is a {kind}; a device takes a {' or a '.join(LAYERS)}")
        return _weights(graph, card)


class _Graph:
    """The nodes of a graph, and the constants that go into them."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._nodes = list(model.graph.node)
        self._constants = {value.name: numpy_helper.to_array(value) for value in model.graph.initializer}
        self._constants |= _folded(model)
        self.layers = [node.op_type for node in self._nodes if node.op_type in {*BLOCKS, "LSTM", "ReduceMean"}]

    def of(self, kind: str) -> list[list[Reals]]:
        """Return the constants, no scalars among them, that each node of a kind has, in order."""
        held = [[self._constants.get(name) for name in node.input] for node in self._nodes if node.op_type == kind]
        return [[value.astype(np.float64) for value in each if value is not None and value.ndim] for each in held]


def _folded(model: onnx.ModelProto) -> dict[str, NDArray[np.floating]]:
    """Return what nodes make of stored numbers alone: large weights are put into order when a session starts."""
    stored = list(model.graph.initializer)
    fixed, nodes = {value.name for value in stored}, []
    for node in model.graph.node:
        if fixed.issuperset(node.input):
            nodes.append(node)
            fixed.update(node.output)
    names = [name for node in nodes for name in node.output]
    wanted = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names]
    graph = onnx.helper.make_graph(nodes, "constants", [], wanted, stored)
    folder = ReferenceEvaluator(onnx.helper.make_model(graph, opset_imports=model.opset_import))
    return dict(zip(names, folder.run(None, {}), strict=True))


def _weights(graph: _Graph, card: Card) -> Weights:
    convolutions = graph.of("Conv")
    blocks = [_block(*pair) for pair in zip(convolutions[::2], convolutions[1::2], strict=True)]
    if (taps := [block.depth.shape[1] for block in blocks]) != TAPS:
        raise ModelError(f"model {card.name} has kernels of {taps} taps; a device takes those of {TAPS}")
    channels = len(blocks[0].bias)
    dense, bias = _dense(graph)
    (centre,), (scale,) = graph.of("Sub")[0], graph.of("Div")[0]
    beside = dense[:, -2:] / scale
    sure = card.sureness[0]
    return Weights(
        name=f"{card.name} {card.version}",
        blocks=(blocks[0], blocks[1], blocks[2]),
        lead_code=next((value.ravel() for (value,) in _marks(graph)), np.zeros(channels)),
        lstm=next((_lstm(*gates) for gates in graph.of("LSTM")), None),
        dense=sure * np.column_stack([dense[:, :-2], beside]),
        dense_bias=sure * (bias - beside @ centre),
    )


def _block(depth: list[Reals], point: list[Reals]) -> Block:
    return Block(depth[0][:, 0], point[0][:, :, 0], point[1])


def _lstm(inputs: Reals, states: Reals, biases: Reals) -> Lstm:
    return Lstm(inputs[0], states[0], biases[0].reshape(2, -1).sum(axis=0))


def _marks(graph: _Graph) -> list[list[Reals]]:
    """Return what is added to the first block of each lead, (1, channels, 1), if anything is."""
    return [added for added in graph.of("Add") if [value.ndim for value in added] == [3]]


def _dense(graph: _Graph) -> tuple[Reals, Reals]:
    """Return the dense layer, (6, states + 2) and (6,): of a network of one lead, or of one lead of several."""
    if graph.of("Gemm"):
        ((weights, bias),) = graph.of("Gemm")
        return weights, bias
    (bias,) = next(added for added in graph.of("Add") if [value.ndim for value in added] == [2])
    return graph.of("Einsum")[0][0][0].T, bias[0]
