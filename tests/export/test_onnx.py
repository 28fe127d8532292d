"""A network's ONNX file: it says what the network says, is small, and tells nothing of the machine that made it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need torch")

import onnx
from onnx import TensorProto, helper

import tiny_model
from kalemia.estimate.card import Card
from kalemia.estimate.model import Model
from kalemia.export.naming import strip
from kalemia.export.onnx import OPSET, pair_to_onnx, to_onnx


@pytest.fixture(scope="module")
def exported() -> bytes:
    return to_onnx(tiny_model.network(), 1)


@pytest.fixture(scope="module")
def paired() -> bytes:
    return pair_to_onnx(tiny_model.pair(), 1)


@pytest.mark.parametrize("n", [1, 7])
def test_onnx_answers_as_torch_does(exported: bytes, paired: bytes, n: int) -> None:
    model = Model(exported, tiny_model.card(exported, paired))
    rng = np.random.default_rng(n)
    beats = rng.normal(0, 0.3, (n, 1, 270)).astype(np.float32)
    side = rng.normal(0, 1, (n, 2)).astype(np.float32)
    with torch.no_grad():
        expected = tiny_model.network()(torch.from_numpy(beats), torch.from_numpy(side))
    np.testing.assert_allclose(model.run(beats, side), expected.numpy(), atol=1e-5)


def test_the_committed_tiny_model_is_what_its_script_makes(exported: bytes, paired: bytes, tiny: Model) -> None:
    """Its bytes may differ between versions of the exporter; what it says may not."""
    again = Model(exported, tiny_model.card(exported, paired))
    rng = np.random.default_rng(0)
    beats = rng.normal(0, 0.3, (9, 1, 270)).astype(np.float32)
    side = rng.normal(0, 1, (9, 2)).astype(np.float32)
    np.testing.assert_allclose(tiny.run(beats, side), again.run(beats, side), atol=1e-5)
    assert unhashed(again.card) == unhashed(tiny.card)


def unhashed(card: Card) -> dict[str, object]:
    hashless = card if card.reference is None else replace(card, reference=replace(card.reference, onnx_sha256=""))
    return {name: value for name, value in vars(hashless).items() if name != "onnx_sha256"}


def test_the_file_is_small_and_names_no_place(exported: bytes) -> None:
    assert len(exported) < 10_000
    for telling in (b".py", b"/home", b"site-packages", b"torch", b"pkg."):
        assert telling not in exported


def test_inputs_and_outputs_have_names_and_any_number_of_ecgs(exported: bytes) -> None:
    model = onnx.load_model_from_string(exported)
    assert [value.name for value in model.graph.input] == ["beats", "side"]
    assert [value.name for value in model.graph.output] == ["log_likelihood"]
    assert {opset.domain: opset.version for opset in model.opset_import}[""] == OPSET
    beats = model.graph.input[0].type.tensor_type.shape.dim
    assert (beats[0].dim_param, [axis.dim_value for axis in beats[1:]]) == ("n", [1, 270])


def talkative() -> onnx.ModelProto:
    """Return (x + 1) + 1 as an exporter that tells everything would write it."""
    one = helper.make_tensor("/home/me/one", TensorProto.FLOAT, [1], [1.0])
    nodes = [
        helper.make_node("Add", ["x", "/home/me/one"], ["/home/me/sum"], name="line 7 of net.py", doc_string="secret"),
        helper.make_node("Add", ["/home/me/sum", "/home/me/one"], ["y"], name="line 8 of net.py"),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 1]) for name in ("x", "y", "/home/me/sum")]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:2], [one], value_info=ends[2:])
    model = helper.make_model(graph, producer_name="exporter", producer_version="9", doc_string="secret")
    model.opset_import[0].version, model.ir_version = OPSET, 10
    for owner in (model, graph, nodes[0], model.graph, model.graph.node[0], model.graph.initializer[0]):
        owner.metadata_props.add(key="file", value="/home/me/net.py")
    model.graph.input[0].metadata_props.add(key="file", value="/home/me/net.py")
    return model


def test_what_an_exporter_notes_is_taken_out_and_what_is_computed_stays() -> None:
    import onnxruntime

    content = strip(talkative())
    for telling in (b"home", b"net.py", b"secret", b"exporter", b"line"):
        assert telling not in content
    stripped = onnx.load_model_from_string(content)
    assert stripped.producer_name == "kalemia"
    assert [node.name for node in stripped.graph.node] == ["Add_0", "Add_1"]
    assert not stripped.graph.value_info
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": np.array([[2.0], [5.0]], np.float32)})
    assert found.tolist() == [[4.0], [7.0]]


def test_the_same_network_gives_the_same_bytes(exported: bytes) -> None:
    assert to_onnx(tiny_model.network(), 1) == exported
