"""The replaced model: a copy in which only the convolutions are others, and which costs what was predicted."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import lru_cache, partial, wraps
from threading import Lock
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune
from torch.nn.utils import spectral_norm as old_spectral_norm
from torch.nn.utils import weight_norm as old_weight_norm
from torch.utils.flop_counter import FlopCounterMode

from sepcost import Conv, LayerError, Replacement, ReplacementError, SepcostError, compare
from sepcost.blocks.blocks import Parts, separable
from sepcost.blocks.replacements import REPLACEMENTS, reason_to_keep
from sepcost.count.comparison import Comparison
from sepcost.pytorch import eligible, replace_convolutions, replacement_plan
from sepcost.pytorch.convolutions.eligibility import described
from sepcost.pytorch.private import plain_name
from sepcost.pytorch.tracing.trace import trace
from tests.pytorch.zoo import of_pytorchcv
from tests.strategies import convs

OPTIONS = [
    "separable:multiplier=2",
    "blueprint:multiplier=2",
    "grouped:groups=3,pointwise=true",
    "blueprint_subspace:ratio=0.7",
]
TEXTS = [*OPTIONS, *REPLACEMENTS]
KINDS: dict[tuple[bool, int], Callable[..., nn.Module]] = {
    (False, 1): nn.Conv1d,
    (False, 2): nn.Conv2d,
    (False, 3): nn.Conv3d,
    (True, 1): nn.ConvTranspose1d,
    (True, 2): nn.ConvTranspose2d,
    (True, 3): nn.ConvTranspose3d,
}


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.norm(self.conv(x))) + x


class UNet(nn.Module):
    """Two levels, with convolutions in every kind of container."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.down = nn.ModuleList([nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.Conv2d(16, 32, 3, stride=2, padding=1)])
        self.middle = nn.Sequential(Block(32), Block(32))
        self.up = nn.ModuleDict(
            {
                "first": nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1, output_padding=1),
                "second": nn.ConvTranspose2d(16, 8, 2, stride=2, bias=False),
            }
        )
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = torch.relu(self.stem(x))
        second = torch.relu(self.down[0](first))
        third = self.middle(torch.relu(self.down[1](second)))
        x = torch.relu(self.up["first"](third)) + second
        return self.head(torch.relu(self.up["second"](x)) + first)  # type: ignore[no-any-return]


class Shared(nn.Module):
    """One convolution under two names, run on two sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(4, 4, 3, padding=1)
        self.second = self.first
        self.listed = [self.first]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x)[..., ::2, ::2])  # type: ignore[no-any-return]


class Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.weight = nn.Parameter(torch.randn(8, 8, 3, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.conv2d(self.conv(x), self.weight)


class Reading(nn.Module):
    """Reads numbers of its convolution, as code that pads dynamically does."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(4, 8, 5, dilation=2)
        vars(self.conv)["note"] = ["mine"]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        reach = self.conv.dilation[0] * (self.conv.kernel_size[0] - 1)
        return self.conv(nn.functional.pad(x, (reach, 0)))  # type: ignore[no-any-return]


class OwnConstructor(nn.Conv2d):
    """As torchvision's video models have it; nothing of it changes what the convolution does."""

    RATIO = 2

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.note = "mine"

    @staticmethod
    def downsampling(stride: int) -> tuple[int, int]:
        return stride, stride

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight)

    def extra_repr(self) -> str:
        return "mine"


class OwnForward(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.sign())


class OwnConvForward(nn.Conv1d):
    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return super()._conv_forward(input, weight.sign(), bias)  # type: ignore[no-any-return]


class OwnOutputPadding(nn.ConvTranspose2d):
    def _output_padding(self, *arguments: Any) -> Any:
        return [0, 0]


class Mixed:
    """What comes before the convolution among a class's bases."""

    def __call__(self, x: Tensor) -> Tensor:
        return x


class OwnCall(Mixed, nn.Conv2d):
    pass


class Inherited(OwnForward):
    pass


class OwnProperty(nn.Conv2d):
    @property
    def bias(self) -> Tensor:
        return torch.ones(self.out_channels)

    @bias.setter
    def bias(self, value: Any) -> None:
        pass

    def register_parameter(self, name: str, param: Any) -> None:
        super().register_parameter({"bias": "other"}.get(name, name), param)


class OwnBase(nn.modules.conv._ConvNd):
    def __init__(self) -> None:
        super().__init__(3, 8, (3, 3), (1, 1), (0, 0), (1, 1), False, (0, 0), 1, True, "zeros")


def counted(model: nn.Module, *inputs: torch.Tensor) -> tuple[int, int]:
    """Params and MACs as torch has them, on meta."""
    model = deepcopy(model).to("meta").eval()
    with warnings.catch_warnings(), FlopCounterMode(display=False) as counter, torch.no_grad():
        warnings.filterwarnings("ignore", "Using padding='same' with even kernel lengths")
        model(*(each.to("meta") for each in inputs))
    return sum(parameter.numel() for parameter in model.parameters()), counter.get_total_flops() // 2


