"""How a cohort is built and kept: the card, the folder that a run claims, shards, files, and the diagram of steps."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("polars")
pytest.importorskip("duckdb")

import polars as pl

from ecgs import recording
from kalemia.cohort import Cohort, build, flow, shards, simulated, summary
from kalemia.cohort.card import Card, Origin
from kalemia.cohort.claim import LOCK, PLAN, claim, fingerprint
from kalemia.cohort.cohort import TABLE, schema
from kalemia.cohort.files import UNREAD, Files
from kalemia.cohort.flow import Step
from kalemia.cohort.shards import Row, Shape, ShardWriter, framed
from kalemia.errors import CohortError
from kalemia.records import LEADS, Recording
from kalemia.simulate import simulate_one
from kalemia.simulate.formats import write_wfdb

STEPS = [
    Step("ECGs listed", 1204),
    Step("ECGs", 1200, 803, {"listed twice": 4, "without a time": 0}, ["a is listed twice"]),
    Step("ECGs with a draw", 1, 1, {"without a draw within 60 min": 1199}),
]
CARD = Card("1.0", Origin("ours.csv", 60.0), ("measured",), LEADS, 500.0, 5000, 1200, 803, tuple(STEPS))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Two dialysis patients, 24 ECGs."""
    out = tmp_path_factory.mktemp("built") / "c"
    simulated.write(out, 2, 3, "dialysis")
    return Cohort.open(out)


def test_a_card_reads_what_it_wrote() -> None:
    read = Card.from_json(CARD.to_json())
    assert read == replace(CARD, flow=read.flow)
    assert flow.text(read.flow) == flow.text(STEPS)


@pytest.mark.parametrize(
    ("origin", "names"),
    [
        (Origin("ours.csv", 60.0), {"source", "window_min"}),
        (Origin("simulated", level="kidney", seed=0), {"source", "level", "seed"}),
    ],
)
def test_an_origin_tells_what_applies(origin: Origin, names: set[str]) -> None:
    assert set(origin.to_dict()) == names
    held = json.loads(replace(CARD, origin=origin).to_json())
    assert names <= set(held)
    assert not ({"origin", "window_min", "level", "seed"} - names) & set(held)
    assert Card.from_json(json.dumps(held)).origin == origin


