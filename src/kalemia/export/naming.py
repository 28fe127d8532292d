"""What an ONNX file of ours holds beside its network: names that we give, and nothing else."""

from __future__ import annotations

import onnx


def strip(model: onnx.ModelProto) -> bytes:
    """Return a checked model without what its maker noted in it: half of a small file, and paths."""
    del model.metadata_props[:]
    model.producer_name, model.producer_version, model.doc_string = "kalemia", "", ""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    _name(model.graph)
    del model.graph.metadata_props[:]
    del model.graph.value_info[:]
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del value.metadata_props[:]
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _name(graph: onnx.GraphProto) -> None:
    """Give nodes, values and constants numbers of ours: the exporter's count what it threw away on the way."""
    kept = {value.name for value in (*graph.input, *graph.output)}
    named = {value.name: f"constant_{place}" for place, value in enumerate(graph.initializer)}
    for place, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{place}"
        for output in node.output:
            if output and output not in kept:
                named[output] = f"value_{len(named)}"
        for values in (node.input, node.output):
            values[:] = [named.get(value, value) for value in values]
    for constant in graph.initializer:
        constant.name = named[constant.name]
