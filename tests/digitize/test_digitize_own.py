"""Strips that run into each other: each keeps the ink that may be its own."""

from __future__ import annotations

from dataclasses import replace

import made
import numpy as np
import pytest
from drawn_pages import NAMES, columns, ecg, page, read, snr_db
from numpy.typing import NDArray

from kalemia.digitize import own
from kalemia.digitize.row import Lead

Reals = NDArray[np.float64]
SCALE, TRUE = made.SCALE, ecg()
COLUMNS = 2000


def strips(apart: float) -> tuple[Reals, Reals]:
    """Return rows of V1, its S waves deeper, and II, so many mm apart, px."""
    deep = np.where(TRUE["V1"] < 0, 1.6 * TRUE["V1"], TRUE["V1"])
    return made.row_of(deep, 200.0), made.row_of(TRUE["II"], 200.0 + apart * SCALE)


@pytest.mark.parametrize(("apart", "meet"), [(40.0, False), (18.0, True)])
def test_rows_are_joined_where_one_stroke_reaches_from_one_to_the_other(apart: float, meet: bool) -> None:
    paths = made.paths(strips(apart), 900)
    where = own.joined(paths, 0, SCALE)
    assert where.any() == meet
    assert where.mean() < 0.4, "beats only"
    assert not own.joined(made.paths(strips(18.0)[:1], 900), 0, SCALE).any(), "a row alone"


def test_rows_that_are_not_joined_are_left_as_they_are() -> None:
    paths = made.paths(strips(40.0), 900)
    leads = {row: made.lead("", np.zeros(5000)) for row in (0, 1)}
    assert own.followed(paths, leads, SCALE) is paths


def test_joined_rows_are_followed_as_far_as_their_leads_reach() -> None:
    upper, lower = strips(18.0)
    paths = made.paths((upper, lower), 900)
    astray = replace(paths, y=np.stack([upper, np.full(COLUMNS, np.median(lower))]))
    found = own.followed(astray, {0: short(upper, 0), 1: short(lower, 1)}, SCALE)
    for row, true in enumerate((upper, lower)):
        assert np.abs(found.y[row] - true).mean() < 2.0
        tips = np.array([np.ptp(part) for part in np.array_split(found.y[row], 6)])
        wanted = np.array([np.ptp(part) for part in np.array_split(true, 6)])
        assert tips == pytest.approx(wanted, rel=0.25)


def short(y: Reals, row: int) -> Lead:
    """Return the lead that a row repeats, printed alone in the first quarter of the page."""
    x = np.arange(5000) * COLUMNS / 5000
    line = np.where(x < COLUMNS / 4, np.interp(x, np.arange(COLUMNS), y), np.nan)
    return replace(made.lead("", np.zeros(5000), row=row), x=x, y=line)


@pytest.mark.parametrize("labels", [("V1", "II"), ("II", "V1")])
def test_labels_say_which_leads_strips_are_that_run_into_each_other(labels: tuple[str, str]) -> None:
    leads = TRUE | {"V1": np.where(TRUE["V1"] < 0, 1.6 * TRUE["V1"], TRUE["V1"])}
    picture = page(leads, (*columns(NAMES, 3), *((name,) for name in labels)), row_mm=18.0)
    found = read(picture)
    assert found.layout == "3x4+2"
    assert set(found.strip_agreement) == set(labels)
    for name in labels:
        signal = found.recording.lead(name)
        assert np.isfinite(signal).mean() > 0.95, "ten seconds, not a column of them"
        assert snr_db(leads[name], signal) > 8