def predicted(model: nn.Module, text: str, *inputs: torch.Tensor) -> tuple[int, int]:
    """Params and MACs that sepcost expects of the replaced model."""
    traced = trace(deepcopy(model).to("meta"), [each.to("meta") for each in inputs])
    plan = replacement_plan(model, text)
    names = {name: plain_name(name) for name, _ in model.named_modules(remove_duplicate=False)}
    assert set(plan) <= set(names.values())

    def keep(name: str) -> str | None:
        return plan.get(name.partition("#")[0], "not a module")

    nodes = tuple(replace(node, keep=keep(node.name)) for node in traced.network)
    result = Comparison.of(replace(traced.network, nodes=nodes), [Replacement.parse(text)])
    assert (result.standard.cost.params, result.standard.cost.macs) == (traced.params, traced.macs)
    cost = result.totals[text].cost
    return cost.params, cost.macs


def meta(build: Callable[[], nn.Module]) -> nn.Module:
    with torch.device("meta"):
        return build()


def pytorchcv(module: str, name: str) -> nn.Module:
    return meta(getattr(of_pytorchcv(module), name))


def module_of(conv: Conv) -> nn.Module:
    extra = {"output_padding": conv.output_padding} if conv.transposed else {}
    return KINDS[conv.transposed, len(conv.input_size)](
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        stride=conv.stride,
        padding=conv.padding,
        dilation=conv.dilation,
        groups=conv.groups,
        bias=conv.bias,
        **extra,
    )


@st.composite
def torch_convs(draw: st.DrawFn) -> Conv:
    """Convolutions that torch has: it pads ``same`` only where there is no stride."""
    conv = draw(convs())
    padding = conv.padding
    if padding == "same" and (conv.transposed or max(conv.stride) > 1):
        padding = conv.kernel_size
    try:
        return replace(conv, norm="none", padding=padding)
    except LayerError:  # too much of it, or too little
        return replace(conv, norm="none", stride=(1,) * len(conv.stride), padding="same", transposed=False)


@settings(max_examples=40)
@given(torch_convs(), st.sampled_from(TEXTS))
def test_any_module_and_any_replacement(conv: Conv, text: str) -> None:
    module = module_of(conv)
    replaced = replace_convolutions(module, text)
    variant = compare(conv, text).layers[0].variants[text]
    assert replacement_plan(module, text) == {"": variant.kept}
    assert isinstance(replaced, type(module) if variant.kept else nn.Sequential)
    source = torch.randn(2, *conv.input_shape)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using padding='same' with even kernel lengths")
        assert replaced(source).shape == module(source).shape == (2, *conv.output_shape)
    assert counted(replaced, source[:1]) == (variant.cost.params, variant.cost.macs)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("model", [UNet(), Shared(), Functional(), Reading()], ids=lambda model: type(model).__name__)
def test_a_replaced_model_costs_what_was_predicted(model: nn.Module, text: str) -> None:
    source = torch.randn(
        (1, 4, 32) if isinstance(model, Reading) else (1, 4 if isinstance(model, Shared) else 3, 32, 32)
    )
    replaced = replace_convolutions(model, text)
    assert replaced(source).shape == model(source).shape
    assert counted(replaced, source) == predicted(model, text, source)


@pytest.mark.parametrize("text", ["separable", "blueprint", "spatial"])
@pytest.mark.parametrize("padding", [{"padding": "same"}, {"padding": 2, "padding_mode": "circular"}])
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_padding_that_torch_does_before_it_convolves(padding: dict[str, Any], text: str) -> None:
    model, source = nn.Sequential(nn.Conv2d(3, 8, 4, **padding)), torch.empty(1, 3, 16, 16)
    assert counted(replace_convolutions(model, text), source) == predicted(model, text, source)


@pytest.mark.parametrize(
    ("module", "name", "size", "text"),
    [
        ("mobilenetv2", "mobilenetv2_w1", 224, "blueprint"),
        ("seresnet", "seresnet18", 224, "inverted"),
        ("linknet", "linknet_cityscapes", 64, "separable"),
        ("linknet", "linknet_cityscapes", 64, "inverted"),
        ("linknet", "linknet_cityscapes", 64, "blueprint"),
    ],
)
def test_published_models_cost_what_was_predicted(module: str, name: str, size: int, text: str) -> None:
    model = pytorchcv(module, name)
    source = torch.empty(1, 3, size, size, device="meta")
    replaced = replace_convolutions(model, text)
    assert counted(replaced, source) == predicted(model, text, source) != counted(model, source)


def test_the_original_stays_as_it_was() -> None:
    model = UNet()
    hook = model.stem.register_forward_hook(lambda *_: None)
    before, modules = deepcopy(model.state_dict()), list(model.modules())
    replaced = replace_convolutions(model)
    after = model.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[key], before[key]) for key in before)
    assert list(model.modules()) == modules
    assert list(model.stem._forward_hooks.values()) == [model.stem._forward_hooks[hook.id]]
    mine, theirs = ({id(parameter) for parameter in each.parameters()} for each in (model, replaced))
    assert not mine & theirs
    assert torch.equal(replaced.get_parameter("head.weight"), model.head.weight)


