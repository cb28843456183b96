"""A difference as JSON: the contract of docs/diff.md, schema_version 1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sepcost.count.contract import head
from sepcost.count.snapshot import LayerSnapshot, Snapshot
from sepcost.formats.documents.comparison_json import of_model, target_fields
from sepcost.judge.difference import Change, Difference, LayerDifference
from sepcost.sheets.verification_text import verification_fields

SCHEMA_VERSION = 1


def difference_json(difference: Difference) -> str:
    """The document on one line."""
    document = {
        **head(SCHEMA_VERSION, difference.convention),
        "before": _network(difference.before),
        "after": _network(difference.after),
        "differ": not difference.is_empty,
        "total": changes(difference.total),
        "changes": [changed_layer(layer) for layer in difference.changes],
        "unchanged": len(difference.layers) - len(difference.changes),
    }
    return json.dumps(document, separators=(",", ":")) + "\n"


def changes(figures: Mapping[str, Change]) -> dict[str, dict[str, int | float | None]]:
    """FIGURES of the contract."""
    return {
        name: {
            "before": change.before,
            "after": change.after,
            "difference": change.difference,
            "percent": change.percent,
        }
        for name, change in figures.items()
    }


def of_snapshot(network: Snapshot) -> dict[str, Any]:
    """What is only said of a model, even if its costs are from earlier."""
    own = {"own_dtype": network.own_dtype} if network.own_dtype else {}
    target = {"target": target_fields(network.target)} if network.target else {}
    return own | target | of_model(network)


def _network(network: Snapshot) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": network.name,
        "source": network.source,
        "alpha": network.alpha,
        "rho": network.rho,
        "layers": len(network.layers),
    }
    if network.per is not None:
        fields["per"] = network.per
    if network.only_params:
        fields["only_params"] = True
    fields |= of_snapshot(network)
    if network.verified is not None:
        fields["verified"] = verification_fields(network.verified)
    return fields


def changed_layer(layer: LayerDifference) -> dict[str, Any]:
    """LAYER of the contract."""
    return {
        "status": layer.status.value,
        "matched_by": None if layer.before is None or layer.after is None else "name" if layer.by_name else "position",
        "moved": layer.moved,
        "before": _side(layer.before, layer.places[0]),
        "after": _side(layer.after, layer.places[1]),
        "facts": {name: {"before": before, "after": after} for name, (before, after) in layer.facts.items()},
        "figures": changes(layer.figures),
    }


def _side(layer: LayerSnapshot | None, place: int | None) -> dict[str, Any] | None:
    return None if layer is None else {"name": layer.name, "place": place, **layer.facts}
