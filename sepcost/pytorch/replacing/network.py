"""A network's weights: its replaced layers are fitted one after the other, on what reaches each of them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isqrt, prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from sepcost.errors import SepcostError
from sepcost.measured.fits import Fit
from sepcost.pytorch.fitting.kernels import composed, kernel_of, write
from sepcost.pytorch.fitting.layer import convolutions, fit_kernel
from sepcost.pytorch.fitting.moments import (
    LEAST_POSITIONS,
    PATCHES_AT_ONCE,
    POSITIONS_A_NUMBER,
    Moments,
    Result,
    patches,
)
from sepcost.pytorch.fitting.refining import OutputError, refined
from sepcost.pytorch.models.tensors import tensors_in
from sepcost.pytorch.private import ConvModule, times_written
from sepcost.pytorch.replacing.data import Batch, Batches, evaluated, run, seen

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
MOST_BYTES = 2**30
"""Moments that would take more are taken of some input channels at a time."""
SWEEPS = 2
"""How often blocks of channels are fitted, each to what the others leave."""
LATEST = 16
"""How many outputs are kept to see what reads them: more would need much memory."""
MOST_RATIO = 100
"""A norm's variance changes by no larger factor: what it divides by is not to vanish."""

Replaced = Mapping[ConvModule, nn.Sequential]
"""Convolutions of a model, and what is in their place in the other one."""


@dataclass
class Layers:
    """The replaced convolutions that run on the data: in this order, how often each, and the norm behind it."""

    runs: dict[ConvModule, int]
    norms: dict[ConvModule, nn.Module]

    @classmethod
    def of(cls, model: nn.Module, wanted: Iterable[ConvModule], batch: Batch) -> Layers:
        """As the model runs on a batch."""
        runs: dict[ConvModule, int] = {}
        behind: dict[nn.Module, list[ConvModule | None]] = {}
        latest: deque[tuple[ConvModule, Tensor, int]] = deque(maxlen=LATEST)

        def ran(module: ConvModule, args: object, output: Tensor) -> None:
            runs[module] = runs.get(module, 0) + 1
            latest.append((module, output, times_written(output)))

        def reads(norm: nn.Module, *given: object) -> None:
            read = next(tensors_in(given))
            convs = (conv for conv, output, times in latest if output is read and times == times_written(read))
            behind.setdefault(norm, []).append(next(convs, None))

        handles = [conv.register_forward_hook(ran) for conv in wanted]
        handles += [
            each.register_forward_pre_hook(reads, with_kwargs=True)
            for each in model.modules()
            if isinstance(each, BATCH_NORMS)
        ]
        readers = _Readers(latest)
        try:
            with readers:
                run(model, batch)
        finally:
            for handle in handles:
                handle.remove()
        norms = {
            conv: norm
            for norm, read in behind.items()
            for conv, times in runs.items()
            if read == [conv] * times and readers.many[conv] == times
        }
        return cls(runs, norms)


class _Readers(TorchFunctionMode):
    """In here it counts how often torch makes tensors of the latest outputs of each convolution."""

    def __init__(self, latest: Iterable[tuple[ConvModule, Tensor, int]]) -> None:
        super().__init__()
        self.many: Counter[ConvModule] = Counter()
        self._latest = latest

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        before = list(self._latest)
        result = func(*args, **(kwargs or {}))
        if next(tensors_in(result), None) is not None:
            read = list(tensors_in((args, kwargs or {})))
            self.many.update(conv for conv, output, _ in before if any(each is output for each in read))
        return result


