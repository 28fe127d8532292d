"""Configurations that train in seconds, and recordings that stand in for real ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from kalemia.simulate import simulate_one
from kalemia.simulate.formats import write_wfdb
from kalemia.train.config import Config, Records, Source
from kalemia.train.data import Maker

TINY = Config(
    name="tiny-v5",
    version="0.0.1",
    leads=("V5",),
    channels=2,
    lstm=2,
    sources=(Source(level="clean", share=1.0),),
    seed=3,
    records=Records(train=64, validation=16, calibration=60, test=60),
    epochs=2,
    batch=16,
    learning_rate=0.01,
)
CLEAN = Maker("simulated clean", "clean", 3)

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
