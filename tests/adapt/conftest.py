"""What the tests of adapting share: a simulated cohort, and what the tiny model makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kalemia.estimate.card import Card

if TYPE_CHECKING:
    from kalemia.adapt.run import Adapted
    from kalemia.cohort import Cohort


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Ninety simulated patients with kidney disease; some draws were hemolyzed."""
    for package in ("polars", "sklearn", "onnx"):
        pytest.importorskip(package)
    from kalemia.cohort import Cohort, simulated

    folder = tmp_path_factory.mktemp("cohort") / "kidney"
    simulated.write(folder, 90, 11, "kidney")
    return Cohort.open(folder)


@pytest.fixture(scope="session")
def loud_path(tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model, ten times as sure of what its weights, which are drawn, say of an ECG."""
    card = replace(Card.load(tiny_path.with_suffix(".json")), name="loud", sureness=(10.0,), reference=None)
    path = tmp_path_factory.mktemp("loud") / "loud.onnx"
    path.write_bytes(tiny_path.read_bytes())
    path.with_suffix(".json").write_bytes(card.dump())
    return path


@pytest.fixture(scope="session")
def adapted(cohort: Cohort, loud_path: Path) -> Adapted:
    """The loud model after it was adapted."""
    from kalemia.adapt.run import adapt

    return adapt(loud_path, cohort)
