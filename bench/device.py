"""Bundled models of one lead on a device: to the bit as their golden model, how near floating point, how large.

python bench/device.py [MODEL ...] | python bench/fill.py device

Needs make, gcc, arm-none-eabi-gcc with newlib, and qemu-system-arm. Instructions are QEMU's count, and no cycles.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from common import table
from kalemia.estimate.evidence import CUTS_ABOVE_MEQ_L, Evidence, Shares, quantiles
from kalemia.estimate.model import Model, bundled
from kalemia.estimate.population import Population
from kalemia.export import c, cost, golden, int8
from kalemia.export.calibration import Beats, simulated
from kalemia.export.golden import IntBeats
from kalemia.export.integers import IntNet

TESTED, SEED = 1_500, 4_242
"""Simulated patients of each level, none of whom trained or calibrated anything."""
COMPARED, COMPARED_LARGE, LARGE_MACS = 10_000, 200, 1_000_000
"""Beats that are compared bit by bit; on emulated processors fewer of a large network."""
CORES = ("m3", "m4", "m7", "m55")
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Reached:
    """How well an estimate does."""

    mae: float
    area: float

    @classmethod
    def of(cls, log_likelihoods: Reals, potassium: NDArray[np.float32]) -> Reached:
        """Judge log-likelihoods (n, 30) among people with kidney disease."""
        kidney, cut = Population.load("kidney"), CUTS_ABOVE_MEQ_L[0]
        after = [Shares(kidney.shares).given(Evidence.of(each)) for each in log_likelihoods]
        middle = quantiles(np.stack([shares.shares for shares in after]), 0.5)
        area = roc_auc_score(potassium > cut, [shares.above(cut) for shares in after])
        return cls(float(np.abs(middle - potassium).mean()), float(area))

    def worse(self, than: Reached) -> list[str]:
        """Return by how much this does worse."""
        return [f"{self.mae - than.mae:+.4f}", f"{than.area - self.area:+.4f}"]


def mixed(beats: Beats, count: int) -> IntBeats:
    """Return beats as they are, beats with noise and any size, and numbers that no heart makes."""
    rng, own = np.random.default_rng(SEED), IntBeats.of(beats)
    chosen = rng.integers(0, len(own.waves), count)
    sizes, noise = rng.uniform(0, 3, (count, 1)), rng.normal(0, 1500, (count, 270))
    wild = rng.integers(-32768, 32768, (count, 270))
    kinds = rng.integers(0, 3, (count, 1))
    waves = np.choose(kinds, [own.waves[chosen], own.waves[chosen] * sizes + noise, wild])
    return IntBeats(np.clip(waves, -32768, 32767).astype(np.int16), own.log_gain[chosen], own.rr_ms[chosen])


def replayed(folder: Path, asked: IntBeats, *command: str) -> golden.Answers:
    """Return what a program that was built of replay.c says."""
    packed = np.column_stack([asked.waves.view(np.uint16), asked.log_gain.view(np.uint16), asked.rr_ms])
    (folder / "beats.bin").write_bytes(packed.astype("<u2").tobytes())
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return np.fromfile(folder / "answers.bin", "<i2").reshape(-1, 30)


def made(folder: Path, *goals: str) -> str:
    """Return what make prints."""
    done = subprocess.run(["make", "-s", "-C", folder, *goals], check=True, capture_output=True, text=True)
    return done.stdout


def equal(folder: Path, net: IntNet, asked: IntBeats, core: str = "") -> str:
    """Return on how many beats C and the golden model agree to the bit: on this computer, or on a core."""
    program = f"build/replay-{core}.elf" if core else "build/replay"
    made(folder, program)
    command = ["make", "-s", f"on-{core}", "ICOUNT=", f"PROGRAM={program}"] if core else [str(folder / program)]
    same = (replayed(folder, asked, *command) == golden.run(net, asked)).all(axis=1)
    return f"{same.sum():,} of {len(same):,}"


def row(model: Model, tested: Beats, folder: Path) -> list[object]:
    """Return what is printed of one model."""
    net = c.write(model, folder).net
    own = Reached.of(model.run(tested.waves, tested.side), tested.potassium)
    device = Reached.of(golden.run(net, IntBeats.of(tested)) / 256, tested.potassium)
    twin = int8.write(model, Path(tempfile.mkdtemp()))
    phone = Reached.of(Model.load(twin).run(tested.waves, tested.side), tested.potassium)
    asked = mixed(tested, COMPARED)
    few = asked if cost.macs(net) < LARGE_MACS else mixed(tested, COMPARED_LARGE)
    counted = [re.findall(r"(\d+) instructions", made(folder, f"qemu-{core}"))[0] for core in CORES]
    code = int(made(folder, "size-m4").split()[6])
    return [
        f"{model.card.name} {model.card.version}",
        *(equal(folder, net, asked), *(equal(folder, net, few, core) for core in CORES)),
        *(f"{own.mae:.3f}", f"{own.area:.3f}", *device.worse(own), *phone.worse(own)),
        *(code, cost.ram_bytes(net), cost.macs(net)),
        *(f"{int(count) / 1e6:.3f}" for count in counted),
        *(len(model.onnx), twin.stat().st_size),
    ]


def main() -> None:
    """Print one table."""
    names = sys.argv[1:] or [card.name for card in bundled() if len(card.leads) == 1]
    tested: dict[tuple[str, ...], Beats] = {}
    rows = []
    for model in map(Model.load, names):
        leads = model.card.leads
        tested.setdefault(leads, simulated(leads, TESTED, SEED))
        with tempfile.TemporaryDirectory() as folder:
            rows.append(row(model, tested[leads], Path(folder)))
    cores = [f"Cortex-{core.upper()}" for core in CORES]
    columns = [
        "model",
        *(f"beats equal, {place}" for place in ("host", *cores)),
        *("MAE, mEq/L", "AUROC > 5.5", "MAE worse in C", "AUROC worse in C"),
        *("MAE worse, ONNX int8", "AUROC worse, ONNX int8"),
        *("code and constants, bytes", "RAM, bytes", "multiply-accumulates"),
        *(f"million instructions, {core}" for core in cores),
        *("ONNX, bytes", "ONNX int8, bytes"),
    ]
    print(table(columns, rows, "device"))


if __name__ == "__main__":
    main()
