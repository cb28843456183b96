"""Networks as configs: what ``--format yaml`` writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sepcost.comparison import Comparison
from sepcost.config.writer import chunks
from sepcost.network import Network
from sepcost.report.many import Several
from sepcost.report.notes import READ_ZEROS


def yaml_chunks(comparisons: Iterable[Comparison | Several]) -> Iterator[str]:
    """A document for each network, which reads back to the same numbers."""
    for number, comparison in enumerate(comparisons):
        if isinstance(comparison, Comparison):
            yield "---\n" * bool(number)
            network = replace(comparison.network, replacements=comparison.replacements)
            yield from chunks(network, _comment(network))


def _comment(network: Network) -> str:
    """What a config cannot say of a model: what nobody can count, and why layers are kept."""
    told = [f"Counted on inputs of {network.inputs}."] if network.inputs is not None else []
    told += [f"{READ_ZEROS}."] if network.read_zeros else []
    told += [
        f"Not counted, as torch's counter counts it as nothing: {what} ({many}×)."
        for what, many in (network.uncounted or {}).items()
    ]
    told += [f"Kept: {node.name}: {node.keep}." for node in network if node.keep and network.uncounted is not None]
    return "\n".join(["Written by sepcost.", *told])