def test_what_is_replaced_and_what_stays() -> None:
    replaced = replace_convolutions(UNet())
    assert list(dict(replaced.get_submodule("up.first").named_children())) == ["depthwise", "pointwise"]
    assert str(replaced.get_submodule("up.first")[0]) == (  # type: ignore[index]
        "ConvTranspose2d(32, 32, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1), groups=32)"
    )
    assert isinstance(replaced.get_submodule("middle.1.norm"), nn.BatchNorm2d)
    assert isinstance(replaced.get_submodule("head"), nn.Conv2d)
    assert sum(isinstance(each, nn.BatchNorm2d) for each in replaced.modules()) == 2


def test_norms_between_the_parts_where_asked_for() -> None:
    model = UNet()
    replaced = replace_convolutions(model, inner_norm=True)
    assert list(dict(replaced.get_submodule("stem").named_children())) == ["depthwise", "depthwise_norm", "pointwise"]
    some = replace_convolutions(model, "bottleneck", inner_norm="middle.*")
    names = ["reduce", "reduce_norm", "conv", "conv_norm", "expand"]
    assert list(dict(some.get_submodule("middle.0.conv").named_children())) == names
    assert len(list(some.get_submodule("stem").children())) == 3


def test_norms_where_they_follow_are_what_a_comparison_has_by_itself() -> None:
    model, source = UNet(), torch.empty(1, 3, 32, 32, device="meta")
    traced = trace(deepcopy(model).to("meta"), [source])
    followed = [node.name for node in traced.network if isinstance(node.layer, Conv) and node.layer.norm == "batch"]
    total = compare(replace(traced.network, inner_norm=True), "bottleneck").totals["bottleneck"].cost
    replaced = replace_convolutions(model, "bottleneck", inner_norm=followed)
    assert counted(replaced, source) == (total.params, total.macs)


@pytest.mark.parametrize("block", ["separable", "bottleneck", "blueprint", "inverted", "spatial"])
def test_norms_that_a_replacement_asks_for_are_what_a_comparison_has(block: str) -> None:
    model, source, text = UNet(), torch.empty(1, 3, 32, 32, device="meta"), f"{block}:inner_norm=true"
    traced = trace(deepcopy(model).to("meta"), [source])
    total = compare(traced.network, text).totals[text].cost
    assert counted(replace_convolutions(model, text), source) == (total.params, total.macs)
    assert total.params > compare(traced.network, block).totals[block].cost.params


class Holds(nn.Module):
    """A model with a convolution that something else knows, too."""

    def __init__(self, hold: Callable[[Any], None]) -> None:
        super().__init__()
        self.conv, self.other = nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3)
        hold(self)

    def forward(self, x: Tensor) -> Any:
        return self.other(self.conv(x))


def _closure(model: Any) -> None:
    conv = model.conv
    model.again = lambda x: conv(x)


def _wrapped(model: Any) -> None:
    conv = model.conv

    def inner(x: Tensor) -> Any:
        return conv(x)

    model.functions = {"again": partial(lambda x: inner(x))}


def _default(model: Any) -> None:
    model.again = [lambda x, *, convs=(model.conv,): convs[0](x)]


def _bound(model: Any) -> None:
    model.again = model.conv.forward


def _hook(model: Any) -> None:
    conv = model.conv
    model.register_forward_hook(lambda module, inputs, output: conv(output))


def _path(model: Any) -> None:
    model.again = lambda x: model.conv(x)


def _cached(model: Any) -> None:
    model.again = lru_cache(model.conv.forward)


def _argument(model: Any) -> None:
    conv = model.conv
    model.again = partial(map, lambda x: conv(x))


def _object(model: Any) -> None:
    conv = model.conv

    class Act:
        def __init__(self) -> None:
            self.function = lambda x: conv(x)

        def __call__(self, x: Tensor) -> Any:
            return self.function(x)  # type: ignore[no-untyped-call]

    model.again = Act()


def _recursive(model: Any) -> None:
    conv = model.conv

    def again(x: Tensor, times: int = 2) -> Any:
        return again(conv(x), times - 1) if times else x

    model.again = again


def _object_in_a_closure(model: Any) -> None:
    class Runs:
        def __init__(self) -> None:
            self.conv = model.conv

        def run(self, x: Tensor) -> Any:
            return self.conv(x)

    runs = Runs()
    model.again = lambda x: runs.run(x)


def _class(model: Any) -> None:
    conv = model.conv

    class Inner(nn.Module):
        def forward(self, x: Tensor) -> Any:
            return conv(x)

    model.inner = Inner()


def _base_class(model: Any) -> None:
    conv = model.conv

    class Base(nn.Module):
        def forward(self, x: Tensor) -> Any:
            return conv(x)

    class Inner(Base):
        pass

    model.inner = Inner()


def _property(model: Any) -> None:
    conv = model.conv

    class Inner(nn.Module):
        @property
        def weight(self) -> Any:
            return conv.weight

    model.inner = Inner()


def _inner_function(model: Any) -> None:
    model.scale = 2.0

    def again(x: Tensor) -> Any:
        return [model.conv(each) for each in (x * model.scale,)]

    model.again = again


HOLDING = [
    _closure, _wrapped, _default, _bound, _hook, _path, _cached, _argument, _object, _recursive, _object_in_a_closure,
    _class, _base_class, _property, _inner_function,
]  # fmt: skip
OF_THE_MODEL = [_path, _inner_function]
"""What holds on to the model, and so to all of its convolutions."""


