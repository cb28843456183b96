"""Data: batches of inputs, run through a model whole, or as far as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import ceil, isfinite
from operator import truediv
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from sepcost.errors import ModelError, SepcostError
from sepcost.pytorch.models.inputs import OwnInputs
from sepcost.pytorch.models.own_code import RAISED, error_line
from sepcost.pytorch.models.tensors import tensors_in
from sepcost.text.units import as_text

SAME = 1e-12
"""A variance that is no larger a share of the squares is what float64 loses."""
FORMS = "a tensor, a list of batches, a DataLoader, or a function that returns one"
MOST_KEPT = 2**32
"""How many bytes of an iterator's batches are kept: one that never ends is not to fill the memory."""


class Batch(NamedTuple):
    """What ``forward`` is called with once."""

    args: tuple[Any, ...]
    named: Mapping[str, Any]

    @property
    def samples(self) -> int:
        """How many samples there are: the length of the first tensor."""
        return next((len(each) for each in tensors_in((self.args, self.named)) if each.dim()), 1)

    def cut(self, pieces: int) -> list[Batch]:
        """Batches of fewer samples, if there are enough: of each tensor, the same samples."""
        size = ceil(self.samples / pieces)
        return [
            Batch(
                tuple(_rows(each, self.samples, first, size) for each in self.args),
                {name: _rows(each, self.samples, first, size) for name, each in self.named.items()},
            )
            for first in range(0, self.samples, size)
        ]


def _rows(value: Any, samples: int, first: int, many: int) -> Any:
    has_samples = isinstance(value, Tensor) and value.dim() and len(value) == samples
    return value[first : first + many] if has_samples else value


class Batches:
    """Inputs of a model, again and again in the same order if they can be iterated again.

    >>> batches = Batches(torch.zeros(4, 3, 8, 8), nn.Conv2d(3, 8, 3))
    >>> len(batches), batches.samples
    (1, 4)

    A tensor is one batch, as is a mapping, which has inputs by name. Of a batch that is a list or a tuple,
    ``forward`` gets as many from the front as it takes: labels behind the inputs are left out. An iterator is kept as
    a list, of at most 4 GiB. Raises SepcostError for anything else, and where there is no batch.
    """

    def __init__(self, data: Any, model: nn.Module, source: str = "data") -> None:
        given = data() if callable(data) and not isinstance(data, Iterable) else data
        if isinstance(given, (Tensor, Mapping)):
            given = [given]
        if not isinstance(given, Iterable) or isinstance(given, (str, bytes)):
            raise SepcostError(f"{source}: must be {FORMS}, got {as_text(given, repr)}")
        self._given = _kept(given, source) if isinstance(given, Iterator) else given
        self._length = _length(self._given, source)
        self._model, self._most = model, _most_inputs(model)
        self._device: Any = next((str(each.device) for each in model.parameters()), "cpu")
        self.source = source
        if not len(self):
            raise SepcostError(f"{source}: has no batch")

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Batch]:
        return map(self._batch, _each(self._given, self.source))

    @property
    def first(self) -> Batch:
        return next(iter(self))

    @property
    def samples(self) -> int:
        """How many there are in all batches together."""
        return sum(batch.samples for batch in self)

    def _batch(self, given: Any) -> Batch:
        own = OwnInputs.of(tuple(given) if isinstance(given, list) else given, self.source)
        own = replace(own, args=own.args[: self._most])
        return Batch(*own.on(self._device, self._model))


def batches_of(data: Any, model: nn.Module) -> Batches:
    """The batches in data that a caller gives; they may be batches already."""
    return data if isinstance(data, Batches) else Batches(data, model)


def _length(given: Iterable[Any], source: str) -> int:
    """How many there are: they are counted where that is not known, as of an IterableDataset."""
    try:
        return len(given)  # type: ignore[arg-type]
    except TypeError:
        return sum(1 for _ in _each(given, source))


def _each(given: Iterable[Any], source: str) -> Iterator[Any]:
    """The batches; a ModelError in one line where making one raises."""
    try:
        yield from given
    except RAISED as error:
        raise ModelError(f"{source}: {error_line(error)}") from None


