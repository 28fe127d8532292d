"""`kalemia predict --report` and `kalemia demo`: a page an input, an index, and where they cannot be written."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import invoke

from kalemia.errors import KalemiaError, ModelError


def test_a_report_is_a_page_an_input_and_an_index(
    tiny_path: Path, good: Path, flat: Path, damaged: Path, tmp_path: Path
) -> None:
    out = tmp_path / "reports"
    result = invoke("predict", good, flat, damaged, "--model", tiny_path, "--report", out)
    assert result.exit_code == 1
    assert {page.name for page in out.iterdir()} == {
        "index.html", "estimates.csv", "p000001.html", "flat.html", "ecg.html"
    }  # fmt: skip
    assert f"report: {out / 'index.html'}" in result.stderr
    links = re.findall(r'href="([^"]+\.html)"', (out / "index.html").read_text())
    assert sorted(links) == ["ecg.html", "flat.html", "p000001.html"]
    for page in out.glob("*.html"):
        html = page.read_text()
        assert "Not a medical device" in html
        assert not re.search(r"(src|href)=.(https?:)?//", html)
        assert ("What moved the estimate" in html) == (page.name == "p000001.html")


def test_an_estimate_that_cannot_be_explained_is_reported_all_the_same(
    tiny_path: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ModelError("no")

    monkeypatch.setattr("kalemia.estimate.explain.explain", refuse)
    result = invoke("predict", good, "--model", tiny_path, "--report", tmp_path / "one")
    assert result.exit_code == 0
    html = (tmp_path / "one" / "p000001.html").read_text()
    assert "Estimated" in html
    assert "What moved" not in html


def test_a_report_of_one_input_is_one_page(tiny_path: Path, good: Path, tmp_path: Path) -> None:
    result = invoke("predict", good, "--model", tiny_path, "--report", tmp_path / "one")
    assert result.exit_code == 0
    assert result.stderr == f"report: {tmp_path / 'one' / 'p000001.html'}\n"
    assert [page.name for page in (tmp_path / "one").iterdir()] == ["p000001.html"]


def test_two_inputs_of_one_name_get_two_pages(tiny_path: Path, patients: Path, tmp_path: Path) -> None:
    for ward in ("a", "b"):
        (tmp_path / ward).mkdir()
        for suffix in (".hea", ".dat"):
            shutil.copy(patients / "0000" / f"p000001{suffix}", tmp_path / ward)
    invoke("predict", tmp_path / "a", tmp_path / "b", "--model", tiny_path, "--report", tmp_path / "out")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "index.html", "estimates.csv", "p000001.html", "p000001-2.html"
    }  # fmt: skip


def full(written: Callable[[Path], bool]) -> Callable[[Path, bytes], int]:
    """Return what writes a part of a page only where its folder has room for it."""
    write = Path.write_bytes

    def limited(path: Path, content: bytes) -> int:
        if not written(path):
            raise OSError(28, "No space left on device")
        return write(path, content)

    return limited


def test_a_page_that_cannot_be_written_does_not_cost_the_estimate(
    tiny_path: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "write_bytes", full(lambda path: False))
    result = invoke("predict", good, "--model", tiny_path, "--report", tmp_path / "out")
    assert result.exit_code == 1
    assert "mEq/L" in result.stdout
    assert result.stderr == f"kalemia: 1 of 1 pages could not be written into {tmp_path / 'out'}\n"


def test_an_index_that_cannot_be_written_is_said_beside_the_pages(
    tiny_path: Path, good: Path, flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = [True, True, False]
    monkeypatch.setattr(Path, "write_bytes", full(lambda _: room.pop(0)))
    result = invoke("predict", good, flat, "--model", tiny_path, "--report", tmp_path / "out")
    assert result.exit_code == 1
    assert {page.name for page in (tmp_path / "out").iterdir()} == {"p000001.html", "flat.html"}
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"kalemia: cannot write the report into {tmp_path / 'out'}: No space left on device")


def test_an_index_lists_what_has_no_page_without_a_link(
    tiny_path: Path, good: Path, flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = [False, True, True, True]
    monkeypatch.setattr(Path, "write_bytes", full(lambda _: room.pop(0)))
    result = invoke("predict", good, flat, "--model", tiny_path, "--report", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"kalemia: 1 of 2 pages could not be written into {tmp_path / 'out'}",
        f"report: {tmp_path / 'out' / 'index.html'}",
    ]
    html = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'href="([^"#]+)"', html) == ["estimates.csv", "flat.html"]
    assert "p000001.hea" in html


@pytest.mark.parametrize(
    "arguments", [("predict", "{good}", "--model", "{tiny}", "--report", ""), ("demo", "--out", "")]
)
def test_a_report_needs_the_name_of_a_folder(tiny_path: Path, good: Path, arguments: tuple[str, ...]) -> None:
    result = invoke(*(argument.format(good=good, tiny=tiny_path) for argument in arguments))
    assert isinstance(result.exception, KalemiaError)
    assert str(result.exception) == "the name of the folder to write into is empty; give one"
    assert result.stdout == ""


def test_the_demo_estimates_and_writes_a_report(tmp_path: Path) -> None:
    result = invoke("demo", "--out", tmp_path / "demo")
    assert result.exit_code == 0
    assert result.stdout.startswith("A page with a simulated patient's ECG, made with a potassium of 6.5 mEq/L.\n\n")
    assert "HIGH: above 5.5" in result.stdout
    assert result.stdout.endswith(f"\nreport: {tmp_path / 'demo' / 'page.html'}\n")
    html = (tmp_path / "demo" / "page.html").read_text(encoding="utf-8")
    assert "What moved the estimate" in html
    assert 'src="data:image/webp;base64,' in html
