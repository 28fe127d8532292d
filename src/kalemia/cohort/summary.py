"""What a cohort holds, in some lines."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl

from kalemia.cohort import flow
from kalemia.cohort.cohort import SUBGROUPS, Cohort

BINS_MEQ_L = (3.5, 5.5, 6.0, 6.5)


def text(cohort: Cohort) -> str:
    """Return how a cohort came about, its potassium, and how many ECGs are of whom."""
    table, potassium = cohort.table, cohort.table["potassium_meq_l"]
    low, middle, high = (float(potassium.quantile(share) or 0) for share in (0.05, 0.5, 0.95))
    lines = [
        f"{len(table):,} ECGs of {table['patient'].n_unique():,} patients, {cohort.labels} potassium",
        f"leads {', '.join(cohort.leads)}; {cohort.card.samples / cohort.rate:g} s at {cohort.rate:g} Hz",
        f"potassium {middle:.1f} mEq/L in the median, {low:.1f} to {high:.1f} in nine of ten",
        *(f"  {name}: {count:,} ({count / len(table):.1%})" for name, count in _bins(potassium)),
    ]
    for name in ("hemolyzed", *SUBGROUPS):
        known = table[name].drop_nulls()
        if len(known):
            unknown = "" if len(known) == len(table) else f", not known of {len(table) - len(known):,}"
            lines.append(f"{name.replace('_', ' ')}: {int(known.sum()):,} ({known.sum() / len(known):.1%}){unknown}")
    return "\n".join([*lines, "", flow.text(cohort.card.flow)])


def _bins(potassium: pl.Series) -> list[tuple[str, int]]:
    """Return how many lie in each bin, the guideline's, by its name."""
    counts = np.bincount(np.searchsorted(BINS_MEQ_L, potassium.to_numpy(), "right"), minlength=len(BINS_MEQ_L) + 1)
    between = (f"{low:g} to {high:g}" for low, high in itertools.pairwise(BINS_MEQ_L))
    names = (f"below {BINS_MEQ_L[0]:g}", *between, f"{BINS_MEQ_L[-1]:g} and above")
    return list(zip(names, counts.tolist(), strict=True))
