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
    "sources": [{"level": "clinic", "share": 1}],
    "records": {"train": 100, "validation": 10, "calibration": 10, "test": 10},
    "epochs": 1, "batch": 8, "learning_rate": 0.01,
}  # fmt: skip


def load(tmp_path: Path, fields: dict[str, Any]) -> Config:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(fields))
    return Config.load(path)


def test_a_good_one_is_read(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD)
    assert config.leads == ("V5",)
    assert config.records is not None
    assert config.records.calibration == 10
    assert config.seeds == 1
    assert [source.name for source in config.sources] == ["simulated clinic"]
    assert config.folder == tmp_path
    assert "folder" not in str(config.model_dump())


def test_a_field_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(GOOD) + "epochs: 50\n")
    with pytest.raises(TrainError, match=r"config\.yaml: epochs is there twice; each field is accepted once"):
        Config.load(path)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "V5 Tiny", "not a name; accepted are lower-case letters, digits and hyphens, at most 41"),
        ("epochs", "many", "not a whole number"),
        ("version", "1.0", "not a version; three numbers such as 1.0.0 are accepted"),
        ("learning_rate", "low", "not a number"),
    ],
)
def test_what_a_value_may_be_is_said(tmp_path: Path, field: str, value: str, said: str) -> None:
    with pytest.raises(TrainError, match=rf"config\.yaml: {field}: {said}$"):
        load(tmp_path, {**GOOD, field: value})


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_those_of_the_repository_are_good_and_enough_to_judge_by(path: Path) -> None:
    config = Config.load(path)
    assert config.name == path.stem
    assert all((path.parent / source.bases).is_file() for source in config.sources if source.bases)
    assert config.records is not None
    assert min(config.records.calibration, config.records.test) >= 5000


def test_every_bundled_model_comes_from_one() -> None:
    from kalemia.estimate.model import bundled

    configs = [Config.load(path) for path in CONFIGS]
    assert {card.name for card in bundled()} <= {name for config in configs for name in (config.name, *config.parts)}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"leads": ["V9"]}, "leads: V9 unknown; accepted are I, II"),
        ({"leads": []}, "leads: "),
        ({"name": "../evil"}, "name: "),
        ({"name": "V5 4k"}, "name: "),
        ({"version": "one"}, "version: "),
        ({"channels": 0}, "channels: "),
        ({"network": "GRU"}, "network: no GRU; accepted are FNN, CNN, RNN, CRNN, DSCNN, DSCRNN, screening CNN"),
        ({"batch": 1}, "batch: "),
        ({"learning_rate": 0}, "learning_rate: "),
        ({"learning_rate": "fast"}, "learning_rate: "),
        ({"epochs": 0}, "epochs: "),
        ({"seed": -1}, "seed: "),
        ({"seeds": 0}, "seeds: "),
        ({"records": {"train": 10}}, "records.validation: "),
        ({"records": {**GOOD["records"], "train": 0}}, "records.train: "),
        ({"sources": []}, "sources: "),
        ({"sources": "clinic"}, "sources: not a list"),
        ({"sources": [{"level": "clinic"}]}, "sources.0.share: "),
        ({"sources": [{"level": "clinic", "share": 0}]}, "sources.0.share: "),
        ({"sources": [{"level": "clinic", "share": "nan"}]}, "sources.0.share: "),
        ({"sources": [{"level": "clinic", "share": 0.5}]}, "sources: the shares make 0.5; expected 1"),
        ({"sources": [{"level": "moon", "share": 1}]}, "sources: no level 'moon' in the simulator; the levels are"),
        ({"sources": [{"level": "wearable", "share": 1}]}, "sources: simulated wearable has no lead V5"),
        ({"sources": [{"level": "clean", "share": 0.5}] * 2}, "sources: simulated clean is named twice"),
        ({"sources": [{"level": "clean", "share": 1, "base": "x"}]}, "sources.0.base: not a field"),
        ({"level": "clinic"}, "level: not a field"),
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


@pytest.mark.parametrize(("name", "sentence"), [("nothing.yaml", "cannot be read"), (".", "this is a folder")])
def test_what_cannot_be_opened_is_said(tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(TrainError, match=sentence):
        Config.load(tmp_path / name)


def test_a_cohort_stands_for_sources_and_records(tmp_path: Path) -> None:
    alone = {name: value for name, value in GOOD.items() if name not in ("sources", "records")}
    counts = GOOD["records"]
    config = load(tmp_path, alone | {"cohorts": ["kidney"]})
    assert config.cohorts == ("kidney",)
    assert config.records is None
    assert load(tmp_path, GOOD | {"cohorts": ["kidney"]}).records is not None
    for wrong, said in (
        (alone, "sources: missing; expected sources of records, cohorts, or both"),
        (
            alone | {"cohorts": ["a"], "records": counts},
            "records: how many there are is expected with sources",
        ),
        ({k: v for k, v in GOOD.items() if k != "records"}, "records: how many there are is expected with sources"),
        (GOOD | {"cohorts": ["a", "a"]}, "cohorts: a, a name one twice"),
    ):
        with pytest.raises(TrainError, match=said):
            load(tmp_path, wrong)
