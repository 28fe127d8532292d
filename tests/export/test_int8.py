"""A model with int8 convolutions, and `kalemia export`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")

import drawn
import onnx

from kalemia.errors import ModelError
from kalemia.estimate.model import Model
from kalemia.export import int8
from kalemia.export.calibration import simulated


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Model:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(int8, "simulated", lambda _leads: drawn.beats(60))
        return Model.load(int8.write(Model.load("v5-4k"), tmp_path_factory.mktemp("int8")))


def test_the_twin_is_a_model_that_says_nearly_the_same(twin: Model) -> None:
    beats = drawn.beats(60, seed=8)
    own, other = (model.run(beats.waves, beats.side) for model in (Model.load("v5-4k"), twin))
    apart = (own - own.mean(axis=1, keepdims=True)) - (other - other.mean(axis=1, keepdims=True))
    assert 0 < np.abs(apart).mean() < 0.1


def test_its_card_says_what_it_was_made_of(twin: Model) -> None:
    card = Model.load("v5-4k").card
    assert twin.card.version == f"{card.version}+int8"
    assert f"from v5-4k {card.version}, whose metrics these are" in twin.card.architecture["int8"]
    assert twin.card.onnx_sha256 != card.onnx_sha256


def test_its_file_holds_weights_of_8_bits_and_no_notes(twin: Model) -> None:
    model = onnx.load_from_string(twin.onnx)
    kinds = [node.op_type for node in model.graph.node]
    assert (kinds.count("Conv"), kinds.count("QLinearConv")) == (2, 4)
    assert (model.producer_name, len(model.metadata_props)) == ("kalemia", 0)
    assert not any(node.doc_string or node.metadata_props for node in model.graph.node)
    assert len(twin.onnx) < len(Model.load("v5-4k").onnx)


def test_a_network_without_lstm_has_a_twin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the networks need torch")
    import pooling

    monkeypatch.setattr(int8, "simulated", lambda _leads: drawn.beats(60))
    model, beats = pooling.model(1), drawn.beats(20, seed=8)
    other = Model.load(int8.write(model, tmp_path))
    own, twin = (one.run(beats.waves, beats.side) for one in (model, other))
    assert 0 < np.abs(own - twin).max() < 0.1
    assert "QLinearConv" in {node.op_type for node in onnx.load_from_string(other.onnx).graph.node}


def test_simulated_beats_have_the_leads_that_are_asked_for() -> None:
    beats = simulated(("I", "V5"), patients=2, seed=4)
    assert beats.waves.shape == (len(beats.potassium), 2, 270)
    assert beats.side.shape == (len(beats.potassium), 3)
    assert 3 <= len(beats.potassium) <= 4


def test_a_model_without_further_convolutions_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8, "FIRST_BLOCK", 6)
    monkeypatch.setattr(int8, "simulated", lambda _leads: drawn.beats(2))
    with pytest.raises(ModelError, match="no convolutions after its first block"):
        int8.write(Model.load("v5-4k"), tmp_path)
