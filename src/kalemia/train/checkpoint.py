"""Training that was stopped goes on: everything that the next step depends on, in a file."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import torch

from kalemia.system import atomic

EVERY_S = 30.0


class Checkpoint:
    """A file that holds what is named in it, written now and then, and read back once at the start.

    Parameters
    ----------
    path
        Of the file; None keeps nothing.
    parts
        What has a `state_dict`, and random generators, by name.
    """

    def __init__(self, path: Path | None, **parts: Any) -> None:
        self.path, self.parts, self.last = path, parts, time.monotonic()

    def restore(self) -> dict[str, Any] | None:
        """Put the parts back into the state that was saved, and return what else was; None where nothing was."""
        if self.path is None or not self.path.exists():
            return None
        try:
            saved: dict[str, Any] = torch.load(self.path, weights_only=True)
            for name, part in self.parts.items():
                _restore(part, saved[name])
            return dict(saved["known"])
        except Exception:  # noqa: BLE001 - torch raises whatever its unpickler meets
            return None  # of another program, damaged or cut off: the training begins anew

    def save(self, known: dict[str, Any], *, now: bool = False) -> None:
        """Write the state if it has not been for half a minute, or `now`."""
        if self.path is None or not (now or time.monotonic() - self.last > EVERY_S):
            return
        stream = io.BytesIO()
        torch.save({"known": known, **{name: _state(part) for name, part in self.parts.items()}}, stream)
        atomic.write({self.path: stream.getvalue()})
        self.last = time.monotonic()


def _state(part: Any) -> Any:
    return part.get_state() if isinstance(part, torch.Generator) else part.state_dict()


def _restore(part: Any, state: Any) -> None:
    if isinstance(part, torch.Generator):
        part.set_state(state)
    else:
        part.load_state_dict(state)
