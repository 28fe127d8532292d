"""Two ECGs of one heart, and the potassium that was drawn with the earlier one: what they say of potassium now.

Hearts differ by more than potassium changes them. What the trained network reads in both beats is compared by a small
layer, which so learns what potassium does to one heart; the network itself stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from kalemia.train.nets.estimator import CROWDING, ORDER, Estimator, SeveralLeads, added_up, present

HIDDEN = 16
DRAW_CENTRE_MEQ_L, DRAW_SCALE_MEQ_L = 5.0, 1.5


class Comparison(nn.Module):
    """What the leads' dense layers see now and saw earlier, and a draw -> log-likelihoods of each lead.

    Parameters
    ----------
    leads, width
        How many there are, and how many numbers a dense layer sees.
    """

    def __init__(self, leads: int, width: int) -> None:
        super().__init__()
        self.lead_code = nn.Parameter(torch.zeros(leads, HIDDEN))
        self.hidden = nn.Linear(2 * width + 2, HIDDEN)
        self.answer = nn.Linear(HIDDEN, ORDER)
        self.crowding = nn.Parameter(torch.tensor(CROWDING))

    def forward(self, now: Tensor, earlier: Tensor, draw: Tensor) -> Tensor:
        """Return polynomials' coefficients (n, leads, 6) from states (n, leads, width) and draws (n,), mEq/L."""
        drawn = ((draw - DRAW_CENTRE_MEQ_L) / DRAW_SCALE_MEQ_L)[:, None, None].expand(-1, now.shape[1], -1)
        seen = torch.cat([now, now - earlier, drawn, drawn * drawn], dim=2)
        return torch.as_tensor(self.answer(torch.tanh(self.hidden(seen) + self.lead_code)))

    def only(self, rows: Sequence[int]) -> Comparison:
        """Return that of some leads, with the same weights."""
        weights = self.state_dict()
        weights["lead_code"] = weights["lead_code"][list(rows)]
        part = Comparison(len(rows), (self.hidden.in_features - 2) // 2)
        part.load_state_dict(weights)
        return part.eval()


class Paired(nn.Module):
    """A trained network and a comparison of what it reads in two ECGs: what `kalemia predict --reference` runs."""

    def __init__(self, net: Estimator, comparison: Comparison) -> None:
        super().__init__()
        self.net, self.comparison = net.eval(), comparison

    def forward(self, beats: Tensor, side: Tensor, earlier: Tensor, earlier_side: Tensor, draw: Tensor) -> Tensor:
        """Return log-likelihoods (n, 30) of potassium now, from the leads that both ECGs have."""
        states = self.net.states(beats, side), self.net.states(earlier, earlier_side)
        return self.compared(*states, draw, present(beats) & present(earlier))

    def compared(self, now: Tensor, earlier: Tensor, draw: Tensor, there: Tensor) -> Tensor:
        """Return log-likelihoods (n, 30) from states (n, leads, width), of the leads that are there (n, leads)."""
        each = self.comparison(now, earlier, draw) @ self.net.polynomials
        return added_up(each, there, torch.as_tensor(self.comparison.crowding))

    def only(self, rows: Sequence[int]) -> Paired:
        """Return that of some leads."""
        assert isinstance(self.net, SeveralLeads), "a network of one lead has no parts"
        return Paired(self.net.only(rows), self.comparison.only(rows))
