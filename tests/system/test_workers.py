"""Processes that share work: they end with the one that started them, and when it is stopped."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kalemia.errors import KalemiaError
from kalemia.system.workers import mapped, pool

SLOW = """
import os, signal, sys, threading, time
sys.path.insert(0, sys.argv[1])
from kalemia.system.workers import mapped

def stop(number, frame):
    sys.exit(128 + number)

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    print("begun", flush=True)
    list(mapped(time.sleep, [600, 600, 600], 2))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="of POSIX signals")
def test_who_is_stopped_does_not_wait_for_a_long_job(tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    script.write_text(SLOW, encoding="utf-8")
    source = Path(__file__).parents[2] / "src"
    with subprocess.Popen([sys.executable, script, source], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(3)  # until the jobs have begun
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(60) == 128 + signal.SIGTERM
        finally:
            process.kill()


@pytest.mark.parametrize(("jobs", "workers"), [([3, 1, 2], 1), ([3, 1, 2], 0), ([3], 8), ([], 8)])
def test_what_needs_no_second_process_is_done_in_this_one(jobs: list[int], workers: int) -> None:
    seen = list(mapped(lambda job: (job, os.getpid()), jobs, workers))  # no lambda goes to another process
    assert seen == [(job, os.getpid()) for job in jobs]


def test_jobs_are_done_one_at_a_time_as_they_are_asked_for() -> None:
    done: list[int] = []
    results = mapped(lambda job: done.append(job), [1, 2, 3], 1)
    next(results)
    assert done == [1]


def test_other_processes_keep_the_order_and_end_with_the_work() -> None:
    before = set(multiprocessing.active_children())
    results = list(mapped(_placed, [0.3, 0.0], 8))
    assert [job for job, _ in results] == [0.3, 0.0]
    assert os.getpid() not in {pid for _, pid in results}
    assert set(multiprocessing.active_children()) <= before


def _placed(seconds: float) -> tuple[float, int]:
    time.sleep(seconds)
    return seconds, os.getpid()


def test_an_error_of_a_job_is_raised_and_the_others_are_called_off() -> None:
    before = set(multiprocessing.active_children())
    start = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        list(mapped(_divided, [0, 600], 2))
    assert time.monotonic() - start < 300
    assert set(multiprocessing.active_children()) <= before


def _divided(number: int) -> float:
    if number:
        time.sleep(number)
    return 1 / number


def test_a_worker_that_dies_is_said_to_have_died() -> None:
    with pytest.raises(KalemiaError, match=r"^a worker process died, of too little memory perhaps: try fewer workers"):
        list(mapped(os._exit, [1, 1], 2))


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="of POSIX signals")
def test_a_worker_leaves_an_interrupt_to_its_parent_and_ends_at_a_termination() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)  # which a process that is started has from its parent
    try:
        with pool(1, "spawn") as processes:
            handled = [*processes.map(signal.getsignal, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))]
        assert handled == [signal.SIG_IGN, signal.SIG_DFL, signal.SIG_DFL]
    finally:
        signal.signal(signal.SIGTERM, before)
