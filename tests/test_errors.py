"""One tree of exceptions, whose messages survive the way back from a worker process."""

from __future__ import annotations

import pickle

import pytest

from kalemia import errors
from kalemia.errors import KalemiaError

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
