"""`kalemia adapt`: what it prints, writes and refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from commands import invoke

for package in ("polars", "sklearn", "onnx"):
    pytest.importorskip(package)

from kalemia.adapt.run import Adapted
from kalemia.cohort import simulated
from kalemia.errors import AdaptError, NoGainError
from kalemia.estimate.card import Card


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("adapt") / "kidney"
    simulated.write(folder, 90, 11, "kidney")
    return folder


@pytest.fixture
def loud_path(tiny_path: Path, tmp_path: Path) -> Path:
    """The tiny model, ten times as sure of what its weights, which are drawn, say of an ECG."""
    card = replace(Card.load(tiny_path.with_suffix(".json")), name="loud", sureness=(10.0,), reference=None)
    (tmp_path / "loud.onnx").write_bytes(tiny_path.read_bytes())
    (tmp_path / "loud.json").write_bytes(card.dump())
    return tmp_path / "loud.onnx"


def test_a_model_is_adapted_and_speaks(cohort: Path, loud_path: Path, tmp_path: Path) -> None:
    done = invoke("adapt", loud_path, "--cohort", cohort, "--out", tmp_path / "out", "--workers", 1)
    assert done.exit_code == 0, done.output
    assert "cross-validating 5/5" in done.stderr
    assert "bits added to the cohort's own shares" in done.stdout
    path = tmp_path / "out" / "loud-adapted.onnx"
    assert done.stdout.splitlines()[-1].startswith(f"{path}: trained on nothing: the weights are drawn, calibrated on ")
    assert sorted(file.name for file in path.parent.iterdir()) == ["loud-adapted.json", "loud-adapted.onnx"]
    judged = invoke("evaluate", path, cohort, "--out", tmp_path / "judged", "--workers", 1)
    assert judged.exit_code == 0, judged.output


def test_where_it_does_not_help_nothing_is_written(
    cohort: Path, tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_self: Adapted, _out: Path) -> Path:
        raise NoGainError("no better")

    monkeypatch.setattr(Adapted, "write", write)
    done = invoke("adapt", tiny_path, "--cohort", cohort, "--out", tmp_path / "out", "--workers", 1)
    assert done.exit_code == 3
    assert "kalemia: no better" in done.stderr
    assert "Adapting adds" in done.stdout
    assert not (tmp_path / "out").exists()


def test_a_cohort_that_cannot_do_leaves_no_folder(tiny_path: Path, tmp_path: Path) -> None:
    simulated.write(tmp_path / "few", 12, 1, "kidney")
    done = invoke("adapt", tiny_path, "--cohort", tmp_path / "few", "--out", tmp_path / "out", "--workers", 1)
    assert isinstance(done.exception, AdaptError)
    assert str(done.exception) == f"{tmp_path / 'few'}: has 12 labelled ECGs; at least 50 are needed"
    assert not (tmp_path / "out").exists()


def test_the_help_says_what_it_does_and_when_it_does_not() -> None:
    text = " ".join(invoke("adapt", "--help").stdout.split())
    for said in (
        "50 or more",
        "Patients who are kept apart",
        "nothing is written",
        "kalemia adapt 12-4k --cohort ours",
    ):
        assert said in text
