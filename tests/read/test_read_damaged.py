"""Whatever happens to a file, a Recording comes out or one sentence; nothing else, and soon."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kalemia.errors import ReadError
from kalemia.read import inputs, read
from kalemia.records import Recording

SMALL = write.ecg(1.5, 100)
WHOLE = {name: writer(SMALL) for name, writer in write.SINGLE.items()}
HEADER, DATA = write.wfdb(SMALL)
NUMBERS = [
    b"0",
    b"-1",
    b"1e308",
    b"nan",
    b"9999999999",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"</",
    b"<!",
    b'"',
    b",",
    b"\n",
]
QUICK = settings(
    deadline=None, max_examples=150, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)

damages = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.floats(0, 1), st.binary(min_size=1, max_size=4)),
        st.tuples(st.just("set"), st.floats(0, 1), st.sampled_from(NUMBERS)),
        st.tuples(
            st.just("head"), st.floats(0, 1), st.one_of(st.binary(min_size=1, max_size=4), st.sampled_from(NUMBERS))
        ),
        st.tuples(st.just("insert"), st.floats(0, 1), st.sampled_from(NUMBERS)),
        st.tuples(st.just("drop"), st.floats(0, 1), st.binary(min_size=1, max_size=40)),
        st.tuples(st.just("digit"), st.floats(0, 1), st.sampled_from([b"0", b"9", b"-", b".", b"e"])),
        st.tuples(st.just("cut"), st.floats(0, 1), st.just(b"")),
        st.tuples(st.just("twice"), st.floats(0, 1), st.just(b"")),
    ),
    min_size=1,
    max_size=5,
)


def damaged(content: bytes, how: list[tuple[str, float, bytes]]) -> bytes:
    """Return the content, changed in places given as shares of its length."""
    for kind, share, new in how:
        length = min(len(content), 2048) if kind == "head" else len(content)
        at = int(share * max(length - 1, 0))
        if kind in {"set", "head"}:
            content = content[:at] + new + content[at + len(new) :]
        elif kind == "insert":
            content = content[:at] + new + content[at:]
        elif kind == "drop":
            content = content[:at] + content[at + len(new) :]
        elif kind == "cut":
            content = content[:at]
        elif kind == "twice":
            content = content[:at] + content[at // 2 :]
        else:  # the next digit
            spot = next((k for k in range(at, min(len(content), at + 500)) if 48 <= content[k] <= 57), None)
            content = content if spot is None else content[:spot] + new + content[spot + 1 :]
    return content


def outcome(path: Path) -> Recording | str:
    """Return the Recording, or the sentence with which the file is refused."""
    try:
        return read(path)
    except ReadError as exc:
        return str(exc)


def holds(path: Path) -> None:
    """Read a file and see that only what may come out does."""
    begun = time.monotonic()
    got = outcome(path)
    if isinstance(got, str):
        assert "\n" not in got
        assert got.endswith(".")
        assert len(got) < 600
    else:
        assert got.signal.dtype == np.float32
        assert not np.isinf(got.signal).any()
        assert np.isfinite(got.signal).any()
        assert 50 <= got.rate <= 20_000
    assert time.monotonic() - begun < 10
    list(inputs([path.parent]))


@pytest.mark.parametrize("name", WHOLE)
def test_damaged_files(name: str) -> None:
    @QUICK
    @given(damages)
    def check(how: list[tuple[str, float, bytes]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(damaged(WHOLE[name], how))
            holds(path)

    check()


@QUICK
@given(damages, st.booleans())
def test_damaged_wfdb_headers(how: list[tuple[str, float, bytes]], data_too: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.hea"
        path.write_bytes(damaged(HEADER, how))
        (Path(folder) / "record.dat").write_bytes(damaged(DATA, how) if data_too else DATA)
        holds(path)


@QUICK
@given(
    st.binary(max_size=3000), st.sampled_from([b"", *(whole[:n] for whole in WHOLE.values() for n in (24, 140, 400))])
)
def test_noise_behind_a_true_beginning(noise: bytes, head: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(head + noise)
        holds(path)
