"""Loops, branches and maps over batches in exported programs: their products are counted, or listed by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from warnings import catch_warnings, filterwarnings

import pytest
import torch
from torch import nn
from torch._higher_order_ops.associative_scan import associative_scan
from torch._higher_order_ops.map import map as mapped
from torch._higher_order_ops.scan import scan
from torch._higher_order_ops.while_loop import while_loop
from torch.export import export, save

import sepcost
from tests.sources.programs import totals

STEPS = 4


class Of(nn.Module):
    """A linear layer after a loop."""

    def __init__(self, loop: Callable[..., Any], body: Callable[..., Any]) -> None:
        super().__init__()
        self.loop, self.body, self.fc = loop, body, nn.Linear(3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.fc(self.loop(self.body, x))
        return out


def while_of(body: Callable[..., Any], x: torch.Tensor) -> Any:
    return while_loop(lambda i, x: i < STEPS, lambda i, x: (i + 1, body(x, x)), (torch.tensor(0), x))[1]


LOOPS: dict[str, Callable[..., Any]] = {
    "scan": lambda body, x: scan(lambda one, y: (body(one, y), y + 1), x, x.expand(STEPS, 3, 3))[0],
    "map_impl": lambda body, x: mapped(lambda y, *_: body(y, y), x.expand(STEPS, 3, 3)),
    "cond": lambda body, x: torch.cond(x.sum() > 0, lambda x: body(x, x), lambda x: x + 1, (x,)),
    "while_loop": while_of,
}


def load(folder: Path, model: nn.Module, *, decomposed: bool) -> sepcost.Network:
    torch.compiler.reset()  # what other tests have compiled
    program = export(model.eval(), (torch.ones(3, 3),))
    with catch_warnings():
        filterwarnings("ignore", category=FutureWarning)  # torch's own
        save(program.run_decompositions() if decomposed else program, folder / "net.pt2")
    return sepcost.load(folder / "net.pt2")


@pytest.mark.parametrize("decomposed", [False, True])
@pytest.mark.parametrize("name", LOOPS)
def test_loops_are_listed_if_they_have_products(name: str, decomposed: bool, tmp_path: Path) -> None:
    network = load(tmp_path, Of(LOOPS[name], torch.matmul), decomposed=decomposed)
    assert network.uncounted == {name: 1}
    free = load(tmp_path, Of(LOOPS[name], torch.add), decomposed=decomposed)
    assert not free.uncounted
    assert totals(free)[1] == 12


def products(x: torch.Tensor) -> torch.Tensor:
    return associative_scan(torch.matmul, x.expand(STEPS, 3, 3), 0, combine_mode="generic")


class Scanned(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return products(x) + torch.vmap(torch.matmul)(x.expand(STEPS, 3, 3), x.expand(STEPS, 3, 3))


def test_products_over_a_batch_that_vmap_hides(tmp_path: Path) -> None:
    assert load(tmp_path, nn.Sequential(Scanned(), nn.Linear(3, 3)), decomposed=False).uncounted == {"matmul in 0": 5}
    network = load(tmp_path, Scanned(), decomposed=True)
    assert not network.uncounted
    assert totals(network)[0] == 27 * (STEPS + 4)  # of four matrices, the scan's tree has four products
