"""Networks as configs: what ``--format yaml`` writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sepcost.budget import AS_GIVEN
from sepcost.comparison import Comparison
from sepcost.config.writer import chunks
from sepcost.network import Network
from sepcost.replacements import Replacement, options_of
from sepcost.report.many import Several


def yaml_chunks(comparisons: Iterable[Comparison | Several]) -> Iterator[str]:
    """A document for each network, which reads back to the same numbers."""
    for number, comparison in enumerate(comparisons):
        if isinstance(comparison, Comparison):
            yield "---\n" * bool(number)
            yield from chunks(_network(comparison), _comment(comparison.network))


def _comment(network: Network) -> str:
    """What a config cannot say of a model: what nobody can count, and why layers are kept."""
    told = [
        f"Not counted, since nobody knows what it costs: {what} ({many}×)."
        for what, many in (network.uncounted or {}).items()
    ]
    told += [f"Kept: {node.name}: {node.keep}." for node in network if node.keep and network.uncounted is not None]
    return "\n".join(["Written by sepcost.", *told])


def _network(comparison: Comparison) -> Network:
    """The network with the replacements that it was compared with."""
    network, chosen = comparison.network, comparison.replacements
    if network.uncounted is None:
        return replace(network, replacements=chosen)
    budget = network.budget
    if budget is not None and budget.replacement not in (None, AS_GIVEN):
        meant = _without_inner_norm(Replacement.parse(str(budget.replacement)))
        budget = replace(budget, replacement=meant.text)
    return replace(network, replacements=tuple(map(_without_inner_norm, chosen)), budget=budget)


def _without_inner_norm(replacement: Replacement) -> Replacement:
    """What stands for a replacement in a model, whose norms stay where they are, in a config."""
    options = dict(replacement.options)
    if options_of(replacement.block).get("inner_norm", None) is None or "inner_norm" in options:
        return Replacement(replacement.text, replacement.block, replacement.options)
    if not options_of(replacement.block)["inner_norm"].default:
        return Replacement(replacement.text, replacement.block, replacement.options)
    return Replacement.parse(f"{replacement.text}{',' if options else ':'}inner_norm=false")
