"""The network of the founding study, and its ONNX file."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need torch")

import tiny_model
from kalemia.export.onnx import to_onnx
from kalemia.model import Card, Model
from kalemia.train.nets import DSCRNN, SPREAD_FLOOR_MEQ_L, Size, parameters, study_parameters


@pytest.mark.parametrize(("channels", "lstm", "count"), [(16, 10, 3979), (32, 16, 9809), (176, 88, 180089)])
def test_the_sizes_are_those_of_the_study(channels: int, lstm: int, count: int) -> None:
    assert study_parameters(channels, lstm) == count


def by_hand(leads: int, channels: int, lstm: int, side: int, outputs: int) -> int:
    """Count the parameters from the description of the network, layer by layer."""
    total, inputs = 0, leads
    for kernel in (128, 64, 64):
        total += inputs * kernel  # depthwise, no bias
        total += inputs * channels + channels  # pointwise
        total += 2 * channels  # batch norm
        inputs = channels
    total += 4 * lstm * (channels + lstm + 2)  # PyTorch keeps two biases
    return total + (lstm + side) * outputs + outputs


@pytest.mark.parametrize(("leads", "channels", "lstm"), [(1, 16, 10), (2, 8, 4), (12, 32, 16)])
def test_the_side_inputs_and_the_spread_are_all_that_is_added(leads: int, channels: int, lstm: int) -> None:
    assert parameters(DSCRNN(Size(leads, channels, lstm))) == by_hand(leads, channels, lstm, leads + 1, 2)
    assert study_parameters(channels, lstm) == by_hand(1, channels, lstm, 0, 1)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("leads", [1, 3])
def test_it_answers_with_a_number_and_a_positive_spread_each(n: int, leads: int) -> None:
    net = DSCRNN(Size(leads, 4, 3)).eval()
    with torch.no_grad():
        potassium, spread = net(torch.randn(n, leads, 270), torch.randn(n, leads + 1))
    assert potassium.shape == spread.shape == (n,)
    assert (spread >= SPREAD_FLOOR_MEQ_L).all()


def test_the_lstm_sees_27_steps() -> None:
    net = DSCRNN(Size(1, 4, 3)).eval()
    assert net.blocks(torch.zeros(1, 1, 270)).shape == (1, 4, 27)


@pytest.mark.parametrize("changed", [0, 1])
def test_gain_and_rr_reach_the_answer(changed: int) -> None:
    torch.manual_seed(1)
    net = DSCRNN(Size(1, 4, 3)).eval()
    beat, side = torch.randn(1, 1, 270), torch.zeros(1, 2)
    other = side.clone()
    other[0, changed] = 1.0
    with torch.no_grad():
        assert abs(float(net(beat, side)[0] - net(beat, other)[0])) > 1e-4


def test_the_scales_of_the_training_data_are_undone() -> None:
    torch.manual_seed(1)
    plain = DSCRNN(Size(1, 4, 3, centre_meq_l=0.0, scale_meq_l=1.0)).eval()
    scaled = DSCRNN(Size(1, 4, 3, 4.5, 2.0, side_centre=(1.0, 0.8), side_scale=(0.5, 0.2))).eval()
    weights = {k: v for k, v in plain.state_dict().items() if not k.startswith("side_")}
    scaled.load_state_dict(weights, strict=False)
    beat, side = torch.randn(2, 1, 270), torch.randn(2, 2)
    with torch.no_grad():
        expected = 4.5 + 2.0 * plain(beat, side)[0]
        found = scaled(beat, side * torch.tensor([0.5, 0.2]) + torch.tensor([1.0, 0.8]))[0]
    torch.testing.assert_close(found, expected)


@pytest.fixture(scope="module")
def exported() -> bytes:
    return to_onnx(tiny_model.network(), 1)


@pytest.mark.parametrize("n", [1, 7])
def test_onnx_answers_as_torch_does(exported: bytes, n: int) -> None:
    model = Model(exported, tiny_model.card(exported))
    rng = np.random.default_rng(n)
    beats = rng.normal(0, 0.3, (n, 1, 270)).astype(np.float32)
    side = rng.normal(0, 1, (n, 2)).astype(np.float32)
    with torch.no_grad():
        expected = tiny_model.network()(torch.from_numpy(beats), torch.from_numpy(side))
    for found, true in zip(model.run(beats, side), expected, strict=True):
        np.testing.assert_allclose(found, true.numpy(), atol=1e-5)


def test_the_committed_tiny_model_is_what_its_script_makes(exported: bytes, tiny: Model) -> None:
    """Its bytes may differ between versions of the exporter; what it says may not."""
    again = Model(exported, tiny_model.card(exported))
    rng = np.random.default_rng(0)
    beats = rng.normal(0, 0.3, (9, 1, 270)).astype(np.float32)
    side = rng.normal(0, 1, (9, 2)).astype(np.float32)
    for one, other in zip(tiny.run(beats, side), again.run(beats, side), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert unhashed(again.card) == unhashed(tiny.card)


def unhashed(card: Card) -> dict[str, object]:
    return {name: value for name, value in vars(card).items() if name != "onnx_sha256"}


def test_the_file_is_small_and_names_no_place(exported: bytes) -> None:
    assert len(exported) < 10_000
    assert b".py" not in exported
    assert b"/home" not in exported
    assert b"site-packages" not in exported


def test_the_pools_divide_the_beat() -> None:
    lengths = [270, 135, 27, 27]
    net = DSCRNN(Size(1, 2, 2)).eval()
    signal = torch.zeros(1, 1, 270)
    for block, (before, after) in zip(net.blocks, pairwise(lengths), strict=True):
        assert signal.shape[-1] == before
        signal = block(signal)
        assert signal.shape[-1] == after
