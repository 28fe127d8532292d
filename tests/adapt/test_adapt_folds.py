"""Whoever is asked was not known: patients apart, and with them all that is chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("polars")

from kalemia.adapt.fit import weights
from kalemia.adapt.folds import FOLDS, STRENGTHS, fitted, held, parts
from kalemia.adapt.layer import surprise
from layers import ecgs, right


def test_a_patient_is_asked_once_with_all_ecgs() -> None:
    some = ecgs(100)
    asked = np.zeros(len(some), int)
    for train, test in parts(some):
        assert not set(some.patients[train]) & set(some.patients[test])
        assert (train ^ test).all()
        asked += test
    assert (asked == 1).all()


def test_what_is_said_of_patients_does_not_depend_on_their_labels() -> None:
    some = ecgs(120)
    _, test = parts(some)[2]
    lied = replace(some, potassium=np.where(test, 11 - some.potassium, some.potassium))
    true, other = (held(right(), one) for one in (some, lied))
    np.testing.assert_array_equal(other.after[test], true.after[test])
    np.testing.assert_array_equal(other.log_shares[test], true.log_shares[test])
    assert np.abs(other.after[~test] - true.after[~test]).max() > 0.01


def test_the_progress_is_told_fold_by_fold() -> None:
    told: list[tuple[int, int]] = []
    found = held(right(), ecgs(60), progress=lambda done, total: told.append((done, total)))
    assert told == [(done, FOLDS) for done in range(1, FOLDS + 1)]
    np.testing.assert_allclose(found.before, right().says(ecgs(60).states))


def test_a_layer_is_left_or_moved_along_a_line_and_weighed_anew() -> None:
    some = ecgs(80)
    found = fitted(right(), some)
    moved = right() if found.line is None else found.line.moved(right())
    (weighed,) = weights(moved, some, [found.strength])
    np.testing.assert_allclose(found.layer.weights, found.sureness * weighed.weights)
    np.testing.assert_array_equal(found.layer.polynomials, moved.polynomials)


def test_a_layer_that_is_right_loses_little() -> None:
    some = ecgs(200)
    found = held(right(), some)
    lost = surprise(found.after, found.log_shares, found.bins) - surprise(found.before, found.log_shares, found.bins)
    assert lost.mean() < 0.05


def test_weights_that_are_wrong_are_let_go() -> None:
    wrong = replace(right(), weights=np.array([[0.0, 3.0], [0.0, 3.0]]))
    found = fitted(wrong, ecgs(300))
    assert found.line is not None
    assert found.strength == min(STRENGTHS)
