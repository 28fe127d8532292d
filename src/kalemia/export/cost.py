"""What an exported network takes of a device."""

from __future__ import annotations

from kalemia.export import tables
from kalemia.export.integers import IntNet

CODE_BYTES = 2_400
"""Of the runtime on a Cortex-M4 at -O2, without constants; `make size` measures it."""
INSTRUCTIONS_A_MAC = 2.3
"""On a Cortex-M4, as QEMU counts them; `make qemu-m4` does so."""


def macs(net: IntNet) -> int:
    """Return how many multiply-accumulates a beat takes, those with what lies beyond a wave's ends among them.

    The additions of a mean over time, one a channel and step, are left out.
    """
    channels, states = net.channels, net.states
    depth = 270 * 128 + channels * 64 * (135 + 27)
    return depth + channels * 270 + channels * channels * (135 + 27) + 27 * 4 * states * (channels + states)


def constant_bytes(net: IntNet) -> int:
    """Return how many bytes the weights and the tables take."""
    blocks = 2 * net.channels * (3 * 4 + 64 + net.channels)
    lstm = 4 * net.states * (3 * 4 + net.channels + _filled(net.states))
    own = 4 + 6 * 4 * (int(net.dense.shape[1]) + 1) + net.channels * 8 + 128
    return own + blocks + lstm + 2 * 2 * tables.ENTRIES + 2 * 30 * tables.ORDER


def ram_bytes(net: IntNet) -> int:
    """Return the size of struct kal_net_scratch, which is rounded up to words."""
    summed = 0 if net.lstm else net.channels
    words = net.states + summed + 2 * max(net.channels, 4 * net.states)
    halves = 270 + 128 + 45 + 64 + 128 + net.channels * (45 + 27 + 1) + 4 * net.states + _filled(net.states)
    return -(-(4 * words + 2 * halves) // 4) * 4


def _filled(states: int) -> int:
    return -(-states // 4) * 4
