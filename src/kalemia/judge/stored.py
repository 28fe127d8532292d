"""How results are kept: dataclasses as JSON, which is checked when it is read, since a person may have changed it."""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter

T = TypeVar("T")
Absent = Annotated[T | None, Field(exclude_if=lambda value: value is None)]
"""Of a field that the file leaves out where it is None; of others it says null."""


def to_json(result: object) -> bytes:
    """Return a dataclass as a file; ValueError where one of its numbers is not finite."""
    plain = TypeAdapter[Any](type(result)).dump_python(result, mode="json", by_alias=True, warnings="error")
    return json.dumps(plain, indent=1, allow_nan=False).encode()


def from_json(kind: type[T], content: bytes) -> T:
    """Return what a file holds; ValueError where that is no `kind`: a field is missing, or is of another type."""
    return TypeAdapter(kind).validate_json(content, strict=True)
