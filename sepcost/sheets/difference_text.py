"""A layer of a difference, in words: its name on both sides, and what changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sepcost.count.figure import FIGURES
from sepcost.count.snapshot import LayerSnapshot
from sepcost.judge.difference import Change, LayerDifference
from sepcost.text.kind import Kind
from sepcost.text.units import exact

IN_BYTES = {figure.name: figure.header for figure in FIGURES if figure.kind is Kind.BYTES}
"""Figures that are bytes, and what people call them."""
NO_CHANGE = Change(None, None)


def layer_name(layer: LayerDifference) -> str:
    """The layer's name; both names if they differ."""
    names = dict.fromkeys(side.name for side in (layer.before, layer.after) if side)
    return " → ".join(names)


def layer_changes(layer: LayerDifference) -> list[str]:
    """What changed, line by line; a layer on one side only is described."""
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
    """Bytes that changed because of a dtype: no fact and no column shows them."""
    for name, words in IN_BYTES.items():
        change = layer.figures.get(name, NO_CHANGE)
        if change.before is not None and change.after is not None and change.difference:
            yield f"{words} {exact(change.before)} B → {exact(change.after)} B"


def _kind(layer: LayerSnapshot) -> str:
    facts = layer.facts
    if facts.get("global") is True:
        return f"global {facts['type']}"
    return f"{_fact(facts['kernel'])} {facts['type']}" if "kernel" in facts else str(facts["type"])


def _fact(value: Any) -> str:
    """An argument as in a config; a size that is not known is a question mark.

    >>> _fact((64, None, None)), _fact(True), _fact("same")
    ('64×?×?', 'true', 'same')
    """
    if isinstance(value, (tuple, list)):
        return "×".join("?" if item is None else str(item) for item in value)
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    return str(value)
