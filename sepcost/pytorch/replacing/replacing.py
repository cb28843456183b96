"""Replacing: a copy of a model with its convolutions replaced, and the plan for it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, TypeAlias, cast

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from sepcost.blocks.blocks import Parts
from sepcost.blocks.plan import Plan, meant
from sepcost.blocks.replacements import InPlace, ReplaceIf, Replacement, reason_to_keep
from sepcost.blocks.torch_modules import torch_modules
from sepcost.errors import CannotReplaceError, LayerError, ReplacementError, SepcostError, refuse
from sepcost.layers import Conv
from sepcost.layers.cost import Cost
from sepcost.measured.fits import Fit
from sepcost.pytorch.convolutions.eligibility import described, members_of_subclass, reasons
from sepcost.pytorch.fitting.layer import reason_not_to_fit
from sepcost.pytorch.models.placement import uninitialized
from sepcost.pytorch.modules import build
from sepcost.pytorch.private import PADS, ConvModule, held_names, is_lazy, padded_sides, plain_name
from sepcost.pytorch.replacing.data import Batches
from sepcost.pytorch.replacing.distilling import distil as distilled
from sepcost.pytorch.replacing.initial import initialise
from sepcost.pytorch.replacing.network import fit_network
from sepcost.text.arguments import extent
from sepcost.text.wording import did_you_mean, listed

Globs: TypeAlias = str | Collection[str]
"""One pattern of names or several, as ``fnmatch`` reads them; a name also matches itself, whatever is in it."""

MOST_CONVOLUTIONS = 4
"""How many convolutions a warning names; it counts the others."""

INITIAL, FIT = "initial", "fit"
WEIGHTS = (INITIAL, FIT)
"""Where the weights of the parts are from: drawn anew, or computed from the convolution's."""

DIVISIBLE = 2520
"""By every number up to 10: strides divide a map of this size."""


AnyReplacement: TypeAlias = str | Replacement | Mapping[str, Any]
"""A replacement, or a plan: a replacement for each glob of names."""


class GrowsWarning(UserWarning):
    """Convolutions have more params or more MACs once they are replaced."""


