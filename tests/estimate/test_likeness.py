"""Beats unlike those of a training: found, named, and refused; ordinary ones are not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import kalemia
from kalemia.estimate.likeness import DIRECTIONS, KEPT, Likeness, learned
from kalemia.estimate.model import Model
from kalemia.signal.beat import cut
from kalemia.simulate import simulate


@cache
def beats(first: int, last: int) -> np.ndarray:
    """Return V5 of simulated patients, (n, 1, 270)."""
    cuts = [cut(one.recording, ("V5",)) for one in simulate(last - first, 3, "clinic", first)]
    return np.stack([beat.waveform for beat in cuts if beat.good])


@cache
def known() -> Likeness:
    return learned(beats(0, 300), beats(300, 500))


def test_ordinary_beats_are_like_those_of_the_training() -> None:
    others = beats(500, 700)[:, 0]
    assert np.mean(known().unlikeness(others) > known().limit) < 0.04
    assert np.mean(known().unlikeness(beats(300, 500)[:, 0]) > known().limit) == pytest.approx(1 - KEPT, abs=0.006)
    assert known().axes.shape == (DIRECTIONS, 270)
    np.testing.assert_allclose(known().axes @ known().axes.T, np.eye(DIRECTIONS), atol=5e-3)


@pytest.mark.parametrize("kind", ["white noise", "square wave", "reversed", "twice as fast"])
def test_what_is_no_beat_of_the_training_is_unlike_it(kind: str) -> None:
    rng, t, own = np.random.default_rng(0), np.arange(270), beats(500, 600)[:, 0]
    made = {
        "white noise": rng.standard_normal((100, 270)),
        "square wave": np.array([np.sign(np.sin(2 * np.pi * f * (t - 90) / 300 + 1)) for f in rng.uniform(1, 5, 100)]),
        "reversed": own[:, ::-1],
        "twice as fast": np.array([np.interp(90 + (t - 90) * 2, t, wave, left=0, right=0) for wave in own]),
    }[kind]
    waves = (made / np.abs(made).max(axis=1, keepdims=True)).astype(np.float32)
    assert np.mean(known().unlikeness(waves) > known().limit) > 0.5


def test_a_card_keeps_it() -> None:
    again = Likeness.from_dict(known().to_dict())
    assert again is not None
    own = beats(500, 600)[:, 0]
    np.testing.assert_array_equal(again.unlikeness(own), known().unlikeness(own))
    assert Likeness.from_dict({}) is None
    said = known().to_dict()
    for damaged in (
        {**said, "axes": "%%%"},
        {**said, "directions": 3},
        {**said, "limit": None},
        {**said, "limit": float("nan")},
        {**said, "limit": -1.0},
        {**said, "limit": float("inf")},
        {**said, "directions": float("inf")},
        {key: value for key, value in said.items() if key != "mean"},
        {**said, "mean": said["mean"][:8]},
    ):
        with pytest.raises(ValueError, match=r"likeness|reshape|buffer"):
            Likeness.from_dict(damaged)


def test_few_beats_give_few_directions() -> None:
    assert len(learned(beats(0, 300)[:20], beats(300, 500)).axes) == 5


def test_a_lead_that_is_unlike_is_refused_with_its_numbers(tiny: Model, tiny_path: Path, tmp_path: Path) -> None:
    ordinary = next(iter(simulate(1, 9, "clean"))).recording
    strict = replace(known(), limit=1e-6)
    paths = {}
    for name, likeness in (("like", known()), ("unlike", strict)):
        card = replace(tiny.card, name=name, likeness=likeness.to_dict())
        paths[name] = tmp_path / f"{name}.onnx"
        paths[name].write_bytes(tiny_path.read_bytes())
        paths[name].with_suffix(".json").write_bytes(card.dump())
    assert kalemia.predict(ordinary, paths["like"]).status == "estimated"
    refused = kalemia.predict(ordinary, paths["unlike"])
    assert refused.status == "refused"
    assert "unlike the beats that the model was trained on" in str(refused.reason)
    assert "at most 0.00 is judged" in str(refused.reason)
