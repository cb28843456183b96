"""Each thing that a model may do with its convolutions, in the smallest model that does it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules import module as hooks_of_all
from torch.nn.utils import parametrizations, parametrize
from torch.utils.flop_counter import FlopCounterMode, flop_registry, register_flop_formula

from sepcost import Conv
from sepcost.graphs.aten import OPERATOR_NAMES
from sepcost.layers import Linear, Other
from sepcost.network.network import Node
from sepcost.pytorch.tracing.operators.uncounted import uncounted
from sepcost.pytorch.tracing.trace import Trace, trace
from tests.cases.models import ClassToken

IMAGE = (1, 3, 8, 8)


@pytest.fixture(autouse=True)
def _on_meta() -> Iterator[None]:
    with torch.device("meta"):
        yield


class Does(nn.Module):
    """A model that holds these modules and does this with them."""

    def __init__(self, forward: Callable[..., Any], **modules: nn.Module) -> None:
        super().__init__()
        self.does = forward
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        return self.does(self, *inputs, **named)


def traced(model: nn.Module, *inputs: Any, **named: Any) -> Trace:
    """The trace on meta, which agrees with torch's own counts of the model."""
    inputs = tuple(torch.empty(shape) if isinstance(shape, tuple) else shape for shape in inputs)
    found = trace(model, inputs, named)
    agree(found, model, inputs, named)
    return found


def agree(found: Trace, model: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
    was = [module.training for module in model.modules()]
    model.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(*inputs, **named)
    for module, training in zip(model.modules(), was):
        module.training = training
    assert sum(node.cost.macs for node in found.network) * 2 == counter.get_total_flops() == found.macs * 2
    params = sum(parameter.numel() for parameter in model.parameters())
    assert sum(node.cost.params for node in found.network) == params == found.params
    assert found.agrees
    assert len({node.name for node in found.network}) == len(found.network)
    for layer in (node.layer for node in found.network):
        if isinstance(layer, Other) and layer.operator.startswith("params of "):
            counts = re.findall(r"\(([\d,]+)\)", layer.operator)
            assert sum(int(number.replace(",", "")) for number in counts) == layer.params


def nodes(found: Trace) -> dict[str, Node]:
    return {node.name: node for node in found.network}


def layers(found: Trace) -> dict[str, Any]:
    return {node.name: node.layer for node in found.network}


@pytest.mark.parametrize("transposed", [False, True], ids=["plain", "transposed"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_convolution_has_its_real_shape(rank: int, transposed: bool) -> None:
    kind = getattr(nn, f"Conv{'Transpose' * transposed}{rank}d")
    stride, padding, dilation = (3, 2, 1)[:rank], (1, 2, 0)[:rank], (1, 2, 3)[:rank]
    added: dict[str, Any] = {"output_padding": (1, 0, 2)[:rank]} if transposed else {}
    size = (7, 9, 8)[:rank]
    module = kind(4, 6, 3, stride, padding, dilation=dilation, groups=2, **added)
    expected = Conv(
        size,
        4,
        6,
        3,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=2,
        bias=True,
        transposed=transposed,
        **added,
    )
    assert layers(traced(nn.Sequential(module), (1, 4, *size))) == {"0": expected}


def test_a_norm_that_follows_directly_is_the_convolutions() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1), nn.ReLU(), nn.BatchNorm2d(4))
    assert layers(traced(model, IMAGE)) == {
        "0": Conv((8, 8), 3, 4, 3, padding=0, bias=True, norm="batch"),
        "2": Conv((6, 6), 4, 4, 1, padding=0, bias=True),
        "remainder": Other("params of BatchNorm2d (8)", params=8),
    }


def test_a_norm_after_a_relu_in_place_does_not_follow_directly() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.BatchNorm2d(4))
    assert layers(traced(model, IMAGE))["0"].norm == "none"


def test_norms_of_two_branches_find_their_convolutions() -> None:
    def forward(self: Any, x: Tensor) -> Tensor:
        a, b = self.a(x), self.b(x)
        return self.norm_b(b) + self.norm_a(a)  # type: ignore[no-any-return]

    model = Does(
        forward, a=nn.Conv2d(3, 4, 1), b=nn.Conv2d(3, 4, 1), norm_a=nn.BatchNorm2d(4), norm_b=nn.BatchNorm2d(4)
    )
    assert [layer.norm for layer in layers(traced(model, IMAGE)).values()] == ["batch", "batch"]


def test_a_norm_that_two_convolutions_share_is_counted_once() -> None:
    model = Does(
        lambda self, x: self.norm(self.a(x)) + self.norm(self.b(x)),
        a=nn.Conv2d(3, 4, 1), b=nn.Conv2d(3, 4, 1), norm=nn.BatchNorm2d(4),
    )  # fmt: skip
    assert [layer.norm for layer in layers(traced(model, IMAGE)).values()] == ["batch", "none"]


