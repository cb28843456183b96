"""Files of weights as sources: their layers by name, with params and shapes; no value of theirs is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sepcost.errors import ModelError
from sepcost.network.network import Network
from sepcost.sources.graph_limit import GraphLimit
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.programs import Programs, refuse_what_is_none
from sepcost.text.model_text import halves, is_weights

if TYPE_CHECKING:
    from sepcost.graphs.graph import Value

AGAIN = "safetensors.torch.save_file(model.state_dict(), FILE) writes one"


class Weights(Programs):
    """Files of weights, and those in them that a key behind a colon names: ckpt.pth:ema."""

    def path_of(self, source: str) -> Path | None:
        return Path(_file(source)) if is_weights(source) else None


def _file(source: str) -> str:
    return source if Path(source).exists() else halves(source)[0]


def _network(source: str, name: str, options: ModelOptions) -> Network:
    from sepcost.graphs.weights import network_of
    from sepcost.sources.weights.safetensors import INDEX, shards_in

    path, limit = Path(_file(source)), GraphLimit(options.file.limit)
    shards = shards_in(path, limit) if path.name.lower().endswith(INDEX) else []
    for shard in shards:
        refuse_what_is_none(str(shard), shard)
    _refuse_key(source, path if shards else None)
    tensors: dict[str, Value] = {}
    twins: dict[str, str] = {}
    for each in [str(shard) for shard in shards] or [source]:
        more, others = _tensors(each, limit)
        tensors |= more
        twins |= others
    return network_of(name, tensors, twins)


def _tensors(source: str, limit: GraphLimit) -> tuple[Mapping[str, Value], Mapping[str, str]]:
    """The tensors of one file, and those of them that have two names; torch reads what it wrote."""
    from sepcost.sources.weights.safetensors import LENGTH, tensors_in

    path = Path(_file(source))
    with path.open("rb") as file:
        head = file.read(LENGTH + 1)
    has_header = head[LENGTH:] == b"{"
    if not has_header and head.startswith((b"PK", b"\x80")) and path.suffix.lower() == ".safetensors":
        raise ModelError("is what torch.save writes: its name should end in .pt")
    if has_header or path.suffix.lower() == ".safetensors":
        _refuse_key(source, path)
        return tensors_in(path, limit), {}
    from sepcost.pytorch.weights.reading import read_weights

    weights = read_weights(source)
    return weights.shapes, weights.twins


def _refuse_key(source: str, path: Path | None) -> None:
    if path is not None and source != str(path):
        raise ModelError("has no keys in it: leave out what is behind the colon")


WEIGHTS = Weights(".safetensors", "file of weights", AGAIN, _network)
