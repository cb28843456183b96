"""A network's weights: its replaced layers are fitted one after the other, on what reaches each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isqrt, prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from sepcost.errors import SepcostError
from sepcost.measured.fits import Fit
from sepcost.pytorch.fitting.kernels import composed, kernel_of, write
from sepcost.pytorch.fitting.layer import convolutions, fit_kernel
from sepcost.pytorch.fitting.moments import LEAST_POSITIONS, POSITIONS_A_NUMBER, Moments, patches
from sepcost.pytorch.fitting.refining import OutputError, refined
from sepcost.pytorch.private import ConvModule
from sepcost.pytorch.replacing.data import Batch, Batches, evaluated, run, seen

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
MOST_BYTES = 2**30
"""Moments that would take more are taken of some input channels at a time."""
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
    def of(cls, model: nn.Module, wanted: Replaced, batch: Batch) -> Layers:
        """As the model runs on a batch."""
        runs: dict[ConvModule, int] = {}
        behind: dict[nn.Module, set[nn.Module | None]] = {}
        results: dict[int, tuple[nn.Module, Tensor]] = {}

        def ran(module: ConvModule, args: object, output: Tensor) -> None:
            runs[module] = runs.get(module, 0) + 1
            results[id(output)] = module, output

        def reads(norm: nn.Module, args: tuple[Tensor, ...]) -> None:
            behind.setdefault(norm, set()).add(results.get(id(args[0]), (None,))[0])

        handles = [conv.register_forward_hook(ran) for conv in wanted]
        handles += [each.register_forward_pre_hook(reads) for each in model.modules() if isinstance(each, BATCH_NORMS)]
        try:
            run(model, batch)
        finally:
            for handle in handles:
                handle.remove()
        alone = {next(iter(convs)): norm for norm, convs in behind.items() if len(convs) == 1}
        return cls(runs, {conv: norm for conv, norm in alone.items() if isinstance(conv, ConvModule)})


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
    fits = {conv: fit_kernel(conv, parts) for conv, parts in replaced.items()}
    if batches is None:
        return fits
    with evaluated(model, small):
        layers = Layers.of(model, replaced, batches.first)
        of_small = _counterparts(model, small)
        for conv, times in layers.runs.items():
            norm = layers.norms.get(conv)
            task = LayerTask(model, small, conv, replaced[conv], batches, times, norm is not None)
            task.fit()
            error = task.settle(of_small.get(norm) if norm is not None else None, norms=norms)
            fits[conv] = fits[conv]._replace(output_error=error)
            done(conv)
    return fits


def _counterparts(model: nn.Module, small: nn.Module) -> dict[nn.Module, nn.Module]:
    """The modules of the copy, by those of the model: of those that are not replaced."""
    copies = dict(small.named_modules())
    return {module: copies[name] for name, module in model.named_modules() if name in copies}


@dataclass
class LayerTask:
    """A convolution of ``model``, what is in its place in ``small``, and the data on which they should agree."""

    model: nn.Module
    small: nn.Module
    conv: ConvModule
    parts: nn.Sequential
    batches: Batches
    times: int = 1
    has_norm: bool = False

    @property
    def centred(self) -> bool:
        """Whether something takes up the means: the bias, or the norm behind it."""
        return self.has_norm or convolutions(self.parts)[-1].bias is not None

    def pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        """What reaches the layer, and what it should give: of each batch, and each time that it runs."""
        for batch in self.batches:
            wanted = seen(self.model, self.conv, batch, times=self.times, inputs=False)
            given = seen(self.small, self.parts, batch, times=self.times, inputs=True)
            if len(wanted) != len(given):
                raise SepcostError("the model runs a layer more or less often once layers before it are replaced")
            yield from zip(given, wanted)

    def fit(self) -> None:
        """Change the weights until the outputs are closest, some input channels at a time if there are many."""
        convs, kernel = convolutions(self.parts), kernel_of(self.conv)
        kernels = [kernel_of(each).double() for each in convs]
        for block in _blocks(self.conv, convs):
            mine = block.of(kernels)
            moments = self._moments(block, mine).means(centred=self.centred)
            best = refined(mine, OutputError(block.groups, moments, kernel[:, block.channels]))
            error = OutputError(block.groups, moments)
            with torch.no_grad():
                block.put(best if error(best) < error(mine) else mine, kernels)
            write(convs, kernels)

    def _moments(self, block: Block, kernels: Sequence[Tensor]) -> Moments:
        """What the channels of a block read, and what they should add to the outputs of the others."""
        size = prod(self.conv.kernel_size) * len(range(self.conv.in_channels)[block.channels])
        moments = Moments.none(size, self.conv.out_channels, self.conv.weight.device)
        most = ceil(max(LEAST_POSITIONS, POSITIONS_A_NUMBER * size) / (len(self.batches) * self.times))
        generator = torch.Generator().manual_seed(0)
        for given, wanted in self.pairs():
            rows = self._rows(wanted)
            many = len(rows)
            places = torch.randperm(many, generator=generator)[:most].to(rows.device) if many > most else slice(None)
            read, rows = patches(self.conv, given, block.channels, places), rows[places]
            if not block.is_whole:
                whole = composed(kernels, block.groups).flatten(1)
                rows = rows - self._rows(self.parts(given))[places] + read.double() @ whole.T
            moments.add(read, rows)
        return moments

    def settle(self, norm: nn.Module | None, *, norms: bool) -> float:
        """Let the bias, or else the norm, take up the means; the share of the outputs' variance that is missed."""
        sums = torch.zeros(5, self.conv.out_channels, dtype=torch.float64, device=self.conv.weight.device)
        positions = 0
        for given, wanted in self.pairs():
            right, ours = self._rows(wanted), self._rows(self.parts(given))
            missed = right - ours
            sums += torch.stack([each.sum(0) for each in (right, ours, missed.square(), right.square(), ours.square())])
            positions += len(right)
        right, ours, missed, right_square, ours_square = sums / positions
        shift = right - ours if self.centred else torch.zeros_like(right)
        variances = [(right_square - right.square()).clamp_min(0), (ours_square - ours.square()).clamp_min(0)]
        bias = convolutions(self.parts)[-1].bias
        if bias is not None:
            bias += shift.to(bias.dtype)
            ours = ours + shift
        if norm is not None:
            _settle_norm(norm, right, ours, variances[1] / variances[0] if norms else None)
        scale = float((variances[0] if self.centred else right_square).sum())
        return float((missed - shift.square()).clamp_min(0).sum()) / scale if scale else 0.0

    def _rows(self, maps: Tensor) -> Tensor:
        """A row for each position, in float64."""
        batched = maps if maps.dim() > len(self.conv.kernel_size) + 1 else maps[None]
        rows: Tensor = batched.flatten(2).transpose(1, 2).flatten(0, 1).double()
        return rows


