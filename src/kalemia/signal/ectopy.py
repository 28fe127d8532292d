"""Ectopic beats: which of the beats of a recording do not come from the sinus node.

Beats are put into groups of one shape. The sinus group is the one that is narrow and comes late; a group that is wider,
and comes early, is ectopic. Groups are made once, of all leads in which the peaks were found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.signal.overlooked import LONGEST, highest_near, lasting, steepness
from kalemia.signal.quick import median, near

BEFORE, AFTER = 30, 40
"""Samples of a QRS complex before and after R that are compared."""
SAME_QRS = 0.9
"""Correlation from which two QRS complexes count as the same shape."""
SHIFTS = range(-15, 16, 3)
"""Samples by which two peaks may be off each other in their complexes."""
FEWEST, LEAST_SHARE = 4, 0.2
"""How many beats it takes to tell, and the share of them that are sinus beats at least."""
EARLY, WIDER, NOT_NARROWER, MANY = 0.9, 1.15, 0.7, 3
"""Ectopic beats come after less than the first share of the usual interval, and are wider than sinus beats by the
factor after it; as many as the last that are alike need not be wider."""

Float32 = NDArray[np.float32]
Index = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Group:
    """Beats of one shape."""

    members: Mask  # (beats,)
    width: float  # of the QRS complex, samples
    interval: float  # since the beat before, samples; infinite where none has one


def ectopic(leads: Float32, peaks: Index) -> Mask:
    """Mark the ectopic ones of beats: (beats,) samples in conditioned leads (leads, samples).

    Leads that were not recorded throughout are left out; where none is left, no beat is marked.
    """
    throughout = leads[np.isfinite(leads).all(axis=1)]
    found = groups(throughout, peaks) if len(peaks) >= FEWEST and len(throughout) else []
    sinus = _sinus(found, len(peaks))
    marked = np.zeros(len(peaks), np.bool_)
    if sinus is None:
        return marked
    early = EARLY * _usual(peaks, sinus.members)
    for group in found:
        wider = WIDER if group.members.sum() < MANY else NOT_NARROWER
        if group is not sinus and group.interval < early and group.width > wider * sinus.width:
            marked |= group.members
    return marked


def _sinus(found: list[Group], beats: int) -> Group | None:
    """Return the group that is narrow and comes late; None where no group of some size is narrow."""
    least = max(2, LEAST_SHARE * beats)
    eligible = [group for group in found if group.members.sum() >= least and group.width <= LONGEST]
    return min(eligible, key=lambda group: group.width / group.interval, default=None)


def _usual(peaks: Index, sinus: Mask) -> float:
    """Return the interval between sinus beats, samples; that of all beats where none two follow each other."""
    intervals = np.diff(peaks)
    between = intervals[sinus[1:] & sinus[:-1]]
    return float(np.median(between) if len(between) >= 2 else intervals.mean())


def groups(leads: Float32, peaks: Index) -> list[Group]:
    """Put beats (beats,) into groups of one shape in conditioned leads (leads, samples), the largest first.

    Where all are of one shape, there is no group.
    """
    same = _alike(leads, peaks)
    if same.all():  # as in most recordings: nothing more needs to be measured
        return []
    steep = steepness(leads)
    widths = lasting(steep, highest_near(steep, peaks), AFTER)
    since = np.append(np.nan, np.diff(peaks))
    left, found = np.ones(len(peaks), np.bool_), []
    while left.any():
        most = np.where(left, (same & left).sum(axis=1), 0).argmax()
        members = same[most] & left
        intervals = since[members & np.isfinite(since)]
        interval = float(median(intervals)) if len(intervals) else np.inf
        found.append(Group(members, float(median(widths[members])), interval))
        left &= ~members
    return found


def _alike(leads: Float32, peaks: Index) -> Mask:
    """Tell which beats have the same QRS complex, (beats, beats), wherever in it their peak was found."""
    rows = _shapes(leads, peaks)
    same = np.asarray(rows @ rows.T > SAME_QRS)
    if same.all(axis=1).any():
        return np.ones_like(same)
    likeness = (_shapes(leads, peaks + np.array(SHIFTS)[:, None]) @ rows.T).max(axis=0)
    same = np.maximum(likeness, likeness.T) > SAME_QRS
    return np.asarray(same | np.eye(len(peaks), dtype=np.bool_))


def _shapes(leads: Float32, peaks: Index) -> Float32:
    """Return the QRS complexes of beats (..., beats), all leads in a row, of one length: (..., beats, samples)."""
    shapes = leads.T[near(peaks, BEFORE, AFTER - 1, leads.shape[1])]  # (..., beats, samples, leads)
    rows = (shapes - shapes.mean(axis=-2, keepdims=True)).swapaxes(-1, -2).reshape(*peaks.shape, -1)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-6))
