"""Layers as rows: what files of measured times say of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sepcost.errors import LayerError
from sepcost.layers import Conv, Layer, Linear
from sepcost.layers.layer import short
from sepcost.sources.costs.json_text import shown

CONV = {
    "K": "kernel_size",
    "stride": "stride",
    "padding": "padding",
    "groups": "groups",
    "dilation": "dilation",
    "transposed": "transposed",
    "output_padding": "output_padding",
}
"""Columns that only convolutions have, and the attribute of each."""
COLUMNS = ("type", "size", "C", "O", *CONV)
SECONDS = "seconds"
FASTEST, SLOWEST = 1e-9, 3600.0
"""Seconds outside of which no layer's time is."""


def cells_of(layer: Layer) -> dict[str, Any]:
    """The cells of a layer without its norm, its activation and its bias; a linear layer leaves most empty.

    >>> list(cells_of(Conv((56, 28), 64, 128, 3, stride=(2, 1))).values())
    ['conv', [56, 28], 64, 128, 3, [2, 1], 'same', 1, 1, False, 0]
    """
    channels, *size = layer.input_shape
    own: dict[str, Any] = dict.fromkeys(CONV)
    if isinstance(layer, Conv):
        values = {column: getattr(layer, name) for column, name in CONV.items()}
        own = {column: _short(value) if isinstance(value, tuple) else value for column, value in values.items()}
    return {"type": layer.type, "size": size, "C": channels, "O": layer.output_shape[0], **own}


def layer_of(cells: Mapping[str, Any]) -> Layer:
    """The layer of such cells; raises LayerError, which names the column.

    >>> layer_of({"type": "linear", "size": [], "C": 512, "O": 10})
    Linear(in_features=512, out_features=10, bias=False)
    """
    kind, size, channels, outputs = (cells[column] for column in COLUMNS[:4])
    own = {column: cells[column] for column in CONV if cells.get(column) is not None}
    if kind not in (Conv.type, Linear.type):
        raise LayerError("type", f"must be {Conv.type} or {Linear.type}, got {shown(kind)}")
    for column in ("C", "O", *(["K"] if kind == Conv.type else [])):
        if cells.get(column) is None:
            raise LayerError(column, "is missing")
    columns = {"input_size": "size", "in_channels": "C", "in_features": "C", "out_channels": "O", "out_features": "O"}
    try:
        if kind == Conv.type:
            return Conv(size, channels, outputs, **{CONV[column]: value for column, value in own.items()})
        for column in [*(["size"] if size else []), *own]:
            raise LayerError(column, "is for convolutions: leave it empty")
        return Linear(channels, outputs)
    except LayerError as error:
        raise LayerError({**columns, "kernel_size": "K"}.get(error.field, error.field), error.reason) from None


def _short(sizes: tuple[int, ...]) -> Any:
    brief = short(sizes)
    return list(brief) if isinstance(brief, tuple) else brief
