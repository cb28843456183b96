"""What is alive at once in a model's pass: peaks worked out by hand, and those of the same network in YAML."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from sepcost import compare, load
from sepcost.count.figure import cost_figures
from sepcost.tasks.result import Result
from tests.cases import models
from tests.commands import ROOT
from tests.pytorch.models import ResNet50

MAP = 8 * 16 * 16
"""Elements of a map of eight channels."""


@torch.library.custom_op("sepcost_tests::fill", mutates_args=("target",))
def fill(source: Tensor, target: Tensor) -> None:
    """A user's own operator that returns nothing, and says what it writes over."""
    target.copy_(source)


@fill.register_fake
def _(source: Tensor, target: Tensor) -> None:
    pass


class Does(nn.Module):
    """A model that does this with two convolutions that keep the map as it is, and one that halves it."""

    def __init__(self, forward: Callable[..., Any]) -> None:
        super().__init__()
        self.does = forward
        self.a, self.b = (nn.Conv2d(8, 8, 3, padding=1, bias=False) for _ in range(2))
        self.stride = nn.Conv2d(8, 8, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.up = nn.Upsample(scale_factor=4)
        self.wide = nn.Conv2d(16, 8, 3, padding=1, bias=False)
        self.register_buffer("grid", torch.zeros(1, 8, 32, 32))

    def forward(self, x: Tensor) -> Any:
        return self.does(self, x)


def peak_of(forward: Callable[..., Any]) -> tuple[str, int, int, int]:
    """Where it is, and what is read, written and held there, in quarters of a map."""
    peak = compare(Does(forward), [], inputs="8x16x16").standard.peak
    assert peak is not None
    quarter = MAP // 4 * (4 if peak.in_bytes else 1)
    read, written, held = (divmod(figure, quarter) for figure in (peak.read, peak.written, peak.held))
    assert read[1] == written[1] == held[1] == 0
    return peak.at, read[0], written[0], held[0]


PASSES: dict[str, tuple[Callable[..., Any], tuple[str, int, int, int]]] = {
    "a chain": (lambda self, x: self.b(self.a(x)), ("a", 4, 4, 0)),
    "a shortcut": (lambda self, x: x + self.b(self.a(x)), ("b", 4, 4, 4)),
    "relu runs in place": (lambda self, x: self.b(torch.relu(self.a(x))), ("a", 4, 4, 0)),
    "so do norm and softmax": (lambda self, x: self.stride(self.norm(self.a(x)).softmax(1)), ("a", 4, 4, 0)),
    "but not where somebody reads its input later": (
        lambda self, x: self.stride(functional.silu(y := self.stride(x)) + y),  # the norm is no layer
        ("stride", 4, 1, 0),
    ),
    "then it is a map": (
        lambda self, x: functional.silu(y := self.a(x)) + self.b(y),
        ("b", 4, 4, 4),
    ),
    "written in place by its author": (lambda self, x: self.b(self.a(x).relu_()), ("a", 4, 4, 0)),
    "by a user's own operator, which makes a map of a constant": (
        lambda self, x: (fill(self.stride(x), target := self.grid[..., :8, :8].clone()), self.up(target))[1],
        ("up", 1, 16, 0),
    ),
    "but not by one whose name only looks like it": (
        lambda self, x: self.b((self.a(x).int() << 1).float()),
        ("a", 4, 4, 0),
    ),
    "a view holds its map": (lambda self, x: self.b(self.a(x)) + x[:, :1], ("b", 4, 4, 4)),
    "a concatenation costs nothing": (
        lambda self, x: torch.cat([self.a(x), self.b(x)], 1),
        ("b", 4, 4, 4),
    ),
    "a copy is a map": (lambda self, x: self.stride(x.transpose(2, 3).contiguous()), ("clone", 4, 4, 0)),
    "so is padding": (lambda self, x: functional.pad(self.stride(x), (0, 24, 0, 24)), ("constant_pad_nd", 1, 16, 0)),
    "and a larger map": (lambda self, x: self.up(self.stride(x)), ("up", 1, 16, 0)),
    "indices that are not read are none": (
        lambda self, x: functional.max_pool2d(self.a(x), 2),
        ("a", 4, 4, 0),
    ),
    "an output lives to the end": (lambda self, x: (y := self.a(x), self.b(x), self.stride(y))[:2], ("b", 4, 4, 4)),
    "what is added to the input in place": (lambda self, x: self.a(x.add_(1)), ("a", 4, 4, 0)),
    "the input is there before anybody reads it": (
        lambda self, x: (self.up(torch.zeros(1, 8, 8, 8, device=x.device)).sum(), self.a(x))[1],
        ("up", 1, 16, 4),
    ),
    "another dtype as wide is written over it": (
        lambda self, x: self.up(self.stride(x)).to(torch.int32).to(torch.float32),
        ("up", 1, 16, 0),
    ),
    "what is read in two ways is not written over": (
        lambda self, x: (y := self.up(self.stride(x))) + y.transpose(2, 3),
        ("add", 16, 16, 0),
    ),
    "nor where a part of it is read beside it": (
        lambda self, x: (y := self.up(self.stride(x))) - y[:, :1],
        ("sub", 16, 16, 0),
    ),
    "nor what is concatenated later": (
        lambda self, x: torch.cat([y := self.up(self.stride(x)), torch.relu(y)], 1),
        ("relu", 16, 16, 0),
    ),
    "torch's own kernels run in place too": (
        lambda self, x: functional.hardsigmoid(functional.hardswish(self.up(self.stride(x)))),
        ("up", 1, 16, 0),
    ),
    "a part that is read later through the whole is not written over": (
        lambda self, x: (z := torch.cat([y := self.a(x), self.b(x)], 1), y.relu_(), self.stride(y), z)[2:],
        ("stride", 4, 1, 8),
    ),
    "what is concatenated twice is copied": (
        lambda self, x: self.wide(torch.cat([self.a(x)] * 2, 1)),
        ("wide", 8, 4, 0),
    ),
    "also where it is a part of a map": (
        lambda self, x: self.a(torch.cat([x[:, :4], x[:, :4]], 1)) + x,
        ("a", 6, 4, 0),  # the part and its copy: the whole map waits
    ),
    "what runs in place on a concatenation needs no other map": (
        lambda self, x: self.wide(torch.cat([self.a(x), self.b(x)], 1).relu_()),
        ("b", 4, 4, 4),
    ),
    "another layout is a copy": (
        lambda self, x: self.up(self.stride(x)).to(memory_format=torch.channels_last),
        ("_to_copy", 16, 16, 0),
    ),
    "what is expanded is not written over": (
        lambda self, x: (y := self.up(self.stride(x)))[:, :1].expand(-1, 8, -1, -1) * 2 + y[:, :1],
        ("mul", 16, 16, 0),
    ),
    "so is what is stacked twice": (lambda self, x: torch.stack([self.a(x)] * 3).sum(0), ("sum", 12, 4, 0)),
    "and what has another dtype": (
        lambda self, x: torch.cat([self.a(x), self.b(x).double()]),
        ("cat", 0, 8, 12),  # the copy, beside the first and the second in double precision
    ),
    "a tensor for an output is a map": (
        lambda self, x: torch.mul(y := self.up(self.stride(x)), 2, out=torch.empty(0, device=x.device)) + y,
        ("mul", 16, 16, 0),
    ),
    "so is a tensor that is resized": (
        lambda self, x: (x.new_empty(MAP // 4).resize_(1, 8, 32, 32), self.a(x))[0],
        ("a", 4, 4, 16),
    ),
    "and a constant, once something is written to it": (
        lambda self, x: torch.zeros_like(self.grid).copy_(self.up(self.stride(x))),
        ("copy_", 16, 16, 0),
    ),
    "but not the model's own": (
        lambda self, x: self.grid.copy_(self.up(self.stride(x))),
        ("up", 1, 16, 0),
    ),
    "but what is written to it waits for that": (
        lambda self, x: (y := self.up(self.stride(x)), self.a(x), self.grid.copy_(y), None)[3],
        ("a", 4, 4, 16),
    ),
    "what is computed from weights alone is none": (
        lambda self, x: functional.conv2d(x, self.a.weight - self.b.weight, padding=1),
        ("convolution", 4, 4, 0),
    ),
    "what the model keeps lives to the end": (
        lambda self, x: (self.__dict__.__setitem__("cache", self.a(x)), self.b(x))[1],
        ("b", 4, 4, 4),
    ),
    "and what an object of its own holds": (
        lambda self, x: SimpleNamespace(one=self.a(x), two=self.b(x), three=self.stride(x)),
        ("stride", 4, 1, 8),
    ),
    "or a dict": (
        lambda self, x: OrderedDict(one=self.a(x), two=[self.b(x)], three=self.stride(x)),
        ("stride", 4, 1, 8),
    ),
}


def test_an_input_that_is_given_back_is_there_all_the_time() -> None:
    class Passes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Conv2d(8, 8, 3, padding=1, bias=False)

        def forward(self, x: Tensor, y: Tensor) -> Any:
            return self.a(x), y

    peak = compare(Passes(), [], inputs=(torch.zeros(1, 8, 16, 16), torch.zeros(1, 100, 8, 8))).standard.peak
    assert peak is not None
    assert (peak.read, peak.written, peak.held) == (MAP, MAP, 6400)


@pytest.mark.parametrize("samples", [1, 4])
def test_maps_between_the_parts_of_a_replacement_are_of_all_samples(samples: int) -> None:
    """Of a user's own batch, and of frames that a model folds into the batch: 32 channels between the parts."""
    frames = Does(lambda self, x: self.a(x.flatten(0, 1)))
    for model, inputs in (
        (Does(lambda self, x: self.a(x)), torch.zeros(samples, 8, 16, 16)),
        (frames, torch.zeros(1, samples, 8, 16, 16)),
    ):
        peak = compare(model, "separable:multiplier=4", inputs=inputs).totals["separable:multiplier=4"].peak
        assert peak is not None
        assert (peak.read, peak.written) == (samples * MAP, samples * 4 * MAP)


def test_inputs_by_name_are_maps_too() -> None:
    peak = compare(Does(lambda self, x: self.a(x)), [], inputs={"x": torch.zeros(1, 8, 16, 16)}).standard.peak
    assert peak is not None
    assert (peak.read, peak.written) == (MAP, MAP)


@pytest.mark.parametrize("name", PASSES)
def test_a_peak_is_what_is_alive_at_once(name: str) -> None:
    forward, expected = PASSES[name]
    assert peak_of(forward) == expected


def figures(result: Result) -> list[tuple[int, int]]:
    """The peak and the traffic of the standard and of each replacement."""
    totals = [result.standard, *result.totals.values()]
    convention = result.convention
    return [(total.peak_bytes(convention) or 0, total.cost.traffic_bytes(convention)) for total in totals]


@pytest.mark.parametrize(
    ("model", "shape", "peak", "traffic"),
    [
        (models.Bottleneck, "256x56x56", (256 + 64 + 256) * 56**2 * 4, 9_912_320),
        (models.Skip, "16x128x128", 3 * 16 * 128**2 * 4, 8_442_880),
        (ResNet50, "3x224x224", 7_225_344, 193_769_536),
    ],
)
def test_peaks_and_traffic_of_residual_and_branching_models(
    model: Callable[[], nn.Module], shape: str, peak: int, traffic: int
) -> None:
    """Worked out by hand: the shortcut over the narrow maps, two maps that wait, and the first block's two branches."""
    assert figures(compare(model(), [], inputs=shape)) == [(peak, traffic)]


RESIDUAL = {
    "input": {"C": 256, "H": 56},
    "layers": [
        {"name": "a", "K": 1, "O": 64},
        {"name": "b", "K": 3, "O": 64},
        {"name": "c", "K": 1, "O": 256, "add": "input"},
    ],
}
SKIP = {
    "input": {"C": 16, "H": 128},
    "layers": [
        {"name": "a", "K": 3, "O": 16},
        {"name": "d", "K": 3, "O": 32, "stride": 2},
        {"name": "u", "K": 2, "O": 16, "stride": 2, "transposed": True},
        {"name": "c", "K": 3, "O": 16, "from": ["a", "u"]},
    ],
}


TWICE = {
    "input": {"C": 8, "H": 16},
    "layers": [{"name": "a", "K": 3, "O": 8}, {"name": "wide", "K": 3, "O": 8, "from": ["a", "a"]}],
}


class Twice(nn.Module):
    """The map of one convolution, twice, into the next."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(8, 8, 3, padding=1, bias=False)
        self.wide = nn.Conv2d(16, 8, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Any:
        return self.wide(torch.cat([self.a(x)] * 2, 1))


@pytest.mark.parametrize(
    ("model", "shape", "config"),
    [(models.Bottleneck, "256x56x56", RESIDUAL), (models.Skip, "16x128x128", SKIP), (Twice, "8x16x16", TWICE)],
)
@pytest.mark.parametrize("replacement", ["separable", "blueprint", "inverted:expansion=4", "grouped:groups=8"])
def test_a_model_and_the_same_network_in_yaml_have_the_same_peak_and_traffic(
    model: Callable[[], nn.Module], shape: str, config: Any, replacement: str
) -> None:
    assert figures(compare(model(), replacement, inputs=shape)) == figures(compare(config, replacement))


def test_the_shipped_resnet_has_the_peak_of_its_model() -> None:
    model = compare(ResNet50(), inputs="3x224x224")
    assert figures(compare(load(ROOT / "configs/resnet50.yaml"))) == figures(model)


def test_attention_reads_and_writes_each_product_once() -> None:
    """The scores, 4·64² of them, are written by the first product and read by the second."""
    result = compare(models.Attention(), [], inputs="3x64x64")
    cost = result.standard.cost
    weights, patches = 3 * 64 * 8 * 8, 64 * 8 * 8
    conv = 3 * 64 * 64 + patches
    products = 2 * (2 * patches + 4 * 64 * 64)
    assert cost.traffic_bytes(result.convention) == 4 * (weights + conv + products) == 311_296
    assert (cost.macs, cost.params) == (1_310_720, weights)
    assert cost_figures(cost, result.convention)["macs_per_byte"] == 1_310_720 / 311_296


def test_weights_that_are_no_parameters_are_read_with_the_input() -> None:
    """A buffer as the weight; and weights that a linear layer makes of the map, which it writes and they read."""

    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("kernel", torch.ones(8, 8, 3, 3))

        def forward(self, x: Tensor) -> Any:
            return functional.conv2d(x, self.kernel, padding=1)  # type: ignore[arg-type]

    class Made(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.make = nn.Linear(8, 8 * 8 * 9, bias=False)

        def forward(self, x: Tensor) -> Any:
            return functional.conv2d(x, self.make(x[:, :, 0, 0]).view(8, 8, 3, 3), padding=1)

    constant, made = (compare(model, [], inputs="8x8x8") for model in (Constant(), Made()))
    assert constant.standard.cost.traffic_bytes(constant.convention) == 4 * (512 + 576 + 512)
    linear = 8 + 8 * 576 + 576
    assert made.standard.cost.traffic_bytes(made.convention) == 4 * (linear + 512 + 576 + 512)


def test_a_branch_that_hides_its_maps_leaves_no_peak() -> None:
    def forward(self: Any, x: Tensor) -> Any:
        return torch.cond(x.sum() > 0, lambda x: self.a(x), lambda x: self.b(x), (x,))

    result = compare(Does(forward), inputs="8x16x16")
    assert result.standard.peak is None
    assert result.standard.peak_bytes(result.convention) is None
    assert (
        "No peak activations: torch.cond hides what it reads and writes (counted is the branch that has more)."
        in str(result)
    )


def test_independent_layers_have_no_peak_but_one_layer_has() -> None:
    one = {"H": 8, "C": 4, "K": 3, "O": 6}
    alone = compare([one]).standard.peak
    assert alone is not None
    assert (alone.read, alone.written, alone.held) == (4 * 64, 6 * 64, 0)
    several = compare([one, one])
    assert several.standard.peak is None
    assert several.reduction("separable", "peak_activation_bytes") is None
