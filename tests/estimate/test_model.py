"""The model: that it is the network which its card names, and what it makes of beats."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgs import recording
from kalemia.errors import ModelError
from kalemia.estimate.evidence import Evidence
from kalemia.estimate.model import DEFAULT, Model, bundled, inputs, shown
from kalemia.estimate.population import Population
from kalemia.signal.beat import cut


def some(n: int) -> tuple[Any, Any]:
    """Return n beats and side inputs."""
    rng = np.random.default_rng(n)
    beats = rng.normal(0, 0.3, (n, 1, 270)).astype(np.float32)
    side = np.stack([rng.normal(0, 0.5, n), rng.uniform(0.5, 1.2, n)], axis=1).astype(np.float32)
    return beats, side


def test_the_name_in_an_estimate_is_that_of_the_card(tiny: Model, tiny_path: Path) -> None:
    assert (tiny.name.name, tiny.name.version) == ("tiny", "0.0.1")
    assert tiny.name.sha256 == hashlib.sha256(tiny_path.read_bytes()).hexdigest()
    assert tiny.name.trained_on == tiny.card.trained_on


@pytest.mark.parametrize("onnx", [b"", b"garbage", b"\x08\x07" * 500])
def test_a_damaged_network_is_refused_in_a_sentence(altered: Callable[..., Path], onnx: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        Model.load(altered(onnx)).run(*some(1))
    assert str(caught.value) == "model tiny: its ONNX file is damaged or of a kind that cannot be run"


def test_half_a_network_is_refused(altered: Callable[..., Path], tiny_path: Path) -> None:
    with pytest.raises(ModelError, match="its ONNX file is damaged"):
        Model.load(altered(tiny_path.read_bytes()[:3000])).run(*some(1))


def test_a_network_of_other_leads_than_its_card_is_refused(altered: Callable[..., Path]) -> None:
    model = Model.load(altered(leads=["I", "V5"], least_leads=2))
    beats = np.zeros((1, 2, 270), np.float32)
    with pytest.raises(ModelError) as caught:
        model.run(beats, np.zeros((1, 3), np.float32))
    assert str(caught.value) == "model tiny: its ONNX file does not take the 2 leads that its card names"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("no-such", "no model 'no-such'; the bundled ones are"),
        ("../assets/v5-4k", "no model '../assets/v5-4k'"),
        ("", "no model ''"),
        ("/nowhere/a.onnx", "/nowhere/a.onnx: the file cannot be read .No such file"),
    ],
)
def test_a_model_that_is_not_there_is_named(name: str, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        Model.load(name)


@pytest.mark.parametrize("shape", [(1, 270), (2, 2, 270), (2, 1, 269), (1, 1, 270)])
def test_beats_of_another_shape_are_refused(tiny: Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError) as caught:
        tiny.run(np.zeros(shape, np.float32), np.zeros((2, 2), np.float32))
    assert str(caught.value) == f"model tiny: beats have shape {shape}, expected (n, 1, 270)"


@pytest.mark.parametrize("shape", [(1, 2), (2, 3), (4,)])
def test_side_inputs_of_another_shape_are_refused(tiny: Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match="model tiny: beats have shape"):
        tiny.run(np.zeros((2, 1, 270), np.float32), np.zeros(shape, np.float32))


class Answering:
    """A session that answers every beat with the same, or fails as onnxruntime does."""

    def __init__(self, *outputs: object) -> None:
        self.outputs = outputs

    def run(self, names: None, inputs: dict[str, Any]) -> tuple[object, ...]:
        assert list(inputs) == ["beats", "side"]
        if not self.outputs:
            raise RuntimeError("no such kernel")
        return self.outputs


def answered(tiny: Model, tiny_path: Path, *outputs: object) -> Model:
    model = Model(tiny_path.read_bytes(), tiny.card)
    vars(model)["_session"] = Answering(*outputs)
    return model


@pytest.mark.parametrize(
    ("outputs", "why"),
    [
        ((), "its network cannot be run on a beat"),
        ((np.ones(2),), "its network does not answer with 30 likelihoods a beat"),
        ((np.ones((2, 29)),), "its network does not answer with 30 likelihoods a beat"),
        ((np.ones((1, 30)),), "its network does not answer with 30 likelihoods a beat"),
        ((np.ones((2, 30)),) * 2, "its network does not answer with 30 likelihoods a beat"),
        ((np.full((2, 30), "1"),), "its network does not answer with 30 likelihoods a beat"),
    ],
)
def test_a_network_that_answers_otherwise_is_refused(
    tiny: Model, tiny_path: Path, outputs: tuple[object, ...], why: str
) -> None:
    with pytest.raises(ModelError) as caught:
        answered(tiny, tiny_path, *outputs).run(*some(2))
    assert str(caught.value) == f"model tiny: {why}"


def test_a_network_is_as_sure_as_its_card_says_for_as_many_leads(tiny: Model, tiny_path: Path) -> None:
    """Of fewer than the model needs that of the least, of more than it takes that of all."""
    card = replace(tiny.card, leads=("I", "II", "V5"), least_leads=2, sureness=(0.5, 0.8))
    model = Model(tiny_path.read_bytes(), card)
    vars(model)["_session"] = Answering(np.full((3, 30), 2.0, np.float32))
    beats = np.ones((3, 3, 270), np.float32)
    beats[0, 1:] = 0.0
    beats[1, 1] = 0.0
    log_likelihoods = model.run(beats, np.zeros((3, 4), np.float32))
    assert list(shown(beats)) == [1, 2, 3]
    np.testing.assert_allclose(log_likelihoods, np.repeat([[1.0], [1.0], [1.6]], 30, axis=1))


def test_without_a_likeness_no_beat_is_unlike(tiny: Model) -> None:
    assert tiny.unlike(np.zeros((3, 270), np.float32)) == [None, None, None]


def test_one_beat_gives_what_it_gives_among_many(tiny: Model) -> None:
    beats, side = some(7)
    together = tiny.run(beats, side)
    for i in range(7):
        alone = tiny.run(beats[i : i + 1], side[i : i + 1])
        np.testing.assert_allclose(alone[0], together[i], atol=1e-5)
    assert together.shape == (7, 30)
    assert np.ptp(together, axis=0).max() > 0.01


def test_the_inputs_are_gathered_by_name() -> None:
    beat = cut(recording())
    waves, side = inputs([beat, beat], ("V5", "I"))
    assert waves.shape == (2, 2, 270)
    assert waves.dtype == side.dtype == np.float32
    np.testing.assert_array_equal(waves[1], beat.waveform[[10, 0]])
    np.testing.assert_allclose(side[0], [np.log(beat.gain_mv[10]), np.log(beat.gain_mv[0]), 0.8], atol=2e-3)


def test_a_gain_of_zero_counts_as_a_microvolt() -> None:
    beat = replace(cut(recording()), gain_mv=np.zeros(12, np.float32))
    assert inputs([beat], ("V5",))[1][0, 0] == pytest.approx(np.log(1e-3))


def test_leads_that_are_absent_or_bad_are_left_out() -> None:
    beat = cut(recording(("I", "V5")))
    bad = replace(beat, problems=("flat", None))
    waves, side = inputs([beat, bad], ("V6", "V5", "I"))
    assert not waves[:, 0].any()
    assert not waves[1, 2].any()
    np.testing.assert_array_equal(waves[0, [2, 1]], beat.waveform)
    np.testing.assert_allclose(side[1], [0.0, np.log(beat.gain_mv[1]), 0.0, beat.rr_s], rtol=1e-6)
    assert inputs([], ("V5",))[0].shape == (0, 1, 270)


def test_evidence_is_run_of_one_beat(tiny: Model) -> None:
    beat = cut(recording(), ("I", "V5"))
    (answer,) = tiny.run(*inputs([beat], ("V5",)))
    np.testing.assert_array_equal(tiny.evidence(beat).log_likelihood, Evidence.of(answer).log_likelihood)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_answer_that_is_no_number_is_no_evidence(tiny: Model, tiny_path: Path, bad: float) -> None:
    answer = np.zeros((1, 30))
    answer[0, 7] = bad
    with pytest.raises(ModelError, match=r"^the network returned no number for this beat$"):
        answered(tiny, tiny_path, answer).evidence(cut(recording(), ("V5",)))


NAMES = [card.name for card in bundled()]
MISSING = pytest.param("none", marks=pytest.mark.skip(reason="no model is bundled yet"))
each_bundled = pytest.mark.parametrize("name", NAMES or [MISSING])


@pytest.mark.skipif(not NAMES, reason="no model is bundled yet")
def test_the_default_model_is_bundled() -> None:
    assert DEFAULT in NAMES


@each_bundled
def test_a_bundled_card_tells_what_a_person_must_know(name: str) -> None:
    card = Model.load(name).card
    assert card.name == name
    assert card.trained_on == card.validated_on == "simulated and semi-simulated"
    assert "not a medical device" in card.notice.lower()
    own, others = card.metrics[name], ("training median", "T slope formula, refitted", "ridge on features")
    assert all(own["mae_meq_l"] < card.metrics[other]["mae_meq_l"] for other in others)
    assert card.metrics["patients"] >= 5000
    assert card.training["beats"]["calibration"] >= 5000
    assert 0.88 <= card.metrics["interval_coverage"] <= 0.92
    assert (
        card.architecture["founding_study_parameters"]
        == {"4k": 3979, "10k": 9809, "180k": 180_089}[name.partition("-")[2]]
    )


def test_a_model_of_other_beats_is_not_loaded(tiny: Model, tiny_path: Path) -> None:
    other = replace(tiny.card, preprocessing={**tiny.card.preprocessing, "lowpass_hz": 100.0})
    with pytest.raises(ModelError) as caught:
        Model(tiny_path.read_bytes(), other)
    assert str(caught.value) == "model tiny: it was trained on beats with another lowpass_hz; train it again"


def test_a_network_that_is_not_the_cards_is_refused(tiny: Model) -> None:
    with pytest.raises(ModelError) as caught:
        Model(b"other", tiny.card)
    digest = hashlib.sha256(b"other").hexdigest()
    assert str(caught.value) == (
        f"model tiny: its file has sha256 {digest[:12]}, its card {tiny.card.onnx_sha256[:12]}"
    )


@each_bundled
def test_a_bundled_model_follows_potassium(name: str) -> None:
    from kalemia.simulate import simulate_one

    model, flat = Model.load(name), Population.load("flat")
    found = []
    for potassium in (3.0, 4.5, 6.0, 8.0):
        beats = [cut(simulate_one(99, i, "clean", potassium).recording, model.card.leads) for i in range(12)]
        good = [beat for beat in beats if not any(beat.problems)]
        medians = [flat.given(model.evidence(beat)).quantile(0.5) for beat in good]
        found.append(float(np.median(medians)))
    assert found == sorted(found)
    assert found[-1] - found[0] > 1.5


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are a matter of POSIX")
@pytest.mark.parametrize("suffix", [".onnx", ".json"])
def test_a_pipe_is_no_model(tiny_path: Path, tmp_path: Path, suffix: str) -> None:
    for each in (".onnx", ".json"):
        shutil.copy(tiny_path.with_suffix(each), tmp_path / f"tiny{each}")
    (tmp_path / f"tiny{suffix}").unlink()
    os.mkfifo(tmp_path / f"tiny{suffix}")
    with pytest.raises(ModelError, match="no regular file"):
        Model.load(tmp_path / "tiny.onnx")


def test_a_huge_file_is_no_model(tmp_path: Path) -> None:
    with (tmp_path / "huge.onnx").open("wb") as file:
        file.truncate(10_000_000_000)
    with pytest.raises(ModelError, match="10,000,000,000 bytes"):
        Model.load(tmp_path / "huge.onnx")