@pytest.mark.parametrize("hold", HOLDING)
def test_what_a_function_holds_on_to_stays(hold: Callable[[Any], None]) -> None:
    model = Holds(hold)
    reason = replacement_plan(model)["conv"]
    assert reason is not None
    assert reason.endswith(" holds on to it")
    assert (replacement_plan(model)["other"] is None) == (hold not in OF_THE_MODEL)
    assert isinstance(replace_convolutions(model).get_submodule("conv"), nn.Conv2d)


def test_what_nothing_runs_again_holds_on_to_nothing() -> None:
    conv = nn.Conv2d(3, 8, 3)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = conv

        def forward(self, x: Tensor) -> Any:
            return self.conv(x)

    assert replacement_plan(Net()) == {"conv": None}


@pytest.mark.parametrize(
    "use",
    [
        lambda model: lambda x: model.block(x) * model.block.scale,
        lambda model: lambda x: [each(x) for each in model.block if model.scale],
        lambda model: lambda x: getattr(model, "block")(x) * model.scale,  # noqa: B009
        lambda model: lambda x: model.block[0](x) if not model.training else x,
    ],
    ids=["called", "iterated", "by name", "indexed"],
)
def test_whatever_a_function_does_with_a_module_keeps_it(use: Callable[[Any], Any]) -> None:
    model: Any = Holds(lambda model: None)
    model.block, model.scale = nn.Sequential(nn.Conv2d(4, 4, 3)), 2.0
    model.block.scale = 3.0
    model.again = use(model)
    assert replacement_plan(model)["block.0"] is not None


def test_no_property_of_a_model_is_asked() -> None:
    class Asked(nn.Sequential):
        @property
        def rate(self) -> float:
            raise RuntimeError("asked")

    model: Any = Asked(nn.Conv2d(4, 4, 3))
    model.act = lambda x: x * model.rate
    assert replacement_plan(model)["0"] is not None


@pytest.mark.parametrize("by", ["accelerate", "autocast"])
def test_a_forward_that_was_wrapped_keeps_all_that_it_runs(by: str) -> None:
    model: Any = Holds(lambda model: None)
    forward = model.forward
    model.forward = torch.autocast("cpu")(forward) if by == "autocast" else wraps(forward)(lambda x: forward(x))
    reasons = replacement_plan(model)
    assert all(reason is not None and reason.endswith("forward holds on to it") for reason in reasons.values())


def test_what_torch_compile_makes_is_made_again_for_the_copy() -> None:
    model: Any = torch.compile(nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU()), backend="eager")
    assert replacement_plan(model) == {"0": None}
    compiled: Any = torch.compile(nn.Sequential(nn.Conv2d(4, 4, 3)), backend="eager")
    inside = nn.Sequential(compiled)
    assert list(replacement_plan(inside).values()) == [None]
    replaced = replace_convolutions(inside)
    assert sum(each.numel() for each in replaced.parameters()) == 4 * 9 + 4 + 16 + 4
    assert replaced(torch.zeros(1, 4, 8, 8)).shape == (1, 4, 6, 6)


def test_what_only_looks_like_it_does_not() -> None:
    def compiled(model: Any) -> None:
        model.compile(backend="eager")
        slope = 0.1
        model.act = lambda x: functional.leaky_relu(x, slope)
        model._register_state_dict_hook(lambda *arguments: model.conv)
        model.cache = [model.conv.weight * 2]

    model = Holds(compiled)
    assert replacement_plan(model) == {"conv": None, "other": None}
    cached: Any = replace_convolutions(model)
    assert torch.equal(cached.cache[0], model.conv.weight * 2)


@pytest.mark.parametrize("replacement", [None, ["separable"], 3])
def test_what_is_no_replacement_is_refused(replacement: Any) -> None:
    with pytest.raises(ReplacementError, match="a replacement is a text such as 'separable', got"):
        replace_convolutions(nn.Conv2d(3, 8, 3), replacement)


def test_what_is_lazy_in_a_model_stays_lazy() -> None:
    lazy = nn.Sequential(nn.LazyConv2d(3, 1), nn.Conv2d(3, 8, 3), nn.LazyBatchNorm2d(), nn.LazyLinear(3))
    replaced = replace_convolutions(lazy)
    assert [type(each) for each in replaced.children()] == [
        nn.LazyConv2d,
        nn.Sequential,
        nn.LazyBatchNorm2d,
        nn.LazyLinear,
    ]
    assert replaced(torch.zeros(1, 2, 8, 8)).shape == (1, 8, 6, 3)


def test_shared_modules_stay_shared() -> None:
    model = Shared()
    replaced: Any = replace_convolutions(model)
    assert isinstance(replaced.first, nn.Sequential)
    assert replaced.first is replaced.second is replaced.listed[0]
    assert len(list(replaced.parameters())) == 4
    assert replacement_plan(model) == {"first": None}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64, torch.complex64])
def test_dtype(dtype: torch.dtype) -> None:
    replaced = replace_convolutions(nn.Conv2d(4, 8, 3, dtype=dtype))
    assert {parameter.dtype for parameter in replaced.parameters()} == {dtype}
    assert replaced(torch.randn(1, 4, 8, 8, dtype=dtype)).dtype == dtype