def _settle_norm(norm: Any, wanted: Tensor, given: Tensor, ratios: Tensor | None) -> None:
    """Change what a norm knows of its input, so that its output is what it was on the same data."""
    if norm.running_mean is None:
        return
    ratios = torch.ones_like(wanted) if ratios is None else ratios.nan_to_num(1, 1).clamp(1 / MOST_RATIO, MOST_RATIO)
    norm.running_mean.copy_(given - (wanted - norm.running_mean) * ratios.sqrt())
    norm.running_var.mul_(ratios)


class Block(NamedTuple):
    """Input channels that are fitted together, the hidden ones that read them, and the groups of the parts there."""

    channels: slice
    hidden: slice
    groups: Sequence[int]

    @property
    def is_whole(self) -> bool:
        return self.channels == slice(None)

    def of(self, kernels: Sequence[Tensor]) -> list[Tensor]:
        """Their share of the kernels of two parts."""
        return list(kernels) if self.is_whole else [kernels[0][self.hidden], kernels[1][:, self.hidden]]

    def put(self, mine: Sequence[Tensor], kernels: list[Tensor]) -> None:
        """Put their share into the kernels."""
        if self.is_whole:
            kernels[:] = mine
        else:
            kernels[0][self.hidden], kernels[1][:, self.hidden] = mine


def _blocks(conv: ConvModule, convs: Sequence[ConvModule]) -> list[Block]:
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
