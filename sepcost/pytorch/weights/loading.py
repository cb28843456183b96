"""Loading: a state dict into a model, strictly: each weight of the one is a weight of the other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import torch
from torch import nn

from sepcost.errors import ModelError
from sepcost.guests.apart import apart
from sepcost.pytorch.models.own_code import RAISED, error_line
from sepcost.pytorch.private import is_lazy, plain_name
from sepcost.pytorch.weights.weights import DTYPES, Weights, dtype_name
from sepcost.text.wording import counted, named

COUNTER = "num_batches_tracked"
"""The buffer of a batch norm that older files do not have, and that only training reads."""
Tensors = Mapping[str, torch.Tensor]


def load_into(model: nn.Module, weights: Weights) -> list[str]:
    """Put the weights into the model; what is to be said of that. The model's dtypes stay.

    >>> load_into(nn.Linear(2, 3), Weights("w.pt", {"net.weight": torch.ones(3, 2), "net.bias": torch.ones(3)}))
    ['weights: read without the prefix "net."']

    A prefix that all names of the file share need not be in the model. Raises ModelError if a weight is missing, is one
    too many or has another shape, and for quantized weights where the model has other ones.
    """
    state = {name: each for name, each in model.state_dict().items() if isinstance(each, torch.Tensor)}
    names = {plain_name(name): name for name in state}
    wanted = {plain: state[name] for plain, name in names.items()}
    prefix, given = _as_in(wanted, weights)
    _check_names(weights, prefix, wanted, given)
    _check_tensors(weights.source, wanted, given)
    try:
        with apart():
            model.load_state_dict({names[name]: each for name, each in given.items()}, strict=False)
    except RAISED as error:
        raise ModelError(f"{weights.source}: cannot be loaded: {error_line(error)}") from None
    without = [f'weights: read without the prefix "{prefix}"'] if prefix else []
    return [*(weights.notes if prefix == weights.prefix else without), *_narrowed(wanted, given)]


def _as_in(wanted: Collection[str], weights: Weights) -> tuple[str, Tensors]:
    """The weights under the names that most of the model's are like: without as much as need be of what all share."""
    full = {f"{weights.prefix}{name}": each for name, each in weights.tensors.items()}
    first = next(iter(full), "")
    heads = ["", *(first[: end + 1] for end, letter in enumerate(first) if letter == ".")]
    shared = [head for head in heads if all(name.startswith(head) for name in full)]

    def likeness(head: str) -> tuple[int, bool]:
        return sum(name[len(head) :] in wanted for name in full), head == weights.prefix

    best = max(shared, key=likeness)
    return best, {name[len(best) :]: each for name, each in full.items()}


def _check_names(weights: Weights, prefix: str, wanted: Tensors, given: Tensors) -> None:
    loaded = {_identity(each) for name, each in wanted.items() if name in given}
    missing = [name for name, each in wanted.items() if name not in given and not name.endswith(COUNTER)]
    missing = [name for name in missing if _identity(wanted[name]) not in loaded]
    unexpected = [name for name in given if name not in wanted]
    lists = {"it lacks": missing, "the model has not": unexpected}
    problems = [f"{which} {counted(len(names), 'tensor')} ({named(names)})" for which, names in lists.items() if names]
    if problems:
        slip = _slip(weights, prefix, wanted, given)
        raise ModelError(f"{weights.source}: does not fit the model: {', '.join(problems)}{slip}")


def _identity(tensor: torch.Tensor) -> object:
    """What is the same for a weight that a model has twice."""
    return id(tensor) if tensor.is_meta or is_lazy(tensor) or not tensor.numel() else (tensor.data_ptr(), tensor.shape)


def _slip(weights: Weights, prefix: str, wanted: Tensors, given: Tensors) -> str:
    """What probably went wrong."""
    for head in dict.fromkeys(name[:end] for name in given for end, letter in enumerate(name) if letter == "."):
        inner = {name[len(head) + 1 :] for name in given if name.startswith(f"{head}.")}
        if inner >= {name for name in wanted if not name.endswith(COUNTER)}:
            inside = ".".join(filter(None, (weights.key, f"{prefix}{head}")))
            return f"; {weights.source}:{inside} fits"
    return "" if any(name in wanted for name in given) else "; no name is the same: is it of another model?"


def _check_tensors(source: str, wanted: Tensors, given: Tensors) -> None:
    fixed = {name: each for name, each in wanted.items() if not is_lazy(each) and name in given}
    shapes = [name for name, each in fixed.items() if given[name].shape != each.shape]
    if shapes:
        first = shapes[0]
        sizes = f"{first} has {tuple(given[first].shape)}, the model's has {tuple(fixed[first].shape)}"
        raise ModelError(f"{source}: does not fit the model: {counted(len(shapes), 'tensor')} of other shapes: {sizes}")
    for name, each in fixed.items():
        if each.is_meta:
            raise ModelError(f"{source}: cannot be loaded: {name} of the model is on the meta device, without memory")
        if given[name].dtype not in DTYPES and each.dtype in DTYPES:
            raise ModelError(
                f"{source}: {name} is {dtype_name(given[name].dtype)}, and the model's is {dtype_name(each.dtype)}"
            )


def _narrowed(wanted: Tensors, given: Tensors) -> Iterator[str]:
    """Weights that lose digits."""
    pairs = {(each.dtype, wanted[name].dtype) for name, each in given.items() if each.dtype in DTYPES}
    for before, now in pairs:
        if torch.promote_types(before, now) != now:
            yield f"weights: {dtype_name(before)} is rounded to the model's {dtype_name(now)}"