def test_device() -> None:
    assert {each.device.type for each in replace_convolutions(meta(UNet)).parameters()} == {"meta"}
    with torch.device("meta"):
        assert {each.device.type for each in replace_convolutions(UNet().to_empty(device="cpu")).parameters()} == {
            "cpu"
        }


def test_memory_format() -> None:
    source = torch.randn(2, 3, 32, 32)
    model = UNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    replaced = replace_convolutions(model)
    for name, parameter in replaced.named_parameters():
        assert parameter.dim() != 4 or parameter.is_contiguous(memory_format=torch.channels_last), name
    assert replaced.get_parameter("stem.pointwise.weight").stride(1) == 1
    assert replaced(source.to(memory_format=torch.channels_last)).is_contiguous(memory_format=torch.channels_last)
    assert replace_convolutions(UNet())(source).is_contiguous()
    volumes = replace_convolutions(nn.Conv3d(2, 4, 3).to(memory_format=torch.channels_last_3d))  # type: ignore[call-overload]
    assert volumes.get_parameter("pointwise.weight").stride(1) == 1
    one_channel = nn.Conv2d(1, 4, 3)
    assert replace_convolutions(one_channel, "bottleneck:ratio=2").get_parameter("conv.weight").is_contiguous()
    one_channel.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    assert not replace_convolutions(one_channel, "bottleneck:ratio=2").get_parameter("conv.weight").is_contiguous()


def test_training_mode_and_requires_grad() -> None:
    model = UNet()
    model.stem.eval()
    model.stem.weight.requires_grad_(False)
    model.down[0].requires_grad_(False)
    replaced = replace_convolutions(model, inner_norm=True)
    stem, down = replaced.get_submodule("stem"), replaced.get_submodule("down")
    assert not any(each.training for each in stem.modules())
    assert all(each.training for each in down.modules())
    assert {name for name, each in stem.named_parameters() if each.requires_grad} == {
        "depthwise.bias",
        "depthwise_norm.bias",
        "pointwise.bias",
    }
    assert not any(each.requires_grad for each in down[0].parameters())  # type: ignore[index]
    assert all(each.requires_grad for each in down[1].parameters())  # type: ignore[index]


def test_what_code_reads_of_a_convolution_is_there() -> None:
    model = Reading()
    replaced: Any = replace_convolutions(model)
    assert (replaced.conv.out_channels, replaced.conv.dilation, replaced.conv.note) == (8, (2,), ["mine"])
    assert replaced.conv.note is not vars(model.conv)["note"]
    assert replace_convolutions(replaced, include="conv.depth*").conv is not None


def test_padding_in_torchs_words() -> None:
    same = replace_convolutions(nn.Conv2d(3, 8, (3, 4), padding="same"))
    assert [each.padding for each in same.children()] == ["same", (0, 0)]
    valid = replace_convolutions(nn.Conv2d(3, 8, 3, stride=2, padding="valid"))
    assert [each.padding for each in valid.children()] == [(0, 0), (0, 0)]
    assert [each.padding for each in replace_convolutions(nn.Conv2d(3, 8, 3, padding="valid")).children()] == [
        "valid",
        (0, 0),
    ]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
def test_padding_mode(mode: Any, text: str) -> None:
    """A map that is larger by what the mode pads with gives the same, without any padding."""
    torch.manual_seed(0)
    module = nn.Conv2d(3, 6, (3, 5), padding=(1, 2), padding_mode=mode, bias=False)
    replaced = replace_convolutions(module, text)
    plain = deepcopy(replaced)
    for each in plain.modules():
        if isinstance(each, nn.Conv2d):
            each.padding, each.padding_mode = (0, 0), "zeros"
    source = torch.randn(1, 3, 8, 8)
    around = nn.functional.pad(source, (2, 2, 1, 1), mode=mode)
    torch.testing.assert_close(replaced(source), plain(around))


def test_padding_mode_that_the_parts_do_not_allow() -> None:
    def twice(conv: Conv) -> Parts:
        first = replace(conv, out_channels=conv.in_channels, kernel_size=(1, 1), padding=(1, 1), bias=False)
        return (("first", first), ("second", replace(conv, input_size=first.output_size, padding=(0, 0))))

    block = Replacement("twice", twice)
    assert replacement_plan(nn.Conv2d(3, 8, 3, padding=1), block) == {"": None}
    plan = replacement_plan(nn.Conv2d(3, 8, 3, padding=1, padding_mode="reflect"), block)
    assert plan == {"": None}  # it pads once, in another place

    def grown(conv: Conv) -> Parts:
        return (("first", replace(conv, kernel_size=(5, 5), padding=(2, 2))),)

    block = Replacement("grown", grown)
    assert replacement_plan(nn.Conv2d(3, 8, 3, padding=1), block) == {"": None}
    plan = replacement_plan(nn.Conv2d(3, 8, 3, padding=1, padding_mode="reflect"), block)
    assert plan == {"": "grown pads elsewhere, which padding_mode reflect does not allow"}


