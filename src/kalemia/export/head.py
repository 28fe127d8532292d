"""The last layer of an exported network: what it reads, its weights, and the same network with other ones.

A network as `kalemia.train` builds it ends in a dense layer a lead, whose few numbers are coefficients of polynomials
in potassium; what the leads say is added up and divided by a power of their number. So its answer is linear in these
weights, and they can be fitted to some ECGs without the rest of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper

from kalemia.errors import ModelError
from kalemia.estimate.evidence import BINS

FOREIGN = "the ONNX file has no last layer as kalemia train writes one; give a model that it wrote"

AT_ONCE = 500
"""Beats: all at once would need gigabytes."""

Float32 = NDArray[np.float32]
Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Head:
    """A last layer.

    Attributes
    ----------
    weights
        (leads, states + 1, order) of what is read in each lead; the last is the bias.
    polynomials
        (order, 30) over the bins of potassium.
    crowding
        n leads count as n ** (1 - crowding).
    """

    weights: Reals
    polynomials: Reals
    crowding: float

    @property
    def layer(self) -> Reals:
        """Return the weights of all leads, one below the other: (leads * (states + 1), order)."""
        return self.weights.reshape(-1, self.weights.shape[2])

    def with_layer(self, layer: Reals, polynomials: Reals) -> Head:
        """Return the same with other weights and polynomials."""
        return replace(self, weights=layer.reshape(self.weights.shape), polynomials=polynomials)

    def states(self, seen: Float32, there: NDArray[np.bool_]) -> Reals:
        """Return what `layer` is multiplied with, (n, leads * (states + 1)).

        Parameters
        ----------
        seen
            (n, leads, states) what the network reads in each lead.
        there
            (n, leads) which leads are there.
        """
        parts = there / np.maximum(there.sum(axis=1, keepdims=True), 1) ** self.crowding
        beside = np.concatenate([seen, np.ones((*there.shape, 1))], axis=2)
        return np.asarray((beside * parts[:, :, None]).reshape(len(seen), -1))


@dataclass(frozen=True)
class _Names:
    """What the parts of a last layer are called in the graph."""

    seen: str
    dense: str
    bias: str
    polynomials: str
    several: bool


def head_of(content: bytes) -> Head:
    """Return the last layer of an ONNX file; ModelError where it has none of ours."""
    graph = _graph(content).graph
    names, held = _names(graph), _constants(graph)
    dense, bias = held[names.dense].astype(np.float64), held[names.bias].astype(np.float64)
    if not names.several:  # of one lead, and stored the other way round
        dense, bias = dense.T[None], bias[None]
    powers = [float(held[node.input[1]]) for node in graph.node if node.op_type == "Pow" and node.input[1] in held]
    weights = np.concatenate([dense, bias[:, None]], axis=1)
    return Head(weights, held[names.polynomials].astype(np.float64), -powers[-1] if powers else 0.0)


def with_head(content: bytes, head: Head) -> bytes:
    """Return the ONNX file with another last layer."""
    model = _graph(content)
    names = _names(model.graph)
    dense, bias = head.weights[:, :-1], head.weights[:, -1]
    if not names.several:
        dense, bias = dense[0].T, bias[0]
    new = {names.dense: dense, names.bias: bias, names.polynomials: head.polynomials}
    for constant in model.graph.initializer:
        if constant.name in new:
            values = np.ascontiguousarray(new[constant.name], np.float32)
            constant.CopyFrom(numpy_helper.from_array(values, constant.name))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def states(content: bytes, head: Head, waves: Float32, side: Float32) -> Reals:
    """Return what the last layer of a network reads of beats (n, leads, 270) and side inputs (n, leads + 1)."""
    model = _graph(content)
    node = _names(model.graph).seen
    model.graph.output.append(onnx.helper.make_tensor_value_info(node, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    cuts = range(AT_ONCE, len(waves), AT_ONCE)
    pieces = zip(np.split(waves, cuts), np.split(side, cuts), strict=True)
    seen = np.concatenate([session.run([node], {"beats": beats, "side": beside})[0] for beats, beside in pieces])
    return head.states(seen.reshape(len(waves), waves.shape[1], -1), np.asarray(waves.any(axis=2)))


def _graph(content: bytes) -> onnx.ModelProto:
    try:
        return onnx.load_model_from_string(content)
    except Exception as exc:  # protobuf raises a class of its own per implementation
        raise ModelError(FOREIGN) from exc


def _constants(graph: onnx.GraphProto) -> Mapping[str, NDArray[np.floating]]:
    return {constant.name: numpy_helper.to_array(constant) for constant in graph.initializer}


def _names(graph: onnx.GraphProto) -> _Names:
    """Find a dense layer whose answer is multiplied with polynomials over the bins."""
    sizes = {constant.name: tuple(constant.dims) for constant in graph.initializer}
    made = {node.output[0]: node for node in graph.node}
    for node in graph.node:
        if node.op_type != "MatMul" or sizes.get(node.input[1], ())[1:] != (BINS,):
            continue
        below = made.get(node.input[0])
        if below is not None and below.op_type == "Gemm":
            seen, weights, bias = below.input
            return _Names(seen, weights, bias, node.input[1], several=False)
        dense = made.get(below.input[0]) if below is not None and below.op_type == "Add" else None
        if below is not None and dense is not None and dense.op_type == "Einsum":
            seen, weights = dense.input
            return _Names(seen, weights, below.input[1], node.input[1], several=True)
    raise ModelError(FOREIGN)
