"""One convolution alone, of each combination: the one that a derivation is of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from sepcost.count.snapshot import Snapshot
from sepcost.errors import SepcostError
from sepcost.network.selection import Selection
from sepcost.text.wording import MOST_NAMES


def only_convolution(snapshots: Iterable[Snapshot], selection: Selection) -> list[Snapshot]:
    """Each combination, with only the convolution that is meant, if there is one; a SepcostError if several are."""
    found: list[Snapshot] = []
    names: list[str] = []
    meant: Counter[tuple[str, ...]] = Counter()
    for snapshot in snapshots:
        chosen = selection.convolutions(snapshot.counted_now().network)
        combination = tuple(map(str, snapshot.swept.values()))
        meant[combination] += len(chosen)
        names += chosen[: MOST_NAMES + 1 - len(names)]
        if meant[combination] == 1 and chosen:
            found.append(_alone(snapshot, chosen[0]))
    most = max(meant.values(), default=0)
    if most > 1:
        examples = f"{', '.join(names[:MOST_NAMES])} …" if most > len(names) else ", ".join(names)
        message = (
            f"--explain derives one convolution, and {most:,} are meant ({examples}): choose one by --include NAME"
        )
        raise SepcostError(message)
    return found


def _alone(snapshot: Snapshot, name: str) -> Snapshot:
    comparison = snapshot.counted_now()
    comparison = replace(comparison, layers=tuple(layer for layer in comparison.layers if layer.name == name))
    chosen = tuple(layer for layer in snapshot.layers if layer.name == name)
    return replace(snapshot, chosen=chosen, comparison=comparison)