def test_a_users_function() -> None:
    def halves(conv: Conv) -> Parts:
        return (("part.1", replace(conv, groups=2)),)

    replaced = replace_convolutions(nn.Conv2d(4, 8, 3), Replacement("halves", halves))
    assert str(replaced) == "Sequential(\n  (part_1): Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), groups=2)\n)"


def depends_on_size(conv: Conv) -> Parts:
    return separable(conv, multiplier=2 if conv.input_size[0] > 100 else 1)


def fails_on_odd_sizes(conv: Conv) -> Parts:
    if conv.input_size[0] % 2:
        raise LayerError("stride", "halves the map")
    return separable(conv)


def strided(conv: Conv) -> Parts:
    return (("conv", replace(conv, kernel_size=(4, 4), stride=(2, 2), padding="same")),)


@pytest.mark.parametrize("block", [depends_on_size, fails_on_odd_sizes, strided])
def test_a_block_that_depends_on_the_map(block: Callable[[Conv], Parts]) -> None:
    conv = nn.Conv2d(4, 8, 3, stride=2, padding=1)
    plan = replacement_plan(conv, Replacement("mine", block))
    assert plan == {"": "mine depends on the size of its map, which a module does not know"}
    assert isinstance(replace_convolutions(conv, Replacement("mine", block)), nn.Conv2d)


def test_trains() -> None:
    torch.manual_seed(0)
    model = replace_convolutions(UNet(), inner_norm=True)
    source = torch.randn(4, 3, 8, 8)
    target = (source.sum(1) > 0).long()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(source), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
    assert all(parameter.grad is not None for parameter in model.parameters())


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.block = Block(8)
        self.up = nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.up(self.block(self.first(x)))  # type: ignore[no-any-return]


@pytest.mark.parametrize("text", ["separable", "bottleneck"])
@pytest.mark.filterwarnings("ignore")
def test_scripts_traces_exports_and_compiles(text: str) -> None:
    replaced = replace_convolutions(Plain(), text).eval()
    source = torch.randn(1, 3, 16, 16)
    with torch.no_grad():
        expected = replaced(source)
        for other in (
            torch.jit.script(replaced),
            torch.jit.trace(replaced, source),
            torch.export.export(replaced, (source,)).module(),
            torch.compile(replaced, backend="aot_eager"),
            torch.fx.symbolic_trace(replaced),
        ):
            torch.testing.assert_close(other(source), expected)


@pytest.mark.filterwarnings("ignore")
def test_compiled_and_symbolic_models() -> None:
    model, source = Plain().eval(), torch.randn(1, 3, 16, 16)
    for whole in (torch.compile(model, backend="eager"), torch.fx.symbolic_trace(model)):
        assert isinstance(whole, nn.Module)
        whole(source)
        assert list(replacement_plan(whole)) == ["first", "block.conv", "up"]
        replaced = replace_convolutions(whole, exclude=["block.*"])
        assert isinstance(replaced, torch.fx.GraphModule) is isinstance(whole, torch.fx.GraphModule)
        assert sum(isinstance(each, nn.Sequential) for each in replaced.modules()) == 2
        assert replaced(source).shape == whole(source).shape


@pytest.mark.filterwarnings("ignore")
def test_torchscript_is_refused() -> None:
    scripted = torch.jit.script(Plain())
    with pytest.raises(SepcostError, match="this model is TorchScript, which cannot be changed"):
        replace_convolutions(scripted)
    plan = replacement_plan(nn.Sequential(OrderedDict(scripted=scripted, conv=nn.Conv2d(4, 4, 3))))
    assert plan == {"scripted.first": "it is TorchScript", "scripted.block.conv": "it is TorchScript",
                    "scripted.up": "it is TorchScript", "conv": None}  # fmt: skip


def with_hook(register: str) -> nn.Module:
    def record(*_: Any) -> None:
        return None

    conv = nn.Conv2d(3, 8, 3)
    getattr(conv, register)(record)
    return conv


def with_parameter_hook() -> nn.Module:
    conv = nn.Conv2d(3, 8, 3)
    conv.weight.register_hook(lambda gradient: -gradient)
    return conv


def with_forward() -> nn.Module:
    conv = nn.Conv2d(3, 8, 3)
    vars(conv)["forward"] = lambda x: x
    return conv


def with_buffer() -> nn.Module:
    conv = nn.Conv2d(3, 8, 3)
    conv.register_buffer("scale", torch.ones(1))
    return conv


def with_child() -> nn.Module:
    conv = nn.Conv2d(3, 8, 3)
    conv.lora = nn.Linear(1, 1)
    return conv


def with_other_weight() -> nn.Module:
    conv = nn.Conv2d(3, 8, 3)
    conv.weight = nn.Parameter(torch.zeros(8, 1, 3, 3))
    return conv


def with_half_weight() -> nn.Module:
    conv = nn.Conv2d(3, 8, 3)
    conv.weight = nn.Parameter(conv.weight.half())
    return conv


def without_parameter() -> nn.Module:
    conv = nn.Conv2d(3, 8, 3)
    weight = conv.weight.detach()
    del conv.weight
    vars(conv)["weight"] = weight
    return conv


def in_float8() -> nn.Module:
    return nn.Conv2d(3, 8, 3, bias=False).to(torch.float8_e4m3fn)


