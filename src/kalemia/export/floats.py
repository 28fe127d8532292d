"""How large the activations of a network of one lead become: what its integers have to hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.export.weights import Block, Reals, Weights

Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Seen:
    """The largest activations, by channel; the first kernel's filter has one."""

    filtered: float
    first: Reals
    second_depth: Reals
    second: Reals
    third_depth: Reals
    third: Reals


def seen(weights: Weights, waves: Float32) -> Seen:
    """Return the largest activations on waves (n, 270)."""
    first, second, third = weights.blocks
    filtered = convolved(waves[:, None].astype(np.float64), first.depth)
    one = pooled(_mixed(filtered, first), 2) + weights.lead_code[:, None]
    two_depth = convolved(one, second.depth)
    two = pooled(_mixed(two_depth, second), 5)
    three_depth = convolved(two, third.depth)
    three = _mixed(three_depth, third)
    reached = [np.abs(each).max(axis=(0, 2)) for each in (one, two_depth, two, three_depth, three)]
    return Seen(float(np.abs(filtered).max()), *reached)


def _mixed(steps: Reals, block: Block) -> Reals:
    """Return the 1x1 convolution and ReLU of (n, inputs, steps)."""
    return np.maximum(block.point @ steps + block.bias[:, None], 0)


def convolved(steps: Reals, kernels: Reals) -> Reals:
    """Return (n, channels, steps), each channel with its kernel (channels, taps), zero beyond the ends.

    By a banded matrix a channel, so that it takes one product; whole numbers below 2^53 stay exact.
    """
    length, taps = steps.shape[2], kernels.shape[1]
    before = (taps - 1) // 2
    places = np.arange(length)[:, None] - np.arange(length) + before  # the tap that takes a step (rows) to another
    banded = np.where((places >= 0) & (places < taps), kernels[:, places.clip(0, taps - 1)], 0)
    return np.asarray((steps.transpose(1, 0, 2) @ banded).transpose(1, 0, 2))


def pooled(steps: Reals, size: int) -> Reals:
    """Return the largest of each `size` steps of (n, channels, steps)."""
    return np.asarray(steps.reshape(*steps.shape[:2], -1, size).max(axis=3))
