"""Exported programs as sources: files that end in .pt2. torch, which would run code in them, never sees them."""

from __future__ import annotations

from sepcost.network.network import Network
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.programs import Programs

AGAIN = "torch.export.save(torch.export.export(model, inputs), FILE) writes one"


def _network(path: str, name: str, options: ModelOptions) -> Network:
    from sepcost.sources.pt2.archive import program_in
    from sepcost.sources.pt2.program import network_of

    return network_of(program_in(path, options.file.limit), name, options)


EXPORTED_PROGRAMS = Programs(".pt2", "exported program", AGAIN, _network)
