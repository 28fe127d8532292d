"""The shape of the ventricles, how far its faces are apart along muscle, and what leads see of them."""

from __future__ import annotations

import numpy as np
import pytest

from kalemia.simulate.geometry import (
    CHEST,
    DOWER,
    ENTRIES,
    LONG_AXIS,
    LV_ENDO,
    LV_EPI,
    RV_ENDO,
    RV_EPI,
    SEPTUM_RIGHT,
    SITES,
    SYSTEMS,
    _axes,
    _link,
    _outward,
    _surface,
    heart,
    lead_field,
    right_walls,
)
from kalemia.simulate.patient import rotation

NOWHERE = np.zeros((6, 3))


def test_the_heart_has_five_surfaces_of_294_faces() -> None:
    shape = heart()
    assert len(shape.layer) == 294
    assert set(shape.layer) == {LV_ENDO, LV_EPI, SEPTUM_RIGHT, RV_ENDO, RV_EPI}
    assert shape.centers.shape == shape.areas.shape == shape.frame.shape == (294, 3)
    assert shape.base.sum() == 42  # a ring of each surface
    assert heart() is shape


def test_the_heart_lies_in_the_middle_of_its_frame_and_points_left_down_and_forward() -> None:
    shape = heart()
    assert np.abs(shape.frame).max() < 2.0
    assert np.abs(shape.centers).max() < 8.0
    apex, base = (shape.centers[chosen].mean(axis=0) for chosen in (shape.frame[:, 0] > 0.8, shape.base))
    axis = (apex - base) / np.linalg.norm(apex - base)
    assert axis @ (LONG_AXIS / np.linalg.norm(LONG_AXIS)) > 0.95


def test_the_axes_are_at_right_angles() -> None:
    axes = _axes()
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert axes[0] @ LONG_AXIS == pytest.approx(np.linalg.norm(LONG_AXIS))
    assert axes[1, 0] < 0  # the right ventricle lies to the right


def test_area_vectors_point_out_of_the_muscle() -> None:
    shape = heart()
    axes = _axes()
    radial = shape.centers @ axes.T * np.array([0.0, 1.0, 1.0])
    outward = np.sum(radial * (shape.areas @ axes.T), axis=1)
    upper = shape.frame[:, 0] < 0.5  # below, a surface turns towards the apex
    assert (outward[upper & (shape.layer == LV_EPI)] > 0).mean() > 0.9
    assert (outward[upper & (shape.layer == LV_ENDO)] < 0).mean() > 0.9


def test_a_sphere_has_the_area_of_a_sphere() -> None:
    centers, areas = _surface(3.0, 3.0, 0.0, np.linspace(-np.pi / 2, np.pi / 2, 61), np.linspace(-np.pi, np.pi, 61))
    size = np.linalg.norm(areas, axis=1)
    assert size.sum() == pytest.approx(4 * np.pi * 9, rel=0.01)
    np.testing.assert_allclose(np.linalg.norm(centers, axis=1), 3.0, rtol=0.01)
    np.testing.assert_allclose(areas.sum(axis=0), 0.0, atol=1e-9)  # closed
    out = _outward(centers, areas)
    assert (np.sum(out * centers, axis=1) > 0).mean() > 0.99


def test_a_bulge_reaches_out_in_the_middle_only() -> None:
    lat, around = np.linspace(-0.1, 0.1, 3), np.linspace(-1.35, 1.35, 28)
    bulged, _ = _surface(3.0, 5.0, 1.6, lat, around)
    reach = np.linalg.norm(bulged[:27, 1:], axis=1)
    assert reach.max() == pytest.approx(4.6, abs=0.1)
    assert reach[0] < 3.6


def test_muscle_is_linked_to_its_neighbours_at_its_speed() -> None:
    centers = np.array([[0.0, 0, 0], [1.0, 0, 0], [2.0, 0, 0], [0.0, 1.0, 0]])
    layer = np.array([LV_ENDO, LV_ENDO, LV_ENDO, LV_EPI])
    speeds = dict.fromkeys((LV_ENDO, LV_EPI, SEPTUM_RIGHT, RV_ENDO, RV_EPI), 1.0)
    links = _link(centers, layer, np.array([3, -1, -1, -1]), speeds).toarray()
    assert links[0, 1] == pytest.approx(10.0)  # 1 cm at 1 m/s is 10 ms
    assert links[0, 2] == pytest.approx(20.0)
    assert links[0, 3] == links[3, 0] == pytest.approx(1.0 / (0.1 * 0.55))  # through the wall, as slow as muscle is
    assert links[1, 3] == 0.0
    fast = _link(centers, layer, np.array([3, -1, -1, -1]), speeds | {LV_ENDO: 2.0}).toarray()
    assert fast[0, 1] == pytest.approx(5.0)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_face_is_reached_from_every_entry_and_site(system: str) -> None:
    distance = heart().distance[system]
    assert distance.shape == (len(ENTRIES) + len(SITES), 294)
    assert np.isfinite(distance).all()
    assert (distance.min(axis=1) == 0.0).all()
    for k, (surface, *_) in enumerate(ENTRIES + SITES):
        assert heart().layer[distance[k].argmin()] == surface
    assert distance.max() < 400


