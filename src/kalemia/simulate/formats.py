"""How a data set lies on disk: WFDB records with labels.csv, or int16 shards with labels.parquet.

A format's methods run in any process: `begin` once, `put` for every record in whichever process made it, `end` once.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kalemia.errors import SimulateError
from kalemia.simulate.records import Simulated
from kalemia.system import wfdb

PER_FOLDER = 1000


@dataclass(frozen=True)
class Labels:
    """A row of the table of labels; `record` tells where the signal is, the rest is as in `Simulated`."""

    record: str
    patient: str
    day: int
    minute: int
    potassium_meq_l: float
    measured_meq_l: float
    gap_min: float
    hemolyzed: int
    labels: str
    level: str
    variant: str
    seed: int
    parameters: str
    """JSON of everything that was drawn, by name."""

    @classmethod
    def of(cls, made: Simulated, level: str, record: str) -> Labels:
        """Return the labels of a record."""
        return cls(
            record=record,
            patient=made.patient,
            day=made.day,
            minute=made.minute,
            potassium_meq_l=round(made.potassium_meq_l, 2),
            measured_meq_l=made.blood.measured_meq_l,
            gap_min=made.blood.gap_min,
            hemolyzed=int(made.blood.hemolyzed),
            labels=made.labels,
            level=level,
            variant=made.variant,
            seed=made.seed,
            parameters=json.dumps({name: round(value, 6) for name, value in made.parameters.items()}),
        )


class Format(Protocol):
    """Where records and labels go in a folder."""

    def begin(self, folder: Path, records: int) -> None:
        """Make room for this many records."""

    def put(self, folder: Path, number: int, made: Simulated) -> str:
        """Write record `number` and return how the labels name it."""

    def end(self, folder: Path, labels: Iterable[Labels]) -> None:
        """Write the labels of all records, in order."""


@dataclass(frozen=True)
class Wfdb:
    """A WFDB record each, a thousand a folder, and labels.csv."""

    def begin(self, folder: Path, records: int) -> None:
        """Make the folders of the records."""
        for first in range(0, records, PER_FOLDER):
            (folder / self._subfolder(first)).mkdir()

    def put(self, folder: Path, number: int, made: Simulated) -> str:
        """Write the two files of a record; return its path without a suffix."""
        record = f"{self._subfolder(number)}/{made.name}"
        write_wfdb(folder / record, made)
        return record

    def end(self, folder: Path, labels: Iterable[Labels]) -> None:
        """Write labels.csv."""
        with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as handle:
            table = csv.DictWriter(handle, [field.name for field in fields(Labels)], lineterminator="\n")
            table.writeheader()
            table.writerows(map(vars, labels))

    def _subfolder(self, number: int) -> str:
        return f"{number // PER_FOLDER:04d}"


@dataclass(frozen=True)
class Shards:
    """Arrays (records, leads, samples) of int16, a thousand records a file, and labels.parquet.

    `leads` and `samples` are those of every record. A file opens with `numpy.load(..., mmap_mode="r")`.
    """

    leads: int
    samples: int

    def begin(self, folder: Path, records: int) -> None:
        """Make the files at their full length, so that any process can write its records."""
        _polars()  # found missing now, not after hours
        for first in range(0, records, PER_FOLDER):
            shape = (min(PER_FOLDER, records - first), self.leads, self.samples)
            with (folder / self._file(first)).open("wb") as handle:
                header = {"descr": "<i2", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(handle, header)
                handle.truncate(handle.tell() + 2 * int(np.prod(shape)))

    def put(self, folder: Path, number: int, made: Simulated) -> str:
        """Write a record into its place; return its file and its row there."""
        name = self._file(number)
        # Plain writes: a full disk is then an error to report, where a memory map would kill the process.
        with (folder / name).open("r+b") as handle:
            np.lib.format.read_magic(handle)
            np.lib.format.read_array_header_1_0(handle)
            handle.seek(handle.tell() + 2 * self.leads * self.samples * (number % PER_FOLDER))
            handle.write(wfdb.counts(made.recording.signal).tobytes())
        return f"{name}:{number % PER_FOLDER}"

    def end(self, folder: Path, labels: Iterable[Labels]) -> None:
        """Write labels.parquet; `shard` and `row` say where a record lies."""
        table = []
        for each in labels:
            row = dict(vars(each))
            shard, place = row.pop("record").split(":")
            table.append({"shard": shard, "row": int(place)} | row)
        _polars().DataFrame(table).write_parquet(folder / "labels.parquet")

    def _file(self, number: int) -> str:
        return f"signals-{number // PER_FOLDER:04d}.npy"


def _polars() -> Any:
    try:
        import polars
    except ImportError as exc:
        raise SimulateError("Parquet needs the package polars; install it with pip install 'kalemia[parquet]'") from exc
    return polars


def write_wfdb(stem: Path, made: Simulated) -> None:
    """Write `stem`.hea and `stem`.dat: WFDB format 16, 1000 counts a mV, samples of all leads interleaved."""
    recording = made.recording
    origin = "simulated, not a person" if made.labels == "simulated" else f"{made.labels}, a real record changed"
    comment = f"{origin}; potassium {made.potassium_meq_l:.2f} mEq/L"
    for name, content in wfdb.files(
        stem.name, recording.leads, recording.rate, wfdb.counts(made.recording.signal), comment
    ).items():
        stem.with_name(name).write_bytes(content)
