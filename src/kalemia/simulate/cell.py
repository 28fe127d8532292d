"""The human ventricular cell of ten Tusscher and Panfilov 2006 (TP06), with extracellular potassium as a parameter.

Equations and constants are taken from the papers: ten Tusscher et al., Am J Physiol Heart Circ Physiol 2004;286:H1573,
and ten Tusscher & Panfilov, ibid. 2006;291:H1088. Units: mV, ms, mM, pA/pF. Used at build time only, under numba.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RT_F = 8314.472 * 310.0 / 96485.3415  # mV
CAPACITANCE, FARADAY = 0.185, 96485.3415
CYTOSOL, RETICULUM, SUBSPACE = 0.016404, 0.001094, 0.00005468  # volumes, nl/1000 as in the paper
SODIUM_OUT, CALCIUM_OUT, PAPER_POTASSIUM = 140.0, 2.0, 5.4

V, M, H, J, XR1, XR2, XS, R, S, D, F, F2, FCASS, RYR, CAI, CASR, CASS, NAI, KI = range(19)
# fmt: off
REST = np.array([
    -85.23, 0.00172, 0.7444, 0.7045, 0.00621, 0.4712, 0.0095, 2.42e-8, 0.999998, 3.373e-5, 0.7888, 0.9755, 0.9953,
    0.9073, 0.000126, 3.64, 0.00036, 8.604, 136.89,
])
# fmt: on
"""A resting state near 5.4 mM, in the order of the indices above; pacing forgets it."""

# Columns of the voltage table: for each voltage gate its steady state and its decay over a step, then factors.
GATES = ("m", "h", "j", "xr1", "xr2", "xs", "r", "s_epi", "d", "f", "f2", "s_endo")
EXCHANGE_OUT, EXCHANGE_IN, PUMP, PLATEAU, CALCIUM_SS, CALCIUM_EXT = range(24, 30)
LOWEST, HIGHEST, GRAIN = -130.0, 90.0, 0.05

GKR, GKS, GTO, GNA, GCAL, GK1, ENDO = range(7)
"""Columns of the conductances of a node; the last is 1 where Ito inactivates as in endocardium."""


@dataclass(frozen=True)
class Kind:
    """Conductances of one cell, nS/pF (GCaL: cm3/(ms uF)); the published epicardial cell by default."""

    gkr: float = 0.153
    gks: float = 0.392
    gto: float = 0.294
    gna: float = 14.838
    gcal: float = 3.980e-5
    gk1: float = 5.405
    endo: bool = False

    def row(self) -> Floats:
        """Return the conductances as the kernel wants them."""
        return np.array([self.gkr, self.gks, self.gto, self.gna, self.gcal, self.gk1, float(self.endo)])


EPI = Kind()
ENDO_CELL = Kind(gto=0.073, endo=True)
MID = Kind(gks=0.098)


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(x)))


def _sodium_inactivation(v: Floats) -> tuple[Floats, Floats]:
    """Return the time constants of h and j, ms; both change their form at -40 mV."""
    low, rest = v < -40.0, np.minimum(v, -40.0)
    ah = np.where(low, 0.057 * np.exp(-(rest + 80) / 6.8), 0.0)
    bh = np.where(
        low,
        2.7 * np.exp(0.079 * rest) + 3.1e5 * np.exp(0.3485 * rest),
        0.77 / (0.13 * (1 + np.exp(-(v + 10.66) / 11.1))),
    )
    aj = (-2.5428e4 * np.exp(0.2444 * rest) - 6.948e-6 * np.exp(-0.04391 * rest)) * (rest + 37.78)
    aj = np.where(low, aj * _sigmoid(0.311 * (rest + 79.23)), 0.0)
    bj = np.where(
        low,
        0.02424 * np.exp(-0.01052 * rest) * _sigmoid(-0.1378 * (rest + 40.14)),
        0.6 * np.exp(0.057 * v) * _sigmoid(-0.1 * (v + 32)),
    )
    return 1 / (ah + bh), 1 / (aj + bj)


def _gates(v: Floats) -> list[tuple[Floats, Floats]]:
    """Return (steady state, time constant in ms) of every voltage gate, in the order of GATES."""
    tau_h, tau_j = _sodium_inactivation(v)
    h = _sigmoid((v + 71.55) / 7.43) ** 2
    tau_m = _sigmoid((-60 - v) / 5) * (0.1 * _sigmoid((v + 35) / 5) + 0.1 * _sigmoid((v - 50) / 200))
    tau_d = (1.4 * _sigmoid((-35 - v) / 13) + 0.25) * 1.4 * _sigmoid((v + 5) / 5) + _sigmoid((50 - v) / 20)
    tau_f = 1102.5 * np.exp(-((v + 27) ** 2) / 225) + 200 * _sigmoid((13 - v) / 10) + 180 * _sigmoid((v + 30) / 10) + 20
    tau_f2 = 562 * np.exp(-((v + 27) ** 2) / 240) + 31 * _sigmoid((25 - v) / 10) + 80 * _sigmoid((v + 30) / 10)
    return [
        (_sigmoid((-56.86 - v) / 9.03) ** 2, tau_m),
        (h, tau_h),
        (h, tau_j),
        (_sigmoid((-26 - v) / 7), 450 * _sigmoid((-45 - v) / 10) * 6 * _sigmoid((v + 30) / 11.5)),
        (_sigmoid((v + 88) / 24), 3 * _sigmoid((-60 - v) / 20) * 1.12 * _sigmoid((v - 60) / 20)),
        (_sigmoid((-5 - v) / 14), 1400 * np.sqrt(_sigmoid((5 - v) / 6)) * _sigmoid((v - 35) / 15) + 80),
        (_sigmoid((20 - v) / 6), 9.5 * np.exp(-((v + 40) ** 2) / 1800) + 0.8),
        (_sigmoid((v + 20) / 5), 85 * np.exp(-((v + 45) ** 2) / 320) + 5 * _sigmoid((v - 20) / 5) + 3),
        (_sigmoid((-8 - v) / 7.5), tau_d),
        (_sigmoid((v + 20) / 7), tau_f),
        (0.67 * _sigmoid((v + 35) / 7) + 0.33, tau_f2),
        (_sigmoid((v + 28) / 5), 1000 * np.exp(-((v + 67) ** 2) / 1000) + 8),
    ]


def table(dt: float) -> Floats:
    """Return what depends on voltage alone, (voltages, 30), for a step of `dt` ms (Rush-Larsen gates)."""
    v = np.arange(LOWEST, HIGHEST + GRAIN, GRAIN)
    columns: list[Floats] = []
    for steady, tau in _gates(v):
        columns += [steady, np.exp(-dt / tau)]
    u = np.where(np.abs(v - 15) < 1e-6, 1e-6, v - 15)
    drive = 4 * u * FARADAY / RT_F / np.expm1(2 * u / RT_F)
    exchange = 1000.0 / (87.5**3 + SODIUM_OUT**3) / (1.38 + CALCIUM_OUT) / (1 + 0.1 * np.exp(-0.65 * v / RT_F))
    columns += [
        exchange * np.exp(0.35 * v / RT_F) * CALCIUM_OUT,
        exchange * np.exp(-0.65 * v / RT_F) * SODIUM_OUT**3 * 2.5,
        2.724 / (1 + 0.1245 * np.exp(-0.1 * v / RT_F) + 0.0353 * np.exp(-v / RT_F)),
        0.0146 * _sigmoid((25 - v) / 5.98),
        drive * 0.25 * np.exp(2 * u / RT_F),
        drive * CALCIUM_OUT,
    ]
    return np.ascontiguousarray(np.stack(columns, axis=1))


def step(y: Floats, g: Floats, k_out: float, ikr_scale: float, rates: Floats, dt: float, injected: float) -> float:
    """Advance one cell by `dt` ms in place and return its new voltage; compiled by numba.

    `injected` is stimulus plus coupling, pA/pF, outward positive. `ikr_scale` is the factor of IKr that stands for its
    dependence on extracellular potassium: (K/5.4)^0.5 in the paper.
    """
    v = y[0]
    place = (min(max(v, LOWEST), HIGHEST - 1.0) - LOWEST) / GRAIN
    low = int(place)
    w = place - low
    a, b = rates[low], rates[low + 1]
    nai, ki, cai, casr, cass = y[17], y[18], y[14], y[15], y[16]
    e_k = RT_F * math.log(k_out / ki)
    e_na = RT_F * math.log(SODIUM_OUT / nai)
    e_ks = RT_F * math.log((k_out + 0.03 * SODIUM_OUT) / (ki + 0.03 * nai))
    e_ca = 0.5 * RT_F * math.log(CALCIUM_OUT / cai)

    i_na = g[3] * y[1] ** 3 * y[2] * y[3] * (v - e_na)
    i_cal = g[4] * y[9] * y[10] * y[11] * y[12]
    i_cal *= (a[28] + w * (b[28] - a[28])) * cass - (a[29] + w * (b[29] - a[29]))
    i_to = g[2] * y[7] * y[8] * (v - e_k)
    i_kr = g[0] * ikr_scale * y[4] * y[5] * (v - e_k)
    i_ks = g[1] * y[6] * y[6] * (v - e_ks)
    opening = 0.1 / (1 + math.exp(0.06 * (v - e_k - 200)))
    closing = 3 * math.exp(0.0002 * (v - e_k + 100)) + math.exp(0.1 * (v - e_k - 10))
    closing /= 1 + math.exp(-0.5 * (v - e_k))
    i_k1 = g[5] * math.sqrt(k_out / PAPER_POTASSIUM) * opening / (opening + closing) * (v - e_k)
    i_naca = (a[24] + w * (b[24] - a[24])) * nai**3 - (a[25] + w * (b[25] - a[25])) * cai
    i_nak = (a[26] + w * (b[26] - a[26])) * k_out / (k_out + 1.0) * nai / (nai + 40.0)
    i_pca = 0.1238 * cai / (0.0005 + cai)
    i_pk = (a[27] + w * (b[27] - a[27])) * (v - e_k)
    i_bna = 0.00029 * (v - e_na)
    i_bca = 0.000592 * (v - e_ca)

    for gate in range(11):  # m h j xr1 xr2 xs r s d f f2
        column = 2 * gate
        if gate == 7 and g[6] > 0.5:
            column = 22
        steady = a[column] + w * (b[column] - a[column])
        decay = a[column + 1] + w * (b[column + 1] - a[column + 1])
        y[1 + gate] = steady + (y[1 + gate] - steady) * decay
    load = 1 + (cass / 0.05) ** 2
    steady = 0.6 / load + 0.4
    y[12] = steady + (y[12] - steady) * math.exp(-dt / (80.0 / load + 2.0))

    spread = 2.5 - 1.5 / (1 + (1.5 / casr) ** 2)
    k1, k2 = 0.15 / spread, 0.045 * spread
    y[13] += dt * (0.005 * (1 - y[13]) - k2 * cass * y[13])
    release = 0.102 * k1 * cass * cass * y[13] / (0.06 + k1 * cass * cass) * (casr - cass)
    leak, uptake = 0.00036 * (casr - cai), 0.006375 / (1 + 0.00025**2 / (cai * cai))
    transfer = 0.0038 * (cass - cai)
    charge = CAPACITANCE / FARADAY
    y[15] += dt * (uptake - release - leak) / (1 + 10.0 * 0.3 / (0.3 + casr) ** 2)
    flow = -transfer * CYTOSOL / SUBSPACE + release * RETICULUM / SUBSPACE - i_cal * charge / (2 * SUBSPACE)
    y[16] += dt * flow / (1 + 0.4 * 0.00025 / (0.00025 + cass) ** 2)
    flow = -(i_bca + i_pca - 2 * i_naca) * charge / (2 * CYTOSOL) - (uptake - leak) * RETICULUM / CYTOSOL + transfer
    y[14] += dt * flow / (1 + 0.2 * 0.001 / (0.001 + cai) ** 2)
    y[17] -= dt * (i_na + i_bna + 3 * i_nak + 3 * i_naca) * charge / CYTOSOL
    y[18] -= dt * (i_k1 + i_to + i_kr + i_ks - 2 * i_nak + i_pk) * charge / CYTOSOL
    total = i_na + i_cal + i_to + i_kr + i_ks + i_k1 + i_naca + i_nak + i_pca + i_pk + i_bna + i_bca
    y[0] = v - dt * (total + injected)
    return float(y[0])