def fit_network(
    model: nn.Module,
    small: nn.Module,
    replaced: Replaced,
    batches: Batches | None = None,
    *,
    norms: bool = True,
    done: Callable[[ConvModule], None] = lambda conv: None,
) -> dict[ConvModule, Fit]:
    """Fit what is in the place of each convolution: to its kernel and, on batches, to its outputs.

    On batches the layers follow each other as they run. Each is fitted to give what the convolution gives in
    ``model``, out of what reaches it in ``small``, where all layers before it are replaced already (Zhang et al. 2015,
    arXiv:1505.06798, section 3.3). A layer's bias, or else the batch norm behind it, takes up the difference of the
    means; with ``norms``, that norm's variance changes as that of its input does. Raises CannotReplaceError, and
    ModelError where the model does not run.
    """
    fits = {}
    for conv, parts in replaced.items():
        fits[conv] = fit_kernel(conv, parts)
        if batches is None:
            done(conv)
    if batches is None:
        return fits
    with evaluated(model, small):
        layers = Layers.of(model, replaced, batches.first)
        of_small = counterparts(model, small)
        for conv in layers.runs:
            task = LayerTask(model, small, conv, batches, layers.runs[conv], layers.norms.get(conv))
            error = task.fit(replaced[conv], of_small.get(task.norm), norms=norms)
            fits[conv] = fits[conv]._replace(output_error=error)
            done(conv)
    return fits


def counterparts(model: nn.Module, small: nn.Module) -> dict[nn.Module | None, nn.Module]:
    """The modules of the copy, by those of the model: of those that are not replaced."""
    copies = dict(small.named_modules())
    return {module: copies[name] for name, module in model.named_modules() if name in copies}