def test_bundles_are_faster_than_muscle_and_blocks_slow_their_own_side() -> None:
    of = heart().distance
    assert of["muscle"].mean() > of["normal"].mean()
    right, left = heart().layer == RV_ENDO, heart().layer == LV_ENDO
    assert of["right"][3][right].mean() > of["normal"][3][right].mean()
    assert of["left"][0][left].mean() > of["normal"][0][left].mean()
    assert (of["right"][0][left] <= of["left"][0][left]).all()


def test_leads_see_the_same_dipole_as_dowers_matrix_has_it() -> None:
    """Without nearness a lead is the dipole's projection: of faces of one layer, its areas times the matrix."""
    shape = heart()
    inner = ~shape.base
    field = lead_field(np.eye(3), NOWHERE, 0.0)
    total = -(DOWER @ shape.areas.T)
    spread = (total.sum(axis=1, keepdims=True) / shape.base.sum()) * shape.base
    np.testing.assert_allclose(field, total - spread, atol=1e-4)
    np.testing.assert_allclose(field[:, inner], total[:, inner], atol=1e-5)


@pytest.mark.parametrize("nearness", [0.0, 0.5, 1.2])
def test_whatever_is_counted_muscle_at_one_voltage_makes_no_field(nearness: float) -> None:
    turned = lead_field(rotation(0.4, -0.2, 0.3), np.full((6, 3), 0.7), nearness, 1.4)
    assert turned.shape == (8, 294)
    np.testing.assert_allclose(turned.sum(axis=1), 0.0, atol=2e-3)


def test_nearness_and_electrodes_matter_to_the_chest_leads_alone() -> None:
    far, near = (lead_field(np.eye(3), NOWHERE, nearness) for nearness in (0.0, 0.8))
    np.testing.assert_array_equal(far[:2], near[:2])
    assert all(not np.allclose(a, b, atol=1e-3) for a, b in zip(far[2:], near[2:], strict=True))
    shifted = lead_field(np.eye(3), np.eye(6, 3) * 2.0, 0.8)  # V1, V2 and V3, each along one axis
    changed = [not np.allclose(a, b, atol=1e-6) for a, b in zip(near, shifted, strict=True)]
    assert changed == [False, False, True, True, True, False, False, False]


def test_nearness_adds_what_an_electrode_sees_of_a_face_beyond_its_dipole() -> None:
    """A face's potential falls with the square of its distance; the dipole sees all faces from the middle."""
    gained = lead_field(np.eye(3), NOWHERE, 0.6) - lead_field(np.eye(3), NOWHERE, 0.0)
    shape = heart()
    for face in np.flatnonzero(~shape.base)[::40]:
        for lead, place in enumerate(CHEST):
            apart, size = place - shape.centers[face], np.linalg.norm(place)
            near = apart @ shape.areas[face] / np.linalg.norm(apart) ** 3
            far = place @ shape.areas[face] / size**3
            strength = np.linalg.norm(DOWER[2 + lead]) * size**2
            assert gained[2 + lead, face] == pytest.approx(-0.6 * strength * (near - far), abs=1e-4)


def test_the_right_ventricle_counts_by_its_gain() -> None:
    one, two = (lead_field(np.eye(3), NOWHERE, 0.0, gain) for gain in (1.0, 2.0))
    walls = right_walls() & ~heart().base
    np.testing.assert_allclose(two[:, walls], 2 * one[:, walls], rtol=1e-5)
    rest = ~right_walls() & ~heart().base
    np.testing.assert_array_equal(two[:, rest], one[:, rest])


def test_a_turned_heart_turns_the_dipole() -> None:
    """A rotation in the frontal plane moves lead I's view of the areas along x to those along y."""
    quarter = rotation(np.pi / 2, 0.0, 0.0)
    inner = ~heart().base
    turned = lead_field(quarter, NOWHERE, 0.0)[0, inner]
    expected = -(DOWER[0] @ quarter @ heart().areas[inner].T)
    np.testing.assert_allclose(turned, expected, atol=1e-5)
    assert CHEST.shape == (6, 3)
