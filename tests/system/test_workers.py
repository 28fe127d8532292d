"""Processes that share work: they end with the one that started them, and when it is stopped."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