@pytest.mark.parametrize(
    "norm",
    [
        lambda: nn.InstanceNorm2d(4, affine=True),
        lambda: nn.GroupNorm(2, 4),
        lambda: nn.BatchNorm2d(4, affine=False),
    ],
)
def test_other_norms_are_none(norm: Callable[[], nn.Module]) -> None:
    assert layers(traced(nn.Sequential(nn.Conv2d(3, 4, 1), norm()), IMAGE))["0"].norm == "none"


def test_a_module_used_twice_is_counted_per_call_and_has_its_parameters_once() -> None:
    found = nodes(traced(Does(lambda self, x: self.conv(self.conv(x)), conv=nn.Conv2d(3, 3, 1)), IMAGE))
    assert list(found) == ["conv"]
    assert (found["conv"].times, found["conv"].cost.params, found["conv"].cost.macs) == (2, 12, 2 * 9 * 64)


def test_on_maps_of_another_size_it_is_another_layer_with_the_same_weights() -> None:
    model = Does(lambda self, x: self.conv(x[..., :4]).sum() + self.conv(self.conv(x)), conv=nn.Conv2d(3, 3, 1))
    found = nodes(traced(model, IMAGE)).values()
    assert [(node.name, node.times, node.shared, node.cost.params, node.cost.macs) for node in found] == [
        ("conv", 1, False, 12, 9 * 32),
        ("conv#2", 2, True, 0, 2 * 9 * 64),
    ]


def test_two_weights_of_one_module_are_two_layers_however_often_they_run() -> None:
    def forward(self: Any, x: Tensor) -> Tensor:
        for kernel in (self.a, self.b, self.a):
            x = functional.conv2d(x, kernel)
        return x

    model = Does(forward)
    model.a, model.b = nn.Parameter(torch.zeros(3, 3, 1, 1)), nn.Parameter(torch.zeros(3, 3, 1, 1))
    found = nodes(traced(model, IMAGE)).values()
    assert [(node.name, node.times, node.cost.params) for node in found] == [
        ("convolution", 2, 9),
        ("convolution#2", 1, 9),
    ]


def test_a_module_with_two_names_has_the_first() -> None:
    conv = nn.Conv2d(3, 3, 1)
    found = nodes(traced(nn.Sequential(conv, nn.Sequential(conv)), IMAGE))
    assert [(node.name, node.times) for node in found.values()] == [("0", 2)]


def test_tied_weights_are_counted_once() -> None:
    a, b = nn.Conv2d(3, 3, 1, bias=False), nn.Conv2d(3, 3, 1, bias=False)
    b.weight = a.weight
    found = nodes(traced(nn.Sequential(a, b), IMAGE))
    assert [(node.name, node.shared) for node in found.values()] == [("0", False), ("1", True)]
    assert found["0"].keep == "its weight is also 1.weight"


def test_a_head_tied_to_an_embedding_is_a_linear_layer_with_the_parameters() -> None:
    embedding, head = nn.Embedding(10, 4), nn.Linear(4, 10, bias=False)
    head.weight = embedding.weight
    found = nodes(traced(nn.Sequential(embedding, head), torch.zeros(1, 7, dtype=torch.long)))
    assert [(node.name, node.layer, node.times) for node in found.values()] == [("1", Linear(4, 10), 7)]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(1, 4), (1, 5, 4), (1, 3, 2, 4), (3, 4)])
def test_a_linear_layer_runs_at_each_position(shape: tuple[int, ...], bias: bool) -> None:
    found = nodes(traced(nn.Sequential(nn.Linear(4, 6, bias)), shape))
    assert [node.layer for node in found.values()] == [Linear(4, 6, bias)]
    assert found["0"].times == torch.empty(shape).numel() // 4


def test_a_linear_layer_on_a_map_whose_channels_come_last_keeps_its_bias() -> None:
    model = Does(lambda self, x: self.fc(x.permute(0, 2, 3, 1)), fc=nn.Linear(3, 6))
    (node,) = traced(model, IMAGE).network
    assert (node.layer, node.times, node.cost.params) == (Linear(3, 6, True), 64, 24)