def in_whole_numbers() -> nn.Module:
    conv = nn.Conv2d(3, 8, 3, bias=False)
    conv.weight = nn.Parameter(torch.ones(8, 3, 3, 3, dtype=torch.int8), requires_grad=False)
    return conv


def with_subclassed_weight() -> nn.Module:
    class Quantized(nn.Parameter):
        pass

    conv = nn.Conv2d(3, 8, 3)
    conv.weight = Quantized(torch.zeros(8, 3, 3, 3))
    return conv


def impossible() -> nn.Module:
    conv = nn.Conv2d(3, 8, 3)
    conv.padding = (-1, -1)
    return conv


RECORD = "with_hook.<locals>.record"
REFUSED: list[tuple[Callable[[], nn.Module], str]] = [
    (lambda: with_hook("register_forward_hook"), f"it has a forward hook ({RECORD})"),
    (lambda: with_hook("register_forward_pre_hook"), f"it has a forward pre-hook ({RECORD})"),
    (lambda: with_hook("register_full_backward_hook"), f"it has a backward hook ({RECORD})"),
    (lambda: with_hook("register_full_backward_pre_hook"), f"it has a backward pre-hook ({RECORD})"),
    (lambda: with_hook("register_state_dict_post_hook"), f"it has a state_dict hook ({RECORD})"),
    (lambda: with_hook("register_state_dict_pre_hook"), f"it has a state_dict pre-hook ({RECORD})"),
    (lambda: with_hook("register_load_state_dict_pre_hook"), f"it has a load_state_dict pre-hook ({RECORD})"),
    (lambda: with_hook("register_load_state_dict_post_hook"), f"it has a load_state_dict post-hook ({RECORD})"),
    (with_parameter_hook, "its weight has a hook (with_parameter_hook.<locals>.<lambda>)"),
    (lambda: parametrizations.weight_norm(nn.Conv2d(3, 8, 3)), "its weight is parametrized (_WeightNorm)"),
    (lambda: parametrizations.spectral_norm(nn.Conv2d(3, 8, 3)), "its weight is parametrized (_SpectralNorm)"),
    (lambda: old_weight_norm(nn.Conv2d(3, 8, 3)), "it has a forward pre-hook (WeightNorm)"),
    (lambda: old_spectral_norm(nn.Conv2d(3, 8, 3)), "it has a forward pre-hook (SpectralNorm)"),
    (
        lambda: prune.l1_unstructured(nn.Conv2d(3, 8, 3), "weight", 2),
        "it has a forward pre-hook (L1Unstructured)",
    ),
    (lambda: OwnForward(3, 8, 3), "its class OwnForward overrides forward"),
    (lambda: OwnConvForward(3, 8, 3), "its class OwnConvForward overrides _conv_forward"),
    (lambda: OwnOutputPadding(3, 8, 3), "its class OwnOutputPadding overrides _output_padding"),
    (lambda: OwnCall(3, 8, 3), "its class OwnCall overrides __call__"),
    (lambda: Inherited(3, 8, 3), "its class Inherited overrides forward"),
    (lambda: OwnProperty(3, 8, 3), "its class OwnProperty overrides bias"),
    (OwnBase, "it is no plain convolution of torch.nn, but OwnBase"),
    (lambda: nn.LazyConv2d(8, 3), "it is lazy (LazyConv2d): run the model once before"),
    (with_forward, "it has a forward of its own"),
    (with_buffer, "it also holds scale"),
    (with_child, "it also holds lora"),
    (with_other_weight, "its weight is 8×1×3×3, not 8×3×3×3 as its arguments say"),
    (with_half_weight, "its weight and bias differ in dtype or device"),
    (without_parameter, "its weight is no parameter"),
    (in_float8, "torch draws no weights of float8_e4m3fn"),
    (in_whole_numbers, "torch draws no weights of int8"),
    (with_subclassed_weight, "its weight is a Quantized"),
    (impossible, "its padding: must be at least 0, got -1"),
    (lambda: nn.Conv2d(8, 8, 3, groups=8), "already depthwise"),
    (lambda: nn.Conv2d(8, 8, 3, groups=2), "grouped"),
    (lambda: nn.Conv3d(8, 8, 1), "1×1×1"),
]


def test_a_subclass_with_a_constructor_of_its_own_is_replaced() -> None:
    model = nn.Sequential(OwnConstructor(3, 32, 3), nn.ReLU(), OwnConstructor(32, 64, 3), OwnForward(64, 64, 3))
    source = torch.zeros(1, 3, 32, 32)
    assert counted(model, source) == (56224, 52936704)
    assert replacement_plan(model) == {"0": None, "2": None, "3": "its class OwnForward overrides forward"}
    assert [node.keep for node in trace(model, [source]).network if isinstance(node.layer, Conv)] == [
        None,
        None,
        "its class OwnForward overrides forward",
    ]
    replaced: Any = replace_convolutions(model)
    assert counted(replaced, source) == (27 + 96 + 288 + 2048 + 36928, 1024 * (27 + 96 + 288 + 2048) + 900 * 36864)
    assert (replaced[0].note, replaced[0].RATIO, replaced[0].downsampling(2)) == ("mine", 2, (2, 2))


