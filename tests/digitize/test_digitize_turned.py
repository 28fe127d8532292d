"""Pages that are turned after their grid was found."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_pages import NAMES, columns, ecg, read, ruled
from drawn_pages import page as draw

from kalemia.digitize import grid, inked, page
from kalemia.errors import DigitizeError


@pytest.mark.parametrize("turns", [1, 2, 3, 4])
@pytest.mark.parametrize(("angle", "bend"), [(0.0, 0.0), (3.0, 0.0), (-2.0, 1.5)])
def test_a_page_turns_with_its_grid(turns: int, angle: float, bend: float) -> None:
    picture, _, _ = ruled(6.0, angle, size=(540, 720), bend=bend)
    picture[100:130, 200:260] = (255, 0, 0)
    lattice = grid.find(picture)
    assert lattice is not None
    first = found = page.square(picture, lattice)
    image = picture
    for _ in range(turns):
        found, image = found.turned(image.shape[1]), np.rot90(image)
    assert found.grid.pitch == pytest.approx(lattice.pitch)
    np.testing.assert_array_equal(found.rgb, np.rot90(first.rgb, turns))
    y, x = (at.astype(float) for at in np.nonzero(found.rgb[..., 1] < 60))
    at_x, at_y = found.source(np.array([x.mean()]), np.array([y.mean()]))
    red = np.argwhere(image[..., 1] == 0).mean(axis=0)
    assert (float(at_y[0]), float(at_x[0])) == pytest.approx(tuple(red), abs=1.0)
    back = found.place(at_x, at_y)
    assert (float(back[0][0]), float(back[1][0])) == pytest.approx((x.mean(), y.mean()), abs=0.1)


def test_the_grid_of_a_refused_page_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []
    find = grid.find

    def counted(rgb: inked.Pixels) -> grid.Grid | None:
        tried.append(rgb.shape)
        return find(rgb)

    monkeypatch.setattr(grid, "find", counted)
    with pytest.raises(DigitizeError):
        read(ruled(6.0, size=(540, 720))[0])
    assert len(tried) == 1


def test_rows_tell_whether_a_page_lies_on_its_side() -> None:
    picture = draw(ecg(), columns(NAMES, 3))
    for turns, worth in ((0, [0, 2]), (1, [0, 1, 3])):
        turned = inked.Turns(np.ascontiguousarray(np.rot90(picture, turns)), None)
        assert turned.worth(1), "nothing is known yet"
        turned.turned(0)
        assert [quarter for quarter in range(4) if turned.worth(quarter)] == worth
