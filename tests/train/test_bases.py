"""Lists of real records: shared out by their names alone, and a sentence for a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("polars", reason="cohorts need polars")

from training import ALL, NAMES, write_bases

from kalemia.cohort.split import SHARES
from kalemia.errors import TrainError
from kalemia.train import bases
from kalemia.train.bases import part_of, split


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bases(tmp_path_factory.mktemp("bases"))


def test_every_record_is_in_the_part_of_its_name(listed: Path) -> None:
    found = split(listed, listed.parent)
    assert {part: tuple(Path(record).name for record in records) for part, records in found.items()} == NAMES
    assert all(Path(file).is_file() for records in found.values() for file in records.values())


def test_the_parts_have_their_shares_and_folders_do_not_matter() -> None:
    names = [f"{n:05d}_hr" for n in range(4000)]
    found = [part_of(name) for name in names]
    for part, share in SHARES.items():
        assert found.count(part) / len(names) == pytest.approx(share, abs=0.02)
    assert found == [part_of(f"elsewhere/{name}.hea") for name in names]


def test_a_longer_list_moves_no_record(listed: Path, tmp_path: Path) -> None:
    longer = tmp_path / "longer.txt"
    further = write_bases(tmp_path, ("r6", "r3")).read_text().replace("records/", f"{tmp_path}/records/")
    longer.write_text(further + listed.read_text())
    before, after = split(listed, listed.parent), split(longer, listed.parent)
    assert all(set(before[part]) < set(after[part]) or set(before[part]) == set(after[part]) for part in before)
    assert sum(map(len, after.values())) == len(ALL) + 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("records/r1\nrecords/none\nrecords/nor\n", "2 of the 3 records that .* the first is records/none"),
        ("# nothing\n", "none of its 0 records falls to train; list more"),
        ("records/r1\nrecords/r4\n", "none of its 2 records falls to validation; list more"),
        (b"\xff\xfe", "no text; expected one record a line"),
        (None, "cannot be read .No such file"),
    ],
)
def test_a_wrong_list_is_a_sentence(listed: Path, tmp_path: Path, content: str | bytes | None, sentence: str) -> None:
    wrong = tmp_path / "wrong.txt"
    if content is not None:
        wrong.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(TrainError, match=sentence) as caught:
        split(wrong, listed.parent)
    assert "\n" not in str(caught.value)


def test_a_list_needs_a_folder(listed: Path) -> None:
    with pytest.raises(TrainError, match="names real records; give the folder that holds them with --base"):
        split(listed, None)


def test_a_folder_or_a_huge_file_is_no_list(listed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TrainError, match="this is a folder; a text file with one record a line is accepted"):
        split(listed.parent, listed.parent)
    monkeypatch.setattr(bases, "LARGEST_BYTES", 10)
    with pytest.raises(TrainError, match="as a text file with one record a line up to 10 are accepted"):
        split(listed, listed.parent)


def test_a_record_that_is_there_twice_counts_once(listed: Path, tmp_path: Path) -> None:
    twice = tmp_path / "twice.txt"
    twice.write_text(listed.read_text() * 2)
    assert split(twice, listed.parent) == split(listed, listed.parent)