def test_a_matrix_of_parameters_makes_a_linear_layer_on_either_side() -> None:
    class Products(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Parameter(torch.zeros(5, 3)), nn.Parameter(torch.zeros(4, 6))

        def forward(self, x: Tensor) -> Tensor:
            return self.left @ x @ self.right

    found = nodes(traced(Products(), (3, 4)))
    assert [(node.name, node.layer, node.times) for node in found.values()] == [
        ("linear", Linear(3, 5), 4),
        ("linear#2", Linear(4, 6), 5),
    ]


def test_products_of_maps_are_named_by_operator_and_module() -> None:
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    model = Does(lambda self, x: self.attention(x, x, x, need_weights=False)[0], attention=attention)
    assert layers(traced(model, (1, 5, 8))) == {
        "attention.linear": Linear(8, 24, True),
        "attention.bmm": Other("bmm", macs=2 * 5 * 5 * 8, reads=40 + 40 + 25 * 2 + 40, writes=25 * 2 + 40),
        "attention.out_proj": Linear(8, 8, True),
    }


def test_parts_of_one_parameter_are_layers_of_their_own() -> None:
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    model = Does(lambda self, x, y: self.attention(x, y, y)[0], attention=attention)
    found = nodes(traced(model, (1, 5, 8), (1, 6, 8)))
    assert [(name, node.layer, node.times, node.shared) for name, node in found.items() if "linear" in name] == [
        ("attention.linear", Linear(8, 8, True), 5, False),
        ("attention.linear#2", Linear(8, 16, True), 6, False),
    ]
    assert "remainder" not in found


def test_a_functional_convolution_is_a_layer_that_is_kept() -> None:
    class Functional(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel = nn.Parameter(torch.zeros(4, 3, 3, 3))

        def forward(self, x: Tensor) -> Tensor:
            return functional.conv2d(x, self.kernel, padding=1)

    node = nodes(traced(nn.Sequential(Functional()), IMAGE))["0.convolution"]
    assert (node.layer, node.cost.params) == (Conv((8, 8), 3, 4, 3, padding=1), 108)
    assert node.keep == "it is a functional call: no module runs it"


def test_a_module_whose_weight_is_used_elsewhere_is_kept() -> None:
    model = Does(lambda self, x: self.conv(x) + functional.conv2d(x, self.conv.weight), conv=nn.Conv2d(3, 4, 3))
    found = nodes(traced(model, IMAGE))
    assert [(node.name, node.shared, bool(node.keep)) for node in found.values()] == [
        ("conv", False, True),
        ("conv#2", True, True),
    ]


def test_a_direct_call_of_forward_is_the_modules() -> None:
    model = Does(lambda self, x: self.conv.forward(x), conv=nn.Conv2d(3, 4, 3))
    found = traced(model, IMAGE)
    assert [(node.name, node.keep) for node in found.network] == [("conv", None)]


class Holds(nn.Module):
    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    @property
    def dtype(self) -> Any:
        return next(each.weight.dtype for each in [self.conv])

    def forward(self, x: Tensor) -> Any:
        return self.conv(x.to(self.dtype))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (
            Does(lambda self, x: self.conv(x) + self.conv.weight.sum(), conv=nn.Conv2d(3, 4, 3)),
            "weight is read from outside",
        ),
        (
            Does(lambda self, x: self.conv(x) + self.conv.bias.sum(), conv=nn.Conv2d(3, 4, 3)),
            "bias is read from outside",
        ),
    ],
    ids=["weight", "bias"],
)
def test_a_module_whose_weights_are_read_is_kept(model: nn.Module, reason: str) -> None:
    assert nodes(traced(model, IMAGE))["conv"].keep == f"its {reason} by Does.forward"


def test_a_weight_has_the_names_of_its_readers() -> None:
    keep = nodes(traced(Holds(nn.Conv2d(3, 4, 3)), IMAGE))["conv"].keep
    assert keep == "its weight is read from outside by Holds.dtype"


@pytest.mark.parametrize("by_name", [False, True])
def test_a_module_that_takes_the_size_of_its_output_is_kept(by_name: bool) -> None:
    def forward(self: Any, x: Tensor) -> Any:
        return self.up(x, output_size=(16, 16)) if by_name else self.up(x, (16, 16))

    found = nodes(traced(Does(forward, up=nn.ConvTranspose2d(3, 4, 3, stride=2)), (1, 3, 7, 7)))
    assert found["up"].keep == "it is called with an output_size"


def test_a_function_that_reads_a_weight_is_no_method_of_the_module() -> None:
    def dtype_of(module: nn.Module) -> Any:
        return module.weight.dtype

    model = Does(lambda self, x: self.conv(x.to(dtype_of(self.conv))), conv=nn.Conv2d(3, 4, 3))
    assert nodes(traced(model, IMAGE))["conv"].keep == "its weight is read from outside"


def test_padding_of_a_module_is_no_read_from_outside() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect"))
    assert nodes(traced(model, IMAGE))["0"].keep is None


def test_who_only_looks_at_a_convolution_does_not_keep_it() -> None:
    def forward(self: Any, x: Tensor) -> Any:
        dtype = next(self.conv.parameters()).dtype
        return self.conv(x.to(dtype)) * self.conv.out_channels * len(self.conv.state_dict())

    model = Does(forward, conv=nn.Conv2d(3, 4, 3))
    assert nodes(traced(model, IMAGE))["conv"].keep is None
    assert "__getattr__" not in vars(type(model.conv).__base__)