@pytest.mark.parametrize(
    "change",
    [
        {"leads": []},
        {"rate_hz": 0},
        {"samples": 0},
        {"samples": "many"},
        {"flow": [{"who": 1}]},
        {"flow": 3},
        {"ecgs": None},
    ],
)
def test_a_card_that_says_something_else_is_none(change: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        Card.from_json(json.dumps(json.loads(CARD.to_json()) | change))


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", '{"kalemia": 1}'])
def test_other_files_are_no_card(text: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        Card.from_json(text)


def test_steps_are_counted_in_words() -> None:
    assert [step.shown for step in STEPS] == [
        "1,204 ECGs listed",
        "1,200 ECGs of 803 patients",
        "1 ECGs with a draw of 1 patient",
    ]
    assert STEPS[1].lost == ["4 listed twice"]
    assert flow.text(STEPS).splitlines() == [
        "1,204 ECGs listed",
        "  left out: 4 listed twice",
        "1,200 ECGs of 803 patients",
        "  note: a is listed twice",
        "  left out: 1,199 without a draw within 60 min",
        "1 ECGs with a draw of 1 patient",
    ]


def test_the_diagram_has_a_box_a_step_and_one_beside_each_loss() -> None:
    root = ElementTree.fromstring(flow.svg(STEPS))
    at = "{http://www.w3.org/2000/svg}"
    boxes = root.findall(f".//{at}rect")
    assert len(boxes) == 5
    texts = [text.text for text in root.iter(f"{at}text")]
    assert texts.count("left out:") == 2
    assert "1,199 without a draw within 60 min" in texts
    assert "without a time" not in " ".join(filter(None, texts))
    height = float(root.attrib["viewBox"].split()[3])
    for box in boxes:
        assert float(box.attrib["y"]) + float(box.attrib["height"]) < height
    middle = [
        box for box in boxes if box.attrib["width"] == str(float(flow.BOX)) or box.attrib["width"] == str(flow.BOX)
    ]
    tops = [float(box.attrib["y"]) for box in middle]
    assert tops == sorted(tops)
    assert len(set(tops)) == 3


def test_a_diagram_without_steps_is_one() -> None:
    ElementTree.fromstring(flow.svg([]))
    assert flow.text([]) == ""


def test_a_folder_is_claimed_made_and_gone_on_with(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "c"
    with claim(out, {"a": 1}) as partial:
        assert partial == tmp_path / "deep" / "c.partial"
        (partial / "signals-0000.npy").write_bytes(b"begun")
    with claim(out, {"a": 1}) as again:
        assert (again / "signals-0000.npy").read_bytes() == b"begun"
    assert json.loads((partial / PLAN).read_text())["a"] == 1
    with (
        pytest.raises(CohortError, match="holds something else, or was begun before a file changed"),
        claim(out, {"a": 2}),
    ):
        pass


def test_what_was_read_before_signals_follows_a_new_plan(tmp_path: Path) -> None:
    with claim(tmp_path / "c", {"a": 1}) as partial:
        (partial / "pairs.parquet").write_bytes(b"old")
    with claim(tmp_path / "c", {"a": 2}) as partial:
        assert {path.name for path in partial.iterdir()} == {PLAN, LOCK}


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_there_is_never_overwritten(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "c"
    if kind == "file":
        out.write_text("")
    elif kind == "folder":
        out.mkdir()
    else:
        out.symlink_to("nowhere")
    with pytest.raises(CohortError, match="already exists"), claim(out, {}):
        pass
    assert not (tmp_path / "c.partial").exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CohortError, match="cannot be written"), claim(tmp_path / "file" / "c", {}):
        pass


def test_one_run_at_a_time_holds_a_folder_and_lets_it_go(tmp_path: Path) -> None:
    refused: list[str] = []

    def other() -> None:
        try:
            with claim(tmp_path / "c", {}):
                pass
        except CohortError as exc:
            refused.append(str(exc))

    with claim(tmp_path / "c", {}):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(30)
    assert len(refused) == 1
    assert refused[0].endswith("c.partial: another run is building there; wait for it, or give another folder")
    with claim(tmp_path / "c", {}):
        pass


def test_a_changed_file_has_another_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a")
    before = fingerprint(path)
    assert fingerprint(path) == before
    path.write_text("ab")
    assert fingerprint(path) != before
    assert json.loads(json.dumps(before)) == before


@dataclass(frozen=True)
class Few:
    """A source of three ECGs: one of other leads, one that cannot be read."""

    def __len__(self) -> int:
        return 3

    def records(self, numbers: range) -> Iterator[tuple[Row, Recording] | str]:
        for number in numbers:
            row: Row = {
                "ecg": f"e{number}",
                "patient": "p",
                "potassium_meq_l": 4.0,
                "hemolyzed": False,
                "labels": "measured",
            }
            if number == 0:
                yield row, recording(("V5", "II"))
            elif number == 1:
                yield row, replace(recording(("V5",)), leads=("V3R",))
            else:
                yield "too short"


def test_a_shard_holds_what_fits_and_counts_the_rest(tmp_path: Path) -> None:
    write = ShardWriter(tmp_path, Few(), Shape(("II", "V5", "V6"), 5000))
    assert write(range(3)) == {"without any of the leads": 1, "too short": 1}
    held = np.load(tmp_path / "signals-0000.npy")
    assert held.shape == (1, 3, 5000)
    np.testing.assert_allclose(held[0, 1], 1000 * recording(("V5", "II")).lead("V5"), atol=0.51)
    assert (held[0, 2] == -32768).all()
    rows = pl.read_parquet(tmp_path / "rows-0000.parquet")
    assert rows.schema == pl.Schema(schema())
    assert rows.select("ecg", "shard", "row").rows() == [("e0", "signals-0000.npy", 0)]


def test_a_shard_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    write = ShardWriter(tmp_path, Few(), Shape(("V5",), 5000))
    lost = write(range(3))
    before = (tmp_path / "signals-0000.npy").stat().st_mtime_ns
    assert write(range(3)) == lost
    assert (tmp_path / "signals-0000.npy").stat().st_mtime_ns == before
    assert write(range(2)) != lost  # another number of ECGs


@pytest.mark.parametrize("text", ["", "[]", '{"too short": "many"}', '{"too short": 3}', "{}"])
def test_a_shard_whose_list_of_losses_is_damaged_is_made_again(tmp_path: Path, text: str) -> None:
    write = ShardWriter(tmp_path, Few(), Shape(("V5",), 5000))
    lost = write(range(3))
    (tmp_path / "done-0000.json").write_text(text)
    assert write(range(3)) == lost
    assert json.loads((tmp_path / "done-0000.json").read_text()) == lost


def test_shards_are_counted_by_thousands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = ShardWriter(tmp_path, Few(), Shape(("V5",), 10))
    assert write._files(range(2000, 2003)).signals.name == "signals-0002.npy"
    monkeypatch.setattr(shards, "PER_SHARD", 2)
    assert write._files(range(2, 3)).rows.name == "rows-0001.parquet"


@pytest.mark.parametrize(("rate", "seconds"), [(250.0, 10.0), (1000.0, 10.0), (360.0, 12.0), (500.0, 8.0)])
def test_signals_are_framed_at_500_hz(rate: float, seconds: float) -> None:
    made = recording(("V5",), rate=rate, seconds=seconds, noise_mv=0.0)
    found = framed(made, Shape(("V5",), 5000))[0]
    known = np.isfinite(found)
    assert known.sum() == min(5000, round(seconds * 500))
    expected = recording(("V5",), seconds=10.0, noise_mv=0.0).lead("V5")
    inner = np.flatnonzero(known)[50:-50]
    np.testing.assert_allclose(found[inner], expected[inner], atol=0.03)


def test_a_lead_that_was_not_recorded_at_all_stays_unknown() -> None:
    gone = Recording(np.full((1, 1000), np.nan, np.float32), 250.0, ("V5",))
    assert np.isnan(framed(gone, Shape(("V5",), 2000))).all()


def test_no_ecg_left_is_one_sentence_with_the_reasons(tmp_path: Path) -> None:
    (tmp_path / "c.partial").mkdir()
    with pytest.raises(
        CohortError, match=r"no ECG is left for .*c: 4 listed twice; 2 without any of the leads; 1 too short"
    ):
        build.finish(tmp_path / "c", tmp_path / "c.partial", Few(), STEPS[:2], Origin("x"), Shape(("aVR",), 5000))
    assert not (tmp_path / "c").exists()


def test_a_finished_cohort_holds_its_own_files_only(tmp_path: Path) -> None:
    partial = tmp_path / "c.partial"
    (partial / "folder").mkdir(parents=True)
    (partial / "pairs.parquet").write_bytes(b"")
    seen: list[tuple[int, int]] = []
    steps = build.finish(
        tmp_path / "c", partial, Few(), STEPS[:1], Origin("x"), Shape(("V5",), 5000), progress=lambda *n: seen.append(n)
    )
    assert [step.count for step in steps] == [1204, 1]
    assert seen == [(3, 3)]
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == [
        "cohort.json", "cohort.parquet", "flow.svg", "signals-0000.npy",
    ]  # fmt: skip
    cohort = Cohort.open(tmp_path / "c")
    assert (len(cohort), cohort.leads, cohort.rate) == (1, ("V5",), 500.0)
    assert cohort.card.origin == Origin("x")
    assert cohort.made is None


def test_a_full_disk_leaves_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: ShardWriter, numbers: range) -> dict[str, int]:
        raise OSError(28, "No space left on device")

    (tmp_path / "c.partial").mkdir()
    monkeypatch.setattr(ShardWriter, "__call__", full)
    with pytest.raises(CohortError, match=r"cannot be written \(No space left on device\); the next run goes on"):
        build.finish(tmp_path / "c", tmp_path / "c.partial", Few(), [], Origin("x"))
    assert (tmp_path / "c.partial").is_dir()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("e0", "read"),
        ("e0.hea", "read"),
        ("./e0", "read"),
        ("none", "whose file is not there"),
        ("../outside", "whose path leads out of the folder"),
        ("broken", UNREAD),
        ("a\0b", "whose file is not there"),
        ("", "whose file is not there"),
    ],
)
def test_a_file_is_read_or_it_is_said_why_not(tmp_path: Path, path: str, expected: str) -> None:
    folder = tmp_path / "ecg"
    folder.mkdir()
    write_wfdb(folder / "e0", simulate_one(1, 0, "clean"))
    write_wfdb(tmp_path / "outside", simulate_one(1, 0, "clean"))
    (folder / "broken").write_text("nothing")
    files = Files.of(pl.DataFrame({"path": [path], "patient": ["p"], "other": [1]}), folder)
    assert len(files) == 1
    [found] = files.records(range(1))
    if isinstance(found, str):
        assert found == expected
    else:
        row, made = found
        assert (expected, row) == ("read", {"patient": "p"})
        assert made.leads == LEADS


