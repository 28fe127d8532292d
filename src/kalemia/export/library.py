"""An exported folder as a library: for CMake as it is, and in the layout that Arduino and PlatformIO compile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from kalemia import __version__
from kalemia.records import NOTICE

COMPILED = ("kal_net.c", "kal_nnet.c", "kal_tables.c", "kal_model.c")
"""Of the folder itself; of `chain` it is every file."""
SENTENCE = "From the samples of one ECG lead to a warning of high potassium, in integers."
WRITTEN = "/* Written by kalemia export; do not edit. */\n"


def files(written: Path, model: str, chain: Sequence[str]) -> dict[str, str]:
    """Return the text of what makes a library of an exported folder, by its name there.

    Arduino and PlatformIO compile every C file in `src`, and none beside it: each file there includes one of ours.

    Parameters
    ----------
    written
        The folder of the parts that are written by hand, `firmware/library`.
    model
        Name and version.
    chain
        The names of the C files in `chain`.
    """
    sources = [*COMPILED, *(f"chain/{name}" for name in chain)]
    forwards = {f"src/{Path(source).name}": source for source in (*sources, "kal_net.h")}
    return {
        "CMakeLists.txt": (written / "CMakeLists.txt").read_text(encoding="utf-8"),
        "src/Kalemia.h": (written / "Kalemia.h").read_text(encoding="utf-8"),
        "examples/Warning/Warning.ino": (written / "Warning.ino").read_text(encoding="utf-8"),
        "library.properties": _arduino(model),
        "library.json": json.dumps(_platformio(model), indent=2) + "\n",
        **{name: f'{WRITTEN}#include "../{source}"\n' for name, source in forwards.items()},
    }


def _described(model: str) -> str:
    return f"Network {model}. {NOTICE}"


def _arduino(model: str) -> str:
    stated = {
        "name": "Kalemia",
        "version": __version__,
        "author": "Kalemia",
        "maintainer": "Kalemia",
        "sentence": SENTENCE,
        "paragraph": _described(model),
        "category": "Data Processing",
        "architectures": "*",
        "includes": "Kalemia.h",
    }
    return "".join(f"{name}={value}\n" for name, value in stated.items())


def _platformio(model: str) -> dict[str, object]:
    return {
        "name": "Kalemia",
        "version": __version__,
        "description": f"{SENTENCE} {_described(model)}",
        "license": "Apache-2.0",
        "frameworks": "*",
        "platforms": "*",
        "headers": "Kalemia.h",
    }