def test_a_convolution_and_a_functional_one_of_its_name() -> None:
    class Root(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel = nn.Parameter(torch.zeros(4, 3, 3, 3))
            self.convolution = nn.Conv2d(4, 5, 3)

        def forward(self, x: Tensor) -> Any:
            return self.convolution(functional.conv2d(x, self.kernel))

    found = nodes(traced(Root(), IMAGE))
    assert {name: bool(node.keep) for name, node in found.items()} == {"convolution#2": True, "convolution": False}


@pytest.mark.parametrize("forward", ["functional_call", "data"])
def test_a_module_that_runs_with_other_weights_is_kept(forward: str) -> None:
    def call(self: Any, x: Tensor) -> Any:
        return torch.func.functional_call(self.conv, {k: v * 2 for k, v in self.conv.named_parameters()}, (x,))

    def assign(self: Any, x: Tensor) -> Any:
        for parameter in self.conv.parameters():
            parameter.data = parameter.data * 2
        return self.conv(x)

    model = Does(call if forward == "functional_call" else assign, conv=nn.Conv2d(3, 4, 3))
    found = nodes(traced(model, IMAGE))
    assert found["conv"].keep == "it runs with weights that are not its own"
    assert [(name, node.cost.params) for name, node in found.items()] == [("conv", 0), ("remainder", 112)]


def test_other_tensors_in_the_place_of_freed_parameters_are_no_parameters() -> None:
    def forward(self: Any, x: Tensor) -> Any:
        for parameter in self.parameters():
            parameter.data = torch.zeros_like(parameter)
        again = [functional.linear(x, torch.zeros(8, 8)) for _ in range(20)]
        return self.linear(sum(again))

    found = nodes(traced(Does(forward, linear=nn.Linear(8, 8)), IMAGE))
    assert [node.cost.params for node in found.values() if isinstance(node.layer, Linear)] == [0]


@pytest.mark.parametrize("kind", ["norm", "convolution", "linear"])
def test_a_bias_that_is_the_weight_is_counted_once(kind: str) -> None:
    def forward(self: Any, x: Tensor) -> Any:
        out = self.norm(self.conv(x))
        if kind == "convolution":
            return functional.conv2d(out, self.weight, self.weight.view(4), groups=4)
        return functional.linear(out.mean((0, 2, 3))[:, None], self.weight.view(4, 1), self.weight.view(4))

    model = Does(forward, conv=nn.Conv2d(3, 4, 3), norm=nn.BatchNorm2d(4))
    model.weight = nn.Parameter(torch.zeros(4, 1, 1, 1))
    if kind == "norm":
        cast(nn.BatchNorm2d, model.norm).bias = cast(nn.BatchNorm2d, model.norm).weight
        model.does = lambda self, x: self.norm(self.conv(x))
    assert traced(model, IMAGE).params == 112 + 4 + (4 if kind == "norm" else 8)


def test_kernels_that_are_no_parameters_are_layers_of_their_own() -> None:
    model = Does(lambda self, x: functional.conv2d(functional.conv2d(x, self.a), self.b))
    model.register_buffer("a", torch.zeros(3, 3, 1, 1))
    model.register_buffer("b", torch.zeros(3, 3, 1, 1))
    assert [node.times for node in traced(model, IMAGE).network] == [1, 1]


def test_a_trace_in_a_trace() -> None:
    def forward(self: Any, x: Tensor) -> Any:
        trace(nn.Sequential(nn.Conv2d(3, 3, 3)), [x])
        return self.conv(x) * self.conv.weight.sum()

    found = trace(Does(forward, conv=nn.Conv2d(3, 4, 3)), [torch.empty(IMAGE)])
    assert nodes(found)["conv"].keep == "its weight is read from outside by Does.forward"


def test_a_subclass_with_padding_of_its_own_is_shown_as_it_ran() -> None:
    class Padded(nn.Conv2d):
        def forward(self, input: Tensor) -> Tensor:
            return super().forward(functional.pad(input, (0, 1, 0, 1)))

    found = nodes(traced(nn.Sequential(Padded(3, 4, 2)), IMAGE))
    assert found["0"].layer == Conv((9, 9), 3, 4, 2, padding=0, bias=True)
    assert found["0"].keep is not None


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_padding_same_with_an_even_kernel_is_the_modules_own() -> None:
    found = nodes(traced(nn.Sequential(nn.Conv2d(3, 4, 4, padding="same")), IMAGE))
    assert (found["0"].layer, found["0"].keep) == (Conv((8, 8), 3, 4, 4, padding="same", bias=True), None)


@pytest.mark.parametrize("mode", ["reflect", "circular", "replicate"])
def test_another_padding_mode_is_the_modules_own_padding(mode: Any) -> None:
    found = nodes(traced(nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, padding_mode=mode)), IMAGE))
    assert found["0"].layer == Conv((8, 8), 3, 4, 3, padding=1, bias=True)


