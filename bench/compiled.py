"""The C chain as a process: compiled here, or for an emulated processor, fed a script, and its events as lines."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kalemia.estimate.population import KNOWN
from kalemia.stream import Chain, Event, Network, Settings
from kalemia.stream.tables import Integers, log_prior

FIRMWARE = Path(__file__).parents[1] / "firmware"
CHAIN, NET, TEST, QEMU = FIRMWARE / "chain", FIRMWARE / "net", FIRMWARE / "chain" / "test", FIRMWARE / "qemu"
STREAM = [*sorted(CHAIN.glob("*.c")), TEST / "stream.c"]
SOURCES = [*STREAM, TEST / "fake_net.c"]
"""With a network that needs no weights, the same as `network` here."""
STRICT = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
SANITIZED = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
INCLUDES = [f"-I{folder}" for folder in (CHAIN, NET, TEST)]
POPULATIONS = list(KNOWN)
MARK = (1 << 31) - 1

Script = Sequence[tuple[str, int | Integers]]
"""What comes one after the other: ("samples", them), ("gap", samples), ("rate", Hz) or ("prior", which population)."""
WORDS = {"gap": 0, "rate": 1, "prior": 2}


def network(wave: Integers, log_gain: int, rr_ms: int) -> Sequence[int]:
    """Say that potassium is higher the taller T is, a parabola round it; of all that it is told."""
    tall = int(wave[150:200].max())
    middle = 4 + tall * 12 // 16384 + (log_gain >> 9) + (rr_ms & 1)
    return [-18 * (place - middle) ** 2 for place in range(30)]


def missing(*tools: str) -> str | None:
    """Say which tool is not installed, if one is not."""
    absent = [tool for tool in tools if shutil.which(tool) is None]
    return f"{', '.join(absent)} not installed" if absent else None


def build(folder: Path, *options: str) -> Path:
    """Compile for this computer; a warning is an error."""
    return _built(folder, SOURCES, [*options, *INCLUDES])


def build_with(exported: Path) -> Path:
    """Compile with the network of an exported folder."""
    own = sorted(path for path in exported.glob("kal_*.c") if path.stem not in ("kal_beats", "kal_signal"))
    return _built(exported, [*STREAM, *own], ["-O2", f"-I{exported}", f"-I{CHAIN}"])


def _built(folder: Path, sources: Sequence[Path], options: Sequence[str]) -> Path:
    program = folder / "stream"
    run(["gcc", *STRICT, *options, *map(str, sources), "-o", str(program)])
    return program


def build_for(folder: Path, core: str, script: str) -> Path:
    """Compile for an emulated processor of a board whose memory a script describes."""
    program = folder / f"stream-{core}.elf"
    target = ["-O2", f"-mcpu=cortex-{core}", "-mthumb", "-mfloat-abi=soft", "--specs=rdimon.specs", "-nostartfiles"]
    link = ["-L", str(QEMU), "-T", script, "-Wl,--gc-sections,-e0", str(QEMU / "startup.c"), f"-I{QEMU}"]
    run(["arm-none-eabi-gcc", "-std=c99", *target, *INCLUDES, *map(str, SOURCES), *link, "-o", str(program)])
    return program


def emulator(machine: str, program: Path) -> list[str]:
    """Return the command that runs a program on an emulated board."""
    output = ["-nographic", "-monitor", "none", "-serial", "none"]
    semihosting = ["-semihosting-config", "enable=on,target=native"]
    return ["qemu-system-arm", "-M", machine, *output, *semihosting, "-kernel", str(program)]


def said_by_c(command: Sequence[str], folder: Path, settings: Settings, population: int, script: Script) -> list[str]:
    """Return the events of a script as the C chain prints them."""
    own = (settings.rate, settings.rail_uv, settings.first_tick - (settings.first_tick >> 31 << 32), settings.on)
    rest = (settings.off, settings.enough, settings.among, settings.rest, population)
    parts = [np.array([*own, *rest], "<i4")]
    parts += [np.asarray(value if word == "samples" else (MARK, WORDS[word], value), "<i4") for word, value in script]
    np.concatenate(parts).tofile(folder / "samples.bin")
    return run(command, cwd=folder).splitlines()


def said_by_python(settings: Settings, script: Script, network: Network = network) -> list[str]:
    """Return the same of the Python chain."""
    chain, lines = Chain(settings, network), list[str]()
    for word, value in script:
        if isinstance(value, np.ndarray):
            lines += map(_line, chain.push(value))
        elif word == "prior":
            chain.set_prior(log_prior(POPULATIONS[value]))
        else:
            lines += map(_line, chain.gap(value) if word == "gap" else chain.set_rate(value))
    return [*lines, f"0 {chain.signal:d} {chain.warns:d}"]


def _line(event: Event) -> str:
    numbers = [event.kind, event.tick, event.value]
    if (s := event.statement) is not None:
        numbers += [s.beats, s.alike, s.rr_ms, s.gain_uv, s.quality, s.low_meq, s.middle_meq, s.high_meq]
        numbers += [s.above, s.below, s.level, *(s.log_likelihood or [0] * 30)]
    return " ".join(f"{number:d}" for number in numbers)


def run(command: Sequence[str], cwd: Path | None = None) -> str:
    """Return what a command prints."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command[0]}: {done.stderr[-3000:]}"
    return done.stdout
