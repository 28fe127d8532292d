"""The last layer of an ONNX file: read, asked alone, and replaced."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper

from kalemia.errors import ModelError
from kalemia.estimate.model import Model
from kalemia.export.head import AT_ONCE, Head, head_of, states, with_head

BUNDLED = ("12-4k", "v5-4k", "12-180k")


def beats(leads: int, count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    waves = rng.standard_normal((count, leads, 270)).astype(np.float32)
    if leads > 1:
        waves[2, 1:] = 0
        waves[3, 0] = 0
    return waves, rng.standard_normal((count, leads + 1)).astype(np.float32)


def file(name: str) -> Path:
    return Path(str(files("kalemia") / "assets" / f"{name}.onnx"))


def answer(model: Model, content: bytes, waves: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Return what the network itself says, as sure as it is."""
    sure = (1.0,) * len(model.card.sureness)
    card = replace(model.card, onnx_sha256=hashlib.sha256(content).hexdigest(), sureness=sure)
    return Model(content, card).run(waves, side)


@pytest.mark.parametrize("name", BUNDLED)
def test_the_layer_says_what_the_network_says(name: str) -> None:
    model = Model.load(name)
    waves, side = beats(len(model.card.leads))
    head = head_of(model.onnx)
    own = states(model.onnx, head, waves, side) @ head.layer @ head.polynomials
    np.testing.assert_allclose(own, answer(model, model.onnx, waves, side), atol=1e-4)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_file_with_its_own_layer_is_the_same_file(name: str) -> None:
    content = file(name).read_bytes()
    assert with_head(content, head_of(content)) == content


@pytest.mark.parametrize("name", BUNDLED)
def test_a_file_with_another_layer_says_what_that_says(name: str) -> None:
    model = Model.load(name)
    waves, side = beats(len(model.card.leads))
    old = head_of(model.onnx)
    new = old.with_layer(old.layer * 0.5 + 0.1, old.polynomials[::-1].copy())
    content = with_head(model.onnx, new)
    said = states(model.onnx, old, waves, side) @ new.layer @ new.polynomials
    np.testing.assert_allclose(answer(model, content, waves, side), said, atol=1e-4)
    np.testing.assert_allclose(head_of(content).weights, new.weights, atol=1e-6)


def test_more_beats_than_are_asked_at_once_are_asked_in_order() -> None:
    model = Model.load("v5-4k")
    waves, side = beats(1, AT_ONCE + 2)
    head = head_of(model.onnx)
    whole = states(model.onnx, head, waves, side)
    np.testing.assert_allclose(whole[-2:], states(model.onnx, head, waves[-2:], side[-2:]), atol=1e-5)
    assert len(whole) == AT_ONCE + 2


def test_leads_that_are_there_share_what_they_say() -> None:
    head = Head(np.zeros((2, 2, 6)), np.zeros((6, 30)), 0.5)
    seen, there = np.ones((2, 2, 1), np.float32), np.array([[True, True], [True, False]])
    np.testing.assert_allclose(head.states(seen, there), np.array([[2**-0.5] * 4, [1.0, 1.0, 0.0, 0.0]]))


def test_a_network_of_another_kind_is_refused_in_a_sentence() -> None:
    node = helper.make_node("Identity", ["beats"], ["log_likelihood"])
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("beats", "log_likelihood")]
    foreign = helper.make_model(helper.make_graph([node], "g", values[:1], values[1:])).SerializeToString()
    for content in (foreign, b"no ONNX file"):
        with pytest.raises(ModelError, match="no last layer as kalemia train writes one"):
            head_of(content)
