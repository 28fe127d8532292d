"""Estimates beside each other: what each reaches, and how surely one is better, over resampled patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.judge.resampled import Predictions, Reals, figures, span, spans

COMPARED = ("r2", "mae_meq_l", "auroc_above_5.5")


def summary(true: Reals, seeds: Sequence[Predictions], patients: NDArray[np.str_]) -> dict[str, Any]:
    """Return every figure that estimates reach with its 95 % interval over resampled patients.

    Parameters
    ----------
    true
        (n,) mEq/L.
    seeds
        What networks that differ in their seed say of the n ECGs; figures are the means of theirs.
    patients
        (n,) names.
    """
    return spans(_means(true, seeds, patients))


def paired(
    true: Reals, base: Sequence[Predictions], other: Sequence[Predictions], patients: NDArray[np.str_]
) -> dict[str, Any]:
    """Return by how much some figures of `other` exceed those of `base`, with 95 % intervals.

    The same resampled patients are asked for both, so that what they have in common falls out.
    """
    first, second = (_means(true, seeds, patients) for seeds in (base, other))
    return {**{name: span(second[name] - first[name]) for name in COMPARED}, "ecgs": len(true)}


def _means(true: Reals, seeds: Sequence[Predictions], patients: NDArray[np.str_]) -> dict[str, Reals]:
    each = [figures(true, one, patients) for one in seeds]
    return {name: np.mean([one[name] for one in each], axis=0) for name in each[0]}
