"""A page cut into tiles, in each of which the lattice of the grid is one pair of plane waves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from kalemia.digitize.carrier import power, sampled, starts

Floats = NDArray[np.float64]

MIN_SIDE = 56
STRETCH, TURN = np.exp(np.linspace(-0.36, 0.36, 37)), np.deg2rad(np.linspace(-26, 26, 27))
"""How much longer and how turned lines may be anywhere beside the page as a whole."""
FINE = np.meshgrid(np.exp(np.linspace(-0.02, 0.02, 13)), np.deg2rad(np.linspace(-2, 2, 13)))
CHANGE, MOST = (0.15, 0.1), 3.0
"""What a step of turn or of stretch costs from a tile to the next, in units of clearness, and at most."""
SWEEPS, FAINT = 2, 1.0
OBLIQUE = np.stack([np.cos(np.deg2rad(np.r_[25:66:3, 115:156:3])), np.sin(np.deg2rad(np.r_[25:66:3, 115:156:3]))])
"""Directions in which no lines run: what is there is noise."""
CLEAR = 1.5, 3.0
"""Mean logarithm of the lines' power over the noise's: below the first there are none, above the second for sure."""


@dataclass(frozen=True, eq=False)
class Tiles:
    """Square tiles, windowed: `values` (tiles, side, side), their centers `x`, `y` in px, and how they lie."""

    values: NDArray[np.float32]
    x: Floats
    y: Floats
    shape: tuple[int, int]

    @classmethod
    def cut(cls, lines: NDArray[np.float32], waves: Floats, side_mm: float) -> Tiles:
        """Cut a page into tiles of some millimeters, for the wave vectors of the grid, cycles a px."""
        side = min(max(MIN_SIDE, round(side_mm / float(np.hypot(*waves[0])))), *lines.shape)
        ys, xs = (starts(length, side, 0.7 * side) for length in lines.shape)
        window = np.outer(np.hanning(side), np.hanning(side)).astype(np.float32)
        values = np.stack([lines[y : y + side, x : x + side] for y in ys for x in xs])
        values = (values - values.mean(axis=(1, 2), keepdims=True)) * window
        middle = (side - 1) / 2
        down, across = np.meshgrid(ys + middle, xs + middle, indexing="ij")
        return cls(values, across.ravel(), down.ravel(), (len(ys), len(xs)))

    @property
    def neighbors(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the pairs of tiles that lie beside or below each other."""
        numbers = np.arange(self.shape[0] * self.shape[1]).reshape(self.shape)
        first = np.concatenate([numbers[:, :-1].ravel(), numbers[:-1].ravel()])
        return first, np.concatenate([numbers[:, 1:].ravel(), numbers[1:].ravel()])

    def tracked(self, waves: Floats, harmonics: tuple[tuple[float, float], ...]) -> tuple[Floats, Floats]:
        """Return wave vectors (2, tiles, 2), cycles a px, and how clear each is (2, tiles), 0..1.

        Each tile is asked how well every wave fits, and its neighbors decide between waves that fit about as well.
        """
        spectra = np.stack([_spectrum(tile) for tile in self.values])
        vectors, clear = np.zeros((2, len(self.x), 2)), np.zeros((2, len(self.x)))
        stretch, turn = np.meshgrid(STRETCH, TURN)
        for k in (0, 1):
            tried = _moved(waves[k], stretch.reshape(1, -1), turn.reshape(1, -1))
            fits = _clearness(spectra, tried, waves[k], harmonics)
            fits = np.maximum(fits - FAINT, 0).reshape(*self.shape, *stretch.shape)
            for _ in range(SWEEPS):
                fits = _agreed(fits)
            best = fits.reshape(len(spectra), -1).argmax(axis=1)
            middles = [axis[0, best, None] for axis in tried]
            near = _moved(np.stack(middles), *(axis.ravel() for axis in FINE))
            fit = _clearness(spectra, near, waves[k], harmonics)
            place = fit.argmax(axis=1)[:, None]
            vectors[k] = np.concatenate([np.take_along_axis(axis, place, axis=1) for axis in near], axis=1)
            clear[k] = np.clip((fit.max(axis=1) - CLEAR[0]) / (CLEAR[1] - CLEAR[0]), 0, 1)
        return vectors, clear

    def left(self, start: Floats, local: Floats) -> tuple[Floats, Floats, float]:
        """Return what the lines' phase has beside `start`, mm; how coherent it is, 0..1; the period of the wave, mm.

        `local` (tiles, 2) are the slopes of the phase, mm a px. Of the harmonics of 5 mm the one is taken that tells
        the place best.
        """
        side = self.values.shape[1]
        place = np.arange(side) - (side - 1) / 2
        energy = np.sqrt(np.einsum("tyx,tyx->t", self.values, self.values) * np.mean(np.hanning(side) ** 2) ** 2) + 1e-9
        best = (-1.0, np.zeros(0), np.zeros(0), 1.0)
        for harmonic in (5, 4, 3, 2, 1):
            k = harmonic / 5
            turn = 2 * np.pi * k * local[:, 0, None] * place
            down = np.exp(-2j * np.pi * k * local[:, 1, None] * place)
            # einsum stays on this core; many small products on all of them cost more than they bring.
            real, imaginary = (
                np.einsum("tyx,tx->ty", self.values, part(turn).astype(np.float32)) for part in (np.cos, np.sin)
            )
            rows = real - 1j * imaginary
            wave = np.sum(rows * down, axis=1) * np.exp(-2j * np.pi * k * start)
            coherence = np.abs(wave) / (energy * side)
            merit = float(np.sqrt(np.mean(coherence**2))) * harmonic
            if merit > best[0]:
                best = (merit, np.angle(wave) / (2 * np.pi * k), np.clip(coherence * 8, 0, 1), 1 / k)
        return best[1:]


