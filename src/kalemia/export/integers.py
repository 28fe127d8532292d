"""Weights become integers: int8 a row with a scale of its own, for activations of 16 bits whose ranges were seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ModelError
from kalemia.export.floats import Seen
from kalemia.export.weights import Lstm, Reals, Weights

Int64 = NDArray[np.int64]

HEADROOM = 2.0
"""Activations may be as many times as large as the largest that was seen; beyond they are clipped."""
LEAST_RANGE = 1 / 256
"""A channel that was hardly ever seen to say anything is taken to reach this share of what the loudest reaches."""
WAVE_UNIT = 2.0**-14
LARGEST = 2**30
"""Of a bias: with the largest sum of products it still fits 32 bits."""
WIDEST = 256
LARGEST_DENSE = 2**31 - 1
STEPS = 27
"""That are left after pooling, over which a mean is taken."""
MOST_SAID = 16_000
"""What a log-likelihood can reach at most, so that it fits 32 bits in Q16."""
MOST_SIDE = np.array([32.0, 65.536])
"""The largest logarithm of a gain, and RR interval in s, that 16 bits hold."""


@dataclass(frozen=True, eq=False)
class IntBlock:
    """As `struct kal_block`."""

    depth: Int64
    depth_scale: Int64
    point: Int64
    point_bias: Int64
    point_scale: Int64


@dataclass(frozen=True, eq=False)
class IntLstm:
    """As `struct kal_lstm`."""

    input: Int64
    input_scale: Int64
    state: Int64
    state_scale: Int64
    bias: Int64


@dataclass(frozen=True, eq=False)
class IntNet:
    """As `struct kal_net`."""

    name: str
    wave: Int64
    wave_scale: int
    first_point: Int64
    first_bias: Int64
    lead_code: Int64
    second: IntBlock
    third: IntBlock
    lstm: IntLstm | None
    dense: Int64
    dense_bias: Int64

    @property
    def channels(self) -> int:
        """How many channels a block has."""
        return len(self.lead_code)

    @property
    def states(self) -> int:
        """How many states the LSTM has; none where the mean over time is in its place."""
        return 0 if self.lstm is None else int(self.lstm.state.shape[1])


def quantized(weights: Weights, seen: Seen) -> IntNet:
    """Return a network in integers from one in floating point, and what its activations reached.

    Raises
    ------
    ModelError
        A weight is too large for the arithmetic.
    """
    if weights.channels % 4 or max(weights.channels, weights.states) > WIDEST:
        raise ModelError(
            f"model {weights.name} has {weights.channels} channels and {weights.states} states; a device takes at most "
            f"{WIDEST} of either, and channels in multiples of 4"
        )
    first, second, third = weights.blocks
    wave, wave_scale, filtered = _depth(first.depth, np.array([WAVE_UNIT]), np.array([seen.filtered]))
    point, bias = first.point[:, 0], first.bias
    unit = np.maximum(_unit(seen.first), np.abs(point) * filtered * 32768 / 32767)
    second_block, unit_second = _block(second.depth, second.point, second.bias, unit, seen.second_depth, seen.second)
    third_block, unit_third = _block(third.depth, third.point, third.bias, unit_second, seen.third_depth, seen.third)
    dense, dense_bias = _dense(weights, unit_third)
    return IntNet(
        name=weights.name,
        wave=wave[0],
        wave_scale=int(wave_scale[0]),
        first_point=_rounded(point * filtered / unit * 2**15),
        first_bias=_rounded(np.clip(bias / unit * 2**15, -LARGEST, LARGEST)),
        lead_code=_rounded(np.clip(weights.lead_code / unit, -32767, 32767)),
        second=second_block,
        third=third_block,
        lstm=None if weights.lstm is None else _lstm(weights.name, weights.lstm, unit_third),
        dense=dense,
        dense_bias=dense_bias,
    )


def _rounded(values: Reals) -> Int64:
    return np.rint(values).astype(np.int64)


def _unit(reached: Reals) -> Reals:
    """Return what a unit of each channel's 16 bits stands for, of the largest activations that were seen."""
    return np.asarray(HEADROOM / 32767 * np.maximum(reached, max(float(reached.max()) * LEAST_RANGE, 1e-6)))


def _rows(weights: Reals) -> tuple[Int64, Reals]:
    """Return rows as int8, and what a unit of each row stands for."""
    unit = np.maximum(np.abs(weights).max(axis=1), 1e-12) / 127
    return _rounded(weights / unit[:, None]), unit


def _depth(kernels: Reals, unit: Reals, reached: Reals) -> tuple[Int64, Int64, Reals]:
    """Return depthwise kernels of inputs in these units, their scales, and the units of what they make."""
    kernel, step = _rows(kernels)
    made = np.maximum(_unit(reached), 2.1 * unit * step)
    return kernel, _rounded(unit * step / made * 2**32), made


def _block(
    depth: Reals, point: Reals, bias: Reals, unit: Reals, between: Reals, reached: Reals
) -> tuple[IntBlock, Reals]:
    """Return a block of inputs in these units, and the units of what it makes."""
    kernel, kernel_scale, middle = _depth(depth, unit, between)
    mixed, step = _rows(point * middle)
    made = np.maximum(_unit(reached), 2.1 * step)
    shift = _rounded(np.clip(bias / step, -LARGEST, LARGEST))
    return IntBlock(kernel, kernel_scale, mixed, shift, _rounded(step / made * 2**32)), made


def _lstm(name: str, lstm: Lstm, unit: Reals) -> IntLstm:
    (inputs, of_input), (states, of_state) = _rows(lstm.input * unit), _rows(lstm.state / 2**15)
    scales = _rounded(np.stack([of_input, of_state]) * 2**44)
    bias = _rounded(lstm.bias * 2**12)
    if max(scales.max(), np.abs(bias).max()) > 2**28:
        raise ModelError(f"model {name}: a weight of its LSTM is too large for a device")
    return IntLstm(inputs, scales[0], states, scales[1], bias)


def _dense(weights: Weights, unit: Reals) -> tuple[Int64, Int64]:
    """Return the dense layer: Q16 a state, Q21 the logarithm of the gain, Q31 a ms of RR.

    Where there is no LSTM it reads the sum of each channel's steps, in these units, and its weights divide it.
    """
    reads = np.full(weights.states, 2.0**-15) if weights.lstm else unit / STEPS
    most_read = 1.0 if weights.lstm else unit * 32767
    own, beside = weights.dense[:, :-2], weights.dense[:, -2:]
    most = (np.abs(own) * most_read).sum(axis=1) + np.abs(beside) @ MOST_SIDE + np.abs(weights.dense_bias)
    scaled = np.column_stack([own * reads * 2**31, beside * [2**21, 2**31 / 1000]])
    if most.sum() > MOST_SAID or np.abs(scaled).max() > LARGEST_DENSE:
        raise ModelError(f"model {weights.name}: a weight of its dense layer is too large for a device")
    return _rounded(scaled), _rounded(weights.dense_bias * 2**16)
