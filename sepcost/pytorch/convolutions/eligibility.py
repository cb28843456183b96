"""Eligibility: which convolutions of a model can be replaced, and why the others cannot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from inspect import isdatadescriptor
from itertools import chain, takewhile
from typing import cast

import torch
from torch import nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.utils.parametrize import is_parametrized

from sepcost.errors import LayerError
from sepcost.layers import Conv, Padding
from sepcost.pytorch.convolutions.captures import called, captured_by
from sepcost.pytorch.private import (
    HOOKS,
    NAMED_BY,
    PARAMETER_HOOKS,
    ConvModule,
    held_names,
    memory_of,
    plain_name,
)
from sepcost.text.arguments import LARGEST, times

CONV_MODULES = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
INITIALISED = {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128}
"""The dtypes in which torch draws first weights."""

SCRIPTED = "it is TorchScript"

OWN_ATTRIBUTES = frozenset(vars(nn.Conv2d(1, 1, 1, device="meta")))
"""What every convolution module has of its own."""
OVERRIDABLE = {
    "__init__", "__new__", "__init_subclass__", "reset_parameters", "extra_repr", "__repr__", "__str__", "__dir__",
    NAMED_BY,
}  # fmt: skip
"""Methods of a convolution that do not change what it computes."""


def eligible(module: nn.Module) -> str | None:
    """Why no other module can replace this convolution without a loss; None if one can.

    >>> eligible(nn.Conv2d(3, 8, 3))
    >>> eligible(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3)))
    'its weight is parametrized (_WeightNorm)'

    It does not say whether a replacement gains anything: a 1×1 convolution can be replaced too. It does not know the
    model: ``reasons`` also finds weights that are another module's as well.
    """
    return next(chain(_of_class(module), _of_hooks(module), _of_attributes(module), _of_weights(module)), None)


def reasons(model: nn.Module) -> Mapping[nn.Module, str | None]:
    """Each convolution module of a model, in its order, and why it cannot be replaced; None if it can.

    >>> first, second = nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3)
    >>> second.weight = first.weight
    >>> list(reasons(nn.Sequential(first, nn.ReLU(), second)).values())
    ['its weight is also 2.weight', 'its weight is also 0.weight']
    """
    owners = _owners(model)
    captured = captured_by(model)
    return {
        module: eligible(module) or next(_tied(module, owners), None) or captured.get(module)
        for module in model.modules()
        if isinstance(module, ConvModule) or _is_scripted(module)
    }


def described(module: ConvModule, input_size: Sequence[int]) -> Conv:
    """The convolution that this module is on a map of this size; raises LayerError.

    >>> described(nn.ConvTranspose1d(4, 8, 4, stride=2, padding=1), [10]).output_shape
    (8, 20)
    """
    stated: Padding | str | int = module.padding
    padding = 0 if stated == "valid" else stated
    return Conv(
        tuple(input_size),
        module.in_channels,
        module.out_channels,
        module.kernel_size,
        stride=module.stride,
        padding=padding,  # type: ignore[arg-type]
        output_padding=module.output_padding,
        dilation=module.dilation,
        groups=module.groups,
        bias=module.bias is not None,
        transposed=module.transposed,
    )


def _of_class(module: nn.Module) -> Iterator[str]:
    kind = type(module)
    if _is_scripted(module):
        yield SCRIPTED
    elif is_parametrized(module):
        for name, functions in module.get_submodule("parametrizations").named_children():
            yield f"its {name} is parametrized ({', '.join(type(each).__name__ for each in functions.children())})"
    elif isinstance(module, LazyModuleMixin):
        yield f"it is lazy ({kind.__name__}): run the model once before"
    elif not isinstance(module, CONV_MODULES):
        yield f"it is no plain convolution of torch.nn, but {kind.__qualname__}"
    else:
        for name, member in members_of_subclass(module).items():
            if _is_overridden(name, member):
                yield f"its class {kind.__qualname__} overrides {name}"


def members_of_subclass(module: nn.Module) -> Mapping[str, object]:
    """The members that a convolution's class adds to torch's own class or overrides: none for a plain one."""
    derived = takewhile(lambda kind: kind not in CONV_MODULES, type(module).__mro__)
    return {name: member for kind in reversed(list(derived)) for name, member in vars(kind).items()}


def _is_overridden(name: str, member: object) -> bool:
    """Whether a member changes what the convolution computes: a method, or an attribute of its instances."""
    if callable(getattr(nn.ConvTranspose2d, name, None)):  # it has every method of a convolution
        return name not in OVERRIDABLE
    return name in (*OWN_ATTRIBUTES, "weight", "bias") and isdatadescriptor(member)


def _of_attributes(module: nn.Module) -> Iterator[str]:
    for name in vars(module):
        if name not in OWN_ATTRIBUTES and hasattr(nn.ConvTranspose2d, name):
            yield f"it has a {name} of its own"
    for name in held_names(module):
        if name not in ("weight", "bias"):
            yield f"it also holds {name}"


def _of_hooks(module: nn.Module) -> Iterator[str]:
    for attribute, what in HOOKS.items():
        for hook in getattr(module, attribute).values():
            yield f"it has a {what} ({called(hook)})"
    for name, parameter in module.named_parameters(recurse=False):
        for attribute in PARAMETER_HOOKS:
            for hook in (getattr(parameter, attribute, None) or {}).values():
                yield f"its {name} has a hook ({called(hook)})"


def _of_weights(module: nn.Module) -> Iterator[str]:
    conv = cast(ConvModule, module)
    try:
        described(conv, [LARGEST] * len(conv.kernel_size))
    except LayerError as error:
        yield f"its {error}"
    if "weight" not in dict(conv.named_parameters(recurse=False)):
        yield "its weight is no parameter"
        return
    weight, bias = conv.weight, conv.bias
    for name, parameter in conv.named_parameters(recurse=False):
        if type(parameter) is not nn.Parameter:
            yield f"its {name} is a {type(parameter).__name__}"
    if weight.dtype not in INITIALISED:
        yield f"torch draws no weights of {str(weight.dtype).removeprefix('torch.')}"
    first, second = (conv.in_channels, conv.out_channels)[:: 1 if conv.transposed else -1]
    expected = (first, second // conv.groups, *conv.kernel_size)
    if tuple(weight.shape) != expected:
        yield f"its weight is {times(weight.shape)}, not {times(expected)} as its arguments say"
    if bias is not None and (bias.dtype, bias.device) != (weight.dtype, weight.device):
        yield "its weight and bias differ in dtype or device"


def _owners(model: nn.Module) -> Mapping[int | None, Sequence[tuple[nn.Module, str]]]:
    """The modules with a parameter in each piece of memory, and the parameter's name."""
    owners: dict[int | None, list[tuple[nn.Module, str]]] = defaultdict(list)
    for name, module in model.named_modules():
        for own, parameter in module.named_parameters(recurse=False):
            memory = memory_of(parameter)
            if type(parameter) is nn.Parameter and memory is not None:
                owners[memory].append((module, plain_name(f"{name}.{own}".lstrip("."))))
    return owners


def _tied(module: nn.Module, owners: Mapping[int | None, Sequence[tuple[nn.Module, str]]]) -> Iterator[str]:
    for own, parameter in module.named_parameters(recurse=False):
        for owner, name in owners.get(memory_of(parameter), ()):
            if owner is not module:
                yield f"its {own} is also {name}"


def _is_scripted(module: nn.Module) -> bool:
    names = {kind.__name__ for kind in CONV_MODULES}
    return isinstance(module, torch.jit.ScriptModule) and getattr(module, "original_name", None) in names
