"""Results as files: fields that do not apply are left out, and what is read is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import pytest

pytest.importorskip("pydantic")

from pydantic import Field
from pydantic_core import PydanticSerializationError

from kalemia.judge.spans import Span
from kalemia.judge.stored import Absent, from_json, to_json


@dataclass(frozen=True)
class Lap:
    """A small result of the kind that is kept."""

    name: str
    count: int
    seconds: float | None
    span: Annotated[Span, Field(alias="span_of_5.5")]
    by_name: Mapping[str, Span]
    rates: tuple[float, ...]
    note: Absent[str] = None
    inner: Absent[tuple[Span, ...]] = None


LAP = Lap("a", 3, None, Span(1.0, None, 2.0), {"b c": Span(0.1, 0.0, 0.2)}, (0.006, 0.1))
PLAIN: dict[str, Any] = {
    "name": "a",
    "count": 3,
    "seconds": None,
    "span_of_5.5": {"value": 1.0, "low": None, "high": 2.0},
    "by_name": {"b c": {"value": 0.1, "low": 0.0, "high": 0.2}},
    "rates": [0.006, 0.1],
}


def test_a_file_has_the_fields_in_their_order_and_leaves_out_what_is_absent() -> None:
    assert to_json(LAP) == json.dumps(PLAIN, indent=1).encode()
    whole = replace(LAP, note="x", inner=(Span(None, None, None),))
    assert list(json.loads(to_json(whole))) == [*PLAIN, "note", "inner"]


@pytest.mark.parametrize("lap", [LAP, replace(LAP, note="\u00e9", seconds=0.1 + 0.2, inner=())])
def test_what_is_read_is_what_was_written(lap: Lap) -> None:
    assert from_json(Lap, to_json(lap)) == lap


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_is_not_finite_is_not_written(wrong: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(replace(LAP, seconds=wrong))


def test_what_is_of_another_type_is_not_written() -> None:
    with pytest.raises(PydanticSerializationError, match="count"):
        to_json(replace(LAP, count="three"))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PLAIN)
def test_a_missing_field_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(name)}: Field required$"):
        from_json(Lap, json.dumps({key: value for key, value in PLAIN.items() if key != name}).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"name": 1},
        {"count": "3"},
        {"count": 3.5},
        {"count": True},
        {"seconds": "1"},
        {"span_of_5.5": None},
        {"by_name": []},
        {"by_name": {"b": {"value": 1.0, "low": 0.0}}},
        {"rates": 0.1},
        {"rates": ["a"]},
        {"note": 1},
    ],
    ids=str,
)
def test_a_field_of_another_type_is_an_error(change: dict[str, Any]) -> None:
    name = re.escape(next(iter(change)))
    with pytest.raises(ValueError, match=rf"^{name}[\w. ]*: (Input should be|Field required)[^\n]*$"):
        from_json(Lap, json.dumps(PLAIN | change).encode())


def test_a_whole_number_is_a_number() -> None:
    assert from_json(Lap, json.dumps(PLAIN | {"seconds": 2}).encode()).seconds == 2.0


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "1e16", "-1e200"])
@pytest.mark.parametrize(
    ("put", "place"),
    [
        ('"seconds": null', "seconds"),
        ('"value": 1.0', "span_of_5.5.value"),
        ('"low": 0.0', "by_name.b c.low"),
        ("0.006", "rates.0"),
    ],
)
def test_a_number_that_is_none_or_absurd_is_an_error_with_its_place(number: str, put: str, place: str) -> None:
    key, colon, _ = put.rpartition(" ")
    content = json.dumps(PLAIN).replace(put, f"{key}{colon}{number}")
    with pytest.raises(ValueError, match=f"^{re.escape(place)}: not a number, or too large a one$"):
        from_json(Lap, content.encode())
