"""`kalemia export`."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("onnx")

from commands import Main, invoke

from kalemia.export import c, hour, int8, wasm
from kalemia.export.calibration import simulated


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calibrate on few patients."""
    for module in (c, int8):
        monkeypatch.setattr(module, "simulated", lambda leads, *_: simulated(leads, patients=2))


def test_a_model_becomes_c(tmp_path: Path) -> None:
    result = invoke("export", "v5-4k", "--to", "c", "--out", tmp_path / "x")
    assert result.exit_code == 0, result.output
    assert "v5-4k 7." in result.stdout
    assert f"make -C {tmp_path / 'x'} builds it" in result.stdout
    assert "#define KAL_CHANNELS 16" in (tmp_path / "x" / "kal_model.h").read_text()


def test_a_model_becomes_int8(tmp_path: Path) -> None:
    result = invoke("export", "v5-4k", "--to", "onnx-int8", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v5-4k-int8.json", "v5-4k-int8.onnx"]


def test_a_model_becomes_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wasm, "check", lambda: None)
    monkeypatch.setattr(wasm, "compiled", lambda _: b"\0asm")
    minutes = hour.simulated
    monkeypatch.setattr(hour, "simulated", lambda lead: minutes(lead, 1))
    result = invoke("export", "i-4k", "--to", "web", "--out", tmp_path / "x")
    assert result.exit_code == 0, result.output
    assert f"{tmp_path / 'x' / 'index.html'}: " in result.stdout
    beside = ["index.html", "kalemia.svg", "kalemia.webmanifest", "kalemia.worker.js"]
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == beside


@pytest.mark.parametrize(
    ("model", "form", "said"),
    [
        ("v5-4k", "wasm", "no form 'wasm' to export to; the forms are c, web, onnx-int8"),
        ("12-4k", "c", "model 12-4k reads 8 leads; a device takes a model of one lead"),
        ("no-such", "c", "no model 'no-such'"),
    ],
)
def test_what_cannot_be_exported_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    model: str,
    form: str,
    said: str,
) -> None:
    result = Main(monkeypatch, capsys)("export", model, "--to", form, "--out", str(tmp_path))
    assert result.status == 2
    assert said in result.err
