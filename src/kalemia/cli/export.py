"""`kalemia export`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kalemia.cli.terminal import folder_for, needs, say
from kalemia.errors import KalemiaError
from kalemia.system import atomic

if TYPE_CHECKING:
    from kalemia.export.integers import IntNet

FORMS = ("c", "web", "onnx-int8")


def export(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A bundled model (see `kalemia models`) or an ONNX file.")
    ],
    to: Annotated[
        str,
        typer.Option(metavar="FORM", help="c: C99 in integers, for a device; web: a page; onnx-int8: for servers."),
    ],
    out: Annotated[str, typer.Option(metavar="DIR", help="The folder to write into.")],
) -> None:
    """Write a model for something else to run: a microcontroller, a browser, a phone.

    Example:

      kalemia export v5-4k --to c --out v5-4k-c && make -C v5-4k-c
    """
    if to not in FORMS:
        raise KalemiaError(f"no form {to!r:.40} to export to; the forms are {', '.join(FORMS)}")
    with needs("device"):
        from kalemia.export import c, int8, web
    from kalemia.estimate.model import Model

    loaded, folder = Model.load(model), folder_for(out)
    with atomic.writing(folder):
        if to == "c":
            say(_described(c.write(loaded, folder).net, out))
        elif to == "web":
            size = web.write(loaded, folder)
            say(f"{folder / web.PAGE}: {size // 1000:,} kB that need nothing else; open it in a browser")
        else:
            say(f"{int8.write(loaded, folder)}: convolutions in int8; kalemia predict --model takes it")


def _described(net: IntNet, out: str) -> str:
    from kalemia.export.cost import constant_bytes, macs, ram_bytes

    return (
        f"{out}: {net.name} in C99, {constant_bytes(net):,} bytes of constants, {ram_bytes(net):,} bytes of RAM, "
        f"{macs(net):,} multiply-accumulates a beat; make -C {out} builds it and runs its self-test"
    )
