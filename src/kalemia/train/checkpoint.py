"""Training that was stopped goes on: everything that the next step depends on, in a file."""

from __future__ import annotations

import copy
import hashlib
import io
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from kalemia.errors import TrainError
from kalemia.system import atomic

EVERY_S = 30.0
SEAL = hashlib.sha256().digest_size
"""Bytes at the end of the file that tell whether those before are as they were written."""


class Stateful(Protocol):
    """What the next step depends on: a network, an optimizer, a schedule, how the training went."""

    def state_dict(self) -> dict[str, Any]:
        """Return its state."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> object:
        """Take a state on."""


class Checkpoint:
    """A file that holds the state of what is named in it, written now and then, and read back once at the start.

    Parameters
    ----------
    path
        Of the file; None keeps nothing.
    parts
        What is held, by name.
    """

    def __init__(self, path: Path | None, **parts: Stateful | torch.Generator) -> None:
        self.path, self.parts, self.last = path, parts, time.monotonic()

    def restore(self) -> bool:
        """Put the parts back into the state that was saved; tell whether there was one."""
        if self.path is None or not self.path.exists():
            return False
        content = self.path.read_bytes() if self.path.is_file() else b""
        body, seal = content[:-SEAL], content[-SEAL:]
        if hashlib.sha256(body).digest() != seal:
            return False  # damaged: an optimizer takes any state, and fails at its next step
        before = copy.deepcopy(self._states())
        try:
            self._put(torch.load(io.BytesIO(body), weights_only=True))
        except Exception:  # noqa: BLE001 - torch raises whatever its unpickler meets
            self._put(before)
            return False  # of another program: the training begins anew
        return True

    def save(self, *, now: bool = False) -> None:
        """Write the state if it has not been for half a minute, or `now`; TrainError where it cannot be written."""
        if self.path is None or not (now or time.monotonic() - self.last > EVERY_S):
            return
        stream = io.BytesIO()
        torch.save(self._states(), stream)
        body = stream.getvalue()
        with atomic.writing(self.path, TrainError):
            atomic.write({self.path: body + hashlib.sha256(body).digest()})
        self.last = time.monotonic()

    def _states(self) -> dict[str, Any]:
        return {
            name: part.get_state() if isinstance(part, torch.Generator) else part.state_dict()
            for name, part in self.parts.items()
        }

    def _put(self, states: Mapping[str, Any]) -> None:
        for name, part in self.parts.items():
            if isinstance(part, torch.Generator):
                part.set_state(states[name])
            else:
                part.load_state_dict(states[name])
