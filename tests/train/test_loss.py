"""What training makes small, against formulas by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from torch import Generator

from kalemia.estimate.evidence import binned
from kalemia.train.design import Design
from kalemia.train.loss import Batch, expected, loss, mean, surprise, taught
from kalemia.train.nets import Estimator, SeveralLeads, Shape, build
from learnable import learnable


def test_it_is_the_surprise_at_the_true_bin_in_the_mix() -> None:
    """Of three bins a likelihood of 1, 2 and 1, a mix of a half, a quarter and a quarter: 2/5, 2/5 and 1/5."""
    answer, mix = torch.tensor([[0.0, math.log(2), 0.0]] * 3), torch.tensor([0.5, 0.25, 0.25]).log()
    found = surprise(answer, mix, torch.tensor([0, 1, 2]))
    np.testing.assert_allclose(found.exp().numpy(), [2.5, 2.5, 5.0], rtol=1e-6)
    several = surprise(answer.reshape(1, 3, 3), mix, torch.tensor([[0, 1, 2]]))
    torch.testing.assert_close(several, found[None])


def test_a_likelihood_is_learned_and_not_the_mix() -> None:
    """Where nothing tells potassium, to say nothing is the least surprise, whatever the mix of the patients is."""
    mix = torch.linspace(1, 3, 30, dtype=torch.float64)
    mix = mix / mix.sum()
    answer = torch.zeros(30, dtype=torch.float64, requires_grad=True)
    cost = (mix * surprise(answer.expand(30, -1), mix.log(), torch.arange(30))).sum()
    (slope,) = torch.autograd.grad(cost, answer)
    assert float(slope.abs().max()) < 1e-12


def test_what_is_expected_is_the_mean_in_the_mix() -> None:
    flat = torch.full((30,), 1 / 30, dtype=torch.float64).log()
    assert float(expected(torch.zeros(30, dtype=torch.float64), flat)) == pytest.approx(5.75)
    halves = torch.full((30,), 1e-30, dtype=torch.float64)
    halves[0], halves[29] = 0.75, 0.25
    likelier = torch.zeros(30, dtype=torch.float64)
    likelier[29] = math.log(3)
    assert float(expected(torch.zeros(30, dtype=torch.float64), halves.log())) == pytest.approx(
        0.75 * 2.125 + 0.25 * 9.375
    )
    assert float(expected(likelier, halves.log())) == pytest.approx(5.75)
    sure = torch.full((30,), -99.0)
    sure[10] = 0.0
    assert float(expected(sure, flat.float())) == pytest.approx(4.625)


def test_only_what_is_counted_is_in_the_mean() -> None:
    losses = torch.tensor([1.0, 2.0, 30.0])
    assert float(mean(losses, torch.tensor([True, True, False]))) == 1.5
    assert float(mean(losses, torch.zeros(3, dtype=torch.bool))) == 0.0


# Teachers


EVERYWHERE = torch.ones(2, 1, dtype=torch.bool)


def test_to_follow_the_teachers_costs_what_they_are_unsure_of() -> None:
    lesson, own = torch.randn(2, 1, 30), torch.tensor(2.0)
    shares = torch.softmax(lesson, dim=2)
    unsure = float(-(shares * shares.log()).sum(dim=2).mean())
    assert float(taught(lesson, lesson, EVERYWHERE, own)) == pytest.approx(3.0 * unsure + 0.3 * 2.0, rel=1e-5)
    assert float(taught(lesson + 7.0, lesson, EVERYWHERE, own)) == pytest.approx(3.0 * unsure + 0.6, rel=1e-5)
    for other in (torch.zeros(2, 1, 30), 2 * lesson, -lesson):
        assert float(taught(other, lesson, EVERYWHERE, own)) > 3.0 * unsure + 0.6


def test_a_lead_that_is_not_there_teaches_nothing() -> None:
    there = torch.tensor([[True], [False]])
    answer, lesson = torch.randn(2, 1, 30), torch.randn(2, 1, 30)
    alone = taught(answer[:1], lesson[:1], there[:1], torch.tensor(0.0))
    torch.testing.assert_close(taught(answer, lesson, there, torch.tensor(0.0)), alone)


def test_a_taught_network_follows_its_teachers_more_than_the_truth() -> None:
    """Where the teachers say one bin and the truth is another, the least loss gives them 3 / 3.3 of the probability.

    No training is done, so there is no margin of luck: at that answer the slope is zero.
    """
    shares = torch.tensor([3 / 3.3, 0.3 / 3.3], dtype=torch.float64)
    answer = shares.log().reshape(1, 1, 2).requires_grad_()
    lesson = torch.tensor([[[0.0, -99.0]]], dtype=torch.float64)
    own = surprise(answer[0], torch.zeros(2, dtype=torch.float64), torch.tensor([1])).mean()
    (slope,) = torch.autograd.grad(taught(answer, lesson, EVERYWHERE[:1], own), answer)
    assert float(slope.abs().max()) < 1e-9


# Of a network


def net_of(leads: int) -> Estimator:
    """Return a network that says the same while it is trained as afterwards, as one without batch norm does.

    Of the patients that it learns from twice as many have a potassium of 9.4 as of 2.1.
    """
    torch.manual_seed(1)
    mix = np.linspace(1, 2, 30)
    net = build(Design("FNN", 5), Shape(leads, 30, mix=tuple((mix / mix.sum()).tolist())))
    if isinstance(net, SeveralLeads):
        torch.nn.init.normal_(net.lead_code)
    return net


def rows_of(seed: int, leads: int) -> list[int]:
    """Return the leads that the loss shows when its dice have this seed."""
    dice = torch.Generator().manual_seed(seed)
    shown = int(torch.randint(1, leads + 1, (), generator=dice))
    return [int(row) for row in torch.randperm(leads, generator=dice)[:shown]]


def dice(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def test_one_lead_answers_for_itself() -> None:
    net, batch = net_of(1), Batch.of(learnable(9, samples=30))
    answer = net(batch.waves, batch.side)
    own, error = loss(net, batch, dice(0))
    torch.testing.assert_close(own, surprise(answer, net.log_mix, batch.bins).mean())
    torch.testing.assert_close(error, (expected(answer, net.log_mix) - batch.true).abs().mean())


@pytest.mark.parametrize("seed", range(6))
def test_leads_that_are_shown_answer_each_and_together(seed: int) -> None:
    """With one record without its first lead, which then counts nowhere."""
    net, batch, rows = net_of(3), Batch.of(learnable(9, 3, 30)), rows_of(seed, 3)
    assert isinstance(net, SeveralLeads)
    batch.waves[4, 0] = 0
    there = torch.ones(9, 3, dtype=torch.bool)
    there[4, 0] = False
    there = there[:, rows]
    answer = net.each(batch.waves, batch.side)[:, rows]
    each = surprise(answer, net.log_mix, batch.bins[:, None].expand(-1, len(rows)))[there].mean()
    together = surprise(net.combined(answer, there), net.log_mix, batch.bins)[there.any(dim=1)].mean()
    own, error = loss(net, batch, dice(seed))
    torch.testing.assert_close(own, each + together)
    torch.testing.assert_close(error, (expected(answer, net.log_mix) - batch.true[:, None]).abs()[there].mean())


def test_any_number_of_leads_is_shown() -> None:
    """The dice are a generator with a seed, the same on every machine."""
    several = {tuple(sorted(rows_of(seed, 3))) for seed in range(60)}
    assert {len(rows) for rows in several} == {1, 2, 3}
    assert len(several) == 7


@pytest.mark.parametrize("seed", range(4))
def test_each_lead_has_its_own_lesson(seed: int) -> None:
    net, rows = net_of(3), rows_of(seed, 3)
    alone = Batch.of(learnable(9, 3, 30))
    lesson = torch.randn(1, 3, 30).expand(9, -1, -1)
    batch = replace(alone, lesson=lesson)
    answer = net.each(batch.waves, batch.side)[:, rows]
    own, _ = loss(net, alone, dice(seed))
    expected = taught(answer + net.log_mix, lesson[:, rows] + net.log_mix, torch.ones(9, len(rows)), own)
    torch.testing.assert_close(loss(net, batch, dice(seed))[0], expected)


def test_a_batch_keeps_what_belongs_together() -> None:
    examples = learnable(9, 2, 30)
    batch = Batch.of(examples)
    some = replace(batch, lesson=batch.side[:, :2]).only(torch.tensor([7, 2]), torch.device("cpu"))
    assert (len(batch), len(some)) == (9, 2)
    np.testing.assert_array_equal(some.waves, examples.waves[[7, 2]])
    np.testing.assert_array_equal(some.side, examples.side[[7, 2]])
    np.testing.assert_array_equal(some.true, examples.potassium[[7, 2]])
    np.testing.assert_array_equal(some.bins, binned(examples.potassium[[7, 2]]))
    assert some.lesson is not None
    np.testing.assert_array_equal(some.lesson, examples.side[[7, 2], :2])
    assert batch.only(torch.tensor([1]), torch.device("cpu")).lesson is None
