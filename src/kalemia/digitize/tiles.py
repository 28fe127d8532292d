"""A page cut into tiles, in each of which the lattice of the grid is one pair of plane waves."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from kalemia.digitize.carrier import power, sampled, starts

Floats = NDArray[np.float64]

MIN_SIDE = 56
STRETCH = np.exp(np.linspace(-0.08, 0.08, 33))
TURN = np.deg2rad(np.linspace(-5, 5, 21))
OBLIQUE = np.stack([np.cos(np.deg2rad(np.r_[25:66:3, 115:156:3])), np.sin(np.deg2rad(np.r_[25:66:3, 115:156:3]))])
"""Directions in which no lines run: what is there is noise."""
CLEAR = 1.5, 3.0
"""Mean logarithm of the lines' power over the noise's: below the first there are none, above the second for sure."""
FARTHEST = 0.17
"""Logarithm of how much longer or shorter lines may lie anywhere than on the page as a whole."""


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

    def tracked(self, waves: Floats, harmonics: tuple[tuple[int, float], ...]) -> tuple[Floats, Floats]:
        """Return wave vectors (2, tiles, 2), cycles a px, and how clear each is (2, tiles), 0..1.

        Each vector is looked for near that of a neighbor whose lines are clear, clearest first.
        """
        spectra = [_spectrum(tile) for tile in self.values]
        vectors, clear = np.zeros((2, len(self.x), 2)), np.zeros((2, len(self.x)))
        for k in (0, 1):
            self._grow(spectra, waves[k], harmonics, vectors[k], clear[k])
        return vectors, clear

    def _grow(
        self,
        spectra: list[NDArray[np.float32]],
        wave: Floats,
        harmonics: tuple[tuple[int, float], ...],
        vectors: Floats,
        clear: Floats,
    ) -> None:
        seeds = [_nearest(spectrum, wave, harmonics) for spectrum in spectra]
        first = int(np.argmax([clearness for _, clearness in seeds]))
        queue = [(-seeds[first][1], first)]
        vectors[first], clear[first] = seeds[first]
        done = np.zeros(len(self.x), bool)
        done[first] = True
        rows, columns = self.shape
        while queue:
            _, tile = heapq.heappop(queue)
            row, column = divmod(tile, columns)
            for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                other = r * columns + c
                if 0 <= r < rows and 0 <= c < columns and not done[other]:
                    done[other] = True
                    found, clearness = _nearest(spectra[other], vectors[tile], harmonics, 0.5)
                    if abs(np.log(np.hypot(*found) / np.hypot(*wave))) > FARTHEST:
                        found, clearness = vectors[tile], 0.0
                    vectors[other] = found if clearness > 0.2 else vectors[tile]
                    clear[other] = clearness
                    heapq.heappush(queue, (-clearness, other))

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


def _nearest(
    spectrum: NDArray[np.float32], wave: Floats, harmonics: tuple[tuple[int, float], ...], reach: float = 1.0
) -> tuple[Floats, float]:
    """Return the wave vector near another whose harmonics stand out most, and how clearly, 0..1."""
    stretch, turn = STRETCH**reach, TURN[:, None] * reach
    x = (stretch * (np.cos(turn) * wave[0] - np.sin(turn) * wave[1])).ravel()
    y = (stretch * (np.sin(turn) * wave[0] + np.cos(turn) * wave[1])).ravel()
    order, weight = np.array(harmonics).T
    order, length = order[:, None] / 5, float(np.hypot(*wave))
    oblique = np.sort(sampled(spectrum, order * length * OBLIQUE[0], order * length * OBLIQUE[1]), axis=1)
    noise = oblique[:, [(len(OBLIQUE[0]) - 1) // 2, len(OBLIQUE[0]) // 2]].mean(axis=1, keepdims=True) + 1e-9
    # Logarithms: lines that stand out at every harmonic count more than one harmonic that drowns all noise.
    score = weight @ np.log1p(sampled(spectrum, order * x, order * y) / noise)
    best = int(np.argmax(score))
    clearness = (score[best] / weight.sum() - CLEAR[0]) / (CLEAR[1] - CLEAR[0])
    return np.array([x[best], y[best]]), float(np.clip(clearness, 0, 1))