def replace_convolutions(
    model: nn.Module,
    replacement: AnyReplacement = "separable",
    *,
    include: Globs | None = None,
    exclude: Globs = (),
    inner_norm: bool | Globs | None = None,
    replace_if: str = "always",
    weights: str = INITIAL,
    data: Any = None,
    norms: bool = True,
    distil: int = 0,
    seed: int = 0,
) -> nn.Module:
    """A copy of the model in which each eligible convolution is the ``Sequential`` of its parts.

    >>> replace_convolutions(nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 64, 1)))
    Sequential(
      (0): Sequential(
        (depthwise): Conv2d(3, 3, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=3)
        (pointwise): Conv2d(3, 32, kernel_size=(1, 1), stride=(1, 1))
      )
      (1): ReLU()
      (2): Conv2d(32, 64, kernel_size=(1, 1), stride=(1, 1))
    )

    The parts have the convolution's device, dtype, memory format, training mode and ``requires_grad``. Their weights
    give a signal the variance that the convolution gave it (``initial.initialise``). The ``Sequential`` has what code
    may read of a convolution as attributes (``stride``, ``out_channels`` …), except for its weights. A module with
    several names stays one module. The model itself stays as it is, and so does a convolution for which
    ``replacement_plan`` has a reason.

    ``include`` and ``exclude`` are globs of module names (the first name, if a module has several). Norms stay where
    they are. With ``inner_norm`` (true, or globs of module names) or the replacement's own ``inner_norm=true`` there
    are batch norms between the parts, as many as the block has if its convolution has one; otherwise there are none.

    Instead of one replacement there may be a plan, ``{"layer3.*": "separable:multiplier=2", "*": "blueprint"}``: the
    first glob that a name matches decides; ``"none"``, and no glob, keep a convolution.

    With ``replace_if="fewer-macs"`` a convolution whose parts would not have fewer MACs on a large map is kept. A
    warning (``sepcost.pytorch.GrowsWarning``) names what is replaced although its params or MACs grow.

    ``weights="fit"`` is for a trained model: the parts then have the weights whose product is closest to the
    convolution's kernel. With ``data`` (a few batches of inputs, without labels: a tensor, a list, a DataLoader, or a
    function that returns one) they are those whose outputs are closest on it, layer by layer, so that each makes up for
    the layers before it. That keeps far more:

    >>> model, images = nn.Sequential(nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3)), torch.rand(16, 8, 9, 9)
    >>> small = replace_convolutions(model, "separable:multiplier=2", weights="fit", data=images)

    A layer's bias, or else the batch norm behind it, takes up what changes of the mean; with ``norms``, that norm also
    what changes of the variance. Then ``distil`` steps of training bring the outputs closer to the model's, with this
    ``seed`` (``sepcost.pytorch.distil`` has more arguments). Only parts without norms or activations between them can
    be fitted.

    Raises ReplacementError for an unknown replacement, a glob that no convolution matches, a name in ``include`` that
    cannot be replaced, a block that fails, and weights that cannot be fitted; SepcostError for what is no module or
    cannot be copied, and for data that is none; ModelError if the model does not run on it.
    """
    refuse(
        (weights not in WEIGHTS, f"weights must be {listed(WEIGHTS, 'or')}, got {weights!r:.60}"),
        (weights != FIT and data is not None, "data is for weights='fit'"),
        (type(distil) is not int or distil < 0, f"distil must be a whole number of steps, got {distil!r:.60}"),
        (data is None and distil, "distil needs data"),
    )
    replaced = copy_with_parts(
        model,
        replacement,
        include=include,
        exclude=exclude,
        inner_norm=inner_norm,
        replace_if=replace_if,
        draw=weights == INITIAL,
    )
    _warn_of_growth(replaced.larger)
    batches = None if data is None else Batches(data, model)
    if weights == FIT:
        replaced.fit(batches, norms=norms)
    if distil:
        distilled(replaced.model, model, batches, steps=distil, seed=seed)
    return replaced.model


class Replaced(NamedTuple):
    """A copy of a model, and what is in it in the place of the model's convolutions, with the names of these."""

    model: nn.Module
    original: nn.Module
    parts: Mapping[ConvModule, nn.Sequential]
    names: Mapping[ConvModule, str]
    larger: Sequence[str]
    """The names of those whose parts have more params or MACs."""

    def fit(
        self,
        batches: Batches | None = None,
        *,
        norms: bool = True,
        done: Callable[[ConvModule], None] = lambda conv: None,
    ) -> dict[str, Fit]:
        """Fit the weights; how well they fit, by the convolutions' names. Raises ReplacementError, ModelError."""
        for conv, parts in self.parts.items():
            if reason := reason_not_to_fit(conv, parts):
                name, hint = self.names[conv], " (exclude keeps it)" if self.names[conv] else ""
                raise ReplacementError(f"{name or 'the convolution'} cannot be fitted: {reason}{hint}")
        fits = fit_network(self.original, self.model, self.parts, batches, norms=norms, done=done)
        return {self.names[conv]: fit for conv, fit in fits.items()}


def copy_with_parts(
    model: nn.Module,
    replacement: AnyReplacement = "separable",
    *,
    include: Globs | None = None,
    exclude: Globs = (),
    inner_norm: bool | Globs | None = None,
    replace_if: str = "always",
    draw: bool = False,
) -> Replaced:
    """The copy that ``replace_convolutions`` makes, and its parts, whose first weights are torch's without ``draw``."""
    planned = _planned(model, replacement, include, exclude, inner_norm, ReplaceIf.read(replace_if))
    parts = {each.module: _sequential(each.module, each.parts, draw=draw) for each in planned if each.parts}
    names = {each.module: each.name for each in planned if each.parts}
    return Replaced(copied(model, parts), model, parts, names, [each.name for each in planned if each.grows])


