"""The two sides of a difference, and whether they were counted alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sepcost.count.snapshot import Snapshot
from sepcost.errors import SepcostError
from sepcost.text.units import shortened

CONVENTIONS_DIFFER: Mapping[str, str] = {
    "flops_per_mac": "{} counts FLOPs as {}×MACs, {} as {}×MACs",
    "batch": "{} counts for a batch of {}, {} for {}",
    "dtype": "{} counts memory in {}, {} in {}",
}
"""How a message says in what two conventions differ."""

MOST_NETWORKS = 10
"""A message names this many networks and counts the others."""


@dataclass(frozen=True, slots=True)
class Side:
    """What a source holds; ``counted`` just now, from configs, or earlier."""

    source: str
    networks: Sequence[Snapshot]
    counted: bool


def same_network(before: Side, after: Side) -> tuple[Snapshot, Snapshot]:
    """A network of each side: the only one, or the one whose name the other side has."""
    if len(before.networks) == len(after.networks) == 1:
        return before.networks[0], after.networks[0]
    names = {network.name for network in before.networks} & {network.name for network in after.networks}
    ours = [network for network in before.networks if network.name in names]
    theirs = [network for network in after.networks if network.name in names]
    if len(ours) == len(theirs) == 1:
        return ours[0], theirs[0]
    raise SepcostError(_which(before, after, sorted(names)))


def refuse_different_counting(before: Side, after: Side, pair: tuple[Snapshot, Snapshot]) -> None:
    """A SepcostError for figures that were counted in different ways."""
    earlier, other = ((before, pair[0]), (after, pair[1]))
    if before.counted:
        earlier, other = other, earlier
    for field, words in CONVENTIONS_DIFFER.items():
        value, another = getattr(earlier[1].convention, field), getattr(other[1].convention, field)
        if field == "dtype" and earlier[1].convention.in_own_dtype and other[1].convention.in_own_dtype:
            continue  # each is stored in what it is stored in
        if value != another:
            message = words.format(earlier[0].source, value, other[0].source, another)
            option = f"--{field.replace('_', '-')}"
            give, again = f"give {option} {value}", f"with sepcost compare {option} {value}"
            if field == "dtype" and earlier[1].convention.in_own_dtype:
                give, again = f"leave out {option}", f"without {option}"
            raise SepcostError(f"{message}: {give if other[0].counted else f'write one of them again, {again}'}")
    _refuse_other_target(*earlier, *other)
    if earlier[1].per != other[1].per:
        message = ", ".join(f"{side.source} counts {_on_what(network)}" for side, network in (earlier, other))
        raise SepcostError(f"{message}: write the costs of both with a map (-H), or both without")


def _refuse_other_target(side: Side, network: Snapshot, other: Side, another: Snapshot) -> None:
    """A SepcostError where both have times, and not for one target."""
    ours, theirs = network.target, another.target
    if ours and theirs and ours.id != theirs.id:
        message = f"{side.source} has times for {ours.name} ({ours.id}), {other.source} for {theirs.name} ({theirs.id})"
        raise SepcostError(
            f"{message}: another target is no change of a network: give that one, or write the costs again"
        )


def _on_what(network: Snapshot) -> str:
    return f"per {network.per}" if network.per else "on whole maps"


def _which(before: Side, after: Side, shared: Sequence[str]) -> str:
    """The message if it is not clear which networks are meant; ``shared`` are the names on both sides."""
    sides = [(side.source, [network.name for network in side.networks]) for side in (before, after)]
    if not shared:
        held = ", ".join(f"{source} holds {_listed(names)}" for source, names in sides)
        return f"{held}: no name is on both sides, so give a file with one network for each"
    for source, names in sides:
        name, times = Counter(name for name in names if name in shared).most_common(1)[0]
        if times > 1:
            return f"{source} holds {shortened(name)!r} {times} times: give a file that holds it once"
    return f"{before.source} and {after.source} both hold {_listed(shared)}: give files with one network each"


def _listed(names: Sequence[str]) -> str:
    shown = [repr(shortened(name)) for name in names[:MOST_NETWORKS]]
    more = [f"{len(names) - MOST_NETWORKS} more"] if len(names) > MOST_NETWORKS else []
    *first, last = shown + more
    return f"{', '.join(first)} and {last}" if first else last
