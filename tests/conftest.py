"""What more than one test file needs: the real recordings, where there are some, and the tiny model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kalemia.model import Model

TINY = Path(__file__).parent / "data" / "tiny.onnx"


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real recordings; where there is none the test is skipped."""
    named = os.environ.get("KALEMIA_DATA")
    if not named:
        pytest.skip("KALEMIA_DATA names no folder of real recordings")
    return Path(named)


@pytest.fixture(scope="session")
def tiny_path() -> Path:
    """An ONNX file with its card beside it: a network of lead V5 that `tests/tiny_model.py` made."""
    return TINY


@pytest.fixture(scope="session")
def tiny(tiny_path: Path) -> Model:
    return Model.load(tiny_path)
