"""The command line as a process among others: pipes that close, signals, terminals of any alphabet, full disks."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import lines, run


@pytest.mark.skipif(os.name != "posix", reason="a pipe that closes early is a matter of POSIX")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_closed_pipe_is_quiet(tiny_path: Path, patients: Path, workers: int) -> None:
    inputs = [str(patients)] * 8  # more output than a pipe holds: nobody can have finished before it closes
    command = [sys.executable, "-m", "kalemia", "predict", *inputs, "--model", str(tiny_path), "--json"]
    with subprocess.Popen(
        [*command, "--workers", str(workers)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["status"] == "estimated"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 141  # as any command that a closed pipe ended: not every input was answered


@pytest.mark.skipif(sys.platform != "linux", reason="children are counted in /proc")
@pytest.mark.parametrize(("kind", "status"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_workers_do_not_outlive_the_command(tmp_path: Path, kind: signal.Signals, status: int) -> None:
    command = [sys.executable, "-m", "kalemia", "simulate", "--count", "20000", "--out", str(tmp_path / "set")]
    with subprocess.Popen([*command, "--workers", "2"], stderr=subprocess.DEVNULL) as process:
        assert soon(lambda: any(tmp_path.glob(".set-partial-*/*/*.hea")))
        workers = [int(child) for child in children(process.pid)]
        assert len(workers) >= 2
        process.send_signal(kind)
        assert process.wait(60) == status
    assert soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    if kind == signal.SIGTERM:  # nothing can be tidied up by what was killed
        assert list(tmp_path.iterdir()) == []


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def soon(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Wait until something is true, and say whether it became so."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems allow no such name")
@pytest.mark.parametrize(("encoding", "option"), [("utf-8:strict", "--json"), ("latin-1:strict", "--report=out")])
def test_names_and_terminals_may_be_of_any_alphabet(
    tiny_path: Path, patients: Path, tmp_path: Path, encoding: str, option: str
) -> None:
    names = (os.fsencode("칼륨"), b"\xff\xfe")
    for name in names:
        for suffix in (".hea", ".dat"):
            there = tmp_path / os.fsdecode(name + suffix.encode())
            shutil.copy(patients / "0000" / f"p000001{suffix}", there)
    option = option.replace("out", str(tmp_path / "out"))
    result = run("predict", tmp_path, "--model", tiny_path, option, PYTHONIOENCODING=encoding)
    assert "Traceback" not in result.stderr
    assert result.returncode == 1  # the header names another data file
    if option == "--json":
        assert [os.fsencode(Path(line["source"]).stem) for line in lines(result.stdout)] == list(names)
    else:
        assert len(list((tmp_path / "out").glob("*.html"))) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="children are counted in /proc")
def test_a_second_signal_ends_at_once(tiny_path: Path, patients: Path, tmp_path: Path) -> None:
    for number in range(30):
        shutil.copytree(patients / "0000", tmp_path / "many" / str(number))
    command = [sys.executable, "-m", "kalemia", "predict", str(tmp_path / "many"), "--model", str(tiny_path)]
    with subprocess.Popen([*command, "--workers", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (130, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full stands there on Linux")
def test_an_output_that_cannot_be_written_is_one_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kalemia", "models", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (
        1, "kalemia: the output cannot be written (No space left on device); give it room\n"
    )  # fmt: skip
