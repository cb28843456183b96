"""What runs unseen makes a pass a lower bound; constants, wherever they come from, do not."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils._python_dispatch import _disable_current_modes

from sepcost import compare
from sepcost.text.model_text import Device

Step = Callable[["Net", torch.Tensor], torch.Tensor]
GLOBAL = torch.ones(8, 1, 1)
SEEN = 8 * 27 * 64


class Net(nn.Module):
    """A convolution that is seen, and a step after it."""

    of_class = torch.ones(8, 1, 1)

    def __init__(self, step: Step) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.big = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.hidden = [nn.Conv2d(8, 8, 1)]
        self.weights = [nn.Parameter(torch.ones(8, 8, 1, 1))]
        self.step = step

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.step(self, self.conv(image))


def in_a_thread(net: Net, x: torch.Tensor) -> torch.Tensor:
    made: list[torch.Tensor] = []
    thread = Thread(target=lambda: made.append(net.big(x).detach()))
    thread.start()
    thread.join()
    return made[0]


def past_the_modes(net: Net, x: torch.Tensor) -> torch.Tensor:
    with _disable_current_modes():
        return as_it_is(net, x)


def by_numpy(net: Net, x: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(x.flatten(1).numpy() @ np.ones((512, 8), np.float32)).relu()


def by_numpy_and_copied(net: Net, x: torch.Tensor) -> torch.Tensor:
    return torch.tensor(x.flatten(1).numpy() @ np.ones((512, 8), np.float32)).relu()


def with_a_listed_weight(net: Net, x: torch.Tensor) -> torch.Tensor:
    return functional.conv2d(x, net.weights[0])


def with_a_listed_module(net: Net, x: torch.Tensor) -> torch.Tensor:
    found: torch.Tensor = net.hidden[0](x)
    return found


def with_constants(net: Net, x: torch.Tensor) -> torch.Tensor:
    written = torch.tensor([[1.0], [2.0]])[1]
    arrayed = torch.from_numpy(np.ones((8, 1, 1), np.float32)).to(x.device)
    return x * GLOBAL.to(x.device) * net.of_class.to(x.device) * written * arrayed + x.new_tensor([3.0, 4.0]).sum()


def as_it_is(net: Net, x: torch.Tensor) -> torch.Tensor:
    made: torch.Tensor = net.big(x)
    return made


UNSEEN = [
    (in_a_thread, "meta"), (in_a_thread, "cpu"), (past_the_modes, "meta"), (past_the_modes, "cpu"), (by_numpy, "cpu"),
    (by_numpy_and_copied, "cpu"),
]  # fmt: skip


@pytest.mark.parametrize("finish", [lambda x: x, torch.relu])
@pytest.mark.parametrize(("step", "device"), UNSEEN)
def test_what_was_not_seen_is_not_counted(
    step: Step, device: Device, finish: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    """Whether another operator reads it, or nothing does but the caller."""
    network = compare(Net(lambda net, x: finish(step(net, x))), inputs="3x8x8", device=device).network
    assert network.uncounted == {"an operator that was not seen": 1}
    assert sum(node.cost.macs for node in network) == SEEN


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize(("step", "where"), [(with_a_listed_weight, ""), (with_a_listed_module, " in Conv2d")])
def test_weights_that_no_list_of_parameters_has_are_not_counted(step: Step, where: str, device: Device) -> None:
    uncounted = compare(Net(step), inputs="3x8x8", device=device).network.uncounted
    assert uncounted is not None
    assert list(uncounted) == [f"weights outside of model.parameters(){where}"]


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize("step", [with_constants, as_it_is])
def test_constants_are_no_results(step: Step, device: Device) -> None:
    assert compare(Net(step), inputs="3x8x8", device=device).network.uncounted == {}
