"""A network whose weights are drawn, as a device has it, and the compilers and processors that run it."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np

from kalemia.export import golden
from kalemia.export.calibration import Beats
from kalemia.export.floats import seen
from kalemia.export.golden import IntBeats
from kalemia.export.integers import IntNet, quantized
from kalemia.export.weights import Block, Lstm, Weights

FIRMWARE = Path(__file__).parents[2] / "firmware"
CHANNELS, STATES = 8, 6
HOSTS = {
    "gcc": ["gcc"],
    "clang": ["clang"],
    "sanitizers": ["gcc", "-g", "-fsanitize=undefined,address", "-fno-sanitize-recover=all"],
}
CORES = ("m3", "m4", "m7", "m55")
EMULATOR = ("arm-none-eabi-gcc", "qemu-system-arm")


def weights(channels: int = CHANNELS, states: int = STATES, seed: int = 3) -> Weights:
    """Return weights that answer differently from beat to beat; without states a DSCNN's."""
    rng = np.random.default_rng(seed)

    def some(*shape: int, scale: float = 0.3) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return rng.normal(0, scale, shape)

    lstm = Lstm(some(4 * states, channels, scale=0.05), some(4 * states, states), some(4 * states))
    widths = ((1, 128), (channels, 64), (channels, 64))
    blocks = [Block(some(width, taps), some(channels, width), some(channels)) for width, taps in widths]
    return Weights(
        name="drawn 0",
        blocks=(blocks[0], blocks[1], blocks[2]),
        lead_code=some(channels),
        lstm=lstm if states else None,
        dense=some(6, (states or channels) + 2, scale=2 if states else 0.5),
        dense_bias=some(6),
    )


def beats(count: int, seed: int = 5) -> Beats:
    """Return waves like those of beats: a narrow complex at sample 90, a wide one after it, and noise."""
    rng = np.random.default_rng(seed)
    steps, size = np.arange(270), rng.uniform(-0.5, 0.8, (count, 1))
    place, width = rng.uniform(150, 190, (count, 1)), rng.uniform(8, 30, (count, 1))
    waves = np.exp(-(((steps - 90) / 4) ** 2)) + size * np.exp(-(((steps - place) / width) ** 2))
    waves += rng.normal(0, 0.02, waves.shape)
    side = np.column_stack([rng.normal(0, 0.5, count), rng.uniform(0.4, 1.6, count)])
    return Beats(waves[:, None].astype(np.float32), side.astype(np.float32), np.full(count, 4.2, np.float32))


@cache
def net(channels: int = CHANNELS, states: int = STATES) -> IntNet:
    """Return the drawn network in integers."""
    own = weights(channels, states)
    return quantized(own, seen(own, beats(100).waves[:, 0]))


def every(count: int) -> IntBeats:
    """Return beats of all sorts: likely ones, and numbers that no heart makes."""
    likely, rng = IntBeats.of(beats(count)), np.random.default_rng(9)
    wild = rng.integers(-32768, 32768, (count, 270)).astype(np.int16)
    flat = np.repeat(np.array([0, 1, 32767, -32768], np.int16), 270).reshape(4, 270)
    edges = np.resize(np.array([-32768, 32767, 0, 500], np.int16), count + 4)
    times = np.resize(np.array([0, 65535, 800], np.uint16), count + 4)
    return IntBeats(
        np.concatenate([likely.waves, wild, flat]),
        np.concatenate([likely.log_gain, edges]),
        np.concatenate([likely.rr_ms, times]),
    )


def replayed(folder: Path, asked: IntBeats, program: list[str]) -> golden.Answers:
    """Return what a program that was built of `replay.c` says of beats."""
    packed = np.column_stack([asked.waves.view(np.uint16), asked.log_gain.view(np.uint16), asked.rr_ms])
    (folder / "beats.bin").write_bytes(packed.astype("<u2").tobytes())
    subprocess.run(program, cwd=folder, check=True, capture_output=True, timeout=300)
    return np.fromfile(folder / "answers.bin", "<i2").reshape(-1, 30)


def missing(*tools: str) -> str:
    """Return which of some tools are not installed, as a reason to skip."""
    absent = [tool for tool in tools if not shutil.which(tool)]
    return f"{', '.join(absent)} not installed" if absent else ""
