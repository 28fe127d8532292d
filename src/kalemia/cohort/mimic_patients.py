"""Who MIMIC-IV's ECGs are of: age, sex and subgroups, as far as the files that hold them are there."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from kalemia.cohort import header
from kalemia.cohort.foreign import ForeignTable
from kalemia.cohort.mimic_files import MimicFiles

WIDE_QRS_MS, LONGEST_QRS_MS = 120, 400
"""Longer ones are none: 29999 stands where the machine found no beginning or no end."""
KIDNEY = r"^(N18|585|I12|I13|403|404)"
DIALYSIS, DIALYSIS_ICD_9 = r"^(Z992|Z9115)", r"^(V451|V56)"
"""Codes of diagnoses, ICD-10 and ICD-9: chronic kidney disease, and dependence on dialysis. V45 and V56 are accidents
in ICD-10."""


def described(
    database: duckdb.DuckDBPyConnection, pairs: pl.DataFrame, files: MimicFiles, copied: Path
) -> tuple[pl.DataFrame, list[str]]:
    """Return ECGs with age, sex and subgroups, and a sentence for each file that is empty.

    Such a file describes nobody, and counts as missing; what only a missing file holds is no column.
    """
    notes = []
    for path, describe in ((files.patients, _people), (files.diagnoses, _diagnoses), (files.machine, _machine)):
        if path is None:
            continue
        if header.rowless(path):
            notes.append(
                f"{path.name} has no rows and counts as missing; what it says of patients or ECGs is not known"
            )
        else:
            pairs = describe(database, pairs, path, copied)
    return pairs, notes


def _people(database: duckdb.DuckDBPyConnection, pairs: pl.DataFrame, path: Path, copied: Path) -> pl.DataFrame:
    table = ForeignTable(database, path, ("subject_id", "gender", "anchor_age", "anchor_year"))
    columns = {
        "patient": table.text("subject_id"),
        "sex": f"CASE upper({table.text('gender')}) WHEN 'F' THEN 'female' WHEN 'M' THEN 'male' END",
        "born": f"TRY_CAST({table.text('anchor_year')} AS INT) - TRY_CAST({table.text('anchor_age')} AS INT)",
    }
    pairs = pairs.join(table.select(columns, copied).unique("patient"), on="patient", how="left")
    return pairs.with_columns(age_y=(pl.col("time").dt.year() - pl.col("born")).cast(pl.Float32)).drop("born")


def _diagnoses(database: duckdb.DuckDBPyConnection, pairs: pl.DataFrame, path: Path, copied: Path) -> pl.DataFrame:
    table = ForeignTable(database, path, ("subject_id", "icd_code"))
    code = f"upper(replace({table.text('icd_code')}, '.', ''))"
    old = f"trim({table.text('icd_version')}) IS DISTINCT FROM '10' AND regexp_matches({code}, '{DIALYSIS_ICD_9}')"
    dialysis = f"(regexp_matches({code}, '{DIALYSIS}') OR {old})"
    columns = {
        "patient": table.text("subject_id"),
        "dialysis": f"bool_or({dialysis})",
        "kidney_disease": f"bool_or(regexp_matches({code}, '{KIDNEY}') OR {dialysis})",
    }
    diagnosed = table.select(columns, copied, "GROUP BY 1")
    # Who has no diagnosis of these is not known to be sick, which is what "false" means here.
    return pairs.join(diagnosed, on="patient", how="left").with_columns(
        pl.col("dialysis", "kidney_disease").fill_null(value=False)
    )


def _machine(database: duckdb.DuckDBPyConnection, pairs: pl.DataFrame, path: Path, copied: Path) -> pl.DataFrame:
    table = ForeignTable(database, path, ("study_id",))
    reports = [name for name in table.columns if name.startswith("report_")]
    report = " || ' ' || ".join(f"coalesce({table.text(name)}, '')" for name in reports) or "''"
    end, onset = (f"TRY_CAST({table.text(name)} AS DOUBLE)" for name in ("qrs_end", "qrs_onset"))
    qrs = f"({end} - {onset})"
    columns = {
        "ecg": table.text("study_id"),
        "atrial_fibrillation": f"({report}) ILIKE '%atrial fibrillation%'",
        "wide_qrs": f"CASE WHEN {qrs} BETWEEN 1 AND {LONGEST_QRS_MS} THEN {qrs} >= {WIDE_QRS_MS} END",
    }
    return pairs.join(table.select(columns, copied).unique("ecg"), on="ecg", how="left")
