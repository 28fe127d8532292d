"""Networks of several sizes for a device, with an LSTM and with the mean over time in its place: how good, how large.

KALEMIA_DATA=... python bench/sizes.py FOLDER | python bench/fill.py sizes

All learn lead V5 of the same simulated patients from one seed, no network teaches another, and only kind and width
differ. Beside them are bundled models, which learned from eight leads, from changed real ECGs as well, and from six
teachers.
What was made and trained stays in FOLDER, and a run goes on from there. Needs what `device.py` needs.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import sys
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

import potassium
from common import data, headers, table
from device import SEED as TESTED_SEED
from device import TESTED, Reached, made
from kalemia.estimate.evidence import Evidence
from kalemia.estimate.model import Model, inputs
from kalemia.estimate.predict import examine
from kalemia.export import c, cost, golden
from kalemia.export.calibration import Beats, simulated
from kalemia.export.golden import IntBeats
from kalemia.export.onnx import to_onnx
from kalemia.judge.resampled import span
from kalemia.records import Beat
from kalemia.system import atomic
from kalemia.train import labelled, loop
from kalemia.train.calibration import calibrate
from kalemia.train.design import Course, Cut, Design
from kalemia.train.examples import ARRAYS, Examples, mix_of
from kalemia.train.nets import parameters

DESIGNS = (
    Design("DSCRNN", 4, 6),
    Design("DSCNN", 4),
    Design("DSCNN", 8),
    Design("DSCRNN", 16, 10),
    Design("DSCNN", 20),
    Design("DSCRNN", 32, 16),
    Design("DSCNN", 44),
)
"""Of about 1k, 4k and 10k parameters; a device takes channels in multiples of four."""
BUNDLED = ("v5-4k", "v5-10k", "v5-180k")
LEADS = ("V5",)
TRAIN, VALIDATION, CALIBRATION, SEED = 12_000, 1_000, 2_000, 20_261
"""Patients of each part, all simulated for this table."""
COURSE = Course(epochs=20, batch=256, rates=(0.006,), weight_decay=1e-4)


@dataclass(frozen=True)
class Parts:
    """What networks learn from, what chooses their epoch, and what tells how sure they may be."""

    train: Examples
    validation: Examples
    calibration: Examples


def parts(folder: Path) -> Parts:
    """Return the parts of the patients, simulated once for a folder."""
    stored = folder / "examples.npz"
    if not stored.exists():
        maker = labelled.Generator("simulated", "clinic", SEED)
        every = labelled.made(maker, range(TRAIN + VALIDATION + CALIBRATION), Cut(LEADS))
        np.savez(stored, **{name: getattr(every, name) for name in ARRAYS})
    with np.load(stored) as arrays:
        every = Examples(**{name: arrays[name] for name in ARRAYS})
    ends = (0, TRAIN, TRAIN + VALIDATION, TRAIN + VALIDATION + CALIBRATION)
    return Parts(*(every.only((every.number >= a) & (every.number < b)) for a, b in itertools.pairwise(ends)))


def trained(design: Design, folder: Path) -> Path:
    """Return the ONNX file of a network, trained once for a folder; its card lies beside it."""
    widths = [str(width) for width in (design.channels, design.lstm) if width]
    path = folder / f"{'-'.join([design.kind.lower(), *widths])}.onnx"
    if path.exists():
        return path
    own = parts(folder)
    net = loop.fit(design, own.train, own.validation, COURSE, SEED).net
    content, mix = to_onnx(net, len(LEADS)), mix_of(own.train.potassium)
    card = replace(
        Model.load("v5-4k").card,
        name=path.stem,
        version="0.0.0",
        parameters=parameters(net),
        architecture={"network": design.kind, "channels": design.channels, "lstm": design.lstm},
        training={},
        metrics={},
        reference=None,
        sureness=(1.0,),
        mix=tuple(round(float(share), 6) for share in mix.shares),
        onnx_sha256=hashlib.sha256(content).hexdigest(),
    )
    card = replace(card, sureness=calibrate(Model(content, card), own.calibration, mix, SEED))
    atomic.write({path: content, path.with_suffix(".json"): card.dump()})
    return path


@cache
def tested() -> Beats:
    """Return the patients who judge; `device.py` has the same."""
    return simulated(LEADS, TESTED, TESTED_SEED)


@cache
def real() -> dict[str, Beat]:
    """Return the beats of the real ECGs with a laboratory's potassium that `v5-4k` does not refuse, by record."""
    found = {path.stem: examine(path, BUNDLED[0]) for path in headers(data() / "ndmc-potassium")}
    return {name: one.beat for name, one in found.items() if one.evidence is not None and one.beat is not None}


def area(model: Model) -> str:
    """Return how well a model orders real ECGs by whether potassium is 5.5 and more."""
    said = model.run(*inputs(list(real().values()), LEADS))
    answers = potassium.stated({name: Evidence.of(each) for name, each in zip(real(), said, strict=True)})
    return f"{span(potassium.area(answers, potassium.HIGH, answers.score(potassium.HIGH)))}"


def row(model: str) -> list[object]:
    """Return what is printed of one model: a bundled one, or a file."""
    loaded = Model.load(model)
    own = Reached.of(loaded.run(tested().waves, tested().side), tested().potassium)
    with tempfile.TemporaryDirectory() as name:
        net = c.write(loaded, Path(name)).net
        device = Reached.of(golden.run(net, IntBeats.of(tested())) / 256, tested().potassium)
        (counted,) = re.findall(r"(\d+) instructions", made(Path(name), "qemu-m4"))
        code = int(made(Path(name), "size-m4").split()[6])
    widths = f"{net.channels} channels, {net.states or 'no'} states"
    return [
        f"{loaded.card.name} {loaded.card.version}" if model in BUNDLED else loaded.card.name,
        *("LSTM" if net.lstm else "mean", widths, loaded.card.parameters, cost.macs(net)),
        *(f"{own.mae:.3f}", f"{device.mae:.3f}", f"{own.area:.3f}", f"{device.area:.3f}"),
        *(len(real()), area(loaded)),
        *(code, cost.ram_bytes(net), f"{int(counted) / 1e6:.3f}"),
    ]


def main() -> None:
    """Print one table."""
    if len(sys.argv) != 2:
        sys.exit("usage: python bench/sizes.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    models = [*(str(trained(design, folder)) for design in DESIGNS), *BUNDLED]
    columns = [
        *("network", "over time", "widths", "parameters", "multiply-accumulates"),
        *("MAE, float, mEq/L", "MAE, int8, mEq/L", "AUROC > 5.5, float", "AUROC > 5.5, int8"),
        *("real ECGs", "AUROC of real potassium >= 5.5, float"),
        *("code and constants, bytes", "RAM, bytes", "million instructions, m4"),
    ]
    print(table(columns, map(row, models), "sizes"))


if __name__ == "__main__":
    main()
