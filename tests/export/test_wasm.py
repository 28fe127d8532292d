"""The chain in WebAssembly says what the Python chain says, to the bit."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("wasmtime")

import drawn
from fed import golden_network, heart

from compiled import Script, said_by_python
from kalemia.errors import KalemiaError
from kalemia.export import c, golden, hour, wasm
from kalemia.export.golden import IntBeats
from kalemia.stream import Settings
from kalemia.stream.events import MISSING, MOST_UV
from kalemia.stream.tables import RATES_HZ, log_prior
from webassembly import Module

TOOLS = drawn.missing(*wasm.TOOLS)


@pytest.fixture(scope="module")
def binary() -> bytes:
    if TOOLS:
        pytest.skip(TOOLS)
    stored = drawn.beats(1)
    return wasm.module(c.Device(drawn.net(), stored, golden.run(drawn.net(), IntBeats.of(stored))))


def script(rate: int) -> Script:
    """Return good signal, noise, a lead that is off, missing and clipped samples, and a gap."""
    rng = np.random.default_rng(rate)
    noisy = heart(rate, 30.0) + np.round(np.cumsum(rng.normal(0, 9, 30 * rate)) % 900).astype(np.int64)
    lost = heart(rate, 25.0, rr_s=0.5)
    lost[rng.integers(len(lost), size=9)] = MISSING
    parts = [heart(rate, 50.0), noisy, np.full(12 * rate, 321), np.full(4 * rate, MOST_UV), lost]
    return [("samples", np.concatenate(parts)), ("gap", 7 * rate), ("samples", heart(rate, 27.0, rr_s=1.1))]


@pytest.mark.parametrize("rate", RATES_HZ)
def test_every_event_and_likelihood_is_that_of_python(rate: int, binary: bytes) -> None:
    expected = said_by_python(Settings(rate), script(rate), golden_network(drawn.net()))
    assert [*Module(binary).said(rate, "kidney", script(rate))] == expected
    assert {int(line.split()[0]) for line in expected} >= {0, 1, 2, 3, 4}
    assert sum(line.startswith("3") and line.split()[2] == "0" for line in expected) >= 5


def test_a_population_is_the_one_that_is_asked_for(binary: bytes) -> None:
    asked: Script = [("samples", heart(250, 24.0))]
    settings = Settings(250, log_prior("dialysis"))
    assert [*Module(binary).said(250, "dialysis", asked)] == said_by_python(
        settings, asked, golden_network(drawn.net())
    )


def test_the_simulated_minutes_are_the_same(binary: bytes) -> None:
    asked: Script = [("samples", hour.simulated("V5", 2).microvolts)]
    expected = said_by_python(Settings(hour.RATE), asked, golden_network(drawn.net()))
    assert [*Module(binary).said(hour.RATE, "kidney", asked)] == expected


def test_it_can_reach_nothing_and_is_small(binary: bytes) -> None:
    module = Module(binary)
    assert module.imports == []
    assert module.call("begin", 360, 0) == -1
    assert len(gzip.compress(binary)) <= 60_000


def test_without_its_tools_it_says_what_brings_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "wasm-ld" else name)
    with pytest.raises(KalemiaError, match=r"needs wasm-ld, which Debian's packages clang and lld bring"):
        wasm.compiled(tmp_path)
