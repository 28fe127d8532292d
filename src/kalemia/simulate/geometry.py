"""The shape of the ventricles: faces of muscle, how far apart they are along it, and what a lead sees of them.

Two truncated ellipsoidal shells, an idealized left ventricle with a right ventricle round its septal side. Axes are
Frank's: x to the left, y to the feet, z to the back; cm. In homogeneous muscle only the voltage on its surfaces matters
(the double-layer view of Geselowitz), so every surface is cut into faces and a lead is a weighted sum over faces.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

Floats = NDArray[np.float64]

# Dower, Machado, Osborne, J Electrocardiol 1980;13:81: the eight independent leads from Frank's x, y, z.
DOWER = np.array(
    [
        [0.632, -0.235, 0.059],
        [0.235, 1.066, -0.132],
        [-0.515, 0.157, -0.917],
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],
    ]
)
# Real chest leads are smaller against lead I than this matrix has it, for QRS, T and P alike: fitted on real medians.
DOWER *= np.array([1.25, 0.95, 0.85, 1.0, 0.95, 0.9, 0.88, 0.85])[:, None]
# Electrodes V1..V6 from the middle of the heart, cm: a round adult chest, ours.
CHEST = np.array(
    [[-5.5, -1.0, -8.5], [-1.5, -1.0, -9.5], [3.5, 0.5, -9.5], [7.5, 2.0, -8.5], [11.0, 2.0, -4.5], [12.5, 2.0, 0.5]]
)
LONG_AXIS = np.array([0.66, 0.46, -0.59])  # base to apex: left, down and forward
LV_ENDO, LV_EPI, SEPTUM_RIGHT, RV_ENDO, RV_EPI = range(5)


@dataclass(frozen=True, eq=False)
class Heart:
    """Faces of muscle at rest, in the frame of the body.

    Attributes
    ----------
    centers
        (faces, 3) cm from the middle of the ventricles.
    areas
        (faces, 3) area vectors out of the muscle, cm2.
    layer
        (faces,) which surface: LV_ENDO, LV_EPI, SEPTUM_RIGHT, RV_ENDO, RV_EPI.
    frame
        (faces, 3) position in the heart's own axes, scaled to about -1..1: apex, right, across.
    base
        (faces,) true for the ring that closes the open base.
    distance
        Activation distance (entries and sites, faces) for each conduction system, in ms at ordinary velocity.
    """

    centers: Floats
    areas: Floats
    layer: NDArray[np.int64]
    frame: Floats
    base: NDArray[np.bool_]
    distance: dict[str, Floats]


def _axes() -> Floats:
    """Return the heart's axes as rows: to the apex, to the right ventricle, across."""
    apex = LONG_AXIS / np.linalg.norm(LONG_AXIS)
    right = np.array([-0.75, -0.05, -0.66])
    right = right - apex * (right @ apex)
    right /= np.linalg.norm(right)
    return np.stack([apex, right, np.cross(apex, right)])


def _surface(radius: float, length: float, bulge: float, lat: Floats, around: Floats) -> tuple[Floats, Floats]:
    """Return centers and area vectors (faces, 3) of an ellipsoid between latitudes, in the heart's own axes."""

    def point(u: Floats, phi: Floats) -> Floats:
        reach = radius + bulge * np.clip(np.cos(phi * 0.5 * np.pi / around[-1]), 0, None) ** 0.7 if bulge else radius
        across = np.cos(u)
        return np.stack([length * np.sin(u), reach * across * np.cos(phi), radius * across * np.sin(phi)], axis=-1)

    u, phi = np.meshgrid(lat, around, indexing="ij")
    corners = point(u, phi)
    a, b, c, d = corners[:-1, :-1], corners[1:, :-1], corners[1:, 1:], corners[:-1, 1:]
    areas = 0.5 * np.cross(c - a, d - b)
    return ((a + b + c + d) / 4).reshape(-1, 3), areas.reshape(-1, 3)


def _outward(centers: Floats, areas: Floats) -> Floats:
    """Turn area vectors to point away from the long axis."""
    radial = centers * np.array([0.3, 1.0, 1.0])
    return np.where(np.sum(radial * areas, axis=1, keepdims=True) < 0, -areas, areas)