def _kept(given: Iterable[Any], source: str) -> list[Any]:
    """What an iterator gives, while there is room for it."""
    kept, room = [], MOST_KEPT
    for each in _each(given, source):
        kept.append(each)
        room -= sum(tensor.nbytes for tensor in tensors_in(each))
        if room < 0:
            raise SepcostError(f"{source}: gives more than {MOST_KEPT // 2**30} GiB, batch by batch: does it end?")
    return kept


def _most_inputs(model: nn.Module) -> int | None:
    """How many inputs ``forward`` takes by position at most; None where it takes any number."""
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except ValueError:
        return None
    if any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return None
    return sum(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in parameters)


@contextmanager
def evaluated(*models: nn.Module) -> Iterator[None]:
    """In here the models run as at inference; each module is in its own mode again afterwards."""
    modes = [(module, module.training) for model in models for module in model.modules()]
    for model in models:
        model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training


def run(model: nn.Module, batch: Batch) -> Any:
    """What the model returns; a ModelError in one line where it raises."""
    try:
        return model(*batch.args, **batch.named)
    except RAISED as error:
        raise ModelError(f"the model does not run on the data: {error_line(error)}") from None


class _Enough(BaseException):
    """The layer has run: the rest of the model need not."""


def seen(model: nn.Module, module: nn.Module, batch: Batch, *, times: int, inputs: bool) -> list[Tensor]:
    """What a module of the model reads, or else what it gives, each of the times that it runs."""
    found: list[Tensor] = []

    def note(_: nn.Module, args: Any, named: Any, *output: Any) -> None:
        tensor = next(tensors_in((args, named) if inputs else output))
        found.append(tensor.detach().clone())
        if len(found) == times:
            raise _Enough

    register: Callable[..., Any] = module.register_forward_pre_hook if inputs else module.register_forward_hook
    handle = register(note, with_kwargs=True)
    try:
        run(model, batch)
    except _Enough:
        pass
    finally:
        handle.remove()
    return found


def outputs(model: nn.Module, batch: Batch) -> list[Tensor]:
    """The floating-point tensors that the model returns; a ModelError where it returns none."""
    found = [each for each in tensors_in(run(model, batch)) if each.is_floating_point()]
    if not found:
        raise ModelError("the model returns no tensor of floating-point numbers, by which outputs could be compared")
    return found


def spreads(model: nn.Module, batches: Iterable[Batch]) -> list[float]:
    """The variance of each output over all batches, summed: around the mean of each of its channels.

    What is the same in all samples varies by nothing, and its squares are taken instead.
    """
    sums: list[tuple[int, Any, Any]] = []
    for batch in batches:
        for number, output in enumerate(outputs(model, batch)):
            rows = output.double().movedim(1, -1).flatten(0, -2) if output.dim() > 1 else output.double().reshape(-1, 1)
            many, whole, squares = sums[number] if number < len(sums) else (0, 0, 0)
            sums[number : number + 1] = [(many + len(rows), whole + rows.sum(0), squares + rows.square().sum(0))]
    found = [(squares - whole.square() / many).clamp_min(0).sum() for many, whole, squares in sums]
    around_zero = [float(squares.sum()) for _, _, squares in sums]
    if not all(map(isfinite, around_zero)):
        raise ModelError("the model has NaN or infinite values on the data")
    return [float(own) if own > SAME * square else square or 1.0 for own, square in zip(found, around_zero)]


def lost(model: nn.Module, small: nn.Module, batches: Iterable[Batch], scales: Sequence[float] | None = None) -> float:
    """The share of the variance of the model's outputs that the copy's miss, over all batches; the mean of several.

    ``scales`` are these variances, where they are of more than these batches.

    >>> model, batches = nn.Conv2d(3, 8, 3), Batches(torch.randn(2, 3, 5, 5), nn.Conv2d(3, 8, 3))
    >>> lost(model, model, batches)
    0.0
    """
    with evaluated(model, small):
        scales = scales or spreads(model, batches)
        missed = [0.0] * len(scales)
        for batch in batches:
            for number, (ours, right) in enumerate(zip(outputs(small, batch), outputs(model, batch))):
                missed[number] += float((ours.double() - right.double()).square().sum())
    return float(sum(map(truediv, missed, scales)) / len(scales))
