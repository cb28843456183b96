"""The notes of predicted times: for what target, how far off, of what there is none, what is extrapolated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from sepcost.count.figure import TIME
from sepcost.count.snapshot import Snapshot
from sepcost.sheets.sheet import Speedup, cell_text
from sepcost.text.kind import Kind
from sepcost.text.units import as_percent
from sepcost.text.wording import MOST_NAMES, listed, named


def time_notes(*snapshots: Snapshot) -> Iterator[str]:
    """What is to be known of the times of these networks, or of one; nothing where they have none."""
    targets = [snapshot.target for snapshot in snapshots if snapshot.target]
    timed = [snapshot.target for snapshot in snapshots if snapshot.target and _has_times(snapshot)]
    for name, setup, error in {target.id: (target.name, target.setup, target.error) for target in timed}.values():
        yield f"Times are predicted for {name}: {setup}{_error(error)}."
    for text, replaced in (each for snapshot in snapshots for each in snapshot.replaced.items()):
        if replaced.if_all and len(snapshots) == 1:
            both = (cell_text(Speedup.of(of), Kind.RATIO) for of in (replaced.figures, replaced.if_all))
            yield f"{text} only where it is faster: {' in all, and '.join(both)} if it were everywhere."
    without = list(dict.fromkeys(what for target in targets for what in target.without))
    if without:
        yield f"Times are those of convolutions and linear layers, without {listed(without)}."
    outside = {where: why for target in targets for where, why in target.outside.items()}
    if outside:
        more = f" and {len(outside) - MOST_NAMES:,} more" if len(outside) > MOST_NAMES else ""
        few = dict(list(outside.items())[:MOST_NAMES])
        yield f"Extrapolated, beyond what was measured: {with_reasons(few)}{more}."
    unknown = {where: why for target in targets for where, why in target.unknown.items()}
    if unknown:
        yield f"Without a time, as is the total: {with_reasons(unknown)}."


def _has_times(snapshot: Snapshot) -> bool:
    """Whether any time of it is known."""
    wholes = (snapshot.total, *(replaced.figures for replaced in snapshot.replaced.values()))
    of_layers = (layer.under(text) for layer in snapshot.layers for text in (None, *layer.replaced))
    return any(figures.get(TIME) is not None for figures in chain(wholes, of_layers))


def _error(by_kind: Mapping[str, float]) -> str:
    """How far off predictions are, from the best to the worst kind of layer."""
    if not by_kind:
        return ""
    each = [as_percent(100 * error) for error in sorted(by_kind.values())]
    return f"; off by {' to '.join(dict.fromkeys((each[0], each[-1])))}"


def with_reasons(why: Mapping[str, str]) -> str:
    """Layers and why, reason by reason."""
    by_reason: dict[str, list[str]] = {}
    for where, reason in why.items():
        by_reason.setdefault(reason, []).append(where)
    return named([f"{named(names)} ({reason})" for reason, names in by_reason.items()])
