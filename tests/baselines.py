"""What a baseline has of a network."""

from __future__ import annotations

from dataclasses import replace

from sepcost.count.snapshot import Replaced, Snapshot


def in_a_baseline(costs: Snapshot) -> Snapshot:
    """What is there to be held against: figures, and nothing that explains them."""
    alone = {text: Replaced(each.figures) for text, each in costs.replaced.items()}
    layers = tuple(
        layer._replace(kept=None, replaced={text: Replaced(each.figures) for text, each in layer.replaced.items()})
        for layer in costs.layers
    )
    return replace(
        costs,
        layers=layers,
        replaced=alone,
        peak=None,
        no_peak=None,
        input=None,
        independent=False,
        unread=(),
        partly={},
    )
