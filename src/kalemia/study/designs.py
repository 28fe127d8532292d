"""The networks that the study compares: a body that reads waves, and one dense layer that all of them have.

The depthwise-separable ones are the founding study's (DOI 10.5573/ieie.2022.59.2.59); the screening network is of the
kind of Galloway 2019 (DOI 10.1001/jamacardio.2019.0640): narrow convolutions in depth, then dense layers.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from kalemia.study.plan import Design
from kalemia.train.nets import KERNELS, POOLS, SPREAD_FLOOR_MEQ_L, Separable, parameters


@dataclass(frozen=True)
class Shape:
    """What a network reads, leads and samples, and the means and deviations of potassium and of the side inputs."""

    leads: int
    samples: int
    centre_meq_l: float
    scale_meq_l: float
    side_centre: tuple[float, ...]
    side_scale: tuple[float, ...]


class Estimator(nn.Module):
    """Waves (n, leads, samples) and side inputs (n, leads + 1) -> potassium and spread (n,), mEq/L."""

    side_centre: Tensor
    side_scale: Tensor

    def __init__(self, shape: Shape, body: nn.Module, width: int) -> None:
        super().__init__()
        self.shape, self.body = shape, body
        self.dense = nn.Linear(width + shape.leads + 1, 2)
        self.register_buffer("side_centre", torch.tensor(shape.side_centre))
        self.register_buffer("side_scale", torch.tensor(shape.side_scale))

    def forward(self, waves: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
        """Estimate; the spread is one standard deviation as the network sees it."""
        seen = torch.cat([self.body(waves), (side - self.side_centre) / self.side_scale], dim=1)
        potassium, spread = self.dense(seen).unbind(dim=1)
        scale = self.shape.scale_meq_l
        return self.shape.centre_meq_l + scale * potassium, nn.functional.softplus(spread) * scale + SPREAD_FLOOR_MEQ_L


class Standard(nn.Sequential):
    """Convolution over all channels, batch norm, ReLU, max-pooling: the twin of `Separable`."""

    def __init__(self, inputs: int, channels: int, kernel: int, pool: int) -> None:
        layers: list[nn.Module] = [
            nn.ConstantPad1d(((kernel - 1) // 2, kernel // 2), 0.0),
            nn.Conv1d(inputs, channels, kernel),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
        ]
        super().__init__(*layers, *([nn.MaxPool1d(pool)] if pool > 1 else []))


class Mean(nn.Module):
    """The mean over time: (n, channels, t) -> (n, channels)."""

    def forward(self, steps: Tensor) -> Tensor:
        """Average."""
        return steps.mean(dim=2)


class Last(nn.Module):
    """The last state of an LSTM that reads (n, channels, t): (n, width)."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, width, batch_first=True)

    def forward(self, steps: Tensor) -> Tensor:
        """Read from first to last."""
        states, _ = self.lstm(steps.transpose(1, 2))
        return torch.as_tensor(states[:, -1])


Body = tuple[nn.Module, int]


def _blocks(shape: Shape, design: Design, block: Callable[[int, int, int, int], nn.Module]) -> list[nn.Module]:
    widths = (shape.leads, design.channels, design.channels)
    return [block(w, design.channels, k, p) for w, k, p in zip(widths, KERNELS, POOLS, strict=True)]


def _fnn(shape: Shape, design: Design) -> Body:
    hidden = design.channels
    layers = [nn.Flatten(), nn.Linear(shape.leads * shape.samples, hidden), nn.ReLU(), nn.Linear(hidden, hidden)]
    return nn.Sequential(*layers, nn.ReLU()), hidden


def _rnn(shape: Shape, design: Design) -> Body:
    return Last(shape.leads, design.lstm), design.lstm


def _cnn(shape: Shape, design: Design) -> Body:
    return nn.Sequential(*_blocks(shape, design, Standard), Mean()), design.channels


def _dscnn(shape: Shape, design: Design) -> Body:
    return nn.Sequential(*_blocks(shape, design, Separable), Mean()), design.channels