def _spectrum(tile: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a tile's power, finer than its own resolution."""
    return power(tile, np.ones_like(tile), scipy.fft.next_fast_len(2 * len(tile), real=True))


def _moved(wave: Floats, stretch: Floats, turn: Floats) -> tuple[Floats, Floats]:
    """Return x and y of a wave vector made longer and turned in all ways."""
    x = stretch * (np.cos(turn) * wave[0] - np.sin(turn) * wave[1])
    y = stretch * (np.sin(turn) * wave[0] + np.cos(turn) * wave[1])
    return x, y


def _clearness(
    spectra: NDArray[np.float32],
    tried: tuple[Floats, Floats],
    wave: Floats,
    harmonics: tuple[tuple[float, float], ...],
) -> Floats:
    """Return (tiles, waves) how far the harmonics of waves stand out of the noise at a wave's length: mean logarithm.

    `spectra` are those of all tiles; the waves tried are (1, waves) for all of them, or (tiles, waves).
    """
    # Logarithms: lines that stand out at every harmonic count more than one harmonic that drowns all noise.
    x, y = tried
    score, length = np.zeros((len(spectra), x.shape[1])), float(np.hypot(*wave))
    for h, weight in harmonics:
        far = h / 5 * length
        noise = np.median(sampled(spectra, far * OBLIQUE[:1], far * OBLIQUE[1:]), axis=1, keepdims=True) + 1e-9
        score += weight * np.log1p(sampled(spectra, x * h / 5, y * h / 5) / noise)
    return score / sum(weight for _, weight in harmonics if weight > 0)


def _agreed(fits: Floats) -> Floats:
    """Return how well each wave fits (rows, columns, turns, stretches) where it may change but little between tiles.

    Every tile hears from the tiles to its left, right, top and bottom what fits best along them (Hirschmueller 2008).
    """
    heard = fits.copy()
    for axis in (0, 1):
        for order in (1, -1):
            along = np.moveaxis(fits, axis, 0)[::order]
            carried = np.zeros_like(along)
            for k in range(1, len(along)):
                before = along[k - 1] + carried[k - 1]
                before = before - before.max(axis=(1, 2), keepdims=True)
                carried[k] = _spread(_spread(before, 1, CHANGE[0]), 2, CHANGE[1])
            heard += np.moveaxis(carried[::order], 0, axis)
    return heard


def _spread(values: Floats, axis: int, cost: float) -> Floats:
    """Return the best of the values beside along an axis, which cost more with the square of how far they are."""
    best = values.copy()
    size = values.shape[axis]
    for step in range(1, min(size, round(np.sqrt(MOST / cost)) + 1)):
        for low, high in ((slice(step, None), slice(None, size - step)), (slice(None, size - step), slice(step, None))):
            into, given = [slice(None)] * 3, [slice(None)] * 3
            into[axis], given[axis] = low, high
            np.maximum(best[tuple(into)], values[tuple(given)] - cost * step**2, out=best[tuple(into)])
    return best
