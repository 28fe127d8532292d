"""Beats unlike those of a training: found, named, and refused; ordinary ones are not."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

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


def plain(limit: float = 0.5) -> Likeness:
    """Return what knows beats that are constant, and one direction: the first sample."""
    axes = np.zeros((1, 270), np.float32)
    axes[0, 0] = 1.0
    return Likeness(np.full(270, 2.0, np.float32), axes, limit)


def test_unlikeness_is_what_lies_outside_over_the_steepness() -> None:
    waves = np.full((3, 270), 2.0, np.float32)
    waves[0, 0] += 3.0  # along the direction that is known
    waves[1, [0, 100]] += 3.0, 4.0
    slope = np.sqrt(3.0**2 + 2 * 4.0**2)  # down from the first sample, up to the hundredth and down again
    np.testing.assert_allclose(plain().unlikeness(waves), [0.0, 4.0 / slope, 0.0], rtol=1e-5)


def test_what_is_too_unlike_is_said_with_its_numbers() -> None:
    waves = np.full((3, 270), 2.0, np.float32)
    waves[1, [0, 100]] += 3.0, 4.0
    waves[2] = np.nan
    said = "unlike the beats that the model was trained on: {}, at most {} is judged"
    assert plain(0.6).problems(waves) == [None, said.format("0.62", "0.60"), said.format("nan", "0.60")]
    assert plain(0.63).problems(waves[:2]) == [None, None]


def test_a_card_keeps_it() -> None:
    again = Likeness.from_dict(json.loads(json.dumps(known().to_dict())))
    assert again is not None
    own = beats(500, 600)[:, 0]
    np.testing.assert_array_equal(again.unlikeness(own), known().unlikeness(own))
    assert again.limit == known().limit
    assert again.axes.dtype == again.mean.dtype == np.float32
    assert Likeness.from_dict({}) is None


@pytest.mark.parametrize(
    "damage",
    [
        {"axes": "%%%"},
        {"axes": None},
        {"axes": ""},
        {"axes": "", "directions": 0},
        {"directions": 3},
        {"directions": float("inf")},
        {"directions": "many"},
        {"limit": None},
        {"limit": float("nan")},
        {"limit": -1.0},
        {"limit": 0.0},
        {"limit": float("inf")},
        {"mean": "AAAA"},
        {"mean": plain().to_dict()["axes"][:8]},
        {"mean": replace(plain(), mean=np.full(270, np.inf, np.float32)).to_dict()["mean"]},
        {"axes": replace(plain(), axes=np.full((1, 270), np.nan, np.float32)).to_dict()["axes"]},
    ],
)
def test_a_damaged_likeness_is_none(damage: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^likeness has no mean, axes, directions and limit$"):
        Likeness.from_dict(plain().to_dict() | damage)


@pytest.mark.parametrize("name", ["mean", "axes", "directions", "limit"])
def test_a_likeness_without_one_of_its_parts_is_none(name: str) -> None:
    fields = plain().to_dict()
    del fields[name]
    with pytest.raises(ValueError, match="likeness has no"):
        Likeness.from_dict(fields)


def test_leads_that_are_not_there_teach_nothing() -> None:
    rng = np.random.default_rng(0)
    made = rng.normal(0, 1, (40, 2, 270)).astype(np.float32)
    made[::2, 1] = 0.0
    with_gaps = learned(made, made)
    without = learned(made[made.any(axis=2)][:, None], made[made.any(axis=2)][:, None])
    np.testing.assert_array_equal(with_gaps.mean, without.mean)
    assert with_gaps.limit == without.limit
    assert len(with_gaps.axes) == 15  # a quarter of sixty
    np.testing.assert_allclose(with_gaps.mean, made[made.any(axis=2)].mean(axis=0), atol=1e-3)


def test_the_directions_are_those_of_most_variance() -> None:
    rng = np.random.default_rng(0)
    spread = np.where(np.arange(270) < 2, 5.0, 0.1)
    made = (rng.normal(0, 1, (8, 1, 270)) * spread).astype(np.float32)
    axes = learned(made, made).axes
    assert len(axes) == 2
    np.testing.assert_allclose(np.linalg.norm(axes[:, :2], axis=1), 1.0, atol=0.02)
    assert len(learned(made[:3], made).axes) == 1  # one at least


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
