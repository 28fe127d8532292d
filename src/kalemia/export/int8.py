"""A network with convolutions in int8, as ONNX for servers and phones."""

from __future__ import annotations

import hashlib
import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from kalemia.errors import ModelError
from kalemia.estimate.card import Card
from kalemia.estimate.model import Model
from kalemia.export.calibration import Beats, simulated
from kalemia.export.naming import strip
from kalemia.system import atomic

FIRST_BLOCK = 2
"""Convolutions that stay in floating point: they read the wave itself, lose most by rounding and gain no time."""
AT_ONCE = 50


def write(model: Model, folder: Path) -> Path:
    """Write a model's int8 twin and its card into a folder; return the ONNX file, which `Model.load` takes.

    Raises
    ------
    ModelError
        The model has no convolutions after its first block.
    OSError
        A file cannot be written.
    """
    content = quantized(model, simulated(model.card.leads))
    onnx_file = folder / f"{model.card.name}-int8.onnx"
    atomic.write({onnx_file: content, onnx_file.with_suffix(".json"): _card(model.card, content).dump()})
    return onnx_file


def _card(card: Card, content: bytes) -> Card:
    """Return the card of the twin; its metrics are those of the network that it was made of.

    It has no network that compares two ECGs.
    """
    made = {"int8": f"convolutions after the first block, from {card.name} {card.version}, whose metrics these are"}
    return replace(
        card,
        version=f"{card.version}+int8",
        architecture={**card.architecture, **made},
        onnx_sha256=hashlib.sha256(content).hexdigest(),
        reference=None,
    )


def quantized(model: Model, beats: Beats) -> bytes:
    """Return a model's ONNX file with int8 convolutions: weights by channel, activations as these beats have them."""
    from onnxruntime import quantization as ort

    nodes = [node.name for node in onnx.load_from_string(model.onnx).graph.node if node.op_type == "Conv"]
    if len(nodes) <= FIRST_BLOCK:
        raise ModelError(f"model {model.card.name} has no convolutions after its first block that int8 would shrink")

    class Batches(ort.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches = _batches(beats)

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            return next(self._batches, None)

    with tempfile.TemporaryDirectory() as name, _quietly():
        given, made = Path(name, "given.onnx"), Path(name, "made.onnx")
        given.write_bytes(model.onnx)
        ort.quantize_static(
            given,
            made,
            Batches(),
            quant_format=ort.QuantFormat.QOperator,
            per_channel=True,
            weight_type=ort.QuantType.QInt8,
            activation_type=ort.QuantType.QUInt8,
            op_types_to_quantize=["Conv", "Relu", "MaxPool"],
            nodes_to_exclude=nodes[:FIRST_BLOCK],
        )
        return strip(onnx.load(made))


def _batches(beats: Beats) -> Iterator[dict[str, NDArray[np.float32]]]:
    for first in range(0, len(beats.waves), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        yield {"beats": beats.waves[part], "side": beats.side[part]}


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep back the advice of onnxruntime's quantizer, which is for those who call it by hand."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
