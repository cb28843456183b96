"""Kernels: a convolution's weights as O × C/g × K, and the one kernel of parts that run one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from sepcost.pytorch.private import ConvModule


def kernel_of(conv: ConvModule) -> Tensor:
    """The weights as O × C/g × K, a transposed convolution's too (torch has those as C × O/g × K).

    >>> kernel_of(torch.nn.ConvTranspose2d(4, 8, 3, groups=2)).shape
    torch.Size([8, 2, 3, 3])
    """
    weight = conv.weight.detach()
    return _turned(weight, conv.groups) if conv.transposed else weight


def write(convs: Iterable[ConvModule], kernels: Iterable[Tensor]) -> None:
    """Give each convolution its kernel, in its own dtype."""
    with torch.no_grad():
        for conv, kernel in zip(convs, kernels):
            conv.weight.copy_(_turned(kernel, conv.groups) if conv.transposed else kernel)


def _turned(weight: Tensor, groups: int) -> Tensor:
    """Input and output channels the other way round, in each group."""
    turned: Tensor = weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1)
    return turned


def reads_alike(conv: ConvModule, parts: Sequence[ConvModule]) -> bool:
    """Whether, along each axis, one of the parts reads as the convolution does, and the others one place at a time.

    >>> conv, pointwise = torch.nn.Conv2d(3, 8, 3, stride=2), torch.nn.Conv2d(3, 3, 1)
    >>> reads_alike(conv, [pointwise, conv]), reads_alike(conv, [conv, torch.nn.Conv2d(8, 8, 3)])
    (True, False)
    """
    along = zip(_reads(conv), *map(_reads, parts))
    return all([each for each in own if each] == [whole] * bool(whole) for whole, *own in along)


def _reads(conv: ConvModule) -> list[tuple[object, ...]]:
    """Along each axis: what matters for where a convolution reads; nothing if that is one place after the other."""
    axes = zip(conv.kernel_size, conv.stride, conv.dilation)
    return [
        (size, stride, dilation * (size > 1), conv.transposed) if size > 1 or stride > 1 else ()
        for size, stride, dilation in axes
    ]


def composed(kernels: Sequence[Tensor], groups: Sequence[int]) -> Tensor:
    """The dense kernel, O × C × K, of convolutions that run one after the other, with nothing between them.

    >>> parts = torch.nn.Conv2d(3, 3, 3, groups=3), torch.nn.Conv2d(3, 8, 1)
    >>> composed([kernel_of(part) for part in parts], [3, 1]).shape
    torch.Size([8, 3, 3, 3])
    """
    whole = dense(kernels[0], groups[0])
    for kernel, many in zip(kernels[1:], groups[1:]):
        whole = _followed(whole, kernel, many)
    return whole


def dense(kernel: Tensor, groups: int) -> Tensor:
    """The kernel of a grouped convolution with the zeros that are not stored: O × C × K.

    >>> dense(torch.ones(2, 1, 1), 2).squeeze()
    tensor([[1., 0.],
            [0., 1.]])
    """
    if groups == 1:
        return kernel
    own = torch.eye(groups, dtype=kernel.dtype, device=kernel.device)
    spread = torch.einsum("gon,gh->gohn", kernel.unflatten(0, (groups, -1)).flatten(2), own)
    return spread.reshape(len(kernel), groups * kernel.shape[1], *kernel.shape[2:])


def _followed(whole: Tensor, kernel: Tensor, groups: int) -> Tensor:
    """The kernel of a convolution that another one follows; along each axis one of them is 1 wide."""
    own = [axis for axis in range(2, kernel.dim()) if kernel.shape[axis] > 1]
    others = [axis for axis in range(2, kernel.dim()) if axis not in own]
    outputs = kernel.unflatten(0, (groups, -1)).movedim(2, -1).flatten(1, -2)  # g, O/g · own, h/g
    product = torch.bmm(outputs, whole.unflatten(0, (groups, -1)).flatten(2))  # g, O/g · own, C · others
    sizes = [kernel.shape[axis] for axis in own], [whole.shape[axis] for axis in others]
    product = product.reshape(len(kernel), *sizes[0], whole.shape[1], *sizes[1])
    places = sorted(range(len(own) + len(others)), key=[*own, *others].__getitem__)
    return product.permute(0, 1 + len(own), *(1 + place + (place >= len(own)) for place in places))
