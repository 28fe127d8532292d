"""The public names, and what importing and predicting may load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import kalemia

HEAVY = ("torch", "pandas", "matplotlib", "scipy", "onnxruntime", "sleepecg", "pydicom", "sklearn", "typer", "rich")
NEVER = ("torch", "pandas", "matplotlib", "sklearn", "onnx", "wfdb", "PIL")


def loaded_by(code: str, *arguments: str) -> set[str]:
    """Return the packages that a fresh Python has loaded after some code."""
    tail = "\nimport sys\nprint()\nprint(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code + tail, *arguments], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_the_public_names() -> None:
    assert kalemia.__all__ == [
        "LEADS", "Beat", "Calibration", "Draw", "Estimate", "Estimates", "Hemolyzed", "KalemiaError", "Printed",
        "Recording", "calibrate", "cut", "digitize", "examine", "models", "predict", "predict_many",
        "read", "report", "simulate", "to_table",
    ]  # fmt: skip
    for name in kalemia.__all__:
        assert getattr(kalemia, name).__module__.startswith("kalemia.") if name != "LEADS" else kalemia.LEADS


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'kalemia' has no attribute 'diagnose'"):
        _ = kalemia.diagnose


def test_star_brings_the_public_names_and_no_other() -> None:
    names: dict[str, object] = {}
    exec("from kalemia import *", names)
    assert set(names) - {"__builtins__"} == set(kalemia.__all__)


@pytest.mark.parametrize(
    "first",
    [
        "",
        "import kalemia.estimate.predict",
        "import kalemia.read",
        "import kalemia.simulate.records",
        "import kalemia.cli",
        "import kalemia.report.folder",
    ],
)
def test_a_function_stays_a_function_when_its_room_is_imported(first: str) -> None:
    code = (
        f"import kalemia\n{first}\n"
        "assert all(callable(f) for f in (kalemia.read, kalemia.predict, kalemia.simulate, kalemia.report))"
    )
    loaded_by(code + "\nfrom kalemia.read import read\nassert kalemia.read is read")


def test_importing_costs_nothing() -> None:
    loaded = loaded_by("import kalemia")
    assert not loaded & set(HEAVY)
    assert "numpy" not in loaded


def test_the_types_need_numpy_alone() -> None:
    assert not loaded_by("from kalemia import Recording, Beat, Estimate, KalemiaError, LEADS") & set(HEAVY)


def test_help_loads_nothing_that_it_does_not_need() -> None:
    code = "import sys\nfrom kalemia.cli import app\ntry: app(['predict', '--help'])\nexcept SystemExit: pass"
    assert not loaded_by(code) & {*NEVER, "scipy", "onnxruntime", "sleepecg", "pydicom", "edfio", "ecgdatakit"}


def test_predicting_loads_no_torch_pandas_or_matplotlib(patients: Path, tiny_path: Path) -> None:
    code = (
        "import sys, kalemia\n"
        "found = kalemia.predict(sys.argv[1], sys.argv[2])\n"
        "assert found.status == 'estimated', found.reason"
    )
    loaded = loaded_by(code, str(patients / "0000" / "p000001.hea"), str(tiny_path))
    assert not loaded & set(NEVER)
    assert {"onnxruntime", "sleepecg", "scipy"} <= loaded


def test_a_report_loads_no_matplotlib(patients: Path, tiny_path: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom kalemia.cli import app\n"
        "try: app(['predict', sys.argv[1], '--model', sys.argv[2], '--report', sys.argv[3]])\n"
        "except SystemExit as exc: assert exc.code == 0, exc.code"
    )
    loaded = loaded_by(code, str(patients / "0000" / "p000001.hea"), str(tiny_path), str(tmp_path / "out"))
    assert not loaded & set(NEVER)
    assert (tmp_path / "out" / "p000001.html").is_file()


def test_the_version_is_that_of_the_installed_package() -> None:
    from importlib.metadata import version

    assert kalemia.__version__ == version("kalemia")
