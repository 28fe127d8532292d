"""The population of bodies: what is kept, how one is drawn, and how weights are found."""

import numpy as np
import pytest

from kalemia.records import EIGHT
from kalemia.simulate import population
from kalemia.simulate.population import NAMES, PRIOR


def test_bodies_stay_within_their_limits() -> None:
    for spread in (0.0, 0.4, 1.0):
        for seed in range(50):
            drawn = population.draw(np.random.default_rng(seed), spread)
            for name in NAMES:
                _, _, low, high = PRIOR[name]
                assert low <= getattr(drawn, name) <= high, name


def test_without_spread_everyone_is_the_middle() -> None:
    one, other = (population.draw(np.random.default_rng(seed), 0.0) for seed in (1, 2))
    assert one == other
    assert population.draw(np.random.default_rng(1)) != population.draw(np.random.default_rng(2))


def test_coordinates_and_bodies_undo_each_other() -> None:
    rows = population.widely(np.random.default_rng(0), 20)
    np.testing.assert_allclose(population.bodies(population.coordinates(rows)), rows, atol=1e-6)


def test_a_population_for_other_bodies_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    population.load.cache_clear()
    monkeypatch.setattr(population, "NAMES", (*NAMES[:-1], "mood"))
    try:
        with pytest.raises(AssertionError, match="build it again"):
            population.load()
    finally:
        population.load.cache_clear()


def test_weights_make_simulated_measures_like_the_real_ones() -> None:
    fit = pytest.importorskip("kalemia.simulate.fit", reason="the population is fitted with scikit-learn")
    pytest.importorskip("sklearn", reason="the population is fitted with scikit-learn, which is not installed here")
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(0)
    real, made = rng.normal(0.8, 0.7, (100, 2)), rng.normal(0.0, 1.0, (1200, 2))
    with threadpool_limits(1):  # on so few rows threads only wait for each other
        weight = fit.reweighed(real, made, passes=3, seed=0)
    assert weight.sum() == pytest.approx(1.0)
    for column in range(2):
        middle = float(weight @ made[:, column])
        assert middle == pytest.approx(float(real[:, column].mean()), abs=0.25)
        spread = float(np.sqrt(weight @ np.square(made[:, column] - middle)))
        assert spread == pytest.approx(0.7, abs=0.25)


def test_raking_gives_the_real_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = pytest.importorskip("kalemia.simulate.fit", reason="the population is fitted with scikit-learn")
    monkeypatch.setattr(fit, "RAKED", (0,))
    rng = np.random.default_rng(0)
    real, made = rng.normal(0.5, 1.0, (200, 1)), rng.normal(0.0, 1.0, (4000, 1))
    weight = fit.raked(real, made, np.full(4000, 1 / 4000))
    cuts = np.quantile(real[:, 0], fit.QUANTILES)
    shares = np.bincount(np.searchsorted(cuts, made[:, 0]), weights=weight)
    np.testing.assert_allclose(shares, np.diff([0.0, *fit.QUANTILES, 1.0]), atol=0.03)


def test_what_is_raked_is_t_p_and_pr() -> None:
    fit = pytest.importorskip("kalemia.simulate.fit", reason="the population is fitted with scikit-learn")
    from kalemia.signal.beat import cut
    from kalemia.signal.measure import measure
    from kalemia.simulate import simulate_one

    recording = simulate_one(1, 2, "clean", 4.3).recording
    numbers, found = fit.measures(recording), measure(cut(recording, EIGHT))
    places = fit.RAKED
    assert [numbers[place] for place in places[:8]] == [found[lead].t_mv for lead in EIGHT]
    assert numbers[places[8]] == found["II"].p_mv
    assert numbers[places[9]] == found["II"].pr_ms
    assert numbers[places[10]] == max(found["I"].t_mv, found["II"].t_mv)
    assert numbers[places[13]] == max(abs(found[lead].st_mv) for lead in fit.T_UPRIGHT)
