"""How far a beat is from the beats that a model was trained on: what their main directions cannot make of it.

Normalized beats of the training lie near a space of few dimensions (principal components; Jolliffe 2002). A beat's
unlikeness is the length of what lies outside of that space over the length of its slope, so that a steep complex may
leave more than a smooth one. It is large for noise, for other signals, and for beats that are shifted, reversed, or of
another speed; a slow sine wave lies inside and is found by its missing QRS complex instead.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.records import SAMPLES

Float32 = NDArray[np.float32]

DIRECTIONS = 48
MOST_BEATS = 20_000
"""Of the training, how many decide the directions."""
KEPT = 0.995
"""The share of beats of patients kept apart that are like enough."""
DAMAGED = "likeness has no mean, axes, directions and limit"


@dataclass(frozen=True, eq=False)
class Likeness:
    """What tells the beats of a training from others.

    Attributes
    ----------
    mean
        (270,) the mean normalized beat.
    axes
        (directions, 270) orthonormal.
    limit
        The unlikeness that is too much.
    """

    mean: Float32
    axes: Float32
    limit: float

    def unlikeness(self, waves: Float32) -> NDArray[np.float64]:
        """Return how unlike the training's normalized beats (n, 270) are, (n,), without unit."""
        rest = waves - self.mean
        rest = rest - rest @ self.axes.T @ self.axes
        return np.asarray(np.linalg.norm(rest, axis=1) / (np.linalg.norm(np.diff(waves, axis=1), axis=1) + 1e-9))

    def problems(self, waves: Float32) -> list[str | None]:
        """Say of each beat (n, 270) that it is unlike those of the training, or None."""
        return [
            None
            if far <= self.limit
            else f"unlike the beats that the model was trained on: {far:.2f}, at most {self.limit:.2f} is judged"
            for far in self.unlikeness(waves)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return it as a card has it: float16 in base64."""
        packed = {name: _packed(getattr(self, name)) for name in ("mean", "axes")}
        return {**packed, "directions": len(self.axes), "limit": self.limit}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Likeness | None:
        """Read what a card has; None where it knows no beats, ValueError where it is damaged."""
        if not fields:
            return None
        try:
            mean, axes = (np.frombuffer(base64.b64decode(fields[name]), "<f2") for name in ("mean", "axes"))
            likeness = cls(
                mean.astype(np.float32),
                axes.reshape(int(fields["directions"]), SAMPLES).astype(np.float32),
                float(fields["limit"]),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as exc:
            raise ValueError(DAMAGED) from exc
        finite = np.isfinite(likeness.axes).all() and np.isfinite(likeness.mean).all()
        if not (finite and likeness.mean.shape == (SAMPLES,) and len(axes) and 0 < likeness.limit < math.inf):
            raise ValueError(DAMAGED)
        return likeness


def learned(training: Float32, apart: Float32) -> Likeness:
    """Return what the beats of a training have in common.

    Parameters
    ----------
    training
        (n, leads, 270) normalized beats; a lead that is zero throughout is not there.
    apart
        The same of patients kept apart, who say how unlike may be.
    """
    beats = _there(training)
    beats = beats[:: -(-len(beats) // MOST_BEATS)]  # of all sources: they stand one after the other
    mean = beats.mean(axis=0)
    # The directions of the covariance, which is the same work for any number of beats.
    _, directions = np.linalg.eigh(np.cov(beats - mean, rowvar=False, dtype=np.float64))
    count = min(DIRECTIONS, max(1, len(beats) // 4))
    axes = directions[:, ::-1][:, :count].T
    likeness = Likeness(_stored(mean), _stored(axes), limit=0.0)
    limit = float(np.quantile(likeness.unlikeness(_there(apart)), KEPT))
    return replace(likeness, limit=round(limit, 4))


def _there(waves: Float32) -> Float32:
    flat = waves.reshape(-1, waves.shape[-1])
    return flat[flat.any(axis=1)]


def _stored(values: NDArray[Any]) -> Float32:
    """Return what a card keeps of numbers."""
    return values.astype(np.float16).astype(np.float32)


def _packed(values: Float32) -> str:
    return base64.b64encode(values.astype("<f2").tobytes()).decode()
