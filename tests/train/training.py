"""Configurations that train in seconds, recordings that stand in for real ones, and worker processes without any."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kalemia.simulate import simulate_one
from kalemia.simulate.formats import write_wfdb
from kalemia.train.config import Config, Portion, Records
from kalemia.train.labelled import Generator

TINY = Config(
    name="tiny-v5",
    version="0.0.1",
    leads=("V5",),
    channels=2,
    lstm=2,
    sources=(Portion(level="clean", share=1.0),),
    seed=3,
    records=Records(train=64, validation=16, calibration=60, test=60),
    epochs=2,
    batch=16,
    learning_rate=0.01,
)
CLEAN = Generator("simulated clean", "clean", 3)

NAMES = {
    "train": ("r1", "r4", "r5"),
    "validation": ("r18", "r32"),
    "calibration": ("r0", "r2"),
    "test": ("r13", "r26"),
}
"""Records, and the part that each falls to."""
ALL = tuple(name for names in NAMES.values() for name in names)


def write_bases(folder: Path, names: Iterable[str] = ALL) -> Path:
    """Write simulated patients of normal potassium as if they were real, and a list of them beside; return the list."""
    records = folder / "records"
    records.mkdir()
    for name in names:
        made = simulate_one(21, int(name[1:]), "clean", 4.2)
        write_wfdb(records / name, replace(made, name=name))
    listed = folder / "bases.txt"
    listed.write_text("# as if real\n\n" + "".join(f"records/{name}  # normal\n" for name in names))
    return listed


def shipped(job: Callable[[Any], Any], jobs: Sequence[Any], _workers: int) -> Iterator[Any]:
    """Do jobs as worker processes do them: each with copies that were sent, and whoever is first."""
    done = {}
    for number in reversed(range(len(jobs))):
        own, given = pickle.loads(pickle.dumps((job, jobs[number])))
        done[number] = pickle.loads(pickle.dumps(own(given)))
    yield from (done[number] for number in range(len(jobs)))