def _link(
    centers: Floats, layer: NDArray[np.int64], partner: NDArray[np.int64], speeds: dict[int, float]
) -> csr_matrix[np.float64]:
    """Return the graph of neighbours; weights are ms: along a surface by its speed, through the wall by muscle."""
    gap = np.linalg.norm(centers[:, None] - centers[None], axis=2)
    weights = np.zeros_like(gap)
    for name, speed in speeds.items():
        same = (layer == name)[:, None] & (layer == name)[None]
        near = same & (gap < 2.3)
        weights[near] = gap[near] / (0.1 * speed)
    rows = np.flatnonzero(partner >= 0)
    through = np.maximum(gap[rows, partner[rows]], 0.3) / (0.1 * 0.55)
    weights[rows, partner[rows]] = weights[partner[rows], rows] = through
    for a, b in ((SEPTUM_RIGHT, RV_ENDO), (LV_EPI, RV_EPI)):  # where the right ventricle joins the left
        across = (layer == a)[:, None] & (layer == b)[None] & (gap < 1.8)
        weights[across] = gap[across] / (0.1 * min(speeds[a], speeds[b]))
        weights.T[across] = weights[across]
    return csr_matrix(weights)


# Surface speeds, m/s: Purkinje-lined endocardium is fast, bare muscle slow; a blocked bundle leaves muscle and late,
# partial entry into the Purkinje net.
SYSTEMS = {
    "normal": {LV_ENDO: 1.15, LV_EPI: 0.7, SEPTUM_RIGHT: 1.3, RV_ENDO: 0.85, RV_EPI: 0.7},
    "right": {LV_ENDO: 1.15, LV_EPI: 0.7, SEPTUM_RIGHT: 0.55, RV_ENDO: 0.55, RV_EPI: 0.55},
    "left": {LV_ENDO: 0.75, LV_EPI: 0.7, SEPTUM_RIGHT: 1.8, RV_ENDO: 1.0, RV_EPI: 0.7},
    "muscle": {LV_ENDO: 0.85, LV_EPI: 0.65, SEPTUM_RIGHT: 0.75, RV_ENDO: 0.75, RV_EPI: 0.65},
}
# Where the bundles enter: layer, then apex, right, across in the scaled frame; after Durrer et al., Circulation
# 1970;41:899.
ENTRIES = (
    (LV_ENDO, 0.45, 1.0, 0.1),
    (LV_ENDO, 0.05, 0.1, -0.9),
    (LV_ENDO, 0.4, 0.2, 0.9),
    (RV_ENDO, 0.45, 0.8, 0.3),
    (SEPTUM_RIGHT, 0.5, 0.9, 0.2),
)
LEFT_SEPTAL, LEFT_ANTERIOR, LEFT_POSTERIOR, RIGHT_WALL, RIGHT_SEPTAL = range(5)
# Where beats begin that do not come down the bundles, in the same frame: a lead at the apex of the right ventricle,
# then places of ventricular ectopic beats, the outflow tract first.
SITES = (
    (RV_ENDO, 0.75, 0.9, 0.0),
    (RV_ENDO, -0.4, 0.9, -0.6),
    (RV_EPI, 0.2, 1.2, 0.5),
    (LV_EPI, -0.3, -0.8, 0.6),
    (LV_EPI, 0.5, -0.9, -0.3),
    (LV_ENDO, 0.8, 0.0, 0.3),
    (LV_ENDO, -0.2, 0.2, 0.9),
    (SEPTUM_RIGHT, -0.2, 0.9, 0.1),
)


