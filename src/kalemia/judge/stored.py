"""How results are kept: dataclasses as JSON, which is checked when it is read, since a person may have changed it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

T = TypeVar("T")
Absent = Annotated[T | None, Field(exclude_if=lambda value: value is None)]
"""Of a field that the file leaves out where it is None; of others it says null."""
Portion = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=10**12)]
MOST = 1e15
"""No figure is larger: R2 where potassium is nearly one and the same may be a hundredth of it."""


def to_json(result: object) -> bytes:
    """Return a dataclass as a file; ValueError where one of its numbers is not finite."""
    plain = TypeAdapter[Any](type(result)).dump_python(result, mode="json", by_alias=True, warnings="error")
    return json.dumps(plain, indent=1, allow_nan=False).encode()


def from_json(kind: type[T], content: bytes) -> T:
    """Return what a file holds; ValueError where that is no `kind`: a field is missing, of another type, or absurd."""
    try:
        found = TypeAdapter(kind).validate_json(content, strict=True)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        what = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{place}: {what}" if place else what) from None
    if absurd := next((place for place, number in _reals(json.loads(content)) if not abs(number) <= MOST), None):
        raise ValueError(f"{absurd}: not a number, or too large a one")
    return found


def _reals(plain: Any, place: str = "") -> Iterator[tuple[str, float]]:
    """Yield the numbers of a file that are no whole ones, each with its place."""
    if isinstance(plain, float):
        yield place.removeprefix("."), plain
    elif isinstance(plain, dict | list):
        for key, value in plain.items() if isinstance(plain, dict) else enumerate(plain):
            yield from _reals(value, f"{place}.{key}")
