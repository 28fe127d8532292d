"""Whether the tests pass on other processors than this one: the suite under other kernels, threads and seeds.

    KALEMIA_DATA=... python bench/processors.py [PYTEST ARGUMENT ...]

torch and OpenBLAS choose their kernels by the processor; both can be told to take those of a lesser one. A test that
passes under one row and fails under another tests the processor. Prints what pytest says and the CPU time of each run.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from common import table

ROOT = Path(__file__).parent.parent
SETTINGS: tuple[Mapping[str, str], ...] = (
    {},
    {"OMP_NUM_THREADS": "1"},
    {"OMP_NUM_THREADS": "2", "ATEN_CPU_CAPABILITY": "avx2"},
    {"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "default", "OPENBLAS_CORETYPE": "Nehalem"},
    {"OMP_NUM_THREADS": "2", "ATEN_CPU_CAPABILITY": "default", "OPENBLAS_CORETYPE": "Haswell"},
)
CHOSEN = {"OMP_NUM_THREADS", "ATEN_CPU_CAPABILITY", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}


def row(setting: Mapping[str, str], arguments: list[str]) -> list[object]:
    """Return the setting, what pytest says last, and what the run took."""
    plain = {key: value for key, value in os.environ.items() if key not in CHOSEN}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    ran = subprocess.run(command, cwd=ROOT, env={**plain, **setting}, check=False, capture_output=True, text=True)
    after, wall_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    failed = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    print("\n".join(failed), file=sys.stderr)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    name = " ".join(f"{key}={value}" for key, value in setting.items()) or "as it is"
    last = (ran.stdout.strip().splitlines() or [ran.stderr[-200:]])[-1]
    return [f"`{name}`", last, f"{cpu_s / 60:.1f} min", f"{wall_s / 60:.1f} min"]


if __name__ == "__main__":
    rows = [row(setting, sys.argv[1:]) for setting in SETTINGS]
    print(table(["setting", "pytest", "CPU", "wall"], rows))
