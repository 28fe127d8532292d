"""A tiny model with something else in it, for those tests that damage one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def altered(tmp_path: Path, tiny_path: Path) -> Callable[..., Path]:
    """Return a function that writes the tiny model with another network or other fields in its card."""

    def write(onnx: bytes | None = None, **fields: object) -> Path:
        path = tmp_path / "altered.onnx"
        card: dict[str, Any] = json.loads(tiny_path.with_suffix(".json").read_text())
        if onnx is not None:
            card["onnx_sha256"] = hashlib.sha256(onnx).hexdigest()
        path.write_bytes(tiny_path.read_bytes() if onnx is None else onnx)
        path.with_suffix(".json").write_text(json.dumps(card | fields))
        return path

    return write
