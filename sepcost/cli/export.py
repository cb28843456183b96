"""Networks as configs: what ``--format yaml`` writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sepcost.chaining import NoChainError, chained
from sepcost.comparison import Comparison
from sepcost.config.writer import chunks
from sepcost.cost import MIXED
from sepcost.network import Network
from sepcost.replace_if import NOT_FEWER
from sepcost.report.many import Several
from sepcost.report.notes import READ_ZEROS


def yaml_chunks(comparisons: Iterable[Comparison | Several]) -> Iterator[str]:
    """A document for each network, which reads back to the same numbers."""
    for number, comparison in enumerate(comparisons):
        if isinstance(comparison, Comparison):
            yield "---\n" * bool(number)
            network, why = _as_config(_with_kept(comparison))
            comment = "\n".join([_comment(network, why), *_kept_in_part(comparison)])
            yield from chunks(replace(network, replacements=comparison.replacements), comment)


def _with_kept(comparison: Comparison) -> Network:
    """The network, with a reason to keep each layer that no replacement gives fewer MACs."""
    kept = {layer.name for layer in comparison.layers if layer.kept == NOT_FEWER}
    nodes = (replace(node, keep=NOT_FEWER) if node.name in kept else node for node in comparison.network)
    return replace(comparison.network, nodes=tuple(nodes)) if kept else comparison.network


def _kept_in_part(comparison: Comparison) -> Iterator[str]:
    """What a config cannot say: layers that are kept under some replacements only."""
    for layer in comparison.layers:
        for text, variant in layer.variants.items():
            if variant.kept == NOT_FEWER and layer.kept is None:
                yield f"Kept under {text} alone, which this cannot say: {layer.name}: {variant.kept}."


def _as_config(network: Network) -> tuple[Network, str | None]:
    """A model's layers as they read each other; or alone, and why."""
    if network.uncounted is None:
        return network, None
    try:
        return chained(network), None
    except NoChainError as error:
        return network, f"Its peak activations are not known from this: no layer says what {error} does."


def _comment(network: Network, why: str | None) -> str:
    """What a config cannot say of a model: who reads whom, what nobody can count, and why layers are kept."""
    told = [why] if why else []
    told += [f"Counted on inputs of {network.inputs}."] if network.inputs is not None else []
    told += [f"{READ_ZEROS}."] if network.read_zeros else []
    if network.dtype not in (None, "float32"):
        told.append(f"Its own memory is in {'several dtypes' if network.dtype == MIXED else network.dtype}.")
    told += [
        f"Not counted, as torch's counter counts it as nothing: {what} ({many}×)."
        for what, many in (network.uncounted or {}).items()
    ]
    told += [f"Kept: {node.name}: {node.keep}." for node in network if node.keep and network.uncounted is not None]
    return "\n".join(["Written by sepcost.", *told])
