"""Pairs MIMIC-IV-ECG with the potassium of MIMIC-IV (PhysioNet), in their real layout and in that of the open demos."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl

from kalemia.cohort import build, foreign
from kalemia.cohort.build import Progress
from kalemia.cohort.card import Origin
from kalemia.cohort.claim import claim, fingerprint
from kalemia.cohort.files import Files
from kalemia.cohort.flow import Step
from kalemia.cohort.foreign import ForeignTable
from kalemia.cohort.listed import once
from kalemia.cohort.mimic_draws import draws
from kalemia.cohort.mimic_files import MimicFiles, MimicFolders
from kalemia.cohort.mimic_patients import described
from kalemia.cohort.pairing import pair
from kalemia.errors import CohortError
from kalemia.system import atomic

PAIRS, DRAWS, LISTED, ASKED, STEPS = "pairs.parquet", "draws.parquet", "listed.parquet", "asked.parquet", "steps.json"


def write(mimic: MimicFolders, out: Path, workers: int = 1, progress: Progress | None = None) -> list[Step]:
    """Build the cohort in the new folder `out`, or go on where an earlier run was stopped; return how many were left.

    Raises
    ------
    CohortError
        A file is missing, damaged, or not what it should be, or `out` cannot be written: one sentence.
    """
    foreign.check_window(mimic.window_min)
    if not 0 <= mimic.hemolyzed_index < 1e6:
        raise CohortError(f"the index of hemolysis is {mimic.hemolyzed_index:g}; 0 or more is accepted")
    files = MimicFiles.of(mimic)
    plan = {
        "from": "mimic-iv",
        "files": [fingerprint(path) for path in files if path is not None],
        "window_min": mimic.window_min,
        "index": mimic.hemolyzed_index,
    }
    origin = Origin("MIMIC-IV-ECG and MIMIC-IV", mimic.window_min)
    with claim(out, plan) as partial:
        pairs, steps = _pairs(mimic, files, partial, workers)
        return build.finish(out, partial, Files.of(pairs, mimic.ecg), steps, origin, None, workers, progress)


def _pairs(mimic: MimicFolders, files: MimicFiles, partial: Path, workers: int) -> tuple[pl.DataFrame, list[Step]]:
    """Return the ECGs and their draws, and how many each step left; paired once, then kept in the folder."""
    kept, counted = partial / PAIRS, partial / STEPS
    if not counted.exists():
        pairs, steps = _paired(mimic, files, partial, foreign.connect(workers))
        pairs.write_parquet(kept)
        atomic.write({counted: json.dumps([step.to_dict() for step in steps]).encode()})
    return pl.read_parquet(kept), [Step(**step) for step in json.loads(counted.read_text(encoding="utf-8"))]


def _paired(
    mimic: MimicFolders, files: MimicFiles, partial: Path, database: duckdb.DuckDBPyConnection
) -> tuple[pl.DataFrame, list[Step]]:
    ecgs, of_ecgs = _ecgs(database, files.records, partial / LISTED)
    drawn, of_draws = draws(database, files.labs, partial / LISTED, mimic.hemolyzed_index, partial / DRAWS)
    pairs = pair(ecgs, drawn, mimic.window_min)
    lost = {f"without a draw within {mimic.window_min:g} min": len(ecgs) - len(pairs)}
    pairs, notes = described(database, pairs, files, partial / ASKED)
    step = Step("ECGs with a draw", len(pairs), pairs["patient"].n_unique(), lost, notes)
    return pairs.with_columns(labels=pl.lit("measured")), [*of_draws, *of_ecgs, step]


def _ecgs(database: duckdb.DuckDBPyConnection, path: Path, copied: Path) -> tuple[pl.DataFrame, list[Step]]:
    """Return the ECGs that are listed with a time, each once."""
    table = ForeignTable(database, path, ("subject_id", "study_id", "ecg_time", "path"))
    columns = {
        "ecg": table.text("study_id"),
        "patient": table.text("subject_id"),
        "time": foreign.time(table.text("ecg_time")),
        "path": table.text("path"),
    }
    listed = table.select(columns, copied)
    timed = listed.filter(pl.all_horizontal(pl.col("time", "patient", "path").is_not_null()))
    ecgs, twice, notes, _ = once(timed, "ecg", ("patient", "time", "path"))
    lost = {
        "lines that are no rows": table.rejected(),
        "without a time, a patient or a path": len(listed) - len(timed),
        **twice,
    }
    kept = Step("ECGs", len(ecgs), ecgs["patient"].n_unique(), lost, notes)
    return ecgs, [Step("ECGs listed", len(listed)), kept]
