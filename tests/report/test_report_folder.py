"""Pages in a folder: their names, that they are written whole or not at all, and the index of them."""

from __future__ import annotations

import base64
import hashlib
import os
import pickle
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from markup_tree import Node, parse, table_rows
from report_examples import EVERY, FAILED, HIGH, LOW, NORMAL, REFUSED, UNCERTAIN, result

from kalemia.errors import KalemiaError
from kalemia.estimate.many import Job
from kalemia.estimate.many import estimates as estimated
from kalemia.estimate.predict import Result
from kalemia.estimate.table import to_csv
from kalemia.records import NOTICE, Estimate
from kalemia.report import Pages, page, write_page
from kalemia.report.folder import page_name
from kalemia.report.index import Listed, index


def test_a_page_is_written_and_its_folder_made(tmp_path: Path) -> None:
    written = write_page(result(HIGH), tmp_path / "a" / "b")
    assert written == tmp_path / "a" / "b" / "ecg.html"
    assert written.read_text(encoding="utf-8") == page(result(HIGH))


def test_a_folder_may_be_named_by_text(tmp_path: Path) -> None:
    assert write_page(Result(HIGH), str(tmp_path)) == tmp_path / "ecg.html"


def test_the_same_input_replaces_its_page(tmp_path: Path) -> None:
    write_page(Result(HIGH), tmp_path)
    assert write_page(Result(REFUSED), tmp_path).name == "ecg.html"
    assert "Refused" in (tmp_path / "ecg.html").read_text(encoding="utf-8")


def test_a_name_may_be_given(tmp_path: Path) -> None:
    taken: set[str] = set()
    names = [page_name(source, taken) for source in ("a/ecg.dcm", "b/ECG.dat", "ecg", "ecg-2.csv")]
    assert names == ["ecg.html", "ECG-2.html", "ecg-3.html", "ecg-2-2.html"]
    assert write_page(Result(HIGH), tmp_path, name=names[1]).name == "ECG-2.html"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("<script>alert(1)</script>.dat", "script.html"),
        ("<script>alert(1).dat", "script-alert-1.html"),
        ("p/../..", "ecg.html"),
        ("C:\\x\\Müller 3.xml", "Müller-3.html"),
        ("心电图.dcm", "心电图.html"),
        ("u\u0308.dcm", "ü.html"),
        ("ecg.tar.gz", "ecg.tar.html"),
        ("a.b c.dat", "a.b-c.html"),
        (".hidden", "hidden.html"),
        ("-._x_.-", "x.html"),
        ("index.dat", "index-2.html"),
        ("NUL.dat", "NUL-2.html"),
        ("com9", "com9-2.html"),
        ("lpt0.csv", "lpt0-2.html"),
        ("com10", "com10.html"),
        ("a\x00\n\udcffb.dat", "a-b.html"),
        ("", "recording.html"),
    ],
)
def test_names_are_made_harmless(source: str, name: str) -> None:
    assert page_name(source, set()) == name


def test_long_names_fit_into_a_file_system(tmp_path: Path) -> None:
    written = write_page(Result(replace(HIGH, source="😀é" * 300 + "電" * 400 + ".dat")), tmp_path)
    assert len(os.fsencode(written.name)) < 200
    assert page_name("a" * 60, set()) == "a" * 48 + ".html"


