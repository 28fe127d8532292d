"""Predictions beside each other: what each reaches, and how surely one is better, over resampled patients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kalemia.judge.resampled import Predictions, Reals, merits, span, spans
from kalemia.judge.spans import Span

COMPARED = ("r2", "mae_meq_l", "auroc_above_5.5")


def summary(true: Reals, seeds: Sequence[Predictions], patients: NDArray[np.str_]) -> dict[str, Span]:
    """Return every figure of merit with its 95 % interval over resampled patients.

    Parameters
    ----------
    true
        (n,) mEq/L.
    seeds
        What networks that differ in their seed predict for the n ECGs; figures are the means of theirs.
    patients
        (n,) names.
    """
    return spans(_means(true, seeds, patients))


def paired(
    true: Reals, base: Sequence[Predictions], other: Sequence[Predictions], patients: NDArray[np.str_]
) -> dict[str, Span]:
    """Return by how much the figures `COMPARED` of `other` exceed those of `base`, with 95 % intervals.

    The same resampled patients are asked for both, so that what they have in common falls out.
    """
    first, second = (_means(true, seeds, patients) for seeds in (base, other))
    return {name: span(second[name] - first[name]) for name in COMPARED}


def _means(true: Reals, seeds: Sequence[Predictions], patients: NDArray[np.str_]) -> dict[str, Reals]:
    each = [merits(true, predictions, patients) for predictions in seeds]
    return {name: np.mean([figures[name] for figures in each], axis=0) for name in each[0]}
