"""What pairing costs: MIMIC-IV's layout with many lines of laboratory results, time and memory.

    python bench/cohort.py [ROWS] | python bench/fill.py cohort

ROWS is 20 million without it; MIMIC-IV has about 158 million. The lines are made here; ten in a thousand are of
potassium, as many are indices of hemolysis. Of a thousand patients each has an ECG; all are one simulated record.
"""

from __future__ import annotations

import gzip
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from common import table
from kalemia.simulate import simulate
from kalemia.system import wfdb

PATIENTS, BLOCK = 1000, 200_000
LABS = (
    "labevent_id,subject_id,hadm_id,specimen_id,itemid,order_provider_id,charttime,storetime,value,valuenum,valueuom,"
    "ref_range_lower,ref_range_upper,flag,priority,comments"
)


def labs(path: Path, rows: int) -> None:
    """Write a laboratory's table as MIMIC-IV has it."""
    rng = np.random.default_rng(0)
    items = np.array(["50971", "50934", "51222", "50912", "50902", "51265"])
    with gzip.open(path, "wt", compresslevel=1, newline="") as file:
        file.write(LABS + "\n")
        for first in range(0, rows, BLOCK):
            count = min(BLOCK, rows - first)
            patient = rng.integers(0, PATIENTS, count)
            item = rng.choice(items, count, p=[0.01, 0.01, 0.38, 0.2, 0.2, 0.2])
            value, day, minute = rng.normal(4.3, 0.6, count), rng.integers(1, 29, count), rng.integers(0, 60, count)
            file.writelines(
                f"{first + k},{10_000_000 + patient[k]},2{first + k:07d},{first + k},{item[k]},P{k % 997},"
                f"2150-{1 + k % 12:02d}-{day[k]:02d} {k % 24:02d}:{minute[k]:02d}:00,2150-01-01 12:00:00,"
                f'{value[k]:.1f},{value[k]:.1f},mEq/L,3.3,5.1,,ROUTINE,"___"\n'
                for k in range(count)
            )


def ecgs(folder: Path) -> None:
    """Write the list of ECGs, and the one record that all of them are."""
    made = next(iter(simulate(1, 1))).recording
    folder.mkdir()
    for name, content in wfdb.files("one", made.leads, 500.0, wfdb.counts(made.signal), "simulated").items():
        (folder / name).write_bytes(content)
    lines = [
        f"{10_000_000 + k},{40_000_000 + k},one,2150-{1 + k % 12:02d}-{1 + k % 28:02d} {k % 24:02d}:30:00,one"
        for k in range(PATIENTS)
    ]
    (folder / "record_list.csv").write_text("\n".join(["subject_id,study_id,file_name,ecg_time,path", *lines]) + "\n")


def main() -> None:
    """Make the files, pair them, print what it cost."""
    rows = int(float(sys.argv[1])) if len(sys.argv) > 1 else 20_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "clinical" / "hosp").mkdir(parents=True)
        path = folder / "clinical" / "hosp" / "labevents.csv.gz"
        labs(path, rows)
        ecgs(folder / "ecg")
        command = [sys.executable, "-m", "kalemia", "cohort", "mimic-iv", "--workers", "2"]
        start = time.perf_counter()
        said = subprocess.run(
            [*command, *(part for name in ("ecg", "clinical", "out") for part in (f"--{name}", str(folder / name)))],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        seconds = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        megabytes = path.stat().st_size / 1e6
    print("What pairing costs, with the command that a user runs.\n")
    cells = [f"{rows / 1e6:g} million", f"{megabytes:.0f} MB", f"{seconds:.1f} s", f"{seconds / rows * 1e6:.2f} s"]
    print(table(["lines", "gzipped", "in all", "a million lines", "memory, GB"], [[*cells, f"{memory:.2f}"]]))
    print("\n```text\n" + said + "```")


if __name__ == "__main__":
    main()