def test_a_cohort_gives_recordings_folds_and_parts(small: Cohort) -> None:
    assert (len(small), small.labels, small.hemolyzed) == (24, "simulated", int(small.table["hemolyzed"].sum()))
    assert small.made == ("dialysis", 3)
    one = small.recording(5)
    assert (one.source, one.leads, one.rate) == (small.table["ecg"][5], LEADS, 500.0)
    assert len(set(small.folds(4)[:12])) == 1
    assert sum(map(len, small.parts().values())) == 24 - small.hemolyzed
    with pytest.raises(CohortError, match="build the cohort again"):
        replace(small, folder=small.folder / "elsewhere").recording(0)


def test_two_cohorts_are_told_apart_by_their_digest(small: Cohort, tmp_path: Path) -> None:
    simulated.write(tmp_path / "same", 2, 3, "dialysis")
    simulated.write(tmp_path / "other", 2, 4, "dialysis")
    assert Cohort.open(tmp_path / "same").digest == small.digest
    assert Cohort.open(tmp_path / "other").digest != small.digest


def test_a_row_of_a_simulated_ecg_says_what_both_sides_know() -> None:
    made = simulate_one(3, 1, "dialysis", visit=5)
    row = simulated.row(made)
    assert set(row) == set(schema()) - {"shard", "row"}
    assert row["draw_time"] - row["time"] == timedelta(minutes=made.blood.gap_min)
    assert row["time"] - simulated.FIRST_DAY == timedelta(days=2, minutes=80)
    assert (row["dialysis"], row["kidney_disease"], row["specimen"]) == (True, None, "serum")
    assert row["sex"] == ("female" if made.parameters["female"] else "male")


