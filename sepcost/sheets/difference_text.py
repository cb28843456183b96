"""What became of a layer, in words: its name on both sides, and each thing of it that changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sepcost.count.figure import FIGURES
from sepcost.judge.costed import CostedLayer
from sepcost.judge.difference import Change, LayerDifference
from sepcost.text.kind import Kind
from sepcost.text.units import exact

IN_BYTES = {figure.name: figure.header for figure in FIGURES if figure.kind is Kind.BYTES}
"""Figures that are bytes, and what people call them."""
NO_CHANGE = Change(None, None)


def layer_name(layer: LayerDifference) -> str:
    """What the layer is called, on both sides where they differ."""
    names = dict.fromkeys(side.name for side in (layer.before, layer.after) if side)
    return " → ".join(names)


def layer_changes(layer: LayerDifference) -> list[str]:
    """What has become of the layer, line by line; of one that stands on one side only, what it is."""
    if layer.before is None or layer.after is None:
        only = layer.before or layer.after
        return [f"{layer.status.value}: {_kind(only)}, output {_fact(only.facts['output'])}"] if only else []
    lines = [f"{name.replace('_', ' ')} {_fact(old)} → {_fact(new)}" for name, (old, new) in layer.facts.items()]
    lines = lines or list(_changed_bytes(layer))
    if layer.moved:
        before, after = layer.places
        lines.append(f"moved from place {before} to {after}" if before != after else "its neighbours moved past it")
    return lines or [layer.status.value]


def _changed_bytes(layer: LayerDifference) -> Iterator[str]:
    """What is stored in another dtype, or moves other bytes: no fact and no column says so."""
    for name, words in IN_BYTES.items():
        change = layer.figures.get(name, NO_CHANGE)
        if change.before is not None and change.after is not None and change.difference:
            yield f"{words} {exact(change.before)} B → {exact(change.after)} B"


def _kind(layer: CostedLayer) -> str:
    facts = layer.facts
    if facts.get("global") is True:
        return f"global {facts['type']}"
    return f"{_fact(facts['kernel'])} {facts['type']}" if "kernel" in facts else str(facts["type"])


def _fact(value: Any) -> str:
    """An argument as a config has it; a size that is not known is a question mark.

    >>> _fact((64, None, None)), _fact(True), _fact("same")
    ('64×?×?', 'true', 'same')
    """
    if isinstance(value, (tuple, list)):
        return "×".join("?" if item is None else str(item) for item in value)
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return str(value)
