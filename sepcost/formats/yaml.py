"""Networks as configs: what ``--format yaml`` writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sepcost.blocks.replacements import CONDITIONS
from sepcost.count.chaining import NoChainError, chained
from sepcost.count.comparison import Comparison
from sepcost.count.layer_comparison import LayerComparison
from sepcost.count.snapshot import Snapshot
from sepcost.formats.documents.config_yaml import chunks, has_no_words
from sepcost.formats.format import Comparisons, Format, FormatOptions
from sepcost.layers import Other
from sepcost.layers.cost import MIXED
from sepcost.network.network import Network, Node
from sepcost.sheets.notes import READ_ZEROS
from sepcost.text.wording import listed


class Yaml(Format):
    """What is compared, rather than what it costs."""

    escape = r"\u{:04x}"
    endings = (".yaml", ".yml")
    writes = ("comparisons",)
    whole_networks = True

    def comparisons(self, comparisons: Comparisons, options: FormatOptions) -> Iterator[str]:
        """A document for each network, which reads back to the same numbers."""
        for number, snapshot in enumerate(comparisons):
            if isinstance(snapshot, Snapshot):
                comparison = snapshot.counted_now()
                yield "---\n" * bool(number)
                network, why = _as_config(_with_kept(comparison))
                comment = "\n".join([_comment(network, why), *_kept_in_part(comparison)])
                names = network.names_of_convolutions
                chosen = tuple(each.matching(names) for each in comparison.replacements)
                yield from chunks(replace(network, replacements=chosen), comment)


FORMAT = Yaml()


def _with_kept(comparison: Comparison) -> Network:
    """The network, with a reason to keep each layer that no replacement takes."""
    kept = {layer.name: layer.kept for layer in comparison.layers if layer.kept and _by_condition(layer)}
    nodes = (replace(node, keep=kept[node.name]) if node.name in kept else node for node in comparison.network)
    return replace(comparison.network, nodes=tuple(nodes)) if kept else comparison.network


def _kept_in_part(comparison: Comparison) -> Iterator[str]:
    """What an option can say and a config cannot: layers that are kept under some replacements only."""
    kept = {layer.name: _by_condition(layer) for layer in comparison.layers if layer.kept is None}
    for condition in {CONDITIONS[reason] for reasons in kept.values() for reason in reasons}:
        yield f"The same under every replacement only with --replace-if {condition.value}, which keeps:"
    for name, reasons in kept.items():
        for reason, texts in reasons.items():
            yield f"  {name} under {listed(texts)}: {reason}."


def _by_condition(layer: LayerComparison) -> dict[str, list[str]]:
    """The replacements that do not take it under a condition, by the reason."""
    found: dict[str, list[str]] = {}
    for text, variant in layer.variants.items():
        if variant.kept in CONDITIONS:
            found.setdefault(str(variant.kept), []).append(text)
    return found


def _as_config(network: Network) -> tuple[Network, str | None]:
    """A model's layers as they read each other; or each alone, and the reason."""
    if network.uncounted is None:
        return network, None
    try:
        return chained(network), None
    except NoChainError as error:
        return _not_alone(network), f"Its peak activations are not known from this: {error}."


def _not_alone(network: Network) -> Network:
    """With a layer for the rest of the model, if there is one layer: alone in a config it would have a peak."""
    if len(network) > 1:
        return network
    name = f"{network.nodes[0].name}_rest"
    return replace(network, nodes=(*network.nodes, Node(name, Other("rest"), index=1)))


def _comment(network: Network, why: str | None) -> str:
    """What a config cannot say of a model: which layer reads which, what cannot be counted, and why layers are kept."""
    sentences = [why] if why else []
    sentences += [f"Counted on inputs of {network.inputs}."] if network.inputs is not None else []
    sentences += [f"{READ_ZEROS}."] if network.read_zeros else []
    if network.dtype not in (None, "float32"):
        sentences.append(f"Its own memory is in {'several dtypes' if network.dtype == MIXED else network.dtype}.")
    sentences += [
        f"Not counted, as its cost is not known: {what} ({many}×)." for what, many in (network.uncounted or {}).items()
    ]
    sentences += ["So every total of this is a lower bound."] if network.uncounted else []
    sentences += [
        f"{node.name} has weights that are no parameters: as figures, it has no activations here."
        for node in network
        if has_no_words(node)
    ]
    sentences += [
        f"{node.name} is complex: its {node.products} real products for each complex one are counted as one here."
        for node in network
        if node.products > 1
    ]
    sentences += [f"Kept: {node.name}: {node.keep}." for node in network if node.keep and network.uncounted is not None]
    return "\n".join(["Written by sepcost.", *sentences])
