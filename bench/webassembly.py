"""An exported WebAssembly module, run by wasmtime, and its events as lines like those of `compiled.said_by_python`."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import wasmtime
from numpy.typing import NDArray

from compiled import POPULATIONS, Script
from kalemia.stream.events import Kind


class Module:
    """A stream in a module."""

    def __init__(self, binary: bytes) -> None:
        engine = wasmtime.Engine()
        compiled = wasmtime.Module(engine, binary)
        self.store = wasmtime.Store(engine)
        self.imports = compiled.imports
        self.exports: Any = wasmtime.Instance(self.store, compiled, []).exports(self.store)

    def call(self, name: str, *values: int) -> Any:
        """Call an exported function."""
        return self.exports[name](self.store, *values)

    def at(self, place: int, form: str) -> tuple[int, ...]:
        """Return numbers that lie in the module's memory."""
        memory = self.exports["memory"]
        return struct.unpack(form, memory.read(self.store, place, place + struct.calcsize(form)))

    def kinds(self, count: int) -> list[int]:
        """Return what the latest events are about."""
        return [self.at(self.call("happened") + 8 * event, "<IhB")[2] for event in range(count)]

    def said(self, rate: int, population: str, script: Script) -> Iterator[str]:
        """Yield the events of a script, in which no rate and no population changes."""
        assert self.call("begin", rate, POPULATIONS.index(population)) == 0
        push = self.exports["push"]
        for word, value in script:
            if isinstance(value, int):
                assert word == "gap"
                yield from self._lines(self.call("gap", value))
            else:
                yield from self._pushed(push, value)
        yield f"0 {self.call('signal_now')} {self.call('warns')}"

    def _pushed(self, push: Any, samples: NDArray[Any]) -> Iterator[str]:
        for sample in samples.tolist():
            if count := push(self.store, sample):
                yield from self._lines(count)

    def _lines(self, count: int) -> Iterator[str]:
        place = self.call("happened")
        for event in range(count):
            tick, value, kind = self.at(place + 8 * event, "<IhB")
            numbers = [kind, tick, value]
            if kind == Kind.STATEMENT:
                numbers += self._statement()
            yield " ".join(map(str, numbers))

    def _statement(self) -> list[int]:
        _, rr, gain, quality, *meq, above, below, _, beats, alike, level = self.at(self.call("latest"), "<I8H4B")
        likelihood = self.at(self.call("latest") + 24, "<30h")
        return [beats, alike, rr, gain, quality, *meq, above, below, level, *likelihood]