@dataclass
class LayerTask:
    """A convolution of ``model``, and what should give the same in ``small``: whatever parts are in its place there.

    ``runs`` is how often it runs on a batch, ``norm`` is the batch norm behind it, if there is one.
    """

    model: nn.Module
    small: nn.Module
    conv: ConvModule
    batches: Batches
    runs: int = 1
    norm: nn.Module | None = None
    known: Moments | None = None
    """The moments of all channels, which are the same for all parts."""

    def fit(self, parts: nn.Sequential, norm: nn.Module | None, *, norms: bool) -> float:
        """Give parts the weights that are best, and the means to the last one's bias, or to the ``norm`` in ``small``.

        Returns the share of the variance of the convolution's outputs that is missed. If they are too many, some
        input channels are fitted at a time.
        """
        convs, kernel = convolutions(parts), kernel_of(self.conv)
        kernels, bias = [kernel_of(each).double() for each in convs], convs[-1].bias
        if bias is not None:
            bias.zero_()
        blocks = blocks_of(self.conv, convs)
        for block in blocks * (SWEEPS if len(blocks) > 1 else 1):
            mine = block.of(kernels)
            moments = self._moments(block, mine, parts)
            error = OutputError(block.groups, moments)
            best = refined(mine, OutputError(block.groups, moments, kernel[:, block.channels]))
            block.put(best if error(best) < error(mine) else mine, kernels)
            write(convs, kernels)
        if [block.is_whole for block in blocks] == [True]:
            whole = composed([kernel_of(each).double() for each in convs], blocks[0].groups).flatten(1)
        else:
            whole = torch.eye(self.conv.out_channels, dtype=torch.float64, device=kernel.device)
            moments = self._outcome(parts).average(centred=self._is_centred(parts))
        result = moments.result(whole)
        if bias is not None:
            bias.copy_(result.wanted - result.given)
            result = result._replace(given=result.wanted)
        if norm is not None:
            _settle(norm, result, norms=norms)
        return result.missed

    def _moments(self, block: Block, kernels: Sequence[Tensor], parts: nn.Sequential) -> Moments:
        """Those of a block's channels, and of what they should add to the outputs of the others."""
        if self.known is not None and block.is_whole:
            return self.known
        size = prod(self.conv.kernel_size)
        moments = Moments.none(size * block.count(self.conv), self.conv.out_channels, self.conv.weight.device)
        most = ceil(max(LEAST_POSITIONS, POSITIONS_A_NUMBER * len(moments.x)) / (len(self.batches) * self.runs))
        generator = torch.Generator().manual_seed(0)
        for given, wanted in self._pairs(parts):
            rows = self._rows(wanted)
            if not block.is_whole:
                rows = rows - self._rows(parts(given))
            chosen = torch.randperm(len(rows), generator=generator)[:most].to(rows.device)
            for places in chosen.split(max(1, PATCHES_AT_ONCE // len(moments.x))):
                read = patches(self.conv, given, block.channels, places)
                own = 0 if block.is_whole else read.double() @ composed(kernels, block.groups).flatten(1).T
                moments.add(read, rows[places] + own)
        moments.average(centred=self._is_centred(parts))
        if block.is_whole:
            self.known = moments
        return moments

    def _is_centred(self, parts: nn.Sequential) -> bool:
        """Whether something takes up the means: the bias of the last part, or the norm behind it."""
        return self.norm is not None or convolutions(parts)[-1].bias is not None

    def _outcome(self, parts: nn.Sequential) -> Moments:
        """Those of what parts give, and of what they should give."""
        many = self.conv.out_channels
        moments = Moments.none(many, many, self.conv.weight.device)
        for given, wanted in self._pairs(parts):
            moments.add(self._rows(parts(given)), self._rows(wanted))
        return moments

    def _pairs(self, parts: nn.Sequential) -> Iterator[tuple[Tensor, Tensor]]:
        """What reaches the parts, and what the convolution gives: of each batch, and each time that it runs."""
        for batch in self.batches:
            wanted = seen(self.model, self.conv, batch, times=self.runs, inputs=False)
            given = seen(self.small, parts, batch, times=self.runs, inputs=True)
            if len(wanted) != len(given):
                raise SepcostError("the model runs a layer more or less often once layers before it are replaced")
            yield from zip(given, wanted)

    def _rows(self, maps: Tensor) -> Tensor:
        """A row for each position, in float64."""
        batched = maps if maps.dim() > len(self.conv.kernel_size) + 1 else maps[None]
        rows: Tensor = batched.flatten(2).transpose(1, 2).flatten(0, 1).double()
        return rows


def _settle(norm: Any, result: Result, *, norms: bool) -> None:
    """Change what a norm knows of its input, so that its output is what it was on the same data."""
    if norm.running_mean is None:
        return
    ratios = result.ratios.clamp(1 / MOST_RATIO, MOST_RATIO) if norms else torch.ones_like(result.ratios)
    norm.running_mean.copy_(result.given - (result.wanted - norm.running_mean) * ratios.sqrt())
    norm.running_var.add_((ratios - 1) * (norm.running_var + norm.eps)).clamp_min_(0)


class Block(NamedTuple):
    """Input channels that are fitted together, the hidden ones that read them, and the groups of the parts there."""

    channels: slice
    hidden: slice
    groups: Sequence[int]

    @property
    def is_whole(self) -> bool:
        return self.channels == slice(None)

    def count(self, conv: ConvModule) -> int:
        """How many channels of the convolution they are."""
        return len(range(conv.in_channels)[self.channels])

    def of(self, kernels: Sequence[Tensor]) -> list[Tensor]:
        """Their share of the kernels of two parts."""
        return list(kernels) if self.is_whole else [kernels[0][self.hidden], kernels[1][:, self.hidden]]

    def put(self, mine: Sequence[Tensor], kernels: list[Tensor]) -> None:
        """Put their share into the kernels."""
        if self.is_whole:
            kernels[:] = mine
        else:
            kernels[0][self.hidden], kernels[1][:, self.hidden] = mine


def blocks_of(conv: ConvModule, convs: Sequence[ConvModule]) -> list[Block]:
    """All channels at once if their moments have room; if not, blocks of groups of the first part.

    There are none if no group reads some channels alone: then the weights stay those of the kernel.
    """
    groups, channels = [each.groups for each in convs], conv.in_channels
    most = isqrt(MOST_BYTES // torch.float64.itemsize) // prod(conv.kernel_size)
    if channels <= most:
        return [Block(slice(None), slice(None), groups)]
    first = convs[0]
    together = most * first.groups // channels
    if len(convs) != 2 or convs[1].groups > 1 or together == 0:
        return []
    reads, gives = channels // first.groups, first.out_channels // first.groups
    starts = range(0, first.groups, together)
    return [
        Block(slice(start * reads, end * reads), slice(start * gives, end * gives), [end - start, 1])
        for start in starts
        for end in [min(start + together, first.groups)]
    ]
