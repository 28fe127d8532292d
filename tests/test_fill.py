"""What puts the output of benchmarks into the docs keeps every cell, and leaves the rest of a page alone."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import fill
from common import table, targets

PRINTED = (
    "Caption:\n\n" + table(["who", "|r|"], [["`12-4k`", r"0.1 \| 0.2"], ["**all**", ""]], "long") + "\n\nThe rest.\n"
)


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, folder in {"DOCS": tmp_path / "docs", "MEASURED": tmp_path / "docs" / "measured"}.items():
        monkeypatch.setattr(fill, name, folder)
    (tmp_path / "docs").mkdir()
    (tmp_path / "MODEL_CARD.md").write_text("# Card\n\n<!-- card -->\nold\n<!-- /card -->\n", encoding="utf-8")
    (tmp_path / "docs" / "page.md").write_text("Above.\n<!-- part -->\nold\n<!-- /part -->\nBelow.\n", encoding="utf-8")
    return tmp_path


def test_a_table_that_names_a_file_becomes_csv_without_its_marks(docs: Path) -> None:
    escaped = PRINTED.replace("|r|", r"\|r\|")
    rest = fill.keep(escaped, docs / "measured")
    with (docs / "measured" / "long.csv").open(encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["who", "|r|"], ["12-4k", "0.1 | 0.2"], ["all", ""]]
    assert rest == "Caption:\n\n[long.csv](measured/long.csv)\n\nThe rest.\n"


def test_a_table_without_a_file_stays(docs: Path) -> None:
    short = table(["a", "b"], [[1, 2]])
    assert fill.keep(short, docs / "measured") == short == "| a | b |\n|---|---|\n| 1 | 2 |"


@pytest.mark.parametrize(("name", "page"), [("part", "docs/page.md"), ("card", "MODEL_CARD.md")])
def test_the_page_with_the_marks_is_filled_between_them(docs: Path, name: str, page: str) -> None:
    fill.main(name, "new\n")
    text = (docs / page).read_text(encoding="utf-8")
    assert f"<!-- {name} -->\n\nnew\n\n<!-- /{name} -->" in text
    assert "old" not in text
    assert text.startswith(("# Card", "Above."))


def test_files_need_no_page(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill.main("nowhere", table(["a"], [[1]], "only"))
    assert (docs / "docs" / "measured" / "only.csv").read_text(encoding="utf-8") == "a\n1\n"
    assert capsys.readouterr().out.strip().endswith("only.csv")


def test_what_goes_nowhere_is_said(docs: Path) -> None:
    with pytest.raises(SystemExit, match="no page has the marks"):
        fill.main("nowhere", "text\n")


def test_a_target_names_who_reached_it_and_who_missed_it() -> None:
    shown = targets({"few": {"a": True, "b": False, "c": True}, "none": {"a": False}})
    assert shown.splitlines()[2:] == ["| few | `a`, `c` | `b` |", "| none |  | `a` |"]