def standardised(module: nn.Module) -> nn.Module:
    return parametrize.register_parametrization(module, "weight", nn.Tanh())


@pytest.mark.parametrize("normed", [parametrizations.weight_norm, standardised])
def test_a_computed_weight_has_its_modules_parameters(normed: Callable[[nn.Module], nn.Module]) -> None:
    node = nodes(traced(nn.Sequential(normed(nn.Conv2d(3, 4, 3))), IMAGE))["0"]
    assert (node.layer, node.cost.params, node.shared) == (Conv((8, 8), 3, 4, 3, padding=0, bias=True), 112, False)
    assert node.keep is not None
    assert node.keep.startswith("its weight is parametrized")


@pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated:FutureWarning")
def test_the_old_weight_norm_is_kept_too() -> None:
    found = nodes(traced(nn.Sequential(nn.utils.weight_norm(nn.Conv1d(3, 4, 3))), (1, 3, 9)))
    assert (found["0"].cost.params, found["remainder"].cost.params) == (40, 4)
    assert found["0"].keep is not None


def test_spectral_norm_multiplies_uncounted() -> None:
    found = traced(nn.Sequential(parametrizations.spectral_norm(nn.Linear(3, 4))), (1, 3))
    assert {operator for _, operator in found.uncounted} >= {"mv"}
    assert layers(found)["0"] == Linear(3, 4, True)


def test_lazy_modules_are_initialised_first() -> None:
    model = nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(10))
    assert layers(traced(model, IMAGE)) == {
        "0": Conv((8, 8), 3, 4, 3, padding=0, bias=True, norm="batch"),
        "3": Linear(144, 10, True),
    }


def test_a_batch_folded_into_frames_is_so_many_calls() -> None:
    model = Does(lambda self, video: self.conv(video.flatten(0, 1)), conv=nn.Conv2d(3, 4, 3))
    (node,) = traced(model, (1, 5, 3, 8, 8)).network
    assert (node.times, node.cost.macs, node.cost.params) == (5, 5 * 36 * 108, 112)


def test_a_map_without_a_batch_is_one_sample() -> None:
    (node,) = traced(nn.Sequential(nn.Conv2d(3, 4, 3)), (3, 8, 8)).network
    assert (node.layer, node.times) == (Conv((8, 8), 3, 4, 3, padding=0, bias=True), 1)


def test_control_flow_counts_what_runs() -> None:
    def forward(self: Any, x: Tensor) -> Tensor:
        while x.shape[-1] > 2:
            x = self.down(x)
        return x

    found = nodes(traced(Does(forward, down=nn.Conv2d(3, 3, 2, stride=2)), (1, 3, 16, 16)))
    assert [node.layer.output_shape[1:] for node in found.values()] == [(8, 8), (4, 4), (2, 2)]


@pytest.mark.filterwarnings("ignore")
def test_of_a_cond_it_counts_what_torch_counts() -> None:
    def forward(self: Any, x: Tensor) -> Any:
        return torch.cond(x.sum() > 0, lambda x: self.fc(x) + 1, lambda x: self.fc(self.fc(x)), (x,))

    found = nodes(traced(Does(forward, fc=nn.Linear(6, 6)), (2, 6)))
    assert [node.times for node in found.values() if node.cost.macs] == [4]


@pytest.mark.parametrize("linear", [False, True])
def test_behind_other_layers_both_branches_count_as_they_do_for_torch(linear: bool) -> None:
    def forward(self: Any, x: Tensor) -> Any:
        return torch.cond(x.sum() > 0, lambda x: self.a(x) + 1, lambda x: self.b(self.a(x)) + 1, (self.stem(x),))

    stem = nn.Linear(8, 8) if linear else nn.Conv2d(3, 3, 1)
    model = Does(forward, stem=stem, a=nn.Conv2d(3, 3, 3, padding=1), b=nn.Conv2d(3, 3, 5, padding=2))
    found = nodes(traced(model, IMAGE))
    assert [(node.name, node.times) for node in found.values() if node.name in "ab"] == [("a", 2), ("b", 1)]


def test_what_runs_in_a_branch_and_outside_is_kept() -> None:
    def forward(self: Any, x: Tensor) -> Any:
        return torch.cond(x.sum() > 0, lambda x: self.a(x) + 1, lambda x: x + 1, (self.a(x),))

    found = nodes(traced(Does(forward, a=nn.Conv2d(3, 3, 3, padding=1)), IMAGE))
    assert found["a"].keep == "it is in a branch of torch.cond"


