"""Guards and ranges of exported programs: what torch runs is counted, and what it refuses is refused."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export, save

import sepcost
from sepcost.errors import SepcostError
from tests.sources.pt2.test_pt2 import saved

AUTO = {0: Dim.AUTO, 1: Dim.AUTO}


class Of(nn.Module):
    """A linear layer, in a function of it and of the inputs."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function, self.fc = function, nn.Linear(4, 4)

    def forward(self, x: Any, y: Any) -> Any:
        return self.function(self.fc, x, y)


def only(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda fc, x, y: fc(x) if function(x.shape[0], x.shape[1], y.shape[1]) else x


PROGRAMS: dict[str, tuple[Callable[..., Any], Any, Any]] = {
    "any": (lambda fc, x, y: fc(x), AUTO, AUTO),
    "range": (lambda fc, x, y: fc(x), {0: Dim("a", min=3, max=5), 1: Dim("b", min=1, max=7)}, {}),
    "related": (lambda fc, x, y: fc(x) + y, AUTO, AUTO),
    "divided": (lambda fc, x, y: fc(x).view(x.shape[0], 2, x.shape[1] // 2, 4), AUTO, {}),
    "product": (lambda fc, x, y: fc(x).reshape(-1, 8), AUTO, {}),
    "pooled": (lambda fc, x, y: nn.functional.avg_pool1d(fc(x).transpose(1, 2), 3), AUTO, {}),
    "scaled": (lambda fc, x, y: nn.functional.interpolate(fc(x).transpose(1, 2), scale_factor=0.5), AUTO, {}),
    "less": (only(lambda a, b, c: a * b < 40), AUTO, {}),
    "more": (only(lambda a, b, c: b > c), AUTO, AUTO),
    "other": (only(lambda a, b, c: b != 7), AUTO, {}),
    "rest": (only(lambda a, b, c: b % 3 != 1), AUTO, {}),
    "root": (only(lambda a, b, c: int(b**0.5) == 2), AUTO, {}),
    "half": (only(lambda a, b, c: b / 2 > 1.5), AUTO, {}),
}
EQUATIONS = ("divided", "product")
"""Those whose guards are equations: for a batch of one, these are not tried with two."""


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_sizes_are_those_that_torch_takes(name: str, tmp_path: Path) -> None:
    function, *open_ones = PROGRAMS[name]
    program = export(Of(function).eval(), (torch.zeros(4, 6, 4), torch.zeros(4, 6, 4)), dynamic_shapes=open_ones)
    save(program, tmp_path / "net.pt2")
    module, seen = program.module(), set[bool]()
    widths = (1, 2, 3, 4, 5, 6, 7, 8)
    for batch, width, other in product((1, 2, 3, 4, 5, 6), widths, (6, 7) if open_ones[1] else (6,)):
        runs = {
            each: does_not_raise(
                module, torch.zeros(each, width, 4), torch.zeros(each if open_ones[1] else 4, other, 4)
            )
            for each in ({batch} if name in EQUATIONS else {batch, max(batch, 2)})
        }
        seen.add(runs[batch])
        inputs = (f"x={batch}x{width}x4", f"y={batch if open_ones[1] else 4}x{other}x4")
        assert is_counted(tmp_path / "net.pt2", inputs) == any(runs.values()), inputs
    assert seen == ({True} if name == "any" else {True, False})


def does_not_raise(module: Callable[..., Any], *inputs: Tensor) -> bool:
    try:
        module(*inputs)
    except (AssertionError, RuntimeError):
        return False
    return True


def is_counted(file: Path, inputs: tuple[str, ...]) -> bool:
    try:
        sepcost.load(file, inputs=inputs)
    except SepcostError:
        return False
    return True


def test_a_batch_of_one_may_be_what_export_sets_apart(tmp_path: Path) -> None:
    file = tmp_path / "net.pt2"
    saved(
        file,
        Of(only(lambda a, b, c: a * b != 7)),
        (torch.zeros(4, 6, 4), torch.zeros(4, 6, 4)),
        dynamic_shapes=[AUTO, {}],
    )
    assert sepcost.load(file, inputs=("x=7x4", "y=4x6x4")).nodes
    with pytest.raises(SepcostError, match=r"does not run on x=7x1x4 .*sizes with .* != 7"):
        sepcost.load(file, inputs=("x=7x1x4", "y=4x6x4"))


def test_sizes_that_are_multiples(tmp_path: Path) -> None:
    file, height = tmp_path / "net.pt2", Dim("height", min=1, max=8)
    saved(file, nn.Conv2d(3, 8, 3), (torch.zeros(1, 3, 64, 64),), dynamic_shapes=[{2: 32 * height}])
    assert sepcost.load(file, inputs="input=3x96x64").nodes[0].cost.macs == 8 * 27 * 94 * 62
    with pytest.raises(SepcostError, match=r"axis 2 of input was exported as Mul\(32, \w+\), which is never 97"):
        sepcost.load(file, inputs="input=3x97x64")
    with pytest.raises(SepcostError, match="was exported for from 1 to 8, got 9"):
        sepcost.load(file, inputs="input=3x288x64")