def refuse(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("step", ["replace", "write"])
def test_a_failed_write_leaves_nothing_half_written(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_page(Result(HIGH), tmp_path)
    before = (tmp_path / "ecg.html").read_bytes()
    if step == "replace":
        monkeypatch.setattr(Path, "replace", refuse)
    else:
        monkeypatch.setattr(Path, "write_bytes", half_written(Path.write_bytes))
    with pytest.raises(KalemiaError, match="No space left on device"):
        write_page(Result(REFUSED), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ecg.html"]
    assert (tmp_path / "ecg.html").read_bytes() == before


def half_written(write: Callable[..., int]) -> Callable[..., int]:
    def half(path: Path, content: bytes) -> int:
        write(path, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    return half


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(KalemiaError, match=r"^cannot write the report into .*; name a folder") as caught:
            write_page(Result(HIGH), folder)
        assert "\n" not in str(caught.value)
        assert str(folder) in str(caught.value)


def estimates(*sources: str) -> list[Estimate]:
    return [replace(NORMAL, source=source) for source in sources]


def test_every_source_has_a_page_of_its_own_and_the_index_links_them(tmp_path: Path) -> None:
    sources = ["a/ecg.dcm", "b/ecg.dcm", "a/ecg.dcm", "c.dcm"]
    pages = Pages.of(sources, tmp_path / "reports")
    for estimate in estimates(*sources):
        pages(estimate.source, result(estimate))
    assert {path.name for path in (tmp_path / "reports").iterdir()} == {"ecg.html", "ecg-2.html", "c.html"}
    assert [pages.page(estimate) for estimate in estimates(*sources)] == [
        tmp_path / "reports" / name for name in ("ecg.html", "ecg-2.html", "ecg.html", "c.html")
    ]
    written = pages.write_index(estimates(*sources))
    assert written == tmp_path / "reports" / "index.html"
    links = [link["href"] for link in parse(written.read_text(encoding="utf-8")).one("tbody").all("a")]
    assert links == ["ecg.html", "ecg.html", "ecg-2.html", "c.html"]


def test_beside_the_index_lies_its_table(tmp_path: Path) -> None:
    written = Pages.of(["a.dcm", "b.dcm"], tmp_path).write_index(estimates("a.dcm", "b.dcm"))
    assert (tmp_path / "estimates.csv").read_text("utf-8") == to_csv(estimates("a.dcm", "b.dcm"))
    links = [link["href"] for link in parse(written.read_text("utf-8")).all("a")]
    assert "estimates.csv" in links


def test_the_index_shows_the_beat_that_each_page_shows(tmp_path: Path) -> None:
    pages, (one, other) = Pages.of(["a.dcm", "b.dcm"], tmp_path), estimates("a.dcm", "b.dcm")
    pages("a.dcm", result(one))
    pages("b.dcm", Result(other))
    first, second = parse(pages.write_index([one, other]).read_text("utf-8")).one("tbody").all("tr")
    on_page = parse((tmp_path / "a.html").read_text("utf-8")).one("header").one("svg", "thumb")
    assert first.one("svg", "thumb").one("path")["d"] == on_page.one("path")["d"]
    assert on_page["aria-label"] == "Median beat of lead V5"
    assert second.all("svg") == []


def test_a_page_that_cannot_be_written_costs_nothing_but_its_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Pages.of(["a.dcm", "b.dcm"], str(tmp_path))
    first, second = estimates("a.dcm", "b.dcm")
    pages("a.dcm", result(first))
    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", refuse)
        pages("b.dcm", result(second))
    assert pages.page(second) is None
    listed = parse(pages.write_index([first, second]).read_text(encoding="utf-8"))
    assert [link.text for link in listed.one("tbody").all("a")] == ["a.dcm"]
    assert [row[1] for row in table_rows(listed)] == ["a.dcm", "b.dcm"]


def test_a_page_of_an_earlier_run_does_not_pass_for_one_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages, (estimate,) = Pages.of([Path("a.dcm")], tmp_path), estimates("a.dcm")
    pages("a.dcm", result(estimate))
    assert pages.page(estimate) == tmp_path / "a.html"
    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", refuse)
        pages("a.dcm", result(estimate))
    assert pages.page(estimate) is None


def test_nor_for_one_that_an_error_of_ours_kept_from_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages, (estimate,) = Pages.of(["a.dcm"], tmp_path), estimates("a.dcm")
    pages("a.dcm", result(estimate))
    monkeypatch.setattr(sys.modules["kalemia.report.folder"], "page", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pages("a.dcm", result(estimate))
    assert pages.page(estimate) is None


@pytest.mark.parametrize("name", ["../a.html", "/a.html", "b/a.html", ".."])
def test_a_page_is_written_nowhere_but_into_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(KalemiaError, match="is no name of a file in"):
        write_page(result(*estimates("a.dcm")), tmp_path / "out", name=name)
    assert not list(tmp_path.iterdir())


def test_a_name_with_a_zero_byte_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(KalemiaError, match="cannot write the report into"):
        write_page(result(*estimates("a.dcm")), tmp_path, name="a\0.html")


def test_an_index_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(KalemiaError, match=r"^cannot write the report into .*file: .*; name a folder"):
        Pages.of(["a.dcm"], tmp_path / "file").write_index(estimates("a.dcm"))


def test_pages_go_with_a_job_to_the_process_that_makes_the_estimate(
    tmp_path: Path, tiny_path: Path, patients: Path
) -> None:
    sources = [str(patients / "0000" / f"p00000{k}.hea") for k in (1, 2)]
    job = pickle.loads(pickle.dumps(Job(tiny_path, each=Pages.of(sources, tmp_path))))
    made = list(estimated(sources, job))
    assert [estimate.status for estimate in made] == ["estimated", "estimated"]
    assert {path.name for path in tmp_path.iterdir()} == {"p000001.html", "p000002.html"}
    assert "What moved the estimate" in (tmp_path / "p000001.html").read_text(encoding="utf-8")


def listed(*rows: Listed) -> Node:
    return parse(index(rows))


def test_the_index_puts_high_first_and_reasons_last() -> None:
    higher = replace(HIGH, potassium_meq_l=7.1, source="higher.dcm")
    rows = [Listed(replace(e, source=f"x/{n}.dcm")) for n, e in EVERY.items() if e not in (HIGH,)]
    root = listed(*rows, Listed(HIGH), Listed(higher))
    table = table_rows(root.one("table", "index"))
    assert [row[1] for row in table] == [
        "higher.dcm", "ecg.dcm", "low.dcm", "uncertain.dcm", "normal.dcm", "failed.dcm", "refused.dcm"
    ]  # fmt: skip
    warned = "2 warningsQRS 142 ms: a wide complex.The mains filter was on."
    assert table[1] == ["", "ecg.dcm", "74", "5.9", "5.1 to 6.8", "6.1 %", "71 %", "▲ High", warned]
    assert table[2][:8] == ["", "low.dcm", "74", "2.9", "2.3 to 3.6", "6.1 %", "< 1 %", "▼ Low"]
    assert table[-1] == ["", "refused.dcm", "", "", "", "", "", "Refused", "Lead V5 is flat"]
    assert (
        root.one("p", "facts").text == "Of 7: 5 estimated (2 high, 1 low, 1 normal, 1 uncertain), 1 refused, 1 failed."
    )
    assert root.all("p", "validated")[0].text == (
        "Population: kidney (outpatients with chronic kidney disease). Model: v5-4k 1.0.0, trained on simulated ECGs."
    )
    assert root.one("footer").text.endswith("from ECGs and their population.")
    assert root.one("p", "notice").one("strong").text == NOTICE
    assert [head.text for head in root.one("thead").all("th")] == [
        "Beat", "Source", "Rate, /min", "mEq/L", "Interval", "above 5.5 before", "after", "Level", "Notes"
    ]  # fmt: skip
    assert not re.search(r"https?://| src=|exclude|\bsafe|laborator", index([*rows, Listed(HIGH)]))


def test_when_an_ecg_was_recorded_has_a_column_where_any_says_so() -> None:
    root = listed(Listed(replace(HIGH, recorded=datetime(2026, 3, 2, 8, 15))), Listed(LOW))
    assert [head.text for head in root.one("thead").all("th")][2] == "Recorded"
    assert [row[2] for row in table_rows(root.one("table", "index"))] == ["2026-03-02 08:15", ""]


def test_the_lines_of_a_level_can_be_shown_alone_without_a_script() -> None:
    root = listed(Listed(HIGH), Listed(LOW), Listed(replace(LOW, source="b")), Listed(FAILED))
    assert [label.text for label in root.all("label")] == ["All 4", "▲ High 1", "▼ Low 2", "No estimate 1"]
    inputs = root.all("input")
    assert [label["for"] for label in root.all("label")] == [each["id"] for each in inputs]
    assert [each.attributes.get("checked") for each in inputs] == ["checked", None, None, None]
    css = str(root.one("style").children[0])
    for each in inputs[1:]:
        hidden = each["id"].replace("show", "level")
        assert f"#{each['id']}:checked ~ .index tbody tr:not(.{hidden})" in css
    assert listed(Listed(HIGH)).all("input") == []


def test_long_notes_are_folded_and_their_whole_is_there() -> None:
    long = "lead V5 is flat, and " + "so is each of the others " * 5 + "today"
    (row,) = listed(Listed(replace(REFUSED, reason=long))).one("tbody").all("tr")
    folded = row.one("details")
    assert folded.one("summary").text.endswith(" …")
    assert len(folded.one("summary").text) < 80
    assert folded.one("p").text == f"L{long[1:]}"


def test_long_names_break_after_what_joins_their_words_and_short_ones_never() -> None:
    names = ["a_long_name-of-an-ecg.2026_03_02.dcm", "p000012.hea"]
    first, second = (listed(Listed(replace(HIGH, source=name))).one("tbody") for name in names)
    assert len(first.one("th").all("wbr")) == 9
    assert first.one("th").text == names[0]
    assert second.one("th").all("wbr") == []


def test_the_policy_of_the_index_admits_its_script_alone() -> None:
    root = listed(Listed(HIGH))
    (code,) = root.one("script").children
    digest = base64.b64encode(hashlib.sha256(str(code).encode()).digest()).decode()
    (policy,) = [meta["content"] for meta in root.all("meta") if "http-equiv" in meta.attributes]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert policy.endswith(f"; script-src 'sha256-{digest}'")
    assert not re.search(r"fetch|eval|innerHTML|import|http", str(code))


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium here")
def test_a_browser_runs_the_script_under_its_policy_and_sorts(tmp_path: Path) -> None:
    path = tmp_path / "index.html"
    path.write_text(index([Listed(replace(HIGH, source=name)) for name in "cab"]), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", path.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    assert shown.count("<button>") == 8  # a head each, but for the pictures


def test_an_index_of_a_thousand_is_made_at_once_and_is_small() -> None:
    rows = [Listed(replace(HIGH, source=f"ward/{k}.dcm"), Path(f"{k}.html")) for k in range(1000)]
    start = time.process_time()
    html = index(rows)
    assert time.process_time() - start < 3  # it takes 0.1 s
    assert len(html) < 2_000_000


def test_low_estimates_come_the_lowest_first_and_others_the_highest_first() -> None:
    low = [Listed(replace(LOW, potassium_meq_l=k, source=f"{k}")) for k in (3.1, 2.4, 2.9)]
    unsure = [Listed(replace(UNCERTAIN, potassium_meq_l=k, source=f"{k}")) for k in (4.1, 5.1, 4.6)]
    table = table_rows(listed(*unsure, *low))
    assert [row[1] for row in table] == ["2.4", "2.9", "3.1", "5.1", "4.6", "4.1"]


def test_equal_estimates_come_by_their_names() -> None:
    rows = [Listed(replace(NORMAL, source=source)) for source in ("c", "a", "b")]
    assert [row[1] for row in table_rows(listed(*rows))] == ["a", "b", "c"]


def test_a_row_has_the_color_of_its_level() -> None:
    rows = listed(Listed(HIGH), Listed(LOW), Listed(REFUSED)).one("tbody").all("tr")
    assert [row["class"] for row in rows] == ["level-high", "level-low", "level-none"]


def test_the_index_links_its_pages_and_escapes_their_names(tmp_path: Path) -> None:
    shown = replace(HIGH, source="<script>alert(1)</script> ä%.dat")
    written = write_page(Result(shown), tmp_path, name="a b%ä.html")
    html = index([Listed(shown, written), Listed(LOW)])
    assert [link["href"] for link in parse(html).one("tbody").all("a")] == ["a%20b%25%C3%A4.html"]
    assert html.count("<script") == 1  # our own


def test_names_that_occur_twice_are_told_apart_by_their_folder() -> None:
    rows = [Listed(e) for e in estimates("p/a/ecg.dcm", "p\\b\\ecg.dcm", "p/c/other.dcm")]
    assert [row[1] for row in table_rows(listed(*rows))] == ["a/ecg.dcm", "b/ecg.dcm", "other.dcm"]


def test_models_are_named_once_each() -> None:
    assert HIGH.model is not None
    other = replace(LOW, model=replace(HIGH.model, name="i-4k"))
    assert (
        listed(Listed(HIGH), Listed(other), Listed(NORMAL))
        .all("p", "validated")[0]
        .text.endswith(" Model: i-4k 1.0.0, trained on simulated ECGs; v5-4k 1.0.0, trained on simulated ECGs.")
    )


def test_an_index_of_nothing_and_of_failures_is_written() -> None:
    assert listed().one("p", "facts").text == "Of 0: 0 estimated, 0 refused, 0 failed."
    nameless = [Listed(replace(FAILED, model=None)), Listed(replace(FAILED, model=None, source="other"))]
    root = listed(*nameless)
    assert len(table_rows(root)) == 2
    assert [note.text for note in root.all("p", "validated")] == ["The same as a table: estimates.csv"]


def test_an_index_is_a_document_like_a_page() -> None:
    root = listed(Listed(HIGH))
    assert root.one("title").text == "Estimates – Kalemia"
    assert root.one("h1").text == "Potassium estimated from ECGs"
    assert root.one("p", "brand").text == "Kalemia"
    assert "class" not in root.one("body").attributes
