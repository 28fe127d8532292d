"""The potassium that MIMIC-IV's laboratory measured, as far as it can be trusted, and whether it was hemolyzed."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from kalemia.body import PLAUSIBLE_MEQ_L
from kalemia.cohort import foreign
from kalemia.cohort.flow import Step
from kalemia.cohort.foreign import ForeignTable
from kalemia.cohort.listed import faultless

SERUM, WHOLE_BLOOD, HEMOLYSIS_INDEX = "50971", "50822", "50934"
"""Items of the laboratory: potassium in serum or plasma, in whole blood, and how hemolyzed a specimen was."""
UNITS = ("meq/l", "mmol/l")
HEMOLYZED = r"ha?emoly"
NOT_HEMOLYZED = (
    r"\b(no|not|non|without)[ -]*((visible|gross|significant|apparent|obvious|any|evidence|signs?|of)[ -]+)*ha?emoly\w*"
)
"""What is taken out of a comment before it is asked: a negation of another thing must not hide a hemolyzed specimen."""
COLUMNS = ("subject_id", "specimen_id", "itemid", "charttime", "valuenum", "valueuom")


def draws(
    database: duckdb.DuckDBPyConnection, labs: Path, patients: Path, hemolyzed_index: float, copied: Path
) -> tuple[pl.DataFrame, list[Step]]:
    """Return a row a draw, and how many each step left.

    Parameters
    ----------
    labs
        `labevents`; read once, and never held as a whole.
    patients
        A Parquet file: draws of the values of its column `patient` are taken.
    hemolyzed_index
        The index of hemolysis from which a specimen counts as hemolyzed.
    copied
        The Parquet file that the laboratory's lines on these patients go to.
    """
    table = ForeignTable(database, labs, COLUMNS)
    lines = _lines(table, patients, copied)
    of_potassium = pl.col("item") != HEMOLYSIS_INDEX
    index = lines.filter(~of_potassium, pl.col("specimen_id").is_not_null())
    index = index.group_by("specimen_id").agg(index=pl.col("value").max())
    potassium = lines.filter(of_potassium).join(index, on="specimen_id", how="left")
    good, faults = faultless(potassium.with_columns(why=_why()))
    drawn = good.select(
        "patient",
        "draw_time",
        potassium_meq_l=pl.col("value").cast(pl.Float32),
        specimen=pl.when(pl.col("item") == SERUM).then(pl.lit("serum")).otherwise(pl.lit("whole blood")),
        hemolyzed=pl.col("commented") | (pl.col("index") >= hemolyzed_index).fill_null(value=False),
    )
    lost = {"lines that are no rows": table.rejected(), **faults}
    results = Step("potassium results of patients with an ECG", len(potassium))
    return drawn, [results, Step("potassium draws", len(drawn), drawn["patient"].n_unique(), lost)]


def _lines(table: ForeignTable, patients: Path, copied: Path) -> pl.DataFrame:
    """Return the laboratory's lines on potassium and hemolysis of these patients."""
    comment = f"regexp_replace(lower({table.text('comments')}), '{NOT_HEMOLYZED}', '', 'g')"
    columns = {
        "patient": table.text("subject_id"),
        "specimen_id": table.text("specimen_id"),
        "item": table.text("itemid"),
        "draw_time": foreign.time(table.text("charttime")),
        "value": f"TRY_CAST({table.text('valuenum')} AS DOUBLE)",
        "unit": f"lower(trim({table.text('valueuom')}))",
        "commented": f"coalesce(regexp_matches({comment}, '{HEMOLYZED}'), false)",
    }
    items = ", ".join(f"'{item}'" for item in (SERUM, WHOLE_BLOOD, HEMOLYSIS_INDEX))
    listed = f"(SELECT patient FROM read_parquet('{foreign.globbed(patients)}'))"
    return table.select(
        columns, copied, f"WHERE {table.text('itemid')} IN ({items}) AND {table.text('subject_id')} IN {listed}"
    )


def _why() -> pl.Expr:
    """Return why a line is no potassium that can be trusted, or null."""
    low, high = PLAUSIBLE_MEQ_L
    return (
        pl.when(pl.col("draw_time").is_null())
        .then(pl.lit("without a time"))
        .when(pl.col("value").is_null())
        .then(pl.lit("without a number"))
        .when(~pl.col("unit").is_in(UNITS))  # an empty unit is the item's own
        .then(pl.concat_str(pl.lit("in "), pl.col("unit"), pl.lit(" instead of mEq/L")))
        .when(~pl.col("value").is_between(low, high))
        .then(pl.lit(f"outside {low:g} to {high:g} mEq/L"))
    )
