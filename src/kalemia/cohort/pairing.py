"""Which draw of blood belongs to an ECG: the nearest of the same patient within a window."""

from __future__ import annotations

from datetime import timedelta

import polars as pl


def pair(ecgs: pl.DataFrame, draws: pl.DataFrame, window_min: float) -> pl.DataFrame:
    """Return the ECGs that have a draw within a window, a row an ECG, with the draw's columns and `gap_min`.

    A draw that was not hemolyzed is taken before one that was, however near that is, and serum before whole blood of
    the same minute.

    Parameters
    ----------
    ecgs
        With `patient` and `time`, and what else is to be kept.
    draws
        With `patient`, `draw_time`, `hemolyzed` and `specimen`, and what else is to be kept.
    window_min
        How many minutes before or after the ECG a draw may be.
    """
    ecgs = ecgs.with_row_index("_ecg").sort("time")
    # Of draws of one minute the last is taken by a search for the nearest; "whole blood" sorts after "serum".
    draws = draws.with_columns(_at=pl.col("draw_time")).sort("draw_time", "specimen", descending=[False, True])
    good = _nearest(ecgs, draws.filter(~pl.col("hemolyzed")), window_min)
    rest = ecgs.join(good.select("_ecg"), on="_ecg", how="anti")
    both = pl.concat([good, _nearest(rest, draws.filter(pl.col("hemolyzed")), window_min)])
    gap = (pl.col("draw_time") - pl.col("time")).dt.total_seconds() / 60
    return both.sort("_ecg").drop("_ecg").with_columns(gap_min=gap.cast(pl.Float32))


def _nearest(ecgs: pl.DataFrame, draws: pl.DataFrame, window_min: float) -> pl.DataFrame:
    nearest = ecgs.sort("time").join_asof(
        draws.sort("draw_time", maintain_order=True),
        left_on="time",
        right_on="_at",
        by="patient",
        strategy="nearest",
        tolerance=timedelta(minutes=window_min),
        check_sortedness=False,  # both are sorted just above; of groups it cannot be checked
    )
    return nearest.filter(pl.col("draw_time").is_not_null()).drop("_at", strict=False)
