"""The two waves that the lines of a grid are, as the averaged spectrum of a page's tiles shows them."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from kalemia.digitize.blur import blurred

Floats = NDArray[np.float64]

TILE = 256
"""Side, px, of the tiles whose spectra are averaged."""
PART = 4
"""Tiles on a side of a part of the page, half overlapped: perspective hardly changes within one."""
ANGLES = np.deg2rad(np.arange(-14, 14.1, 1.0))
PERIODS = 1.9, 17.0
"""Distances, px, of lines 1 mm apart that are looked for."""
PAGE_MM = 255.0
"""Ten seconds at 25 mm/s and a margin: decides where the lines alone could be those of 1 or of 5 mm."""
COMB = (
    (1.0, 1.0),
    (0.2, 1.0),
    (0.4, 0.35),
    (0.6, 0.35),
    (0.8, 0.35),
    (2.0, 0.3),
    (0.5, -0.5),
    (0.1, -0.5),
    (0.3, -0.5),
    (1 / 3, -0.5),
    (0.2 / 3, -0.5),
)
"""Frequencies, in lines a mm, at which a grid of 1 and 5 mm has power or has none, and what each tells."""
MIN_COMB = 4.0
"""Below this sum of logarithms over both directions, no lattice is seen; grids of real pages give 5.7 to 24."""


def flatten(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how dark each pixel is beside its surroundings, in their standard deviations, clipped at 1.5.

    The darkest channel shows lines of any color; clipping keeps the trace, which is darker, from drowning them.
    """
    dark = np.minimum.reduce([rgb[..., c] for c in range(3)]).astype(np.float32)
    sigma = max(rgb.shape[:2]) / 60
    near = blurred(dark, sigma) - dark
    spread = np.sqrt(blurred(near * near, sigma)) + 2
    clipped: NDArray[np.float32] = np.clip(near / spread, -1.5, 1.5)
    return clipped


def starts(length: int, side: int, step: float) -> NDArray[np.intp]:
    """Return where tiles of a side begin, px, so that they cover a length in about equal steps."""
    return np.linspace(0, length - side, max(1, round((length - side) / step) + 1)).astype(np.intp)