def replacement_plan(
    model: nn.Module,
    replacement: AnyReplacement = "separable",
    *,
    include: Globs | None = None,
    exclude: Globs = (),
    inner_norm: bool | Globs | None = None,
    replace_if: str = "always",
) -> dict[str, str | None]:
    """Each convolution module's name, and why ``replace_convolutions`` keeps it; None if it replaces it.

    >>> net = nn.Sequential(nn.Conv2d(3, 32, 3), nn.Conv2d(32, 32, 3, groups=32), nn.Conv2d(32, 64, 1))
    >>> replacement_plan(net)
    {'0': None, '1': 'already depthwise', '2': '1×1'}

    It takes and raises the same. It has no convolutions that are no modules: a trace finds those.
    """
    planned = _planned(model, replacement, include, exclude, inner_norm, ReplaceIf.read(replace_if))
    return {each.name: each.reason for each in planned}


def _warn_of_growth(names: Sequence[str]) -> None:
    if names:
        named = ", ".join(name or "the model itself" for name in names[:MOST_CONVOLUTIONS])
        more = f" and {len(names) - MOST_CONVOLUTIONS:,} more" if len(names) > MOST_CONVOLUTIONS else ""
        advice = "exclude keeps them, replace_if='fewer-macs' those without fewer MACs"
        warnings.warn(f"larger once they are replaced: {named}{more} ({advice})", GrowsWarning, stacklevel=3)


class _Planned(NamedTuple):
    """A convolution of the model, and either its parts or the reason why it has none."""

    name: str
    module: ConvModule
    reason: str | None
    parts: Parts = ()
    grows: bool = False


def _planned(
    model: nn.Module,
    replacement: AnyReplacement,
    include: Globs | None,
    exclude: Globs,
    inner_norm: bool | Globs | None,
    replace_if: ReplaceIf,
) -> list[_Planned]:
    if not isinstance(model, nn.Module):
        raise SepcostError(f"convolutions are replaced in a torch.nn.Module, got {model!r:.60}")
    if isinstance(model, torch.jit.ScriptModule):
        raise SepcostError("this model is TorchScript, which cannot be changed: give the model that it was made of")
    if replace_if is ReplaceIf.FASTER:
        raise SepcostError(
            "replace_if='faster' is by predicted times: compare(…, target=…) has them; exclude the others"
        )
    chosen = as_replacement(replacement)
    named = _named(model)
    if unmatched := chosen.unmatched(named):
        raise ReplacementError(f"plan: no convolution is called {unmatched[0]!r}{meant(unmatched[0], named)}")
    wanted = named if include is None else _matched("include", include, named)
    unwanted = _matched("exclude", exclude, named)
    if isinstance(inner_norm, bool):
        inner_norm = ["*"] if inner_norm and named else []
    with_norm = None if inner_norm is None else _matched("inner_norm", inner_norm, named)
    planned: list[_Planned] = []
    for name, (module, reason) in named.items():
        if name in unwanted or name not in wanted:
            planned.append(_Planned(name, module, "excluded" if name in unwanted else "not included"))
        elif reason is not None:
            planned.append(_Planned(name, module, reason))
        else:
            norm = None if with_norm is None else name in with_norm
            planned.append(_replaced(name, module, chosen.of_layer([name]), norm, replace_if))
    for each in planned:
        if each.reason and include is not None and each.name in _patterns(include):
            raise ReplacementError(f"include: {each.name} cannot be replaced: {each.reason}")
    return planned


def as_replacement(given: Any) -> Replacement:
    """The replacement, or the plan, as a caller gives it; raises ReplacementError."""
    if isinstance(given, Replacement):
        return given
    if isinstance(given, Mapping):
        return Plan.of(given)
    if not isinstance(given, str):
        raise ReplacementError(f"a replacement is a text such as 'separable', got {given!r:.60}")
    return Replacement.parse(given)


