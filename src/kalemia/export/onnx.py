"""A torch network as one small ONNX file."""

from __future__ import annotations

import logging
import warnings

import torch

from kalemia.export.naming import strip
from kalemia.records import SAMPLES

OPSET = 18


def to_onnx(net: torch.nn.Module, leads: int, samples: int = SAMPLES) -> bytes:
    """Export a network of normalized beats (n, leads, samples) and side inputs (n, leads + 1) with n left free."""
    return _exported(net, {"beats": torch.randn(4, leads, samples), "side": torch.randn(4, leads + 1)})


def pair_to_onnx(net: torch.nn.Module, leads: int) -> bytes:
    """Export a network of two beats with their side inputs, and the potassium (n,) that was drawn with the earlier."""
    shapes = {"beats": (leads, SAMPLES), "side": (leads + 1,)}
    shapes |= {f"earlier_{name}": shape for name, shape in shapes.items()} | {"draw": ()}
    # A tensor of its own for each: the exporter takes one that is given twice for one input.
    return _exported(net, {name: torch.randn(4, *shape) for name, shape in shapes.items()})


def _exported(net: torch.nn.Module, inputs: dict[str, torch.Tensor]) -> bytes:
    """Export a network of inputs (n, ...) with n left free.

    The exporter's notes on where each node came from are taken out: they are half of the file and hold paths.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it reports each package that it could have used
    net = net.eval()
    n = torch.export.Dim("n", min=1, max=1 << 20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch 2.13 warns about its own internals here
        program = torch.onnx.export(
            net,
            tuple(inputs.values()),
            dynamo=True,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=["log_likelihood"],
            dynamic_shapes=tuple({0: n} for _ in inputs),
            external_data=False,
            verbose=False,
        )
    assert program is not None
    return strip(program.model_proto)
