"""What more than one test file needs: the real recordings, where there are some, and the tiny model."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kalemia.estimate.card import Card
from kalemia.estimate.model import Model
from kalemia.simulate import write

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


@pytest.fixture(scope="session")
def tiny_i_path(tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network with a card that says lead I."""
    path = tmp_path_factory.mktemp("models") / "tiny-i.onnx"
    path.write_bytes(tiny_path.read_bytes())
    card = replace(Card.load(tiny_path.with_suffix(".json")), name="tiny-i", leads=("I",))
    path.with_suffix(".json").write_bytes(card.dump())
    return path


@pytest.fixture(scope="session")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the WFDB records of 40 simulated patients; copy what is to be damaged."""
    folder = tmp_path_factory.mktemp("cohort") / "patients"
    write(folder, 40, seed=1, level="clean")
    return folder


@pytest.fixture(scope="session")
def good(patients: Path) -> Path:
    """An ECG that is estimated."""
    return patients / "0000" / "p000001.hea"


@pytest.fixture(scope="session")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording that reads but whose only lead has no heartbeat: it is refused."""
    path = tmp_path_factory.mktemp("flat") / "flat.csv"
    t = np.arange(0, 10, 0.004)
    samples = 0.1 * np.sin(2 * np.pi * 0.2 * t)
    path.write_text("time,V5\n" + "".join(f"{a:.3f},{b:.5f}\n" for a, b in zip(t, samples, strict=True)))
    return path


@pytest.fixture(scope="session")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that cannot be read: it fails."""
    path = tmp_path_factory.mktemp("damaged") / "ecg.dcm"
    path.write_bytes(b"this is not an ECG")
    return path