def power(tile: NDArray[np.float32], window: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """Return (n, n // 2 + 1) the power of a tile, rows of negative frequency first."""
    spectrum = scipy.fft.rfft2((tile - tile.mean()) * window, (n, n))
    return np.fft.fftshift(spectrum.real**2 + spectrum.imag**2, axes=0).astype(np.float32)


def sampled(powers: NDArray[np.float32], fx: Floats, fy: Floats) -> Floats:
    """Return (tiles, places) the power of tiles (tiles, n, n // 2 + 1) at frequencies, cycles a px.

    `fx` and `fy` are (tiles, places), or (1, places) for all tiles; a real page has the same power at the opposite one.
    """
    tiles, n, width = powers.shape
    sign = np.where(fx < 0, -n, n)
    column, row = np.clip(fx * sign, 0, width - 1.001), np.clip(fy * sign + n // 2, 0, n - 1.001)
    left, upper = column.astype(np.intp), row.astype(np.intp)
    right, lower = (column - left).astype(np.float32), (row - upper).astype(np.float32)
    flat, place = powers.reshape(tiles, -1), upper * width + left

    def at(step: int) -> NDArray[np.float32]:
        found = flat.take(place[0] + step, axis=1) if len(place) == 1 else np.take_along_axis(flat, place + step, 1)
        return np.asarray(found, np.float32)

    over = at(0) * (1 - right) + at(1) * right
    under = at(width) * (1 - right) + at(width + 1) * right
    return np.asarray(over * (1 - lower) + under * lower, np.float64)


def find(lines: NDArray[np.float32]) -> Floats | None:
    """Return (2, 2) the wave vectors of u and v, cycles a px for lines 1 mm apart, as the whole page shows them.

    Where its perspective blurs them, they are those of the part of the page that shows them best.
    """
    side = min(TILE, *lines.shape)
    window = np.outer(np.hanning(side), np.hanning(side)).astype(np.float32)
    ys, xs = (starts(length, side, side / 2) for length in lines.shape)
    powers = np.stack([[power(lines[y : y + side, x : x + side], window, TILE) for x in xs] for y in ys])
    powers /= powers.sum(axis=(2, 3), keepdims=True) + 1e-9
    best, waves = _waves(powers, max(lines.shape))
    if best < MIN_COMB:
        parts = [powers[y : y + PART, x : x + PART] for y in range(0, len(ys), 2) for x in range(0, len(xs), 2)]
        best, waves = max((_waves(part, max(lines.shape)) for part in parts), key=lambda found: found[0])
    return waves if best >= MIN_COMB else None


def _waves(powers: NDArray[np.float32], size: int) -> tuple[float, Floats]:
    """Return how well a lattice explains the power of tiles, and its wave vectors (2, 2)."""
    total = powers.sum(axis=(0, 1))
    radii = np.exp(np.linspace(np.log(1 / 90), np.log(0.49), 700))
    polar = [_polar(np.log(total + 1e-12), radii, direction) for direction in (0, 1)]
    steps = np.exp(np.linspace(-np.log(PERIODS[1]), -np.log(PERIODS[0]), 1000))
    scores = np.stack([_comb(rays.max(axis=0), radii, steps) for rays in polar])
    best, across, down = _square(scores, steps, size)
    waves = []
    for direction, (frequency, rays) in enumerate(zip((across, down), polar, strict=True)):
        along = sum(np.array([np.interp(frequency * h, radii, ray) for ray in rays]) for h in (1.0, 0.2))
        turn = ANGLES[int(np.argmax(along))]
        vector = np.array([np.cos(turn), np.sin(turn)])
        waves.append(frequency * (vector if direction == 0 else np.array([-vector[1], vector[0]])))
    return best, np.stack(waves)


def _polar(power: NDArray[np.float32], radii: Floats, direction: int) -> Floats:
    """Return (angles, radii) the power along rays near the axis of u (0) or of v (1)."""
    r, turn = np.meshgrid(radii, ANGLES)
    along, beside = r * np.cos(turn), r * np.sin(turn)
    x, y = (along, beside) if direction == 0 else (-beside, along)
    return sampled(power[None], x.reshape(1, -1), y.reshape(1, -1)).reshape(r.shape)


def _comb(ray: Floats, radii: Floats, steps: Floats) -> Floats:
    """Return how well lines of each frequency explain the peaks of a ray of logarithmic power."""
    peaks = np.clip(ray - median_filter(ray, size=101, mode="nearest"), 0, 4)
    # The first and the last are their own median, so that beyond them there is no peak.
    return sum((weight * np.interp(h * steps, radii, peaks) for h, weight in COMB), np.zeros(len(steps)))


def _square(scores: Floats, steps: Floats, size: int) -> tuple[float, float, float]:
    """Return the best score and its frequencies across and down; squares may look up to 20 % longer one way."""
    width = float(np.log(steps[1] / steps[0]))
    reach = int(0.2 / width)
    found = (-np.inf, 0, 0)
    likely = -0.75 * (np.log(size * steps / PAGE_MM) / 0.6) ** 2
    for shift in range(-reach, reach + 1):
        low, high = max(0, -shift), min(len(steps), len(steps) - shift)
        both = scores[0, low:high] + scores[1, low + shift : high + shift] - (shift * width / 0.1) ** 2
        place = int(np.argmax(both + likely[low:high]))
        value = float(both[place] + likely[low + place])
        if value > found[0]:
            found = (value, low + place, low + place + shift)
    return float(scores[0, found[1]] + scores[1, found[2]]), float(steps[found[1]]), float(steps[found[2]])
