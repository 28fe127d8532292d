"""What things cost: one record, a folder, a cold start, the simulator.

    python bench/speed.py [PYTHON] | python bench/fill.py speed

PYTHON is the interpreter that whole processes are run with, by default this one. A core install, as those who predict
have it, starts faster than one with the dev extra, because sleepecg imports numba where it finds it. Needs the dev
extra itself for NeuroKit2. Times are medians on the machine that ran it; compare rows of one run only.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np

from common import table
from kalemia.estimate.explain import explain
from kalemia.estimate.model import DEFAULT, Model
from kalemia.estimate.predict import predict
from kalemia.records import Recording
from kalemia.signal.beat import cut
from kalemia.simulate import simulate, write
from kalemia.validate import oracle

IMPORTS = "import numpy, scipy.signal, sleepecg.heartbeats, onnxruntime"


def milliseconds(run: Callable[[], object], times: int) -> float:
    """Return the median time of a call."""
    run()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return 1000 * float(np.median(taken))


def pinned(run: Callable[[], list[list[object]]]) -> list[list[object]]:
    """Run on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        return run()
    finally:
        os.sched_setaffinity(0, cores)


def one_record() -> list[list[object]]:
    """Return rows for a record in memory, beside NeuroKit2's cleaning, peaks and delineation of one lead."""
    recordings = [one.recording for one in simulate(50, seed=7)]
    rows: list[list[object]] = []
    whole = milliseconds(partial(neurokit, recordings[0]), 15)
    for model in (DEFAULT, "v5-4k"):
        estimates = [predict(recording, model) for recording in recordings]
        assert sum(e.status == "estimated" for e in estimates) > 40, "speed of refusals says nothing"
        taken = milliseconds(partial(_predict_next, cycle(recordings), model), 500)
        rows.append([f"`predict` in memory, `{model}`", f"{taken:.2f} ms, {taken / whole:.3f} of NeuroKit2's"])
    loaded = Model.load(DEFAULT)
    beat = cut(recordings[0], loaded.card.leads)
    rates = cycle(replace(beat, rr_s=0.5 + 0.01 * step) for step in range(60))
    taken = milliseconds(lambda: explain(next(rates), loaded), 50)
    rows.append([f"explanation for a report, a new heart rate, `{DEFAULT}`", f"{taken:.0f} ms"])
    rows.append(["NeuroKit2 clean, peaks, delineate, lead V5 alone", f"{whole:.0f} ms"])
    start = time.perf_counter()
    count = sum(1 for _ in simulate(1000, seed=8))
    rows.append(["simulator, 12-lead 10 s 500 Hz records", f"{count / (time.perf_counter() - start):.0f} a second"])
    start = time.perf_counter()
    for seed in range(5):
        oracle.simulate(seed, 70)
    rows.append(["NeuroKit2's 12-lead simulator, the same", f"{5 / (time.perf_counter() - start):.1f} a second"])
    return rows


def _predict_next(recordings: Iterator[Recording], model: str) -> None:
    predict(next(recordings), model)


def neurokit(recording: Recording) -> None:
    """Do what `predict` needs of a lead with NeuroKit2."""
    import neurokit2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clean = neurokit2.ecg_clean(recording.lead("V5"), sampling_rate=500)
        _, peaks = neurokit2.ecg_peaks(clean, sampling_rate=500)
        neurokit2.ecg_delineate(clean, peaks, sampling_rate=500, method="dwt")


def seconds(command: list[str], times: int = 7) -> float:
    """Return the median time of a whole process."""
    return milliseconds(lambda: subprocess.run(command, check=False, capture_output=True), times) / 1000


def processes(python: str) -> list[list[object]]:
    """Return rows for whole processes: a folder of 1,000 records, a cold start, the help."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "patients"
        write(out, 1000, 9, workers=2)
        one = str(next(out.rglob("*.hea")))
        cli = [python, "-m", "kalemia"]
        whole = seconds([*cli, "predict", str(out), "--json"], 3)
        cold = seconds([*cli, "predict", one])
        imports = seconds([python, "-c", IMPORTS])
        help_ = seconds([*cli, "--help"])
    return [
        ["a folder of 1,000 WFDB records through the command line, 2 cores", f"{1000 / whole:.0f} records a second"],
        ["cold `kalemia predict FILE`", f"{cold:.2f} s"],
        [f"`{IMPORTS}`", f"{imports:.2f} s"],
        ["the first beyond the second", f"{cold - imports:.2f} s"],
        ["`kalemia --help`", f"{help_:.2f} s"],
    ]


if __name__ == "__main__":
    python = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    print(table(["what", "median"], [*pinned(one_record), *processes(python)], "speed"))
