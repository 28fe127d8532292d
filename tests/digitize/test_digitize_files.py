"""What `kalemia digitize` writes, and which exit status it ends with."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_pages import ecg, page, read
from PIL import Image
from typer.testing import CliRunner

import kalemia
from kalemia.cli import app
from kalemia.digitize import Digitized
from kalemia.read import Input, inputs


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "a page.png"
    Image.fromarray(page(ecg())).save(path)
    return path


@pytest.fixture
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read a picture once, whatever files have its pixels."""
    digitize = sys.modules["kalemia.digitize"]
    pages = digitize.pages

    def known(source: Input, *, layout: str, dpi: float | None, **_: float | None) -> list[Digitized]:
        if not Path(str(source)).exists():
            return list(pages(source, layout=layout, dpi=dpi))
        with Image.open(str(source)) as file:
            page = read(np.asarray(file.convert("RGB")), layout=layout, dpi=dpi)
        return [replace(page, recording=replace(page.recording, source=str(source)))]

    monkeypatch.setattr(digitize, "pages", known)


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["digitize", *map(str, arguments)])
    return result.exit_code, result.output


def test_wfdb_json_and_overlay(picture: Path, tmp_path: Path) -> None:
    code, output = run(picture, "--out", tmp_path)
    assert code == 0, output
    assert "3x4+1" in output
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a_page{s}" for s in (".dat", ".hea", ".json", ".png")]
    written = json.loads((tmp_path / "a_page.json").read_text(encoding="utf-8"))
    assert written["layout"] == "3x4+1"
    assert written["einthoven_residual"] < 0.05
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


@pytest.mark.usefixtures("read_once")
def test_one_bad_file_stops_no_other(picture: Path, tmp_path: Path) -> None:
    code, output = run(tmp_path / "none.png", picture, picture, "--out", tmp_path / "out", "--format", "csv")
    assert code == 1
    assert "none.png: the file cannot be opened" in output
    assert {path.name for path in (tmp_path / "out").glob("*.csv")} == {"a_page.csv", "a_page_2.csv"}
    assert (
        (tmp_path / "out" / "a_page.csv")
        .read_text(encoding="ascii")
        .startswith("# digitized from a picture\n# units: mV\ntime_s,I,II,III,aVR")
    )


def test_wrong_options() -> None:
    assert run("a.png", "--out", "", "--layout", "7x7")[0] != 0
    assert run("a.png")[0] == 2


@pytest.mark.usefixtures("read_once")
def test_a_folder_gives_its_pictures(picture: Path, tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "page.png").write_bytes(picture.read_bytes())
    (folder / "notes.txt").write_text("time_s,I\n0,0\n", encoding="ascii")
    code, output = run(folder, "--out", tmp_path / "out")
    assert code == 0, output
    assert "page.json" in {path.name for path in (tmp_path / "out").iterdir()}


@pytest.mark.usefixtures("read_once")
def test_a_page_is_never_overwritten_by_its_overlay(picture: Path, tmp_path: Path) -> None:
    source = tmp_path / "scan.png"
    source.write_bytes(picture.read_bytes())
    code, output = run(source, "--out", tmp_path)
    assert code == 3
    assert "its own overlay would take its place" in output
    assert [path.name for path in tmp_path.iterdir()] == ["scan.png"]
    assert source.read_bytes() == picture.read_bytes()


def test_a_picture_beside_a_record_is_read_and_an_overlay_is_not(picture: Path, tmp_path: Path) -> None:
    scan = tmp_path / "scan.png"
    scan.write_bytes(picture.read_bytes())
    (tmp_path / "scan.hea").write_text("scan 1 500 0\nscan.dat 16 200 16 0 0 0 0 I\n", encoding="ascii")
    assert Input(str(scan)) in inputs([str(tmp_path)])
    (tmp_path / "scan.json").write_text("{}", encoding="ascii")
    assert Input(str(scan)) not in inputs([str(tmp_path)])
