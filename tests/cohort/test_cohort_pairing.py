"""Which draw belongs to an ECG, which rows of a list count, and which part of the data a patient falls to."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

pytest.importorskip("polars")

import polars as pl

from kalemia.cohort.listed import CONTRARY, TWICE, faultless, once, spellings
from kalemia.cohort.pairing import pair
from kalemia.cohort.split import SHARES, fold_of, part_of, part_rows, place_of

NOON = datetime(2150, 3, 1, 12)


def ecgs(*times: tuple[str, float]) -> pl.DataFrame:
    """Return ECGs by patient, minutes after noon."""
    return pl.DataFrame([{"patient": who, "time": NOON + timedelta(minutes=at)} for who, at in times])


def draws(*taken: tuple[str, float, float, bool, str]) -> pl.DataFrame:
    """Return draws by patient, minutes after noon, potassium, hemolysis and specimen."""
    names = ("patient", "draw_time", "potassium_meq_l", "hemolyzed", "specimen")
    return pl.DataFrame(
        [dict(zip(names, (who, NOON + timedelta(minutes=at), *rest), strict=True)) for who, at, *rest in taken]
    )


def paired(ecg: pl.DataFrame, drawn: pl.DataFrame, window_min: float = 60.0) -> list[tuple[str, float, float]]:
    found = pair(ecg, drawn, window_min)
    return [(row["patient"], row["potassium_meq_l"], row["gap_min"]) for row in found.to_dicts()]


def test_the_nearest_draw_counts_before_or_after() -> None:
    drawn = draws(("a", -30, 4.0, False, "serum"), ("a", 20, 5.0, False, "serum"), ("a", 200, 6.0, False, "serum"))
    assert paired(ecgs(("a", 0)), drawn) == [("a", 5.0, 20.0)]
    assert paired(ecgs(("a", -20)), drawn) == [("a", 4.0, -10.0)]


@pytest.mark.parametrize(("at", "there"), [(60, True), (-60, True), (60.5, False), (-61, False)])
def test_the_window_includes_its_ends(at: float, there: bool) -> None:
    assert bool(paired(ecgs(("a", 0)), draws(("a", at, 4.0, False, "serum")))) == there


def test_no_draw_is_of_another_patient() -> None:
    drawn = draws(("b", 0, 7.0, False, "serum"), ("a", 50, 4.0, False, "serum"))
    assert paired(ecgs(("a", 0), ("c", 0)), drawn) == [("a", 4.0, 50.0)]


def test_a_draw_that_was_not_hemolyzed_comes_first_however_far() -> None:
    drawn = draws(("a", 1, 8.0, True, "serum"), ("a", 59, 4.0, False, "serum"))
    assert paired(ecgs(("a", 0)), drawn) == [("a", 4.0, 59.0)]
    assert paired(ecgs(("a", 0)), drawn, 30) == [("a", 8.0, 1.0)]  # flagged, where there is no other


@pytest.mark.parametrize("order", [1, -1])
def test_serum_counts_before_whole_blood_of_one_minute(order: int) -> None:
    taken = [("a", 5, 6.0, False, "whole blood"), ("a", 5, 5.5, False, "serum")][::order]
    assert paired(ecgs(("a", 0)), draws(*taken)) == [("a", 5.5, 5.0)]


def test_ecgs_keep_their_order_and_may_share_a_draw() -> None:
    drawn = draws(("a", 0, 4.0, False, "serum"), ("b", 0, 5.0, True, "serum"))
    listed = ecgs(("b", 10), ("a", 30), ("a", -20), ("b", -5))
    assert [row[0] for row in paired(listed, drawn)] == ["b", "a", "a", "b"]
    assert [row[2] for row in paired(listed, drawn)] == [-10.0, -30.0, 20.0, 5.0]


def test_nothing_pairs_with_nothing() -> None:
    assert paired(ecgs(("a", 0)), draws(("a", 0, 4.0, False, "serum")).clear()) == []


def test_rows_without_a_fault_are_kept_and_others_counted() -> None:
    rows = pl.DataFrame({"ecg": list("abcdef"), "why": [None, "late", "early", "late", None, "late"]})
    good, counts = faultless(rows)
    assert good["ecg"].to_list() == ["a", "e"]
    assert good.columns == ["ecg"]
    assert list(counts.items()) == [("late", 3), ("early", 1)]  # the most frequent first
    assert faultless(rows.with_columns(why=pl.lit(None, pl.String)))[1] == {}


def test_the_first_row_of_an_ecg_counts_and_contradictions_are_told_from_repeats() -> None:
    rows = pl.DataFrame({"path": ["x", "y", "x", "x"], "k": [4.0, 5.0, 4.0, 6.5], "who": ["p", "q", "p", "r"]})
    found = once(rows, "path", ("k", "who"))
    assert found.rows.rows() == [("x", 4.0, "p"), ("y", 5.0, "q")]
    assert found.left_out == {TWICE: 1, CONTRARY: 1}
    assert found.notes == ["x is listed with k 4 and 6.5, who p and r; the first counts"]
    alone = once(rows.head(2), "path", ("k",))
    assert (alone.left_out, alone.notes) == ({TWICE: 0, CONTRARY: 0}, [])


@pytest.mark.parametrize(
    ("names", "count"),
    [
        (["1", "2"], 0),
        (["1", "01"], 2),
        (["p7", "P 7", "p 007"], 3),
        (["a1", "a1"], 0),  # one patient
        (["10", "1"], 0),
        (["1-02", "1-2", "x"], 2),
        (["0", "00"], 2),
    ],
)
def test_spellings_of_one_patient_are_named(names: list[str], count: int) -> None:
    notes = spellings(pl.Series("patient", names))
    assert [note.split(" ")[0] for note in notes] == ([str(count)] if count else [])


@pytest.mark.parametrize("salt", ["", "study"])
def test_places_are_spread_evenly(salt: str) -> None:
    places = np.array([place_of(f"patient {k}", salt) for k in range(4000)])
    assert ((places >= 0) & (places < 1)).all()
    np.testing.assert_allclose(np.histogram(places, 10, (0, 1))[0] / 4000, 0.1, atol=0.025)


def test_places_never_change() -> None:
    """A cohort that was split in one version must be split so in the next."""
    assert [round(place_of(name), 6) for name in ("p000000", "10000032", "é")] == [0.928342, 0.226713, 0.291402]
    assert part_of("p000000") == "test"


def test_parts_have_their_shares_and_no_hemolyzed_draw() -> None:
    names = [f"p{k:06d}" for k in range(3000)]
    parts = part_rows(names, [k % 10 == 0 for k in range(3000)])
    assert list(parts) == list(SHARES)
    assert sum(map(len, parts.values())) == 2700
    for part, rows in parts.items():
        assert len(rows) / 2700 == pytest.approx(SHARES[part], abs=0.03), part
        assert all(k % 10 for k in rows)
        assert all(part_of(names[k]) == part for k in rows[:50])
    assert not set(parts["train"]) & set(parts["test"])


def test_all_ecgs_of_a_patient_are_in_one_part() -> None:
    parts = part_rows(["a", "b"] * 20, [False] * 40)
    assert sorted(len(rows) for rows in parts.values() if rows) in ([40], [20, 20])


@pytest.mark.parametrize("folds", [2, 3, 10])
def test_every_fold_is_used(folds: int) -> None:
    found = fold_of([f"p{k}" for k in range(600)], folds)
    assert set(found.tolist()) == set(range(folds))
