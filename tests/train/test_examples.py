"""What is trained on, as arrays: some of the ECGs, some of the leads, several together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kalemia.train.examples import ARRAYS, FEATURES, Examples, empty, joined


def some(count: int = 6, leads: int = 3) -> Examples:
    """Return ECGs of which everything tells where it belongs: ECG 4 has the second lead only, ECG 5 none."""
    ecg = np.arange(count, dtype=np.float32)
    lead = np.arange(leads, dtype=np.float32)
    waves = np.broadcast_to((1 + ecg[:, None] + 10 * lead)[:, :, None], (count, leads, 4)).copy()
    waves[4:, [0, 2]], waves[5:] = 0, 0
    return Examples(
        waves=waves,
        side=np.column_stack([1 + ecg[:, None] + 10 * lead, ecg / 10]).astype(np.float32),
        potassium=(4 + ecg / 10).astype(np.float32),
        features=np.repeat(ecg[:, None] + 10 * lead, len(FEATURES), axis=1),
        patients=np.array([f"p{k // 2}" for k in range(count)]),
        sources=np.full(count, "some"),
        number=100 + np.arange(count),
        refused=7,
    )


@pytest.mark.parametrize("chosen", [np.array([3, 1]), np.array([False, True, False, True, False, False])])
def test_some_of_the_ecgs_keep_all_that_is_theirs(chosen: np.ndarray) -> None:
    own = some().only(chosen)
    rows = chosen if chosen.dtype != np.bool_ else np.flatnonzero(chosen)
    assert len(own) == 2
    assert own.refused == 7
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(own, name), getattr(some(), name)[rows])


def test_some_of_the_leads_keep_their_gain_and_features() -> None:
    own = some().of([2, 0])
    assert own.number.tolist() == [100, 101, 102, 103]  # the others have neither
    assert own.refused == 7 + 2
    np.testing.assert_array_equal(own.waves[1, :, 0], [22, 2])
    np.testing.assert_array_equal(own.side[1], np.array([22, 2, 0.1], np.float32))
    np.testing.assert_array_equal(own.features[1], [21] * len(FEATURES) + [1] * len(FEATURES))


@pytest.mark.parametrize(
    ("shown", "kept"),
    [([True, False, True], [100, 101, 102, 103]), ([False, True, False], [100, 101, 102, 103, 104])],
)
def test_a_lead_that_is_not_shown_is_zero_and_so_is_its_gain(shown: list[bool], kept: list[int]) -> None:
    own = some().masked(np.array(shown))
    assert own.number.tolist() == kept
    np.testing.assert_array_equal(own.waves[1, :, 0], np.array([2, 12, 22]) * shown)
    np.testing.assert_array_equal(own.side[1], np.array([*(np.array([2, 12, 22]) * shown), 0.1], np.float32))
    assert some().waves[0].all()  # those that were given are left as they are


def test_a_record_may_show_other_leads_than_the_next() -> None:
    shown = np.zeros((6, 3), bool)
    shown[[0, 1, 2], [0, 1, 2]] = True
    np.testing.assert_array_equal(some().masked(shown).waves[:, :, 0], np.diag([1, 12, 23]))


def test_fewer_leads_are_drawn_from_the_good_ones() -> None:
    rng = np.random.default_rng(3)
    ecgs = replace(some(6, 4), waves=rng.random((6, 4, 4), np.float32) + 0.1)
    many = joined([replace(ecgs, side=np.ones((6, 5), np.float32))] * 70)
    many.waves[:50, 1], many.waves[:20, 2] = 0, 0
    for count, left in ((1, 420), (3, 400), (4, 370)):
        own = many.fewer(count, 7)
        kept = own.waves.any(axis=2)
        assert len(own) == left
        assert (kept.sum(axis=1) == count).all()
        np.testing.assert_array_equal(own.side[:, :4] > 0, kept)
        assert (own.side[:, 4] == 1).all()
    one = np.asarray(many.fewer(1, 7).waves.any(axis=2))
    assert not one[:20, 1:3].any()
    # A share of 370 fair draws has a standard deviation of 0.0225, a quarter of what it may be off.
    assert one[50:].mean(axis=0) == pytest.approx(0.25, abs=0.1)
    np.testing.assert_array_equal(many.fewer(1, 7).waves, many.fewer(1, 7).waves)
    assert not np.array_equal(many.fewer(1, 7).waves, many.fewer(1, 8).waves)


def test_joining_keeps_order_and_counts() -> None:
    both = joined([some(), replace(some(3), sources=np.full(3, "others"))])
    assert both.number.tolist() == [*range(100, 106), 100, 101, 102]
    assert both.sources.tolist() == ["some"] * 6 + ["others"] * 3
    assert both.refused == 14


@pytest.mark.parametrize("samples", [270, 600])
def test_nothing_has_the_shapes_of_something(samples: int) -> None:
    none = empty(3, refused=2, samples=samples)
    assert (len(none), none.refused) == (0, 2)
    assert none.waves.shape == (0, 3, samples)
    longer = replace(some(), waves=np.zeros((6, 3, samples), np.float32))
    both = joined([none, longer])
    assert len(both) == 6
    for name in ARRAYS:
        assert getattr(both, name).dtype.kind == getattr(longer, name).dtype.kind
