"""Random layers for property tests."""

from __future__ import annotations

from math import prod

from hypothesis import strategies as st

from sepcost import Conv
from sepcost.errors import LayerError

SMALL = st.integers(1, 6)


@st.composite
def convs(draw: st.DrawFn, *, dense: bool = False, transposed: bool | None = None) -> Conv:
    """A convolution in one to three dimensions with every option drawn; ``dense``: with one group."""
    rank = draw(st.integers(1, 3))

    def axes(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(rank))

    groups = 1 if dense else draw(st.sampled_from([1, 1, 2, 3]))
    stride, dilation = axes(1, 3), axes(1, 3)
    is_transposed = draw(st.booleans()) if transposed is None else transposed
    same = draw(st.booleans())
    output_padding: tuple[int, ...] | int = 0
    if is_transposed and not same:
        output_padding = tuple(draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation))
    try:
        return Conv(
            axes(1, 12),
            groups * draw(SMALL),
            groups * draw(SMALL),
            axes(1, 5),
            stride=stride,
            padding="same" if same else axes(0, 3),
            output_padding=output_padding,
            dilation=dilation,
            groups=groups,
            bias=draw(st.booleans()),
            norm=draw(st.sampled_from(["none", "batch"])),
            transposed=is_transposed,
        )
    except LayerError:
        return Conv(axes(4, 12), groups * draw(SMALL), groups * draw(SMALL), 3, groups=groups)


def positions(conv: Conv) -> int:
    return prod(conv.input_size if conv.transposed else conv.output_size)