@lru_cache(maxsize=1)
def heart() -> Heart:
    """Return the idealized ventricles; made once."""
    lat = np.linspace(-0.45, 1.45, 9)
    around = np.linspace(-np.pi, np.pi, 15)
    lat_rv, around_rv = np.linspace(-0.45, 0.85, 6), np.linspace(-1.35, 1.35, 8)
    endo, endo_area = _surface(2.2, 5.0, 0.0, lat, around)
    epi, epi_area = _surface(3.2, 6.0, 0.0, lat, around)
    rv_in, rv_in_area = _surface(3.25, 5.4, 1.6, lat_rv, around_rv)
    rv_out, rv_out_area = _surface(3.5, 5.7, 1.7, lat_rv, around_rv)
    angle, height = np.arctan2(epi[:, 2], epi[:, 1]), epi[:, 0] / 6.0
    septal = (np.abs(angle) < 1.25) & (height < 0.72)
    layers = [
        np.full(len(endo), LV_ENDO),
        np.where(septal, SEPTUM_RIGHT, LV_EPI),
        np.full(len(rv_in), RV_ENDO),
        np.full(len(rv_out), RV_EPI),
    ]
    layer = np.concatenate(layers)
    own = np.concatenate([endo, epi, rv_in, rv_out])
    areas = np.concatenate(
        [
            -_outward(endo, endo_area),
            _outward(epi, epi_area),
            -_outward(rv_in, rv_in_area),
            _outward(rv_out, rv_out_area),
        ]
    )
    n, m = len(endo), len(rv_in)
    partner = np.concatenate([np.arange(n) + n, np.full(n, -1), 2 * n + m + np.arange(m), np.full(m, -1)])
    rings = [np.arange(len(part)) < per for part, per in ((endo, 14), (epi, 14), (rv_in, 7), (rv_out, 7))]
    frame = own / np.array([6.0, 3.2, 3.2])
    axes = _axes()
    middle = np.array([0.8, 0.8, 0.0])
    return Heart(
        centers=(own - middle) @ axes,
        areas=areas @ axes,
        layer=layer,
        frame=frame,
        base=np.concatenate(rings),
        distance=_distances(own, frame, layer, partner),
    )


def _distances(own: Floats, frame: Floats, layer: NDArray[np.int64], partner: NDArray[np.int64]) -> dict[str, Floats]:
    """Return ms from every entry and site to every face, for every conduction system."""
    entries = []
    for surface, *place in ENTRIES + SITES:
        gap = np.linalg.norm(frame - np.array(place), axis=1)
        entries.append(int(np.argmin(np.where(layer == surface, gap, np.inf))))
    return {name: dijkstra(_link(own, layer, partner, speeds), indices=entries) for name, speeds in SYSTEMS.items()}


@lru_cache(maxsize=1)
def right_walls() -> NDArray[np.bool_]:
    """Return which faces (faces,) are the right ventricle's own."""
    layer = heart().layer
    return np.asarray((layer == RV_ENDO) | (layer == RV_EPI))


def lead_field(turn: Floats, shift: Floats, remainder: float, right_gain: float = 1.0) -> NDArray[np.float32]:
    """Return what the eight independent leads see of every face, (8, faces): I, II, V1..V6.

    Parameters
    ----------
    turn
        (3, 3) rotation of the heart in the chest.
    shift
        (6, 3) displacement of the chest electrodes, cm.
    remainder
        How much of the nearness of the chest electrodes to count beyond a dipole, 0..1.
    right_gain
        How much the right ventricle's walls count against an ordinary heart's.
    """
    shape = heart()
    centers, areas = shape.centers @ turn.T, shape.areas @ turn.T
    areas[right_walls()] *= right_gain
    weights = DOWER @ areas.T
    place = CHEST + shift
    size = np.linalg.norm(CHEST, axis=1)[:, None]
    strength = np.linalg.norm(DOWER[2:], axis=1)[:, None] * size**2
    # Of place - center with itself, and with the area, written out: nothing of (6, faces, 3) is built.
    apart = np.sum(place**2, axis=1)[:, None] - 2 * place @ centers.T + np.sum(centers**2, axis=1)
    near = (place @ areas.T - np.sum(centers * areas, axis=1)) / apart**1.5
    weights[2:] += remainder * strength * (near - CHEST @ areas.T / size**3)
    weights *= -1
    # Muscle at one voltage makes no field: what the open base leaves over belongs to its ring.
    weights[:, shape.base] -= weights.sum(axis=1, keepdims=True) / shape.base.sum()
    return np.asarray(weights, dtype=np.float32)
