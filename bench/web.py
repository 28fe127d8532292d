"""The exported page: its chain beside the Python chain, how large both are, and how long a beat takes.

    python bench/web.py | python bench/fill.py web

Needs the dev extra, clang and lld. Times are those of wasmtime on one core of this computer, not of a browser.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from common import table
from compiled import POPULATIONS, said_by_python
from kalemia.estimate.model import Model
from kalemia.export import hour, wasm, web
from kalemia.export.c import Device
from kalemia.stream import Kind, Settings
from kalemia.stream.tables import log_prior
from stream import in_integers
from webassembly import Module

MODELS = ("v5-4k", "i-4k")


def measured(name: str) -> list[object]:
    """Return a row of the table."""
    model = Model.load(name)
    device = Device.of(model)
    binary, played = wasm.module(device), hour.simulated(device.lead)
    script = [("samples", played.microvolts)]
    found = [*Module(binary).said(hour.RATE, web.HOUR_OF, script)]
    settings = Settings(hour.RATE, log_prior(web.HOUR_OF))
    expected = said_by_python(settings, script, in_integers(device.net))
    equal = sum(one == other for one, other in zip(found, expected, strict=False))
    with TemporaryDirectory() as folder:
        page = web.write(model, Path(folder))
    beats_ms = times(binary, played)
    sizes = f"{len(binary):,}", f"{len(gzip.compress(binary)):,}", f"{page:,}"
    return [f"`{name}`", f"{equal:,} of {len(expected):,}", *sizes, f"{np.median(beats_ms):.2f}"]


def times(binary: bytes, played: hour.Hour) -> list[float]:
    """Return how long each sample took that ends a window, and so asks the network about a beat, ms."""
    module, beats_ms, samples = Module(binary), list[float](), played.microvolts.tolist()
    module.call("begin", hour.RATE, POPULATIONS.index(web.HOUR_OF))
    push, store = module.exports["push"], module.store
    for sample in samples:
        since = perf_counter()
        count, spent = push(store, sample), perf_counter() - since
        if count and Kind.STATEMENT in module.kinds(count):
            beats_ms.append(1000 * spent)
    return beats_ms


def main() -> None:
    """Print the table."""
    columns = [
        "model",
        "events of the simulated hour that are Python's",
        "WebAssembly, bytes",
        "compressed",
        "page, bytes",
    ]
    print(table([*columns, "ms a beat, median"], map(measured, MODELS), "web"))


if __name__ == "__main__":
    main()
