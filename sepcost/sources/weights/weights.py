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
from sepcost.text.units import shortened

if TYPE_CHECKING:
    from sepcost.graphs.values import Value

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
    if not path.name.lower().endswith(INDEX):
        return network_of(name, *_tensors(source, limit))
    _refuse_key(source, path)
    files = shards_in(path, limit)
    tensors: dict[str, Value] = {}
    twins: dict[str, str] = {}
    for shard in sorted(set(files.values())):
        refuse_what_is_none(str(shard), shard)
        more, others = _tensors(str(shard), limit, as_saved=True)
        wanted = [each for each, file in files.items() if file == shard]
        missing = [each for each in wanted if each not in more]
        if missing:
            raise ModelError(f"{shortened(missing[0])} should be in {shard.name}, and is not")
        tensors |= {each: more[each] for each in wanted}
        twins |= {twin: first for twin, first in others.items() if files.get(twin) == files.get(first) == shard}
    return network_of(name, tensors, twins)


def _tensors(
    source: str, limit: GraphLimit, *, as_saved: bool = False
) -> tuple[Mapping[str, Value], Mapping[str, str]]:
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

    weights = read_weights(source, as_saved=as_saved)
    return weights.shapes, weights.twins


def _refuse_key(source: str, path: Path) -> None:
    if source != str(path):
        raise ModelError("has no keys in it: leave out what is behind the colon")


WEIGHTS = Weights(".safetensors", "file of weights", AGAIN, _network)
