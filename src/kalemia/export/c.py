"""A network in integers as a folder of C99 that stands alone: weights, runtime, chain, and what to test them on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia import __version__
from kalemia.errors import ModelError
from kalemia.estimate.model import Model
from kalemia.export import cost, golden, library, signal, tables
from kalemia.export.calibration import Beats, simulated
from kalemia.export.floats import seen
from kalemia.export.golden import IntBeats
from kalemia.export.integers import Int64, IntBlock, IntLstm, IntNet, quantized
from kalemia.export.weights import Weights
from kalemia.records import NOTICE
from kalemia.system import atomic

FORMAT = 2
"""Of struct kal_net; a runtime refuses to be compiled with another."""
RUNTIME = (
    "Makefile", "kal_net.h", "kal_net.c", "kal_nnet.h", "kal_nnet.c", "kal_tables.h", "kal_tables.c", "selftest.c",
    "replay.c",
)  # fmt: skip
EMULATED = ("startup.c", "board.h", "sections.ld", "mps2.ld", "mps3.ld")
STORED_BEATS, STORED_SEED = 4, 7
ROWS = ("point", "input", "state")
WRITTEN = "/* Written by kalemia export; do not edit. */\n"


@dataclass(frozen=True, eq=False)
class Device:
    """A network as a device has it, and beats with what it says of them."""

    net: IntNet
    beats: Beats
    said: NDArray[np.int16]
    lead: str = "V5"

    @classmethod
    def of(cls, model: Model) -> Device:
        """Quantize a model; its activations' ranges are those of simulated beats."""
        weights, leads = Weights.read(model.onnx, model.card), model.card.leads
        net = quantized(weights, seen(weights, simulated(leads).waves[:, 0]))
        beats = simulated(leads, STORED_BEATS, STORED_SEED)
        return cls(net, beats, golden.run(net, IntBeats.of(beats)), leads[0])


def write(model: Model, folder: Path) -> Device:
    """Write a model as C into a folder.

    Raises
    ------
    ModelError
        The model is no DSCRNN or DSCNN of one lead, or the folder holds other files.
    OSError
        A file cannot be written.
    """
    if any(folder.iterdir()) and not (folder / "kal_model.h").exists():
        raise ModelError(f"{folder} holds other files; give a folder that is empty, or that holds an earlier export")
    device = Device.of(model)
    lay(device, folder)
    return device