@pytest.mark.parametrize("longer", [False, True], ids=["by branches", "by calls"])
def test_convolutions_of_a_cond_have_their_parameters_once_and_are_kept(longer: bool) -> None:
    def forward(self: Any, x: Tensor) -> Any:
        if longer:
            return torch.cond(x.sum() > 0, lambda x: self.a(x) + 1, lambda x: self.a(self.a(x)) + 1, (x,))
        return torch.cond(x.sum() > 0, lambda x: self.a(x) + 1, lambda x: self.b(x) + 1, (x,))

    model = Does(forward, a=nn.Conv2d(3, 3, 3, padding=1), b=nn.Conv2d(3, 3, 5, padding=2))
    found = nodes(traced(model, IMAGE))
    (name, conv), (_, remainder) = found.items()
    assert (name, conv.times, conv.cost.params) == (("a", 2, 84) if longer else ("b", 1, 228))
    assert conv.keep == "it is in a branch of torch.cond"
    assert remainder.cost.params == 84 + 228 - conv.cost.params


def test_what_no_branch_counts_is_listed_as_often_as_one_of_them_runs_it() -> None:
    def forward(self: Any, x: Tensor) -> Any:
        return torch.cond(x.sum() > 0, lambda x: torch.mv(x, x[0]), lambda x: torch.mv(x, x[1]) + 1, (x[0, 0],))

    assert list(traced(Does(forward), IMAGE).uncounted.values()) == [1]


@pytest.mark.parametrize("name", ["dict", "tuple", "dataclass"])
def test_any_result_will_do(name: str) -> None:
    @dataclass
    class Result:
        out: Tensor

    wrapped: dict[str, Callable[[Tensor], Any]] = {
        "dict": lambda out: {"out": [out]}, "tuple": lambda out: (out, None), "dataclass": Result
    }  # fmt: skip
    model = Does(lambda self, x: wrapped[name](self.conv(x)), conv=nn.Conv2d(3, 4, 1))
    assert list(layers(traced(model, IMAGE))) == ["conv"]


@pytest.mark.parametrize("frozen", [False, True])
def test_a_view_of_a_parameter_may_go_into_a_module(frozen: bool) -> None:
    model = ClassToken().requires_grad_(not frozen)
    found = trace(model, [torch.empty(1, 3, 8, 8)])
    assert (found.macs, found.params) == (7_840, 304)
    assert found.agrees
    assert all(parameter.requires_grad is not frozen for parameter in model.parameters())
    agree(found, model.requires_grad_(False), (torch.empty(1, 3, 8, 8),), {})


def test_a_model_that_asks_for_gradients_of_its_parameters_gets_them() -> None:
    def forward(self: Any, x: Tensor) -> Any:
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(self.conv(x).sum(), self.conv.weight)
        return gradient

    found = traced(Does(forward, conv=nn.Conv2d(3, 8, 3)), IMAGE)
    assert found.macs == 2 * nodes(found)["conv"].cost.macs  # forward, and backward by the weight


def test_named_inputs() -> None:
    model = Does(lambda self, *, image: self.conv(image), conv=nn.Conv2d(3, 4, 1))
    assert traced(model, image=torch.empty(IMAGE)).macs == 768


def test_every_module_gets_its_mode_back() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout())
    model[1].eval()
    traced(model, IMAGE)
    assert [module.training for module in model.modules()] == [True, True, False, True]


def test_what_a_model_does_in_eval_is_undone() -> None:
    class Merging(nn.Sequential):
        def train(self, mode: bool = True) -> Merging:
            self.merged = not mode
            return super().train(mode)

    model = Merging(nn.Conv2d(3, 4, 1))
    trace(model, [torch.empty(IMAGE)])
    assert not model.merged


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("inside", [False, True])
def test_a_compiled_model_has_its_plain_names(inside: bool) -> None:
    compiled: Callable[[nn.Module], Any] = torch.compile
    conv = nn.Conv2d(3, 4, 1)
    model = nn.Sequential(compiled(conv)) if inside else compiled(nn.Sequential(conv))
    assert list(layers(traced(model, IMAGE))) == ["0"]


def test_a_model_compiled_in_place() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1))
    model.compile()
    assert list(layers(traced(model, IMAGE))) == ["0"]


def test_mixed_dtypes() -> None:
    model = Does(
        lambda self, x: self.b(self.a(x).to(torch.float16)),
        a=nn.Conv2d(3, 4, 1), b=nn.Conv2d(4, 2, 1, dtype=torch.float16),
    )  # fmt: skip
    assert [node.cost.params for node in traced(model, IMAGE).network] == [16, 10]


