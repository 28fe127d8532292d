"""Pairs MIMIC-IV-ECG with the potassium of MIMIC-IV (PhysioNet), in their real layout and in that of the open demos."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from kalemia.cohort import build, foreign, header
from kalemia.cohort.build import Progress
from kalemia.cohort.files import Files
from kalemia.cohort.flow import Step
from kalemia.cohort.foreign import Table
from kalemia.cohort.listed import once
from kalemia.cohort.pairing import pair
from kalemia.errors import CohortError
from kalemia.estimate.personal import PLAUSIBLE_MEQ_L
from kalemia.system import atomic

SERUM, WHOLE_BLOOD, HEMOLYSIS_INDEX = "50971", "50822", "50934"
"""Items of the laboratory: potassium in serum or plasma, in whole blood, and how hemolyzed a specimen was."""
HEMOLYZED_INDEX = 50.0
"""A specimen with at least this index counts as hemolyzed: from the fourth of seven grades on potassium was higher by
half a mmol/L (Goyal and Schmotzer 2015, DOI 10.1309/AJCPDUDE1HRA0YMR). A comment that says so counts, too."""
UNITS = ("meq/l", "mmol/l")
HEMOLYZED = r"ha?emoly"
NOT_HEMOLYZED = (
    r"\b(no|not|non|without)[ -]*((visible|gross|significant|apparent|obvious|any|evidence|signs?|of)[ -]+)*ha?emoly\w*"
)
"""What is taken out of a comment before it is asked: a negation of another thing must not hide a hemolyzed specimen."""
WIDE_QRS_MS, LONGEST_QRS_MS = 120, 400
"""Longer ones are none: 29999 stands where the machine found no beginning or no end."""
KIDNEY = r"^(N18|585|I12|I13|403|404)"
DIALYSIS, DIALYSIS_ICD_9 = r"^(Z992|Z9115)", r"^(V451|V56)"
"""Codes of diagnoses, ICD-10 and ICD-9: chronic kidney disease, and dependence on dialysis. V45 and V56 are accidents
in ICD-10."""
PAIRS, FOUND = "pairs.parquet", "draws.parquet"


@dataclass(frozen=True)
class MimicFolders:
    """Where the two halves lie, and how they are paired.

    Attributes
    ----------
    ecg
        The folder of MIMIC-IV-ECG, with `record_list.csv`.
    clinical
        The folder of MIMIC-IV, with `hosp/labevents.csv.gz`.
    window_min
        How many minutes before or after the ECG the draw may be.
    hemolyzed_index
        The index of hemolysis from which a specimen counts as hemolyzed.
    """

    ecg: Path
    clinical: Path
    window_min: float = 60.0
    hemolyzed_index: float = HEMOLYZED_INDEX


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
    hosp = mimic.clinical / "hosp" if (mimic.clinical / "hosp").is_dir() else mimic.clinical
    files = {
        "records": foreign.needed(mimic.ecg, "record_list.csv"),
        "labs": foreign.needed(hosp, "labevents.csv"),
    }
    beside = [foreign.found(hosp, name) for name in ("patients.csv", "diagnoses_icd.csv")]
    beside.append(foreign.found(mimic.ecg, "machine_measurements.csv"))
    plan = {
        "from": "mimic-iv",
        "files": [build.fingerprint(path) for path in (*files.values(), *beside) if path is not None],
        "window_min": mimic.window_min,
        "index": mimic.hemolyzed_index,
    }
    about = {"source": "MIMIC-IV-ECG and MIMIC-IV", "window_min": mimic.window_min}
    with build.claim(out, plan) as partial:
        pairs, steps = _pairs(mimic, hosp, files, partial, workers)
        ecgs = Files.of(pairs, mimic.ecg)
        return build.finish(out, partial, ecgs, len(pairs), steps, about, workers=workers, progress=progress)


def _pairs(
    mimic: MimicFolders, hosp: Path, files: dict[str, Path], partial: Path, workers: int
) -> tuple[pl.DataFrame, list[Step]]:
    """Return the ECGs and their draws, and how many each step left; found once, then kept in the folder."""
    kept, told = partial / PAIRS, partial / "steps.json"
    if not told.exists():
        database = foreign.connect(workers)
        ecgs, listed = _ecgs(database, files["records"], partial)
        draws, drawn = _draws(database, mimic, files, partial)
        paired = pair(ecgs, draws, mimic.window_min)
        lost = {f"without a draw within {mimic.window_min:g} min": len(ecgs) - len(paired)}
        people, notes = _described(database, paired, hosp, mimic.ecg, partial)
        steps = [*drawn, *listed, Step("ECGs with a draw", len(paired), paired["patient"].n_unique(), lost, notes)]
        people.write_parquet(kept)
        atomic.write({told: json.dumps([step.to_dict() for step in steps]).encode()})
    return pl.read_parquet(kept), [Step(**step) for step in json.loads(told.read_text(encoding="utf-8"))]


def _ecgs(database: duckdb.DuckDBPyConnection, path: Path, partial: Path) -> tuple[pl.DataFrame, list[Step]]:
    """Return the ECGs that are listed with a time, each once."""
    table = Table(database, path, ("subject_id", "study_id", "ecg_time", "path"))
    copied = partial / "listed.parquet"
    table.run(
        f"COPY (SELECT {table.text('study_id')} AS ecg, {table.text('subject_id')} AS patient, "
        f"{foreign.time(table.text('ecg_time'))} AS time, {table.text('path')} AS path FROM {table.sql}) "
        f"TO '{foreign.quoted(copied)}' (FORMAT parquet)"
    )
    listed = pl.read_parquet(copied)
    timed = listed.filter(pl.col("time").is_not_null() & pl.col("patient").is_not_null() & pl.col("path").is_not_null())
    ecgs, twice, notes = once(timed, "ecg", ("patient", "time", "path"))
    lost = {
        "lines that are no rows": table.rejected(),
        "without a time, a patient or a path": len(listed) - len(timed),
        **twice,
    }
    kept = Step("ECGs", len(ecgs), ecgs["patient"].n_unique(), lost, notes)
    return ecgs, [Step("ECGs listed", len(listed)), kept]


def _draws(
    database: duckdb.DuckDBPyConnection, mimic: MimicFolders, files: dict[str, Path], partial: Path
) -> tuple[pl.DataFrame, list[Step]]:
    """Return the potassium of all patients with an ECG that can be trusted, and whether it was hemolyzed."""
    table = Table(database, files["labs"], ("subject_id", "specimen_id", "itemid", "charttime", "valuenum", "valueuom"))
    copied = partial / FOUND
    comment = f"regexp_replace(lower({table.text('comments')}), '{NOT_HEMOLYZED}', '', 'g')"
    items = ", ".join(f"'{item}'" for item in (SERUM, WHOLE_BLOOD, HEMOLYSIS_INDEX))
    table.run(
        f"COPY (SELECT {table.text('subject_id')} AS patient, {table.text('specimen_id')} AS specimen_id, "
        f"{table.text('itemid')} AS item, {foreign.time(table.text('charttime'))} AS draw_time, "
        f"TRY_CAST({table.text('valuenum')} AS DOUBLE) AS value, lower(trim({table.text('valueuom')})) AS unit, "
        f"coalesce(regexp_matches({comment}, '{HEMOLYZED}'), false) AS said "
        f"FROM {table.sql} "
        f"WHERE {table.text('itemid')} IN ({items}) AND {table.text('subject_id')} IN "
        f"(SELECT patient FROM read_parquet('{foreign.globbed(partial / 'listed.parquet')}'))) "
        f"TO '{foreign.quoted(copied)}' (FORMAT parquet)"
    )
    found = pl.read_parquet(copied)
    index = found.filter(pl.col("item") == HEMOLYSIS_INDEX, pl.col("specimen_id").is_not_null())
    index = index.group_by("specimen_id").agg(index=pl.col("value").max())
    potassium = found.filter(pl.col("item") != HEMOLYSIS_INDEX).join(index, on="specimen_id", how="left")
    low, high = PLAUSIBLE_MEQ_L
    why = (
        pl.when(pl.col("draw_time").is_null())
        .then(pl.lit("without a time"))
        .when(pl.col("value").is_null())
        .then(pl.lit("without a number"))
        .when(~pl.col("unit").is_in(UNITS))  # an empty unit is the item's own
        .then(pl.concat_str(pl.lit("in "), pl.col("unit"), pl.lit(" instead of mEq/L")))
        .when(~pl.col("value").is_between(low, high))
        .then(pl.lit(f"outside {low:g} to {high:g} mEq/L"))
    )
    judged = potassium.with_columns(why=why)
    good = judged.filter(pl.col("why").is_null())
    wrong = (
        judged.filter(pl.col("why").is_not_null()).group_by("why").len().sort("len", "why", descending=[True, False])
    )
    lost = {"lines that are no rows": table.rejected(), **dict(wrong.iter_rows())}
    draws = good.select(
        "patient",
        "draw_time",
        potassium_meq_l=pl.col("value").cast(pl.Float32),
        specimen=pl.when(pl.col("item") == SERUM).then(pl.lit("serum")).otherwise(pl.lit("whole blood")),
        hemolyzed=pl.col("said") | (pl.col("index") >= mimic.hemolyzed_index).fill_null(value=False),
    )
    results = Step("potassium results of patients with an ECG", len(potassium))
    return draws, [results, Step("potassium draws", len(draws), draws["patient"].n_unique(), lost)]


def _described(
    database: duckdb.DuckDBPyConnection, pairs: pl.DataFrame, hosp: Path, ecg: Path, partial: Path
) -> tuple[pl.DataFrame, list[str]]:
    """Return the pairs with age, sex and subgroups, as far as the files that say so are there, and which are empty."""
    notes: list[str] = []
    if (people := _unless_empty(foreign.found(hosp, "patients.csv"), notes)) is not None:
        table = Table(database, people, ("subject_id", "gender", "anchor_age", "anchor_year"))
        asked = {
            "patient": table.text("subject_id"),
            "sex": f"CASE upper({table.text('gender')}) WHEN 'F' THEN 'female' WHEN 'M' THEN 'male' END",
            "born": f"TRY_CAST({table.text('anchor_year')} AS INT) - TRY_CAST({table.text('anchor_age')} AS INT)",
        }
        known = _asked(table, asked, partial).unique("patient")
        pairs = pairs.join(known, on="patient", how="left")
        pairs = pairs.with_columns(age_y=(pl.col("time").dt.year() - pl.col("born")).cast(pl.Float32)).drop("born")
    if (diagnoses := _unless_empty(foreign.found(hosp, "diagnoses_icd.csv"), notes)) is not None:
        table = Table(database, diagnoses, ("subject_id", "icd_code"))
        code = f"upper(replace({table.text('icd_code')}, '.', ''))"
        old = f"trim({table.text('icd_version')}) IS DISTINCT FROM '10' AND regexp_matches({code}, '{DIALYSIS_ICD_9}')"
        dialysis = f"(regexp_matches({code}, '{DIALYSIS}') OR {old})"
        asked = {
            "patient": table.text("subject_id"),
            "dialysis": f"bool_or({dialysis})",
            "kidney_disease": f"bool_or(regexp_matches({code}, '{KIDNEY}') OR {dialysis})",
        }
        known = _asked(table, asked, partial, "GROUP BY 1")
        # Who has no diagnosis of these is not known to be sick, which is what "false" means here.
        pairs = pairs.join(known, on="patient", how="left").with_columns(
            pl.col("dialysis", "kidney_disease").fill_null(value=False)
        )
    if (machine := _unless_empty(foreign.found(ecg, "machine_measurements.csv"), notes)) is not None:
        table = Table(database, machine, ("study_id",))
        reports = [name for name in table.columns if name.startswith("report_")]
        said = " || ' ' || ".join(f"coalesce({table.text(name)}, '')" for name in reports) or "''"
        end, onset = (f"TRY_CAST({table.text(name)} AS DOUBLE)" for name in ("qrs_end", "qrs_onset"))
        qrs = f"({end} - {onset})"
        asked = {
            "ecg": table.text("study_id"),
            "atrial_fibrillation": f"({said}) ILIKE '%atrial fibrillation%'",
            "wide_qrs": f"CASE WHEN {qrs} BETWEEN 1 AND {LONGEST_QRS_MS} THEN {qrs} >= {WIDE_QRS_MS} END",
        }
        pairs = pairs.join(_asked(table, asked, partial).unique("ecg"), on="ecg", how="left")
    return pairs.with_columns(labels=pl.lit("measured")), notes


def _unless_empty(path: Path | None, notes: list[str]) -> Path | None:
    """Return a file that may be missing, or None, with a note, where it is empty: it says nothing of anybody then."""
    if path is None or not header.rowless(path):
        return path
    notes.append(f"{path.name} has no rows and counts as missing; what it says of patients or ECGs is not known")
    return None


def _asked(table: Table, columns: dict[str, str], partial: Path, tail: str = "") -> pl.DataFrame:
    """Return columns of a table by name, each as SQL."""
    copied = partial / "asked.parquet"
    listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    table.run(f"COPY (SELECT {listed} FROM {table.sql} {tail}) TO '{foreign.quoted(copied)}' (FORMAT parquet)")
    known: pl.DataFrame = pl.read_parquet(copied)
    return known
