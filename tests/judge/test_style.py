"""How figures look: panels, lines that differ, and files."""

from __future__ import annotations

import io

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from PIL import Image

from kalemia.judge.figures import style
from kalemia.judge.figures.style import drawn, grid, look, single, titled


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (2, (1, 2)), (3, (1, 3)), (4, (2, 3)), (7, (3, 3))])
def test_a_grid_has_so_many_panels_of_a_size(count: int, shape: tuple[int, int]) -> None:
    figure, axes = grid(count, 3, (2.0, 1.5))
    assert len(axes) == len(figure.axes) == count
    assert figure.get_size_inches().tolist() == [2.0 * shape[1], 1.5 * shape[0]]


def test_panels_may_share_an_axis() -> None:
    _, (first, second) = grid(2, 2, (2, 2), sharey=True)
    first.set_ylim(3, 7)
    assert second.get_ylim() == (3, 7)


def test_lines_differ_in_more_than_color() -> None:
    dashes = [str(look(number)["linestyle"]) for number in range(9)]
    assert len(set(dashes)) == 9
    both = [(look(number)["color"], str(look(number)["linestyle"])) for number in range(40)]
    assert len(set(both)) == 40


def test_axes_of_a_figure_are_named_once() -> None:
    figure, _ = grid(2, 2, (2, 2))
    titled(figure, "x, mEq/L", "y, mEq/L")
    assert (figure.get_supxlabel(), figure.get_supylabel()) == ("x, mEq/L", "y, mEq/L")


def test_a_png_has_the_dots_that_its_inches_ask_for_and_an_svg_has_text() -> None:
    figure, axes = single(3.0, 2.0)
    axes.set_title("Some \u2265 5.5")
    axes.plot(np.arange(3), np.arange(3))
    with Image.open(io.BytesIO(drawn(figure, "png"))) as picture:
        assert picture.size == (450, 300)
    svg = drawn(figure, "svg")
    assert "Some \u2265 5.5" in svg.decode()
    assert b"<dc:date>" not in svg


def test_a_figure_has_the_style_while_it_is_drawn_and_nothing_has_it_after() -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    seen = []

    @style.styled
    def draw(width: float) -> Figure:
        """Draw."""
        seen.append(mpl.rcParams["svg.hashsalt"])
        return single(width, 1.0)[0]

    figure = draw(2.0)
    assert figure.get_size_inches()[0] == 2.0
    assert seen == ["kalemia"]
    assert mpl.rcParams["svg.hashsalt"] != "kalemia"
    assert draw.__doc__ == "Draw."
