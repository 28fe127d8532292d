"""What `kalemia digitize` writes, and which exit status it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from drawn_pages import ecg, page
from PIL import Image
from typer.testing import CliRunner

import kalemia
from kalemia.cli import app


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "a page.png"
    Image.fromarray(page(ecg(), px=5)).save(path)
    return path


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["digitize", *map(str, arguments)])
    return result.exit_code, result.output


def test_wfdb_json_and_overlay(picture: Path, tmp_path: Path) -> None:
    code, output = run(picture, "--out", tmp_path)
    assert code == 0, output
    assert "3x4+1" in output
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a_page{s}" for s in (".dat", ".hea", ".json", ".png")]
    told = json.loads((tmp_path / "a_page.json").read_text(encoding="utf-8"))
    assert told["layout"] == "3x4+1"
    assert told["einthoven_residual"] < 0.05
    header = (tmp_path / "a_page.hea").read_text(encoding="ascii").splitlines()
    counts = np.fromfile(tmp_path / "a_page.dat", "<i2").reshape(-1, 12).T
    assert header[0].split() == ["a_page", "12", "500", str(counts.shape[1])]
    assert [row.split()[-1] for row in header[1:13]] == list(ecg())
    assert (counts[6, :2000] == -32768).all()
    assert counts[1].max() / 1000 == pytest.approx(ecg()["II"].max(), abs=0.15)
    # A digital ECG whose limb leads contradict each other is refused; a traced one is read all the same.
    counts[0] += np.where(np.arange(counts.shape[1]) % 300 < 30, 200, 0).astype("<i2")
    counts.T.tofile(tmp_path / "a_page.dat")
    (sentence,) = kalemia.read(tmp_path / "a_page.hea").warnings
    assert "digitized from a picture" in sentence
    overlay = np.asarray(Image.open(tmp_path / "a_page.png").convert("RGB"))
    assert (overlay[-40:] == 255).all()


def test_one_bad_file_stops_no_other(picture: Path, tmp_path: Path) -> None:
    code, output = run(tmp_path / "none.png", picture, picture, "--out", tmp_path / "out", "--format", "csv")
    assert code == 1
    assert "none.png: the file cannot be opened" in output
    assert {path.name for path in (tmp_path / "out").glob("*.csv")} == {"a_page.csv", "a_page_2.csv"}
    assert (tmp_path / "out" / "a_page.csv").read_text(encoding="ascii").startswith("time_s,I,II,III,aVR")


def test_wrong_options() -> None:
    assert run("a.png", "--out", "", "--layout", "7x7")[0] != 0
    assert run("a.png")[0] == 2


def test_a_folder_gives_its_pictures(picture: Path, tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "page.png").write_bytes(picture.read_bytes())
    (folder / "notes.txt").write_text("time_s,I\n0,0\n", encoding="ascii")
    code, output = run(folder, "--out", tmp_path / "out")
    assert code == 0, output
    assert "page.json" in {path.name for path in (tmp_path / "out").iterdir()}
