"""Training configurations: what is accepted, and the sentence for what is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pydantic", reason="training configurations need pydantic, of the train extra")
yaml = pytest.importorskip("yaml", reason="training configurations need PyYAML, of the train extra")

from kalemia.errors import TrainError
from kalemia.train.config import Config

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
GOOD: dict[str, Any] = {
    "name": "v5-tiny", "version": "1.0.0", "leads": ["V5"], "channels": 2, "lstm": 2, "seed": 1,
    "patients": {"train": 100, "validation": 10, "calibration": 10, "test": 10},
    "epochs": 1, "batch": 8, "learning_rate": 0.01,
}  # fmt: skip


def load(tmp_path: Path, fields: dict[str, Any]) -> Config:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(fields))
    return Config.load(path)


def test_a_good_one_is_read(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD)
    assert config.leads == ("V5",)
    assert config.patients.calibration == 10
    assert config.level == "clinic"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_those_of_the_repository_are_good_and_enough_to_judge_by(path: Path) -> None:
    config = Config.load(path)
    assert config.name == path.stem
    assert min(config.patients.calibration, config.patients.test) >= 5000


def test_there_is_one_for_every_default_model() -> None:
    from kalemia.model import DEFAULT

    assert set(DEFAULT) <= {path.stem for path in CONFIGS}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"leads": ["V9"]}, "leads: V9 unknown; accepted are I, II"),
        ({"leads": []}, "leads: "),
        ({"name": "../evil"}, "name: "),
        ({"name": "V5 4k"}, "name: "),
        ({"version": "one"}, "version: "),
        ({"channels": 0}, "channels: "),
        ({"batch": 1}, "batch: "),
        ({"learning_rate": 0}, "learning_rate: "),
        ({"learning_rate": "fast"}, "learning_rate: "),
        ({"epochs": 0}, "epochs: "),
        ({"seed": -1}, "seed: "),
        ({"patients": {"train": 10}}, "patients.validation: "),
        ({"patients": {**GOOD["patients"], "train": 0}}, "patients.train: "),
        ({"surprise": 1}, "surprise: "),
    ],
)
def test_a_wrong_field_is_named_in_a_sentence(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TrainError, match=sentence) as caught:
        load(tmp_path, GOOD | change)
    assert "\n" not in str(caught.value)
    assert "config.yaml" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"- 1", b"7", b"a: [", b"\xff\xfe\x00", b"!!python/object:os.system {}"])
def test_what_is_no_configuration_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(TrainError, match=r"config\.yaml: "):
        Config.load(path)


@pytest.mark.parametrize("name", ["nothing.yaml", "."])
def test_what_cannot_be_opened_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(TrainError, match="cannot be read"):
        Config.load(tmp_path / name)
