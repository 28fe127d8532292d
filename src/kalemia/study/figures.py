"""Figures of networks: how they learned, and what their layers cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from kalemia.judge.figures.style import BLUE, COLORS, MUTED, SMALL, grid, styled, titled
from kalemia.study.results import Layer, Training

BLOCKS = {"0": "first block", "1": "second block", "2": "third block", "3": "LSTM"}
COSTS = {"parameters": "Parameters", "macs": "Multiply-accumulates", "us": "Microseconds"}


@styled
def learning(panels: Mapping[str, Sequence[Training]]) -> Figure:
    """Return training and validation MAE by epoch, a line a fit and a panel for each who was fitted."""
    figure, axes = grid(len(panels), 4, (2.6, 2.6), sharey=True)
    for panel, (name, fits) in zip(axes, panels.items(), strict=True):
        for fit in fits:
            epochs = range(1, len(fit.training_mae_meq_l or ()) + 1)
            panel.plot(epochs, fit.training_mae_meq_l or (), color=MUTED, linewidth=0.9, alpha=0.7)
            panel.plot(epochs, fit.validation_mae_meq_l or (), color=BLUE, linewidth=1.1, alpha=0.9)
        panel.set(title=name)
    axes[0].plot([], [], color=MUTED, label="training")
    axes[0].plot([], [], color=BLUE, label="validation")
    axes[0].legend(fontsize=SMALL)
    titled(figure, "epoch", "MAE, mEq/L")
    return figure


@styled
def layers(panels: Mapping[str, Sequence[Layer]]) -> Figure:
    """Return what networks cost, layer upon layer: parameters, multiply-accumulates, and time where it was taken."""
    timed = all(layer.us is not None for network in panels.values() for layer in network)
    costs = list(COSTS) if timed else list(COSTS)[:2]
    figure, sides = grid(len(costs), len(costs), (9.2 / len(costs), 0.9 + 0.42 * len(panels)), sharey=True)
    for side, cost in zip(sides, costs, strict=True):
        _bars(side, panels, cost)
        side.set(title=COSTS[cost], yticks=range(len(panels)), yticklabels=list(panels))
        side.margins(x=0.24)
        side.grid(visible=False, axis="y")
        side.xaxis.set_major_formatter(EngFormatter(sep=""))
        side.xaxis.set_major_locator(MaxNLocator(4))
    sides[0].invert_yaxis()
    handles, labels = sides[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=SMALL)
    return figure


def _bars(axes: Axes, panels: Mapping[str, Sequence[Layer]], cost: str) -> None:
    """Draw a bar a network, of a part a kind of layer, and the sum at its end."""
    names = list(dict.fromkeys(_name(layer) for network in panels.values() for layer in network))
    for place, network in enumerate(panels.values()):
        start = 0.0
        for number, name in enumerate(names):
            part = sum(float(getattr(layer, cost)) for layer in network if _name(layer) == name)
            color, label = COLORS[number % len(COLORS)], None if place else name
            axes.barh(place, part, left=start, color=color, label=label)
            start += part
        axes.annotate(f" {start:,.0f}", (start, place), va="center", fontsize=SMALL, color=MUTED)


def _name(layer: Layer) -> str:
    """Return what a layer is called in a legend: "body.0.0" is in the first block, "dense" the last."""
    _, _, place = layer.layer.partition(".")
    return BLOCKS.get(place.split(".")[0], layer.layer)