def test_autocast_on_real_memory() -> None:
    def forward(self: Any, x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return self.fc(self.conv(x).flatten(1))  # type: ignore[no-any-return]

    model = Does(forward, conv=nn.Conv2d(3, 4, 3), fc=nn.Linear(144, 10))
    found = trace(model.to_empty(device="cpu"), [torch.zeros(IMAGE, device="cpu")])
    assert found.agrees
    assert {name: node.cost.params for name, node in nodes(found).items()} == {"conv": 112, "fc": 1450}


def test_inference_mode_inside_of_the_model() -> None:
    @torch.inference_mode()
    def forward(self: Any, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)).flatten(1) @ self.fc.weight.T  # type: ignore[no-any-return]

    model = Does(forward, conv=nn.Conv2d(3, 4, 3), norm=nn.BatchNorm2d(4), fc=nn.Linear(144, 10, bias=False))
    found = traced(model, IMAGE)
    assert layers(found)["conv"].norm == "batch"
    assert not found.uncounted


def test_attention_on_real_memory_is_counted() -> None:
    model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    real = copy.deepcopy(model).to_empty(device="cpu")
    found = trace(real, [torch.zeros(1, 5, 8, device="cpu")])
    assert not found.uncounted
    assert found.macs == traced(model, (1, 5, 8)).macs == 5 * (4 * 64 + 2 * 128) + 2 * 5 * 5 * 8


def test_an_lstm_is_counted_on_meta_and_said_to_be_uncounted_on_real_memory() -> None:
    model = nn.Sequential(nn.LSTM(4, 6, batch_first=True))
    assert traced(model, (1, 5, 4)).macs == 5 * 4 * 6 * (4 + 6)
    with torch.device("cpu"):
        found = trace(nn.LSTM(4, 6, batch_first=True), [torch.zeros(1, 5, 4)])
    assert found.agrees
    assert found.macs == 5 * 4 * 6 * (4 + 6) or found.uncounted


