"""`kalemia simulate` and `kalemia simulate validate`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from commands import invoke, lines

from kalemia.cli.simulate import _since_before


def test_simulate_writes_records_that_predict_reads(tiny_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    made = invoke("simulate", "--count", 3, "--seed", 5, "--level", "clean", "--out", out, "--workers", 1)
    assert made.exit_code == 0
    assert made.stdout == f"3 records of 3 patients and labels.csv in {out}\n"
    assert (out / "labels.csv").read_text().count("\n") == 4
    found = lines(invoke("predict", out, "--model", tiny_path, "--json").stdout)
    assert [Path(line["source"]).stem for line in found] == ["p000000", "p000001", "p000002"]


@dataclass
class Writer:
    """Stands in the place of `kalemia.simulate.write`, and says what it was asked for."""

    records: int = 1
    asked: list[Any] = field(default_factory=list)

    def __call__(
        self,
        out: Path,
        count: int,
        seed: int,
        level: str,
        workers: int,
        progress: Callable[[int], None],
        base: Path | None,
        form: str,
    ) -> int:
        self.asked.append((out, count, seed, level, workers, base, form))
        progress(count)
        return self.records


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    made = Writer()
    monkeypatch.setattr(sys.modules["kalemia.simulate"], "write", made)  # the package, not its function
    return made


@pytest.mark.parametrize(
    ("options", "labels"),
    [((), "labels.csv"), (("--format", "parquet"), "labels.parquet")],
)
def test_what_was_written_is_said(writer: Writer, tmp_path: Path, options: tuple[str, ...], labels: str) -> None:
    result = invoke("simulate", "--count", 1, "--out", tmp_path / "new", "--workers", 2, *options)
    assert result.stdout == f"1 record of 1 patients and {labels} in {tmp_path / 'new'}\n"
    form = options[1] if options else "wfdb"
    assert writer.asked == [(tmp_path / "new", 1, 0, "clinic", 2, None, form)]


def test_every_option_reaches_the_simulator(writer: Writer, tmp_path: Path) -> None:
    writer.records = 24_000
    result = invoke("simulate", "--count", 2000, "--seed", 7, "--level", "dialysis", "--out", tmp_path, "--workers", 1)
    assert result.stdout == f"24,000 records of 2,000 patients and labels.csv in {tmp_path}\n"
    assert writer.asked == [(tmp_path, 2000, 7, "dialysis", 1, None, "wfdb")]


@dataclass(frozen=True)
class Bases:
    usable: list[Path]
    skipped: list[tuple[Path, str]]


@pytest.mark.parametrize(
    ("skipped", "note"),
    [
        ([], "2 real recordings to be changed, 0 skipped"),
        ([(Path("x/a.hea"), "paced.")], "2 real recordings to be changed, 1 skipped (a.hea: paced)"),
        (
            [(Path(f"x/{name}.hea"), "no lead I") for name in "abcde"],
            "2 real recordings to be changed, 5 skipped (a.hea: no lead I; b.hea: no lead I; c.hea: no lead I; 2 more)",
        ),
    ],
)
def test_real_recordings_that_cannot_be_changed_are_named(
    writer: Writer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, skipped: list[tuple[Path, str]], note: str
) -> None:
    monkeypatch.setattr(sys.modules["kalemia.simulate"], "read_bases", lambda _: Bases([Path("1"), Path("2")], skipped))
    result = invoke("simulate", "--count", 1, "--out", tmp_path / "new", "--base", tmp_path)
    assert result.stderr == note + "\n"
    assert writer.asked[0][5] == tmp_path


@pytest.mark.parametrize(
    ("options", "missing"), [((), "--count"), (("--count", 3), "--out"), (("--out", "x"), "--count")]
)
def test_what_is_missing_is_named(writer: Writer, options: tuple[object, ...], missing: str) -> None:
    result = invoke("simulate", *options)
    assert result.exit_code == 2
    assert f"Missing option '{missing}'." in result.stderr
    assert writer.asked == []


def test_the_bar_grows_by_what_is_done_since_it_was_last_told() -> None:
    steps: list[int] = []
    progress = _since_before(steps.append)
    for done in (16, 32, 40, 40):
        progress(done)
    assert steps == [16, 16, 8, 0]
