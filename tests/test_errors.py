"""One tree of exceptions, whose messages survive the way back from a worker process."""

from __future__ import annotations

import pickle

import pytest

from kalemia import errors
from kalemia.errors import KalemiaError, internal

KINDS = sorted(
    (kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    key=lambda kind: kind.__name__,
)


def test_the_tree_has_the_rooms_that_can_fail() -> None:
    assert {kind.__name__ for kind in KINDS} >= {
        "BeatError", "DigitizeError", "KalemiaError", "ModelError", "ReadError", "SimulateError", "TrainError"
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_a_kalemia_error_and_travels(kind: type[Exception]) -> None:
    again = pickle.loads(pickle.dumps(kind("ecg.dcm: it is a picture")))
    assert isinstance(again, KalemiaError)
    assert type(again) is kind
    assert str(again) == "ecg.dcm: it is a picture"


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_says_what_it_is_for_and_stands_right_below_the_root(kind: type[Exception]) -> None:
    assert kind.__doc__
    assert "\n" not in kind.__doc__
    assert KalemiaError in (kind, *kind.__bases__)


def test_an_error_of_ours_is_said_with_its_kind() -> None:
    assert internal(ZeroDivisionError("division by zero")) == (
        "internal error, please report it: ZeroDivisionError: division by zero"
    )