def test_the_summary_counts_by_the_guidelines_bins(small: Cohort) -> None:
    text = summary.text(small)
    bins = [line for line in text.splitlines() if line.startswith("  ")]
    assert [line.split(":")[0].strip() for line in bins[:5]] == [
        "below 3.5", "3.5 to 5.5", "5.5 to 6", "6 to 6.5", "6.5 and above",
    ]  # fmt: skip
    assert sum(int(line.split(": ")[1].split(" ")[0]) for line in bins[:5]) == 24
    assert "24 ECGs of 2 patients, simulated potassium" in text
    assert "10 s at 500 Hz" in text
    assert "kidney disease" not in text  # not known of anybody
    assert text.endswith("24 ECGs in the cohort of 2 patients")


@pytest.mark.parametrize(
    ("values", "counts"), [([3.4, 3.5, 5.4, 5.5, 6.0, 6.4, 6.5, 9.0], [1, 2, 1, 2, 2]), ([], [0, 0, 0, 0, 0])]
)
def test_a_value_on_a_cut_is_in_the_higher_bin(values: list[float], counts: list[int]) -> None:
    assert [count for _, count in summary._bins(pl.Series(values, dtype=pl.Float64))] == counts


def test_the_table_of_a_cohort_is_what_its_schema_says(small: Cohort) -> None:
    assert pl.read_parquet(small.folder / TABLE).schema == pl.Schema(schema())
