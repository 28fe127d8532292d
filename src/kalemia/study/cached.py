"""What studies read of a cohort, cut once and kept in a file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import numpy as np

from kalemia.cohort.cohort import Cohort
from kalemia.errors import TrainError
from kalemia.system import atomic
from kalemia.train.design import Cut
from kalemia.train.examples import ARRAYS, Examples
from kalemia.train.labelled import CohortReader, made

DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
"""What numpy raises of a file that is no longer whole."""


def load(
    cohort: Cohort, cut: Cut, kept: Path, workers: int = 1, progress: Callable[[int, int], None] | None = None
) -> Examples:
    """Return the ECGs of a cohort, from the file `kept` where they were cut before; `number` is the row of each.

    Raises
    ------
    TrainError
        Where no ECG has a beat, or the file cannot be written.
    """
    if kept.exists():
        with suppress(*DAMAGED), kept.open("rb") as file, np.load(file) as stored:
            return Examples(**{name: stored[name] for name in ARRAYS}, refused=int(stored["refused"]))
    count, done = len(cohort), 0

    def note(further: int) -> None:
        nonlocal done
        done += further
        if progress:
            progress(done, count)

    reader = CohortReader(cohort.folder.name, cohort.folder, tuple(range(count)))
    examples = made(reader, range(count), cut, workers, note)
    if not len(examples):
        raise TrainError(f"{cohort.folder}: none of {count:,} ECGs has a beat in {', '.join(cut.leads)}")
    stream = io.BytesIO()
    np.savez(stream, **{one.name: getattr(examples, one.name) for one in fields(examples)})
    with atomic.writing(kept, TrainError):
        atomic.write({kept: stream.getvalue()})
    return examples
