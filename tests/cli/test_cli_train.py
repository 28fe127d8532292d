"""`kalemia train`: what a configuration may say, and a model in the end."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commands import invoke

from kalemia.errors import KalemiaError
from kalemia.estimate.model import Model

pytest.importorskip("torch", reason="training needs torch")

from kalemia.train.config import Config
from kalemia.train.run import Trained

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read .No such file"),
        ("", "no fields"),
        ("[1, 2]", "no fields"),
        ("name: [", "not YAML"),
        ("name: tiny\n", ": missing; a value is needed"),
        ("surprise: 1\n", "surprise: not a field"),
    ],
)
def test_a_wrong_training_configuration_is_said_in_one_sentence(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_text(content)
    result = invoke("train", path, "--out", tmp_path / "runs")
    assert isinstance(result.exception, KalemiaError)
    assert re.search(said, str(result.exception))
    assert "\n" not in str(result.exception)


@pytest.mark.parametrize("extra", ["version: !!timestamp x", "seed: 18446744073709551616", "epochs: [1]", "other: 1"])
def test_odd_values_in_a_configuration_are_said_in_one_sentence(tmp_path: Path, extra: str) -> None:
    whole = (ROOT / "configs" / "12-4k.yaml").read_text()
    path = tmp_path / "config.yaml"
    path.write_text(
        "\n".join(line for line in whole.splitlines() if not line.startswith(extra.split(":")[0])) + f"\n{extra}\n"
    )
    result = invoke("train", path, "--out", tmp_path / "runs")
    assert isinstance(result.exception, KalemiaError)
    assert f": {extra.split(':')[0]}" in str(result.exception)
    assert not (tmp_path / "runs").exists()


def test_a_configuration_that_lists_real_records_needs_their_folder(tmp_path: Path) -> None:
    config = ROOT / "configs" / "12-4k.yaml"
    for more, said in ((), "give the folder that holds them with --base"), (("--base", tmp_path), "212 of the 212"):
        result = invoke("train", config, "--out", tmp_path / "runs", *more)
        assert isinstance(result.exception, KalemiaError)
        assert said in str(result.exception)
        assert "\n" not in str(result.exception)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("area", "shown"), [(0.8349, "0.835"), (None, "-")])
def test_every_network_is_named_with_what_it_reaches(
    tiny: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, area: float | None, shown: str
) -> None:
    """That one is trained and written is tested where it is done, and on the way through the docs."""
    asked: list[Any] = []
    metrics = {
        "patients": 2000, "ecgs": "simulated", "interval_coverage": 0.9012,
        "training median": {"mae_meq_l": 0.8051}, "tiny": {"mae_meq_l": 0.5149, "auroc_above_5.5": area},
    }  # fmt: skip

    def train(config: Config, out: Path, workers: int, report: Any, base: Path | None) -> list[Trained]:
        report("training, validation MAE 0.515", 3, 3)
        asked.append((config.name, out, workers, base))
        return [Trained(out / "tiny.onnx", replace(tiny.card, name="tiny", metrics=metrics))]

    monkeypatch.setattr("kalemia.train.run.train", train)
    config = ROOT / "configs" / "12-4k.yaml"
    result = invoke("train", config, "--out", tmp_path, "--workers", 1, "--base", tmp_path)
    assert result.stdout == (
        f"{tmp_path / 'tiny.onnx'}: MAE 0.515 mEq/L (predicting the median: 0.805), AUROC above 5.5 {shown}, "
        "interval coverage 0.901 on 2,000 simulated patients\n"
    )
    assert result.stderr == "training, validation MAE 0.515 3/3\n"
    assert asked == [("12-4k", tmp_path, 1, tmp_path)]