def test_a_method_of_a_subclass_that_reads_its_weight_is_found_by_a_trace() -> None:
    class Scaled(nn.Conv2d):
        def scaled(self, x: Tensor) -> Tensor:
            return functional.conv2d(x, self.weight * 2)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = Scaled(3, 8, 3)

        def forward(self, x: Tensor) -> Any:
            return self.conv(x) + self.conv.scaled(x)

    kept = {node.name: node.keep for node in trace(Net(), [torch.zeros(1, 3, 8, 8)]).network}
    assert kept["conv"] == "its weight is read from outside by Scaled.scaled"


@pytest.mark.parametrize(("make", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_it_cannot_keep_is_refused_by_name(make: Callable[[], nn.Module], reason: str) -> None:
    model = nn.Sequential(OrderedDict(odd=make(), usual=nn.Conv2d(8, 8, 3)))
    assert replacement_plan(model) == {"odd": reason, "usual": None}
    replaced = replace_convolutions(model)
    assert type(replaced.get_submodule("odd")) is type(model.get_submodule("odd")) or "parametrized" in reason
    assert isinstance(replaced.get_submodule("usual"), nn.Sequential)
    with pytest.raises(ReplacementError) as error:
        replace_convolutions(model, include=["odd"])
    assert str(error.value) == f"include: odd cannot be replaced: {reason}"


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_models_whose_weights_are_results_are_copied_too() -> None:
    for odd in (old_weight_norm(nn.Conv2d(3, 8, 3)), old_spectral_norm(nn.Conv2d(3, 8, 3))):
        model, source = nn.Sequential(odd, nn.Conv2d(8, 8, 3)).eval(), torch.randn(1, 3, 16, 16)
        expected = model[0](source)
        replaced = replace_convolutions(model)
        torch.testing.assert_close(replaced.get_submodule("0")(source), expected)
        replaced(source).sum().backward()
        assert all(parameter.grad is not None for parameter in replaced.parameters())
        assert all(parameter.grad is None for parameter in model.parameters())


def test_lazy_modules_that_have_run_are_as_others() -> None:
    model = nn.Sequential(nn.LazyConv2d(8, 3))
    model(torch.randn(1, 3, 8, 8))
    assert replacement_plan(model) == {"0": None}


def test_tied_weights_are_refused() -> None:
    model = nn.ModuleList([nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3, dilation=2), nn.Conv2d(8, 8, 3)])
    model[1].weight = model[0].weight
    plan = replacement_plan(model)
    assert plan == {"0": "its weight is also 1.weight", "1": "its weight is also 0.weight", "2": None}
    assert eligible(model[0]) is None
    replaced: Any = replace_convolutions(model)
    assert replaced[0].weight is replaced[1].weight


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"exclude": ["stm"]}, "exclude: no convolution is called 'stm'; did you mean `stem`?"),
        ({"include": "nothing.*"}, "include: no convolution is called 'nothing.*'"),
        ({"inner_norm": ["x"]}, "inner_norm: no convolution is called 'x'"),
        ({"include": ["head"]}, "include: head cannot be replaced: 1×1"),
        ({"include": ["stem"], "exclude": ["s*"]}, "include: stem cannot be replaced: excluded"),
        (
            {"replacement": "seperable"},
            "no replacement is called 'seperable'; did you mean `separable`? (there are: "
            + ", ".join(REPLACEMENTS)
            + ")",
        ),
        (
            {"replacement": "separable:multiplier=2000000000"},
            "stem: out_channels: must be at most 2147483647, got 6000000000 in a part of its replacement "
            "separable:multiplier=2000000000",
        ),
    ],
)
def test_bad_arguments_get_one_clear_line(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ReplacementError) as error:
        replace_convolutions(UNet(), **arguments)
    assert str(error.value) == message


def test_include_and_exclude() -> None:
    plan = replacement_plan(UNet(), include=["down.*", "up.*", "head*"], exclude="*.second")
    assert plan == {
        "stem": "not included",
        "down.0": None,
        "down.1": None,
        "middle.0.conv": "not included",
        "middle.1.conv": "not included",
        "up.first": None,
        "up.second": "excluded",
        "head": "1×1",
    }


def test_what_is_no_model_or_cannot_be_copied() -> None:
    with pytest.raises(SepcostError, match=r"replaced in a torch\.nn\.Module, got 3"):
        replace_convolutions(3)  # type: ignore[arg-type]

    class Stubborn(Plain):
        def __deepcopy__(self, memo: Any) -> Stubborn:
            return self

    with pytest.raises(SepcostError, match="cannot be copied: Stubborn copies itself in a way of its own"):
        replace_convolutions(Stubborn())
    model = Plain()
    vars(model)["lock"] = Lock()
    with pytest.raises(SepcostError, match=r"the model cannot be copied: TypeError: cannot pickle .* object"):
        replace_convolutions(model)


def test_a_module_describes_itself_as_a_convolution() -> None:
    module = nn.Conv2d(3, 8, 3, stride=2, padding="valid")
    assert described(module, [9, 9]) == Conv((9, 9), 3, 8, 3, stride=2, padding=0, bias=True)
    assert reason_to_keep(described(nn.Conv1d(4, 4, 1), [7])) == "1"