def lay(device: Device, folder: Path) -> None:
    """Write the files of a network into a folder; OSError where one cannot be written."""
    own = {"kal_model.h": _header, "kal_model.c": _source, "kal_beats.h": _beats_header, "kal_beats.c": _beats}
    for part in ("qemu", "chain", "src", "examples/Warning"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    contents = {folder / name: text(device).encode() for name, text in (own | {"README.md": _readme}).items()}
    contents |= {folder / name: (firmware() / "net" / name).read_bytes() for name in RUNTIME}
    contents |= {folder / "qemu" / name: (firmware() / "qemu" / name).read_bytes() for name in EMULATED}
    contents |= {folder / "chain" / path.name: path.read_bytes() for path in (firmware() / "chain").glob("*.[ch]")}
    contents |= {folder / "example.c": (firmware() / "example.c").read_bytes()}
    chain = sorted(path.name for path in (firmware() / "chain").glob("*.c"))
    texts = signal.files(device.lead) | library.files(firmware() / "library", device.net.name, chain)
    contents |= {folder / name: text.encode() for name, text in texts.items()}
    atomic.write(contents)


def firmware() -> Path:
    """Return where the runtime lies: in an installed package, or in the repository."""
    packed = Path(__file__).parents[1] / "firmware"
    return packed if packed.is_dir() else Path(__file__).parents[3] / "firmware"


def _header(device: Device) -> str:
    net = device.net
    return f"""{WRITTEN}\
#ifndef KAL_MODEL_H
#define KAL_MODEL_H

#define KAL_MODEL_FORMAT {FORMAT}
#define KAL_MODEL_NAME "{net.name}, kalemia {__version__}"
#define KAL_CHANNELS {net.channels}
#define KAL_STATES {net.states} /* of the LSTM; 0: the mean over time is in its place */

struct kal_net;
extern const struct kal_net kal_model;

#endif
"""


def _source(device: Device) -> str:
    net = device.net
    whole: dict[str, Int64 | int] = {
        "wave_scale": net.wave_scale,
        "dense_bias": net.dense_bias,
        "dense": net.dense,
        "first_bias": net.first_bias,
        "first_point": net.first_point,
        "lead_code": net.lead_code,
        "wave": net.wave,
    }
    fields = [f"    .{name} = {_value(value)}," for name, value in whole.items()]
    parts = {"second": net.second, "third": net.third} | ({"lstm": net.lstm} if net.lstm else {})
    fields += [f"    .{name} = {_fields(part)}," for name, part in parts.items()]
    return f'{WRITTEN}#include "kal_net.h"\n\nconst struct kal_net kal_model = {{\n' + "\n".join(fields) + "\n};\n"


def _fields(part: IntBlock | IntLstm) -> str:
    """Return a part's fields; rows of weights that are multiplied with values lie as `kal_products` wants them."""
    values = {name: _unpacked(value) if name in ROWS else value for name, value in vars(part).items()}
    return "{\n" + "\n".join(f"    .{name} = {_value(value)}," for name, value in values.items()) + "\n    }"


def _unpacked(rows: Int64) -> Int64:
    """Fill rows up to a multiple of four, and put each four into the order 0, 2, 1, 3."""
    filled = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    return filled.reshape(len(rows), -1, 4)[:, :, [0, 2, 1, 3]].reshape(len(rows), -1)


def _value(value: Int64 | int) -> str:
    if isinstance(value, int):
        return str(value)
    if value.ndim == 1:
        return tables.braced(value.tolist())
    return "{\n    " + ",\n    ".join(tables.braced(row) for row in value.tolist()) + "}"


def _beats_header(device: Device) -> str:
    return f"""{WRITTEN}\
#ifndef KAL_BEATS_H
#define KAL_BEATS_H

#include <stdint.h>

#define KAL_BEATS {len(device.said)}

struct kal_beat {{
    int potassium; /* of the simulated patient, in hundredths of a mEq/L */
    int16_t log_gain;
    uint16_t rr_ms;
    int16_t wave[270];
    int16_t log_likelihood[30];
}};

extern const struct kal_beat kal_beats[KAL_BEATS];

#endif
"""


def _beats(device: Device) -> str:
    return (
        f'{WRITTEN}#include "kal_beats.h"\n\nconst struct kal_beat kal_beats[KAL_BEATS] = {{\n'
        + "".join(_each_beat(device))
        + "};\n"
    )


def _each_beat(device: Device) -> Iterator[str]:
    beats = IntBeats.of(device.beats)
    rows = zip(device.beats.potassium, beats.log_gain, beats.rr_ms, beats.waves, device.said, strict=True)
    for potassium, log_gain, rr_ms, wave, said in rows:
        yield (
            f"    {{{round(100 * float(potassium))}, {log_gain}, {rr_ms},\n     {tables.braced(wave.tolist())},\n"
            f"     {tables.braced(said.tolist())}}},\n"
        )


def _readme(device: Device) -> str:
    net = device.net
    return (
        (firmware() / "net" / "README.in")
        .read_text(encoding="utf-8")
        .format(
            name=net.name,
            notice=NOTICE,
            version=__version__,
            constants=cost.constant_bytes(net),
            code=cost.CODE_BYTES,
            ram=cost.ram_bytes(net),
            macs=cost.macs(net),
            instructions=cost.INSTRUCTIONS_A_MAC * cost.macs(net) / 1e6,
            beats=len(device.said),
        )
    )
