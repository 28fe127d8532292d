"""What the layers of a network cost: parameters, multiply-accumulates, time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from kalemia.train.nets import parameters
from kalemia.train.nets.estimator import Estimator, SeveralLeads

COSTLY = (nn.Conv1d, nn.Linear, nn.LSTM, nn.BatchNorm1d)
TIMED_ECGS, TIMES = 64, 15


@dataclass(frozen=True)
class LayerCost:
    """A layer's name, parameters, and multiply-accumulates for one ECG."""

    layer: str
    parameters: int
    macs: int


@torch.no_grad()
def layers(net: Estimator) -> list[LayerCost]:
    """Return what each layer costs; what several leads have each of their own is one, the last."""
    costs: list[LayerCost] = []
    names = _named(net)

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: object) -> None:
        costs.append(LayerCost(names[module], parameters(module), _macs(module, inputs[0], output)))

    with _hooked([module.register_forward_hook(note) for module in names]):
        net.eval()(*_inputs(net, 1))
    if isinstance(net, SeveralLeads):
        costs.append(LayerCost("dense", sum(p.numel() for p in net.parameters(recurse=False)), net.dense.numel()))
    return costs


@torch.no_grad()
def microseconds(net: Estimator) -> dict[str, float]:
    """Return by name how long each layer works on one ECG, us of one thread: 64 at a time, the median of 15 times.

    Time of the thread, so that what else the machine does counts for little; another machine has other times.
    """
    begun: dict[nn.Module, float] = {}
    names = _named(net)
    spent: dict[str, list[float]] = {}

    def begin(module: nn.Module, _inputs: object) -> None:
        begun[module] = time.thread_time()

    def end(module: nn.Module, _inputs: object, _output: object) -> None:
        spent.setdefault(names[module], []).append(time.thread_time() - begun[module])

    hooks = [module.register_forward_pre_hook(begin) for module in names]
    hooks += [module.register_forward_hook(end) for module in names]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with _hooked(hooks):
        inputs = _inputs(net, TIMED_ECGS)
        for _ in range(TIMES):
            net.eval()(*inputs)
    torch.set_num_threads(threads)
    return {name: round(1e6 * statistics.median(each) / TIMED_ECGS, 2) for name, each in spent.items()}


def _named(net: Estimator) -> dict[nn.Module, str]:
    return {module: name for name, module in net.named_modules() if isinstance(module, COSTLY)}


@contextmanager
def _hooked(hooks: list[RemovableHandle]) -> Iterator[None]:
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _inputs(net: Estimator, ecgs: int) -> tuple[Tensor, Tensor]:
    leads = net.shape.leads
    return torch.randn(ecgs, leads, net.shape.samples), torch.zeros(ecgs, leads + 1)


def _macs(module: nn.Module, seen: Tensor, output: object) -> int:
    """Return the multiply-accumulates of a layer for what it has seen: a row a lead."""
    if isinstance(module, nn.Conv1d) and isinstance(output, Tensor):
        return len(seen) * output.shape[2] * module.weight.numel()
    if isinstance(module, nn.Linear):
        return len(seen) * module.weight.numel()
    if isinstance(module, nn.LSTM):
        weights = sum(p.numel() for name, p in module.named_parameters() if name.startswith("weight"))
        return len(seen) * seen.shape[1] * weights
    return 0  # batch norm is folded into the convolution before it
