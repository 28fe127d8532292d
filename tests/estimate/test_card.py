"""The card: what it must say of a model, and in what words a damaged one is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kalemia.errors import ModelError
from kalemia.estimate.card import Card
from kalemia.estimate.model import Model

Fields = dict[str, Any]


def test_a_card_comes_back_as_it_was_written(tiny: Model, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes(tiny.card.dump())
    assert Card.load(tmp_path / "card.json") == tiny.card


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"surprise": 1}, "'surprise' is not known"),
        ({"error_levels": 3}, "error_levels is not of its kind"),
        ({"error_levels": [0.1, 0.5, 0.9]}, "differ in length"),
        ({"error_levels": [0.1, 0.9], "error_quantiles": [[0, 1]]}, "differ in length"),
        ({"error_levels": [0.0, 0.5, 0.9], "error_quantiles": [[0, 1, 2]]}, "no shares"),
        ({"error_levels": [0.9, 0.5, 0.1], "error_quantiles": [[0, 1, 2]]}, "error_levels are not rising"),
        ({"error_levels": [0.1, 0.5, 0.9], "error_quantiles": [[2, 1, 0]]}, "error_quantiles row 0 are not rising"),
        (
            {"error_levels": [0.1, 0.5, 0.9], "error_quantiles": [["a", "b", "c"]]},
            "error_quantiles row 0 are not rising",
        ),
        (
            {"error_levels": [0.1, 0.5, 0.9], "error_quantiles": [[0, float("nan"), 1]]},
            "error_quantiles row 0 are not rising",
        ),
        ({"least_leads": 2}, "least_leads is no number of leads"),
        ({"leads": ["V5", "I"]}, "no row for every number of leads"),
        ({"range_meq_l": None}, "range_meq_l is not of its kind"),
        ({"range_meq_l": [9.0]}, "range_meq_l is no range"),
        ({"range_meq_l": [9.0, 2.0]}, "range_meq_l are not rising"),
        ({"leads": "V5"}, "leads is not of its kind"),
        ({"leads": []}, "leads are not names"),
        ({"leads": [5]}, "leads are not names"),
        ({"metrics": None}, "metrics is not of its kind"),
        ({"parameters": "many"}, "parameters is not of its kind"),
        ({"onnx_sha256": "0" * 64}, "its file has sha256 .* its card 000000000000"),
    ],
)
def test_a_damaged_card_is_refused_in_a_sentence(altered: Callable[..., Path], fields: Fields, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence) as caught:
        Model.load(altered(**fields))
    assert "\n" not in str(caught.value)


def test_a_card_without_a_field_is_refused(altered: Callable[..., Path]) -> None:
    path = altered().with_suffix(".json")
    card = json.loads(path.read_text())
    for name in card:
        path.write_text(json.dumps({k: v for k, v in card.items() if k != name}))
        with pytest.raises(ModelError, match=f"not a model card .*{name}"):
            Card.load(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '"card"', "\x00\xff"])
def test_what_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match="not a model card"):
        Card.load(path)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 3.0, float("nan"), 1e-300, "0.03"])
def test_a_prevalence_that_is_none_gets_a_sentence(tiny: Model, share: Any) -> None:
    with pytest.raises(ModelError, match=r"a share from 0\.0001 to 0\.9999 is accepted, such as 0\.03"):
        tiny.card.odds(share)
    with pytest.raises(ModelError, match=r"none or all of its calibration's patients were above 5\.5 mEq/L"):
        replace(tiny.card, prevalence=0.0).odds(0.03)
