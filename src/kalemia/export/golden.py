"""The arithmetic of an exported network, defined in numpy: firmware/net/kal_net.c equals it to the bit.

Every value is a whole number. Products of sums are taken in floating point where they stay below 2^53, which is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kalemia.estimate.evidence import BINS
from kalemia.export import tables
from kalemia.export.calibration import Beats
from kalemia.export.floats import convolved
from kalemia.export.integers import Int64, IntBlock, IntLstm, IntNet

Answers = NDArray[np.int16]

AT_ONCE = 256
SUREST = -50 * 65536


@dataclass(frozen=True, eq=False)
class IntBeats:
    """Beats as a device has them: waves (n, 270) Q14, ln of the gain in mV (n,) Q10, and RR (n,) in ms."""

    waves: NDArray[np.int16]
    log_gain: NDArray[np.int16]
    rr_ms: NDArray[np.uint16]

    @classmethod
    def of(cls, beats: Beats) -> IntBeats:
        """Round beats of one lead."""
        return cls(
            np.clip(np.rint(beats.waves[:, 0] * 16384), -32768, 32767).astype(np.int16),
            np.clip(np.rint(beats.side[:, 0] * 1024), -32768, 32767).astype(np.int16),
            np.clip(np.rint(beats.side[:, 1] * 1000), 0, 65535).astype(np.uint16),
        )


def run(net: IntNet, beats: IntBeats) -> Answers:
    """Return log-likelihoods (n, 30), Q8, as `kal_net_run` does."""
    pieces = [slice(first, first + AT_ONCE) for first in range(0, len(beats.waves), AT_ONCE)]
    return np.concatenate([_run(net, beats, piece) for piece in pieces] or [np.empty((0, BINS), np.int16)])


def _run(net: IntNet, beats: IntBeats, piece: slice) -> Answers:
    waves = beats.waves[piece].astype(np.int64)
    filtered = _scaled(_convolved(waves[:, None], net.wave[None]), net.wave_scale)
    second = _block(net.second, _first(net, _clipped(filtered)), pool=5)
    third = _block(net.third, second, pool=1)
    side = beats.log_gain[piece].astype(np.int64), beats.rr_ms[piece].astype(np.int64)
    read = _summed(third) if net.lstm is None else _remembered(net.lstm, third)
    answer = _normalized(_answered(net, np.column_stack([read, *side])))
    return np.where(waves.any(axis=1, keepdims=True), answer, 0).astype(np.int16)


def _clipped(values: Int64) -> Int64:
    return np.clip(values, -32768, 32767)


def _scaled(values: Int64, scale: Int64 | int) -> Int64:
    return (values * scale + 2**31) >> 32


def _pooled(steps: Int64, size: int) -> Int64:
    return np.asarray(steps.reshape(*steps.shape[:2], -1, size).max(axis=3))


def _convolved(steps: Int64, kernels: Int64) -> Int64:
    return convolved(steps.astype(np.float64), kernels.astype(np.float64)).astype(np.int64)


def _products(rows: Int64, columns: Int64) -> Int64:
    return (rows.astype(np.float64) @ columns.astype(np.float64)).astype(np.int64)


def _first(net: IntNet, filtered: Int64) -> Int64:
    """Return the first block (n, channels, 135) of (n, 1, 270): 1x1 convolution, pooling, ReLU, the lead's bias."""
    sums = _pooled(filtered * net.first_point[:, None], 2) + net.first_bias[:, None]
    return _clipped(np.maximum((sums + 2**14) >> 15, 0) + net.lead_code[:, None])


def _block(block: IntBlock, steps: Int64, pool: int) -> Int64:
    deep = _clipped(_scaled(_convolved(steps, block.depth), block.depth_scale[:, None]))
    mixed = _pooled(_products(block.point, deep), pool) + block.point_bias[:, None]
    return _clipped(np.maximum(_scaled(mixed, block.point_scale[:, None]), 0))


def _remembered(lstm: IntLstm, steps: Int64) -> Int64:
    """Return the LSTM's last state (n, states), Q15, of steps (n, channels, 27)."""
    state = cell = np.zeros((len(steps), lstm.state.shape[1]), np.int64)
    for step in range(steps.shape[2]):
        sums = _scaled(_products(steps[:, :, step], lstm.input.T), lstm.input_scale)
        sums += _scaled(_products(state, lstm.state.T), lstm.state_scale) + lstm.bias
        opened, fresh = sigmoid(sums[:, : 3 * state.shape[1]]), tanh(sums[:, 3 * state.shape[1] :])
        taken, shown, kept = np.split(opened, 3, axis=1)
        cell = (kept * cell + taken * fresh + 2**14) >> 15
        state = (shown * tanh((cell + 4) >> 3) + 2**14) >> 15
    return state


def _summed(steps: Int64) -> Int64:
    """Return the sum over time (n, channels) of steps; what makes it a mean is in the dense layer's weights."""
    return np.asarray(steps.sum(axis=2))


def _answered(net: IntNet, seen: Int64) -> Int64:
    """Return log-likelihoods (n, 30), Q16, that lack a constant."""
    coefficients = net.dense_bias + ((seen @ net.dense.T + 2**14) >> 15)
    return (coefficients @ tables.polynomials().T + 2**13) >> 14


def _normalized(bins: Int64) -> Int64:
    """Return log-likelihoods Q8 of Q16: zero is the mean likelihood of a normal potassium, as in `Evidence.of`."""
    raised = np.maximum(bins - bins.max(axis=1, keepdims=True), SUREST)
    first, count = tables.normal_bins()
    normal = raised[:, first]
    for place in range(first + 1, first + count):
        normal = log_add(normal, raised[:, place])
    return np.asarray((raised - normal[:, None] + tables.LOG_NORMAL_BINS + 128) >> 8)


def _looked_up(table: Int64, x: Int64) -> Int64:
    """Return what a table says of numbers in Q12 that are not negative."""
    place = np.minimum(x >> 8, tables.ENTRIES - 2)
    low, high = table[place], table[place + 1]
    between = low + (((high - low) * (x & 255) + 128) >> 8)
    return np.asarray(np.where(x >= (tables.ENTRIES - 1) << 8, table[-1], between))


def sigmoid(x: Int64) -> Int64:
    """Return the logistic function of numbers in Q12: Q15."""
    above = _looked_up(tables.sigmoids(), np.abs(x))
    return np.asarray(np.where(x < 0, 32768 - above, above))


def tanh(x: Int64) -> Int64:
    """Return the hyperbolic tangent of numbers in Q12: Q15."""
    return np.sign(x) * (2 * _looked_up(tables.sigmoids(), 2 * np.abs(x)) - 32768)


def log_add(a: Int64, b: Int64) -> Int64:
    """Return the logarithm of exp(a) + exp(b); all are Q16."""
    return np.maximum(a, b) + _looked_up(tables.log_sums(), np.abs(a - b) >> 4)
