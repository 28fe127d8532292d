"""What training makes small, against formulas by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

torch = pytest.importorskip("torch", reason="training needs torch")

from torch import Generator

from kalemia.train.design import Design
from kalemia.train.loss import TAUGHT_WITHIN_MEQ_L, TRUTH_SHARE, Batch, loss, mean, nll, taught
from kalemia.train.nets import Estimator, SeveralLeads, Shape, build
from learnable import learnable

EVERYWHERE = torch.ones(2, 1, dtype=torch.bool)


def test_it_is_the_likelihood_of_a_normal_error() -> None:
    potassium, spread, true = np.array([4.0, 5.0]), np.array([0.5, 2.0]), np.array([4.2, 9.0])
    found = nll(*map(torch.from_numpy, (potassium, spread, true)))
    expected = -norm.logpdf(true, potassium, spread) - 0.5 * math.log(2 * math.pi)
    np.testing.assert_allclose(found.numpy(), expected)


def test_only_what_is_counted_is_in_the_mean() -> None:
    losses = torch.tensor([1.0, 2.0, 30.0])
    assert float(mean(losses, torch.tensor([True, True, False]))) == 1.5
    assert float(mean(losses, torch.zeros(3, dtype=torch.bool))) == 0.0


# Teachers


def test_to_follow_the_teachers_costs_nothing_but_a_share_of_the_truth() -> None:
    lesson, own = torch.tensor([[4.0], [6.0]]), torch.tensor(2.0)
    assert float(taught(lesson, lesson, EVERYWHERE, own)) == pytest.approx(TRUTH_SHARE * 2.0)
    assert float(taught(lesson + TAUGHT_WITHIN_MEQ_L, lesson, EVERYWHERE, own)) == pytest.approx(1 + TRUTH_SHARE * 2.0)
    assert float(taught(lesson - 3 * TAUGHT_WITHIN_MEQ_L, lesson, EVERYWHERE, own)) == pytest.approx(
        9 + TRUTH_SHARE * 2.0
    )


def test_a_lead_that_is_not_there_teaches_nothing() -> None:
    there = torch.tensor([[True], [False]])
    potassium, lesson = torch.tensor([[4.0], [6.0]]), torch.tensor([[4.35], [99.0]])
    assert float(taught(potassium, lesson, there, torch.tensor(0.0))) == pytest.approx(1.0)


@pytest.mark.parametrize("spread", [0.3, 0.5, 1.0])
def test_a_taught_network_follows_its_teachers_more_than_the_truth(spread: float) -> None:
    """Where the teachers say 1 mEq/L more than the truth, the least loss is at more than 0.7 of the way to them.

    The loss of a given spread is a parabola in what the network says, and its least place is known: the mean of lesson
    and truth, weighted by 2 / 0.35^2 and 0.3 / spread^2. No training is done, so there is no margin of luck.
    """
    weights = 2 / TAUGHT_WITHIN_MEQ_L**2, TRUTH_SHARE / spread**2
    least = (5.0 * weights[0] + 4.0 * weights[1]) / sum(weights)
    said = torch.tensor([[least]], dtype=torch.float64, requires_grad=True)
    truth, lesson = torch.tensor([[4.0]]), torch.tensor([[5.0]])
    own = nll(said, torch.tensor([[spread]]), truth).mean()
    (slope,) = torch.autograd.grad(taught(said, lesson, EVERYWHERE[:1], own), said)
    assert float(slope) == pytest.approx(0, abs=1e-5)
    assert least > 4.7


# Of a network


def net_of(leads: int) -> Estimator:
    """Return a network that says the same while it is trained as afterwards, as one without batch norm does."""
    torch.manual_seed(1)
    net = build(Design("FNN", 5), Shape(leads, 30))
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
    potassium, spread = net(batch.waves, batch.side)
    own, error = loss(net, batch, dice(0))
    torch.testing.assert_close(own, nll(potassium, spread, batch.true).mean())
    torch.testing.assert_close(error, (potassium - batch.true).abs().mean())


@pytest.mark.parametrize("seed", range(6))
def test_leads_that_are_shown_answer_each_and_together(seed: int) -> None:
    """With one record without its first lead, which then counts nowhere."""
    net, batch, rows = net_of(3), Batch.of(learnable(9, 3, 30)), rows_of(seed, 3)
    assert isinstance(net, SeveralLeads)
    batch.waves[4, 0] = 0
    there = torch.ones(9, 3, dtype=torch.bool)
    there[4, 0] = False
    there = there[:, rows]
    potassium, spread = (all_leads[:, rows] for all_leads in net.each(batch.waves, batch.side))
    each = nll(potassium, spread, batch.true[:, None])[there].mean()
    together = nll(*net.combined(potassium, spread, there), batch.true)[there.any(dim=1)].mean()
    own, error = loss(net, batch, dice(seed))
    torch.testing.assert_close(own, each + together)
    torch.testing.assert_close(error, (potassium - batch.true[:, None]).abs()[there].mean())


def test_any_number_of_leads_is_shown() -> None:
    """The dice are a generator with a seed, the same on every machine."""
    several = {tuple(sorted(rows_of(seed, 3))) for seed in range(60)}
    assert {len(rows) for rows in several} == {1, 2, 3}
    assert len(several) == 7


@pytest.mark.parametrize("seed", range(4))
def test_each_lead_has_its_own_lesson(seed: int) -> None:
    net, rows = net_of(3), rows_of(seed, 3)
    alone = Batch.of(learnable(9, 3, 30))
    lesson = torch.tensor([4.0, 5.0, 6.0]).expand(9, -1)
    batch = Batch(alone.waves, alone.side, alone.true, lesson)
    potassium = net.each(batch.waves, batch.side)[0][:, rows]
    own, _ = loss(net, alone, dice(seed))
    apart = torch.square((potassium - lesson[:, rows]) / 0.35).mean()
    torch.testing.assert_close(loss(net, batch, dice(seed))[0], apart + 0.3 * own)


def test_a_batch_keeps_what_belongs_together() -> None:
    examples = learnable(9, 2, 30)
    batch = Batch.of(examples)
    some = Batch(batch.waves, batch.side, batch.true, batch.side[:, :2]).only(torch.tensor([7, 2]), torch.device("cpu"))
    assert (len(batch), len(some)) == (9, 2)
    np.testing.assert_array_equal(some.waves, examples.waves[[7, 2]])
    np.testing.assert_array_equal(some.side, examples.side[[7, 2]])
    np.testing.assert_array_equal(some.true, examples.potassium[[7, 2]])
    assert some.lesson is not None
    np.testing.assert_array_equal(some.lesson, examples.side[[7, 2], :2])
    assert batch.only(torch.tensor([1]), torch.device("cpu")).lesson is None
