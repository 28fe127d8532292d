"""Where a patient comes from: how many of such people have each potassium before any ECG is looked at."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from kalemia.body import PLAUSIBLE_MEQ_L
from kalemia.errors import PopulationError
from kalemia.estimate.evidence import BINS, CENTRES_MEQ_L, EDGES_MEQ_L, Reals, Shares
from kalemia.records import Before
from kalemia.system import bounded

DEFAULT = "kidney"
COLUMN = "potassium_meq_l"
LEAST_VALUES, MOST_VALUES = 100, 1_000_000
LARGEST_BYTES = 20_000_000
BETWEEN = "\t;,"
"""What may lie between fields. A tab where there is one column, so that a decimal comma stays in it."""
MOVES_MEQ_L = 1.2
"""How far a patient's potassium lies from that of an earlier draw, standard deviation: of 0.4 to 1.2 and any, best on
simulated dialysis patients at any time of a session; others move less, and a narrower one would have to know whose."""
LEAST_BLUR_MEQ_L = 0.15
"""Laboratories round and err; two values nearer than this are the same to an ECG."""


@dataclass(frozen=True, eq=False)
class Population(Shares):
    """People, and the shares of them by potassium.

    Attributes
    ----------
    name
        One of `KNOWN`, or the name of a file.
    people
        Who they are, as a phrase after "among".
    source
        Where the shares are from.
    """

    name: str
    people: str
    source: str

    @cached_property
    def before(self) -> Before:
        """What an estimate says of the population."""
        return Before(self.name, self.people, self.chances_above, self.chances_below)

    @classmethod
    def load(cls, name: str | Path) -> Population:
        """Return a named population, or that of a table of one's own laboratory values.

        Parameters
        ----------
        name
            One of `KNOWN`, or the path of a CSV file with a column `potassium_meq_l`: a row a blood test.

        Raises
        ------
        PopulationError
            There is no such population or file, it holds what no living person has, or too few values.
        """
        if str(name) in KNOWN:
            return _known(str(name))
        path = Path(name)
        if not path.suffix:
            raise PopulationError(
                f"no population {str(name)!r:.60}; {', '.join(KNOWN)} are known, or give a CSV file of potassium "
                "values from your own laboratory"
            )
        return _own(path)

    def beside(self, draws: NDArray[np.floating], weights: NDArray[np.floating]) -> Population:
        """Return what is known of a patient of it who had these draws (n,), mEq/L; together they count as one at most.

        Several say no more than one of where the next will be, since a patient's potassium moves.
        """
        apart = np.square((CENTRES_MEQ_L[:, None] - draws) / MOVES_MEQ_L) @ weights / max(1.0, float(weights.sum()))
        shares = self.shares * np.exp(-0.5 * apart)
        return replace(self, shares=shares / shares.sum(), people=f"{self.people}, with this patient's blood draws")

    @classmethod
    def of(cls, values: NDArray[np.floating], name: str, people: str, source: str) -> Population:
        """Return the population of laboratory values (n,), mEq/L, with one further person who may have anything."""
        blur = max(LEAST_BLUR_MEQ_L, 0.9 * float(values.std()) * len(values) ** -0.2)  # Silverman's rule
        from scipy.special import ndtr  # named populations are quicker without

        counts, _ = np.histogram(values, _FINE)
        middles = (_FINE[1:] + _FINE[:-1]) / 2
        filled = counts > 0
        spread = np.diff(ndtr((EDGES_MEQ_L[:, None] - middles[filled]) / blur), axis=0)
        shares = (spread / spread.sum(axis=0)) @ counts[filled]
        return cls((shares + 1 / BINS) / (shares.sum() + 1), name, people, source)


@dataclass(frozen=True)
class _Published:
    """Shares of people below some potassiums, mEq/L, as somebody counted them."""

    people: str
    source: str
    below: Mapping[float, float]


KNOWN: Mapping[str, _Published] = {
    "kidney": _Published(
        "outpatients with chronic kidney disease",
        "3.7 % below 3.5 and 17.6 % from 5.0 on of 3,190 patients of 39 centres (Wang 2021, DOI "
        "10.3760/cma.j.cn112137-20210508-01087); of those from 5.0 on one in ten from 6.0 on, as of 2,443 patients of "
        "46 kidney clinics (PMC6306758)",
        {3.5: 0.037, 5.0: 0.824, 6.0: 0.9815},
    ),
    "dialysis": _Published(
        "hemodialysis patients before a session",
        "600 patients after the long interval; gradients to a dialysate of 2.0 mEq/L (PRECEDE-K, DOI "
        "10.1186/s12882-023-03261-8)",
        {3.0: 0.004, 4.0: 0.140, 5.0: 0.591, 6.0: 0.948},
    ),
    "hospital": _Published(
        "people whose potassium a hospital measured at the door",
        "5.5 % below 3.5 and 3.6 % above 5.0 at 48,827 emergency visits (PMC5511959), 0.3 % above 5.9 of 29,250 "
        "measurements (cited in DOI 10.1007/s11739-019-02159-4)",
        {3.5: 0.055, 5.0: 0.964, 5.9: 0.997},
    ),
    "emergency": _Published(
        "the sick of an emergency room",
        "20.1 % below 3.5 and 3.0 % with hyperkalemia, taken as above 5.5, of 12,799 patients (DOI "
        "10.1186/s12873-024-01011-z); beyond, as rare as in `hospital`",
        {3.5: 0.201, 5.5: 0.970, 6.4: 0.9977},
    ),
    "flat": _Published("nobody, for study only: every potassium from 2 to 9 is as likely", "an assumption", {}),
}
"""Every named population. Between the shares that are published, and beyond them, potassium is taken to be nearly
normally distributed, with a standard deviation that changes smoothly from one to the next."""

FLAT_MEQ_L, BEYOND = 9.0, 0.01
"""Up to where `flat` reaches, since what models are trained on hardly goes further, and the share of a bin beyond."""
_FINE: Reals = np.linspace(0.0, 12.0, 1201)
"""Laboratory values are counted in hundredths."""


@lru_cache(maxsize=len(KNOWN))
def _known(name: str) -> Population:
    known = KNOWN[name]
    shares = np.diff(_cumulative(known.below)) if known.below else np.where(EDGES_MEQ_L[1:] <= FLAT_MEQ_L, 1.0, BEYOND)
    return Population(shares / shares.sum(), name, known.people, known.source)


def _cumulative(below: Mapping[float, float]) -> Reals:
    """Return the share below each edge: normal deviates are a smooth curve through the points that are known.

    Cubic between them, without a kink that would give a density a second peak; a line beyond.
    """
    cuts = np.array(sorted(below))
    deviates = np.array([NormalDist().inv_cdf(below[cut]) for cut in cuts])
    widths, rises = np.diff(cuts), np.diff(deviates)
    slopes = rises / widths
    tangents = np.concatenate([slopes[:1], (slopes[1:] + slopes[:-1]) / 2, slopes[-1:]])
    piece = np.clip(np.searchsorted(cuts, EDGES_MEQ_L) - 1, 0, len(widths) - 1)
    width, rise = widths[piece], rises[piece]
    part = np.clip((EDGES_MEQ_L - cuts[piece]) / width, 0, 1)
    first, last = tangents[piece] * width, tangents[piece + 1] * width
    curve = deviates[piece] + part * (first + part * (3 * rise - 2 * first - last + part * (first + last - 2 * rise)))
    before, after = np.minimum(EDGES_MEQ_L - cuts[0], 0), np.maximum(EDGES_MEQ_L - cuts[-1], 0)
    lines = curve + slopes[0] * before + slopes[-1] * after
    return np.array([NormalDist().cdf(deviate) for deviate in lines])


def _own(path: Path) -> Population:
    """Return the population of a table of laboratory values."""
    values = _values(path)
    low, high = PLAUSIBLE_MEQ_L
    if absurd := [value for value in values if not low <= value <= high]:
        raise PopulationError(
            f"{path}: {len(absurd):,} of its values, such as {absurd[0]:g}, are no potassium of a living person; "
            f"{low:g} to {high:g} mEq/L is accepted"
        )
    if not LEAST_VALUES <= len(values) <= MOST_VALUES:
        raise PopulationError(
            f"{path}: holds {len(values):,} values; {LEAST_VALUES:,} to {MOST_VALUES:,} make a population"
        )
    return Population.of(
        np.array(values), path.name, f"the {len(values):,} blood tests of {path.name}", "a table of its own"
    )


def _values(path: Path) -> list[float]:
    content = bounded.content(path, LARGEST_BYTES, "a CSV table of potassium values", PopulationError)
    try:
        text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig").read()
        between = max(BETWEEN, key=text.partition("\n")[0].count)
        table = csv.reader(io.StringIO(text), delimiter=between)
        header, *rows = [(table.line_num, row) for row in table if any(row)] or [(0, [])]
    except (ValueError, csv.Error) as exc:
        raise PopulationError(f"{path}: no CSV text; expected a table of potassium values") from exc
    names = [name.strip() for name in header[1]]
    if names.count(COLUMN) != 1:
        raise PopulationError(f"{path}: its first row names no one column {COLUMN}; expected it, in mEq/L (or mmol/L)")
    if uneven := next((line for line, row in rows if len(row) != len(names)), None):
        raise PopulationError(
            f"{path}: line {uneven} has more or fewer fields than there are columns; a decimal comma beside commas "
            "between fields needs quotes"
        )
    return [_value(path, line, row[names.index(COLUMN)]) for line, row in rows]


def _value(path: Path, line: int, field: str) -> float:
    try:
        value = math.nan if "_" in field else float(field.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise PopulationError(f"{path}: line {line} holds no number in {COLUMN}; expected mEq/L")
    return value
