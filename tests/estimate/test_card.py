"""The card: what it must say of a model, and in what words a damaged one is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kalemia.errors import ModelError
from kalemia.estimate.card import Card
from kalemia.estimate.model import Model

TWO = {"onnx_sha256": "", "parameters": 1, "patients": 1, "sureness": [1.0, 1.0]}
LIKENESS = "likeness has no mean, axes, directions and limit"


@pytest.fixture
def written(tiny: Model, tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the tiny model's card with other fields."""

    def write(**fields: object) -> Path:
        path = tmp_path / "card.json"
        path.write_text(json.dumps(json.loads(tiny.card.dump()) | fields))
        return path

    return write


def test_a_card_comes_back_as_it_was_written(tiny: Model, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(tiny.card.dump())
    assert Card.load(path) == tiny.card
    assert path.read_bytes().endswith(b"\n}\n")
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(tiny.card, sureness=(float("nan"),)).dump()


def test_whole_numbers_are_numbers(written: Callable[..., Path]) -> None:
    card = Card.load(written(sureness=[1], mix=[1, *[0] * 29]))
    assert (card.sureness, card.mix) == ((1.0,), (1.0, *(0.0,) * 29))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"surprise": 1}, "'surprise' is not known"),
        ({"s" * 99: 1}, f"'{'s' * 40}' is not known"),
        ({"leads": ["V5", "I"]}, "sureness has no factor for every number of leads"),
        ({"least_leads": 2}, "least_leads is no number of leads"),
        ({"least_leads": 0}, "least_leads is no number of leads"),
        ({"sureness": [1.0, 1.0]}, "sureness has no factor for every number of leads"),
        ({"mix": [0.03] * 30}, "the shares of mix do not sum to one"),
        ({"mix": [0.0334] * 30}, "the shares of mix do not sum to one"),
        ({"reference": TWO}, "the sureness of reference has no factor for every number of leads"),
        ({"reference": TWO | {"sureness": [0.0]}}, "Expected `float` > 0.0 - at `$.reference.sureness[0]`"),
        ({"likeness": {"mean": ""}}, LIKENESS),
    ],
)
def test_a_damaged_card_is_refused_in_a_sentence(
    written: Callable[..., Path], fields: dict[str, Any], why: str
) -> None:
    path = written(**fields)
    with pytest.raises(ModelError) as caught:
        Card.load(path)
    assert str(caught.value) == f"{path}: not a model card ({why}); expected the JSON that kalemia train writes"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"metrics": None}, "Expected `object`, got `null`"),
        ({"metrics": {"cut_likelihood_ratio": "high"}}, "Expected `float | null`, got `str`"),
        ({"training": {"sources": 5}}, "Expected `array`, got `int`"),
        ({"training": {"sources": ["hospital"]}}, "Expected `object`, got `str`"),
        ({"training": {"config": {"seed": "3"}}}, "Expected `int`, got `str`"),
        ({"parameters": "many"}, "Expected `int`, got `str`"),
        ({"parameters": True}, "Expected `int`, got `bool`"),
        ({"name": 5}, "Expected `str`, got `int`"),
        ({"leads": "V5"}, "Expected `array`, got `str`"),
        ({"leads": []}, "Expected `array` of length >= 1"),
        ({"leads": [5]}, "Expected `str`, got `int`"),
        ({"sureness": 3}, "Expected `array`, got `int`"),
        ({"sureness": [0.0]}, "Expected `float` > 0.0"),
        ({"sureness": [10.1]}, "Expected `float` <= 10.0"),
        ({"sureness": ["a"]}, "Expected `float`, got `str`"),
        ({"mix": [1.0]}, "Expected `array` of length >= 30"),
        ({"mix": [0.1] * 31}, "Expected `array` of length <= 30"),
        ({"mix": [1.5, *[0.0] * 29]}, "Expected `float` <= 1.0"),
        ({"mix": [-0.1, *[0.0] * 29]}, "Expected `float` >= 0.0"),
    ],
)
def test_a_field_of_another_kind_is_named_with_what_is_expected(
    written: Callable[..., Path], fields: dict[str, Any], expected: str
) -> None:
    """The words are those of the library that reads the card."""
    path, name = written(**fields), next(iter(fields))
    with pytest.raises(ModelError) as caught:
        Card.load(path)
    assert f"not a model card ({expected} - at `$.{name}" in str(caught.value)
    assert str(caught.value).endswith("); expected the JSON that kalemia train writes")


def test_a_card_without_a_field_is_refused(written: Callable[..., Path]) -> None:
    path = written()
    card = json.loads(path.read_text())
    for name in card:
        path.write_text(json.dumps({key: value for key, value in card.items() if key != name}))
        with pytest.raises(ModelError, match=f"not a model card .*missing required field `{name}`"):
            Card.load(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '"card"', "\x00\xff", "[" * 100_000, '{"mix": NaN}'])
def test_what_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match=f"^{re.escape(str(path))}: not a model card .*; expected the JSON") as caught:
        Card.load(path)
    assert "\n" not in str(caught.value)


def test_a_card_may_begin_with_the_mark_of_an_editor(tiny: Model, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(b"\xef\xbb\xbf" + tiny.card.dump())
    assert Card.load(path) == tiny.card


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_card_of_another_encoding_is_told(tiny: Model, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(tiny.card.dump().decode().encode(encoding))
    with pytest.raises(ModelError, match=r"not a model card \(its text is UTF-16 or UTF-32, not UTF-8\); expected"):
        Card.load(path)
    path.write_bytes(b'{"name": "\xef"}')
    with pytest.raises(ModelError, match=r"not a model card \(its text is not UTF-8, at byte 10\); expected"):
        Card.load(path)


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("put", ['"metrics": {{"mae_meq_l": {}, ', '"metrics": {{"maes": [1, {}], '])
def test_a_number_that_json_has_not_is_told_with_its_line(tiny: Model, tmp_path: Path, put: str, constant: str) -> None:
    path = tmp_path / "card.json"
    text = tiny.card.dump().decode()
    line = text[: text.index('"metrics"')].count("\n") + 1
    path.write_text(text.replace('"metrics": {}', put.format(constant) + '"ecgs": 5}'))
    with pytest.raises(ModelError) as caught:
        Card.load(path)
    why = f"{constant} in line {line} is no number of JSON"
    assert str(caught.value) == f"{path}: not a model card ({why}); expected the JSON that kalemia train writes"


def test_a_huge_card_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    with path.open("wb") as file:
        file.truncate(4_000_001)
    with pytest.raises(ModelError, match=r"4,000,001 bytes; as the JSON card of a model up to 4,000,000 are accepted"):
        Card.load(path)
