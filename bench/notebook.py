"""Runs a notebook's cells one after the other and keeps what they show, as Jupyter does: `python bench/notebook.py`.

Cells are run in a folder of their own, whose files nobody keeps. With `--check` nothing is written, and what the cells
print must be what the notebook holds.
"""

from __future__ import annotations

import argparse
import ast
import base64
import contextlib
import io
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).parent.parent / "docs" / "notebook.ipynb"
Output = dict[str, Any]


def main() -> None:
    """Run the notebook."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", type=Path, nargs="?", default=NOTEBOOK)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    path = given.notebook.resolve()
    notebook = json.loads(path.read_text(encoding="utf-8"))
    before = _printed(notebook)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        run(notebook)
    if given.check:
        sys.exit("the cells print something else than the notebook holds" if _printed(notebook) != before else 0)
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def run(notebook: dict[str, Any]) -> None:
    """Run all cells of code in one space, and replace their outputs."""
    os.environ["MPLBACKEND"] = "agg"
    warnings.simplefilter("ignore")  # of the packages beside ours
    space: dict[str, Any] = {"__name__": "__main__"}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(cells, start=1):
        cell["execution_count"] = number
        cell["outputs"] = _outputs("".join(cell["source"]), space, number)


def _outputs(code: str, space: dict[str, Any], number: int) -> list[Output]:
    """Run a cell; return what it printed, the value of its last line, and the figures that it drew."""
    tree = ast.parse(code)
    *_, end = tree.body
    last = end if isinstance(end, ast.Expr) else None
    if last is not None:
        tree.body.pop()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), space)  # noqa: S102 - our own notebook
        value = None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), space)  # noqa: S307
    outputs: list[Output] = []
    if printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": _lines(printed.getvalue())})
    figures = _figures()
    if value is not None and not figures:
        data = {"text/plain": _lines(repr(value))}
        if hasattr(value, "_repr_html_"):
            data = {"text/html": _lines(value._repr_html_())} | data
        outputs.append({"output_type": "execute_result", "execution_count": number, "data": data, "metadata": {}})
    return [*outputs, *figures]


def _figures() -> list[Output]:
    from matplotlib import pyplot

    outputs = []
    for number in pyplot.get_fignums():
        png = io.BytesIO()
        pyplot.figure(number).savefig(png, format="png", dpi=80)
        data = {"image/png": base64.b64encode(png.getvalue()).decode()}
        outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
    pyplot.close("all")
    return outputs


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _printed(notebook: dict[str, Any]) -> list[list[str]]:
    """Return the text that cells of code printed."""
    return [
        output["text"]
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        if output["output_type"] == "stream"
    ]


if __name__ == "__main__":
    main()