def _named(model: nn.Module) -> dict[str, tuple[ConvModule, str | None]]:
    """Each convolution under the first of its names, and why it cannot be replaced; None if it can."""
    found = reasons(model)
    return {
        plain_name(name): (cast(ConvModule, module), found[module])
        for name, module in model.named_modules()
        if module in found
    }


def _patterns(globs: Globs) -> Collection[str]:
    patterns = [globs] if isinstance(globs, str) else globs
    if not isinstance(patterns, Collection) or not all(isinstance(pattern, str) for pattern in patterns):
        raise ReplacementError(f"include and exclude are globs of names, got {patterns!r:.60}")
    return patterns


def _matched(argument: str, globs: Globs, names: Collection[str]) -> set[str]:
    """The names that one of these patterns matches; each pattern must match some."""
    found: set[str] = set()
    for pattern in _patterns(globs):
        matched = {name for name in names if name == pattern or fnmatchcase(name, pattern)}
        if not matched:
            raise ReplacementError(f"{argument}: no convolution is called {pattern!r}{did_you_mean(pattern, names)}")
        found |= matched
    return found


def _replaced(
    name: str, module: ConvModule, chosen: Replacement, inner_norm: bool | None, replace_if: ReplaceIf
) -> _Planned:
    replacement = InPlace.of(chosen, inner_norm=inner_norm)
    first, *others = _stand_ins(module)
    reason = reason_to_keep(first)
    if reason is not None:
        return _Planned(name, module, reason)
    try:
        parts = replacement(first)
    except CannotReplaceError as refused:
        return _Planned(name, module, str(refused))
    except (LayerError, ReplacementError) as error:
        raise ReplacementError(f"{name}: {error}") from None
    if any(_fails_or_differs(replacement, other, parts) for other in others):
        return _Planned(
            name, module, f"{replacement.text} depends on the size of its map, which a module does not know"
        )
    if module.padding_mode != "zeros" and not _pads_alike(parts, module):
        return _Planned(
            name, module, f"{replacement.text} pads elsewhere, which padding_mode {module.padding_mode} does not allow"
        )
    before, after = first.cost, sum((part.cost for _, part in parts), start=Cost())
    kept = replace_if.reason_to_keep(before.macs, after.macs)
    if kept:
        return _Planned(name, module, kept)
    return _Planned(name, module, None, parts, grows=after.params > before.params or after.macs > before.macs)


