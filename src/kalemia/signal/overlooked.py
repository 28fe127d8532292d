"""Beats that the detector passed over, beside ectopic ones that are several times as tall, or as low ones themselves.

The detector's thresholds follow the tallest beats it has seen. What it leaves out is a beat if it is abrupt: steep, and
soon over. P and T waves of the same steepness last longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from kalemia.signal.quick import each, median, near

LAG = 6
"""Samples (20 ms) over which a slope is taken."""
APART, NEAR = 60, 45
"""Samples from one beat to the next (200 ms) at least, and those (150 ms) round a beat that are its own."""
SHARE, LEAST = 0.25, 0.15
"""Of a usual beat's steepness, and of its abruptness, what a beat has; the second of the steepness it always has."""
PAUSE, NARROWER, LIKELY = 1.5, 0.75, 0.5
"""An interval so much longer than a short one is a pause. In it, and where it is so much narrower than other beats,
what may be a beat needs less."""
JITTER = 12
"""Samples (40 ms) by which a wave may be nearer to one beat than to another."""
T_SHARE = 0.35
"""Of the steepness of its own beat, what a T wave has at most."""
LATEST_T, EARLIEST_P = 90, 90
"""Samples (300 ms) after and before a beat that the steepest parts of T and P lie within, T's after the QRS complex."""
SHORTEST, LONGEST = 9, 45
"""Samples (30 to 150 ms) in which a QRS complex is steep."""
FAR = 1_000_000
"""Samples: no other beat is there."""

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]


def overlooked(leads: Float32, found: Index, borders: Sequence[int]) -> Index:
    """Return the steepest samples of the beats that are missing among those found.

    Parameters
    ----------
    leads
        (leads, samples) conditioned, NaN where not recorded.
    found
        (beats,) samples.
    borders
        Between two of them the same leads were recorded; each such stretch is looked at by itself.
    """
    throughout = np.isfinite(leads).all(axis=1)
    seen = found
    if len(borders) > 2 and throughout.any():
        seen = np.append(seen, _of_stretch(leads[throughout], np.sort(seen)))  # a rhythm strip shows all beats alike
    for start, stop in pairwise(borders):
        known = np.isfinite(leads[:, start])
        if known.any() and stop - start > 4 * APART:
            beats = np.sort(seen[(seen >= start) & (seen < stop)]) - start
            seen = np.append(seen, start + _of_stretch(leads[known, start:stop], beats))
    return seen[len(found) :]


def _of_stretch(leads: Float32, found: Index) -> Index:
    """Do so for leads (leads, samples) that were recorded throughout."""
    if not len(found):
        return found
    steep = steepness(leads)
    usual = highest_near(steep, found)
    typical = float(median(steep[usual]))
    places = _places(steep, usual, LEAST * typical)
    if not len(places):
        return places
    length, usual_length = lasting(steep, places), lasting(steep, usual)
    abrupt = steep[places] / length / float(median(steep[usual] / usual_length))
    share = np.minimum(steep[places] / typical, abrupt)
    able = (share > LIKELY * SHARE) & (length >= SHORTEST) & (length < LONGEST)
    places, share, length = places[able], share[able], length[able]
    if not len(places):
        return places
    recurs, t_or_p = _recurring(steep, places, usual, LATEST_T + float(median(usual_length)))
    likely = recurs | _in_pause(places, usual) | (length < NARROWER * low_of(usual_length, 0.75))
    return places[(likely | (share > SHARE)) & ~t_or_p]


def _places(steep: Float64, usual: Index, least: float) -> Index:
    """Return the samples away from the usual beats that are steeper than `least` and than all round them."""
    places = np.flatnonzero(steep > least)
    places = places[(places >= APART) & (places < len(steep) - APART)]
    places = np.asarray(places[np.abs(places[:, None] - usual).min(axis=1) > NEAR])
    if not len(places):
        return places
    places = places[steep[places] == maximum_filter1d(steep, 2 * APART + 1)[places]]
    return np.asarray(places[np.diff(places, prepend=-APART) > APART])  # both slopes of a peak may be as steep


def _in_pause(places: Index, usual: Index) -> Mask:
    """Tell which places lie in a longer pause than others, in which a beat may well be."""
    if len(usual) < 4:
        return np.zeros(len(places), np.bool_)
    intervals = np.diff(usual)
    pauses = np.concatenate([[False], intervals > PAUSE * low_of(intervals, 0.25), [False]])
    return np.asarray(pauses[np.searchsorted(usual, places)])


def _recurring(steep: Float64, places: Index, usual: Index, latest_t: float) -> tuple[Mask, Mask]:
    """Tell at which places it is as steep beside most usual beats, and which of these may be a T or a P wave."""
    after = np.searchsorted(usual, places)
    padded = np.concatenate([[-FAR], usual, [FAR]])
    since, until = places - padded[after], padded[after + 1] - places
    with_last = _as_steep(steep, places, usual + since[:, None])
    with_next = _as_steep(steep, places, usual - until[:, None])
    # A P wave that is not conducted stands alone, but is no steeper than those before the beats.
    before = near(usual, EARLIEST_P - 1, -NEAR, len(steep))
    p_waves = low_of(steep[before].max(axis=1), 0.3) > 0.5 * steep[places]
    low = steep[places] < T_SHARE * np.append(0.0, steep[usual])[after]
    return with_last | with_next, ((with_last | low) & (since <= latest_t)) | (
        with_next & (until <= EARLIEST_P)
    ) | p_waves


def _as_steep(steep: Float64, places: Index, others: Index) -> Mask:
    """Tell whether it is half as steep as at some places (places,) near most of the others (places, beats) of each."""
    around = near(others, JITTER, JITTER, len(steep))
    return np.asarray(low_of(steep[around].max(axis=2), 0.3) > 0.5 * steep[places])


def low_of(values: NDArray[Any], share: float) -> NDArray[Any]:
    """Return the value (...,) that a share of values (..., n) lies below: a quantile, ten times as fast as numpy's."""
    return np.sort(values, axis=-1)[..., round(share * (values.shape[-1] - 1))]


def steepness(leads: Float32) -> Float64:
    """Return how steep leads (leads, samples) are together, (samples,): each against its own median slope."""
    slopes = leads[:, LAG:].astype(np.float64) - leads[:, :-LAG]
    slopes /= median(np.abs(slopes[:, ::5]))[:, None] + 0.01
    steep = np.zeros(leads.shape[1])
    steep[LAG // 2 : -LAG // 2] = np.sqrt(np.square(slopes).sum(axis=0))
    return steep


def highest_near(steep: Float64, at: Index) -> Index:
    """Return for each sample the steepest one within 67 ms of it."""
    around = near(at, 20, 20, len(steep))
    return each(around, steep[around].argmax(axis=1))


def lasting(steep: Float64, at: Index, reach: int = 60) -> Index:
    """Return in how many samples within `reach` it is more than a third as steep as there."""
    around = near(at, reach, reach, len(steep))
    return np.asarray((steep[around] > steep[at][:, None] / 3).sum(axis=1))