@pytest.mark.parametrize("recurrent", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_layers_are_a_row_for_each_weight_however_long_the_input(recurrent: type[nn.Module]) -> None:
    found = traced(recurrent(4, 6, num_layers=2, batch_first=True), (1, 50, 4)).network
    assert [node.times for node in found if node.cost.macs] == [50] * 4


@pytest.mark.parametrize(
    ("forward", "operator"),
    [
        (lambda self, x: x[0, 0] @ x[0, 0, 0], "mv"),
        (lambda self, x: torch.addmv(x[0, 0, 0], x[0, 0], x[0, 0, 0]), "addmv"),
        (lambda self, x: torch.dot(x[0, 0, 0], x[0, 0, 0]), "dot"),
        (lambda self, x: torch.vdot(x[0, 0, 0], x[0, 0, 0]), "vdot"),
        (lambda self, x: x[0, 0].clone().addmm_(x[0, 1], x[0, 2]), "addmm_"),
        (lambda self, x: torch.addbmm(x[0, 0], x[0], x[0]), "addbmm"),
        (lambda self, x: torch.conv_tbc(x[0], x[0], x[0, 0, 0]), "conv_tbc"),
        (lambda self, x: functional.bilinear(x[0, 0], x[0, 1], x.reshape(-1)[:128].view(2, 8, 8)), "_trilinear"),
        (lambda self, x: torch.fft.fft(x), "_fft_r2c"),
    ],
)  # fmt: skip
def test_what_torch_counts_as_nothing_is_listed(forward: Any, operator: str) -> None:
    found = traced(nn.Sequential(Does(forward)), IMAGE)
    assert found.uncounted == {("0", operator): 1}


def test_custom_operators_are_listed() -> None:
    @torch.library.custom_op("sepcost_tests::product", mutates_args=())
    def product(x: Tensor) -> Tensor:
        return x @ x

    product.register_fake(lambda x: torch.empty_like(x))
    assert traced(Does(lambda self, x: product(x)), IMAGE).uncounted == {("", "sepcost_tests.product"): 1}


def test_halves_of_macs_add_up() -> None:
    @torch.library.custom_op("tests::odd", mutates_args=())
    def odd(x: Tensor) -> Tensor:
        return x.clone()

    @odd.register_fake
    def _(x: Tensor) -> Tensor:
        return torch.empty_like(x)

    register_flop_formula(torch.ops.tests.odd)(lambda *args, **named: 3)
    try:
        model = Does(lambda self, x: torch.ops.tests.odd(torch.ops.tests.odd(x)))
        assert trace(model, [torch.empty(IMAGE)]).agrees
    finally:
        del flop_registry[torch.ops.tests.odd]


def test_sparse_parameters() -> None:
    model = Does(lambda self, x: self.conv(x).sum() + torch.sparse.mm(self.sparse, x[0, 0]), conv=nn.Conv2d(3, 4, 3))
    with torch.device("cpu"):
        model.to_empty(device="cpu").sparse = nn.Parameter(torch.eye(8).to_sparse())
        found = trace(model, [torch.zeros(IMAGE)])
    assert found.agrees
    assert nodes(found)["remainder"].layer == Other("params of others (64)", params=64)


def hooks() -> int:
    return len(hooks_of_all._global_forward_pre_hooks) + len(hooks_of_all._global_forward_hooks)


def test_a_model_that_raises_leaves_no_hooks_and_keeps_its_modes() -> None:
    def fails(*_: Any) -> None:
        raise ArithmeticError

    model = nn.Sequential(nn.Conv2d(3, 4, 1), Does(fails))
    hooked = nn.Sequential(nn.Conv2d(3, 4, 1))
    hooked[0].register_forward_hook(fails)
    for each in (model, hooked):
        with pytest.raises(ArithmeticError):
            traced(each, IMAGE)
        assert hooks() == 0
        assert all(module.training for module in each.modules())


def test_a_module_that_raises_and_is_caught_does_not_stay_the_running_one() -> None:
    def fails(*_: Any) -> None:
        raise ArithmeticError

    def forward(self: Any, x: Tensor) -> Tensor:
        try:
            return self.bad(x)  # type: ignore[no-any-return]
        except ArithmeticError:
            return functional.conv2d(x, torch.empty(4, 3, 1, 1))

    assert list(layers(traced(Does(forward, bad=Does(fails)), IMAGE))) == ["convolution"]


def test_modules_that_are_made_on_the_way_are_called_after_their_class() -> None:
    model = nn.Sequential(Does(lambda self, x: nn.Conv2d(3, 4, 1)(x)))
    (node,) = traced(model, IMAGE).network
    assert (node.name, node.cost.params, node.keep) == ("0.Conv2d", 0, "its module is not in the model")


def test_a_module_called_remainder_does_not_clash_with_what_is_left() -> None:
    model = Does(lambda self, x: self.norm(self.remainder(x)), remainder=nn.Conv2d(3, 4, 1), norm=nn.GroupNorm(2, 4))
    assert list(layers(traced(model, IMAGE))) == ["remainder", "remainder#2"]


def test_the_remainder_names_the_owners_of_its_parameters() -> None:
    kinds = [nn.LayerNorm(8), nn.GroupNorm(2, 4), nn.PReLU(), nn.Embedding(3, 5), nn.Bilinear(2, 2, 2)]
    model = Does(lambda self, x: self.conv(x), conv=nn.Conv2d(3, 4, 1), unused=nn.ModuleList(kinds))
    (remainder,) = [layer for layer in layers(traced(model, IMAGE)).values() if isinstance(layer, Other)]
    assert remainder.operator == "params of LayerNorm (16), Embedding (15), Bilinear (10) and others (9)"
    assert remainder.params == 50


def test_nothing_of_a_layer_costs_nothing() -> None:
    model = Does(lambda self, x: self.fc(x[:0]), fc=nn.Linear(4, 6))
    assert traced(model, (2, 4)).macs == 0


PRODUCTS = re.compile(
    r"mm|matmul|mv|dot|linear|conv|attention|rnn|lstm|gru|einsum|outer|kron|dist|addr|transformer|fft_|multi_head"
    r"|linalg|solve|cholesky|qr|geqrf"
)
NO_PRODUCTS = re.compile(
    r"backward|norm|cumm|gamma|normal|window|sqrt|lu_unpack|nested|jagged|upsample|fftfreq|reorder|to_sparse|elemt|convert"
    r"|flatten_weight|_search|pack_|check_errors|cross|_powsum|^dist$|lgamma|comm|sample_dirichlet|gram|convolution_mode"
    r"|rescale_qkv|igamma"
)


def operators() -> Iterator[str]:
    """Torch's operators that have a product in their name and that it does not make of others."""
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    for qualified in torch._C._dispatch_get_all_op_names():
        namespace, _, name = qualified.partition("::")
        if (
            namespace == "aten"
            and "." not in name.removesuffix(".out")
            and not has(qualified, "CompositeImplicitAutograd")
        ):
            yield name.partition(".")[0]


def test_no_operator_of_torch_with_a_product_in_it_is_missed() -> None:
    for name in set(operators()):
        packet = getattr(torch.ops.aten, name)
        if PRODUCTS.search(name) and not NO_PRODUCTS.search(name):
            assert packet in flop_registry or uncounted(packet), name


def test_no_name_is_listed_that_torch_counts() -> None:
    counted = {packet.__name__ for packet in flop_registry if hasattr(packet, "_qualified_op_name")}
    assert {name for name in OPERATOR_NAMES & counted if uncounted(getattr(torch.ops.aten, name))} == set()