def _stand_ins(module: ConvModule) -> Iterator[Conv]:
    """The convolution on maps of several sizes: a module knows no size, and no part may depend on it."""
    rank = len(module.kernel_size)
    stride, padding, dilation = (
        max(extent(name, value, rank, 0))
        for name, value in (
            ("stride", 1 if module.transposed else module.stride),
            ("padding", 0 if isinstance(module.padding, str) else module.padding),
            ("dilation", module.dilation),
        )
    )
    least = dilation * max(module.kernel_size) + 2 * padding
    even = DIVISIBLE * stride * (1 + least // DIVISIBLE)
    sizes = (even, even + 1, least + 2)
    for turn in range(len(sizes)):
        yield described(module, [sizes[(turn + axis) % len(sizes)] for axis in range(rank)])


def _fails_or_differs(replacement: Replacement, conv: Conv, parts: Parts) -> bool:
    try:
        return torch_modules(replacement(conv)) != torch_modules(parts)
    except SepcostError:
        return True


def _pads_alike(parts: Parts, module: ConvModule) -> bool:
    """Whether the parts together pad each side once, and as much as the convolution."""
    if any(each.kind.startswith("ZeroPad") for each in torch_modules(parts)):
        return False
    pads = [padded_sides(each) for each in _convolutions(build(parts, device="meta"))]
    wanted = padded_sides(module)
    return all(sorted(side) == [*[0] * (len(side) - 1), want] for want, *side in zip(wanted, *pads))


def _sequential(module: ConvModule, parts: Parts, *, draw: bool) -> nn.Sequential:
    """The parts as modules; all else is as the convolution has it."""
    weight, bias = module.weight, module.bias
    built = cast(nn.Sequential, build(parts, device=weight.device, dtype=weight.dtype))
    for conv, (_, part) in zip(_convolutions(built), parts):
        _pad_alike(conv, part, module)
    memory_format = _memory_format(weight)
    if memory_format is not None:
        built.to(memory_format=memory_format)  # type: ignore[call-overload]
    for name, parameter in built.named_parameters():
        like = bias if bias is not None and name.endswith("bias") else weight
        parameter.requires_grad_(like.requires_grad)
    if draw:
        initialise(built, module)
    return built.train(module.training)


def _convolutions(sequential: nn.Module) -> list[ConvModule]:
    return [each for each in sequential.children() if isinstance(each, ConvModule)]


def _pad_alike(conv: ConvModule, part: Conv, module: ConvModule) -> None:
    """Write the padding as the module does, if this part has the padding."""
    if any(padded_sides(conv)):
        conv.padding_mode = module.padding_mode
    if isinstance(module.padding, str) and not (part.is_pointwise or part.transposed or max(part.stride) > 1):
        has_it = part.padding == "same" if module.padding == "same" else not any(conv.padding)
        conv.padding = module.padding if has_it else conv.padding


def _memory_format(weight: torch.Tensor) -> torch.memory_format | None:
    channels_last = {4: torch.channels_last, 5: torch.channels_last_3d}.get(weight.dim())
    if channels_last is None or not weight.is_contiguous(memory_format=channels_last):
        return None
    ambiguous = weight.is_contiguous()  # with one channel, for example: then the stride of the channels decides
    return None if ambiguous and weight.stride(1) != 1 else channels_last


def copied(model: nn.Module, replaced: Mapping[ConvModule, nn.Module]) -> nn.Module:
    """A deep copy in which these modules are replaced by those, everywhere."""
    memo: dict[int, Any] = {id(module): sequential for module, sequential in replaced.items()}
    lazy = [tensor for tensor in (*model.parameters(), *model.buffers()) if is_lazy(tensor)]
    memo |= {id(tensor): uninitialized(tensor) for tensor in lazy}
    try:
        with _CopiesOfResults():
            for module, sequential in replaced.items():
                vars(sequential).update(deepcopy(_attributes(module, sequential), memo))
            copied = deepcopy(model, memo)
    except Exception as error:  # the model's own code may raise anything
        raise SepcostError(f"the model cannot be copied: {type(error).__name__}: {error}") from error
    if any(module in replaced for module in copied.modules()):
        raise SepcostError(f"the model cannot be copied: {type(model).__name__} copies itself in a way of its own")
    return copied


class _CopiesOfResults(TorchFunctionMode):
    """In here ``deepcopy`` also copies computed tensors, such as weight_norm's, which torch refuses."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is torch.Tensor.__deepcopy__ and args[0].grad_fn is not None:
            original, memo = args
            return memo.setdefault(id(original), original.detach().clone())
        return func(*args, **(kwargs or {}))


def _attributes(module: ConvModule, sequential: nn.Module) -> dict[str, Any]:
    """The convolution's own attributes, for code that reads them: its arguments, and what a user has added."""
    theirs = {*vars(sequential), *held_names(sequential), PADS}
    of_class = {
        name: getattr(module, name)
        for name, member in members_of_subclass(module).items()
        if not name.startswith("__") and (isinstance(member, staticmethod) or not hasattr(member, "__get__"))
    }
    return {name: value for name, value in {**of_class, **vars(module)}.items() if name not in theirs}
