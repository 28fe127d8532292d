"""The chain with a network as a WebAssembly module that imports nothing; clang and its linker make it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from kalemia.errors import KalemiaError
from kalemia.export import c

TOOLS = ("clang", "wasm-ld")
STACK_BYTES = 16_384
"""The chain takes 2 kB; a module begins with a page of 64 kB, of which this is a quarter."""
OPTIONS = (
    "--target=wasm32", "-std=c99", "-O2", "-mbulk-memory", "-ffreestanding", "-nostdlib",
    "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror",
)  # fmt: skip
LINK = ("-Wl,--no-entry", "-Wl,--strip-all", f"-Wl,-z,stack-size={STACK_BYTES}")


def check() -> None:
    """Raise a KalemiaError where a tool is not installed, before the work and not after it."""
    if absent := [tool for tool in TOOLS if shutil.which(tool) is None]:
        raise KalemiaError(f"this needs {' and '.join(absent)}, which Debian's packages clang and lld bring")


def module(device: c.Device) -> bytes:
    """Return the module of a network.

    Raises
    ------
    KalemiaError
        Where clang or its linker is not installed.
    OSError
        Where no temporary folder can be written.
    """
    with TemporaryDirectory() as made:
        folder = Path(made)
        c.lay(device, folder)
        return compiled(folder)


def compiled(folder: Path) -> bytes:
    """Compile the network and the chain that lie in a folder, as `c.lay` leaves them."""
    check()
    net = [folder / name for name in ("kal_net.c", "kal_nnet.c", "kal_tables.c", "kal_model.c")]
    sources = [*net, *sorted((folder / "chain").glob("*.c")), c.firmware() / "web" / "kal_web.c"]
    includes = [f"-I{each}" for each in (c.firmware() / "web", folder, folder / "chain")]
    made = folder / "kalemia.wasm"
    command = ["clang", *OPTIONS, *LINK, *includes, *map(str, sources), "-o", str(made)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - words of our own
    if done.returncode:
        raise KalemiaError(f"clang could not compile the chain: {done.stderr.strip().partition(chr(10))[0]}")
    return made.read_bytes()