def _crnn(shape: Shape, design: Design) -> Body:
    return nn.Sequential(*_blocks(shape, design, Standard), Last(design.channels, design.lstm)), design.lstm


def _dscrnn(shape: Shape, design: Design) -> Body:
    return nn.Sequential(*_blocks(shape, design, Separable), Last(design.channels, design.lstm)), design.lstm


def _screening(shape: Shape, design: Design) -> Body:
    width, layers = design.channels, []
    inputs, samples = shape.leads, shape.samples
    for number in range(8):
        outputs = width * 2 ** (number // 3)
        layers.append(Standard(inputs, outputs, 5 if number < 4 else 3, 2 if number % 2 == 0 else 1))
        inputs, samples = outputs, samples // 2 if number % 2 == 0 else samples
    dense = nn.Sequential(nn.Flatten(), nn.Linear(inputs * samples, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
    return nn.Sequential(*layers, dense), 32


KINDS: dict[str, Callable[[Shape, Design], Body]] = {
    "FNN": _fnn,
    "CNN": _cnn,
    "RNN": _rnn,
    "CRNN": _crnn,
    "DSCNN": _dscnn,
    "DSCRNN": _dscrnn,
    "screening CNN": _screening,
}


def build(shape: Shape, design: Design) -> Estimator:
    """Return an untrained network."""
    return Estimator(shape, *KINDS[design.kind](shape, design))


COSTLY = (nn.Conv1d, nn.Linear, nn.LSTM, nn.BatchNorm1d)
TIMED_ECGS, TIMES = 64, 15


@torch.no_grad()
def layers(net: Estimator) -> list[dict[str, int | str]]:
    """Return what each layer of a network costs: its name, parameters, and multiply-accumulates for one ECG."""
    found: list[dict[str, int | str]] = []
    names = {module: name for name, module in net.named_modules()}

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: object) -> None:
        found.append(
            {"layer": names[module], "parameters": parameters(module), "macs": _macs(module, inputs[0], output)}
        )

    hooks = [module.register_forward_hook(note) for module in names if isinstance(module, COSTLY)]
    net.eval()(torch.zeros(1, net.shape.leads, net.shape.samples), torch.zeros(1, net.shape.leads + 1))
    for hook in hooks:
        hook.remove()
    return found


@torch.no_grad()
def microseconds(net: Estimator) -> dict[str, float]:
    """Return by name how long each layer works on one ECG, us of one thread: 64 at a time, the median of 15 times.

    Time of the thread, so that what else the machine does counts for little; another machine has other times.
    """
    begun: dict[nn.Module, float] = {}
    spent: dict[str, list[float]] = {}
    names: dict[nn.Module, str] = {module: name for name, module in net.named_modules() if isinstance(module, COSTLY)}

    def begin(module: nn.Module, _inputs: object) -> None:
        begun[module] = time.thread_time()

    def end(module: nn.Module, _inputs: object, _output: object) -> None:
        spent.setdefault(names[module], []).append(time.thread_time() - begun[module])

    hooks = [module.register_forward_pre_hook(begin) for module in names]
    hooks += [module.register_forward_hook(end) for module in names]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    shape = net.shape
    waves, side = torch.randn(TIMED_ECGS, shape.leads, shape.samples), torch.zeros(TIMED_ECGS, shape.leads + 1)
    for _ in range(TIMES):
        net.eval()(waves, side)
    torch.set_num_threads(threads)
    for hook in hooks:
        hook.remove()
    return {name: round(1e6 * statistics.median(each) / TIMED_ECGS, 2) for name, each in spent.items()}


def _macs(module: nn.Module, seen: Tensor, output: object) -> int:
    if isinstance(module, nn.Conv1d) and isinstance(output, Tensor):
        return output.shape[2] * module.weight.numel()
    if isinstance(module, nn.Linear):
        return module.weight.numel()
    if isinstance(module, nn.LSTM):
        return seen.shape[1] * sum(p.numel() for name, p in module.named_parameters() if name.startswith("weight"))
    return 0  # batch norm is folded into the convolution before it
