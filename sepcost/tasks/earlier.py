"""Figures that were counted earlier: shown and judged again, if they were counted in the way that is asked for now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sepcost.blocks.replacements import Replacement
from sepcost.count.snapshot import Snapshot
from sepcost.errors import ConfigError
from sepcost.layers.cost import Convention
from sepcost.sources.item import Item
from sepcost.text.wording import did_you_mean, listed


def counted_earlier(
    item: Item, replacements: Sequence[Replacement] | None, convention: Convention, asked: Collection[str] = ()
) -> Snapshot:
    """The figures under these replacements, or all that are known; a ConfigError if they are not known.

    ``asked`` are options for which it would have to be counted again.
    """
    snapshot = item.earlier
    if snapshot is None:
        raise ValueError("it is to be counted now")
    if asked:
        raise _problem(item, f"was counted earlier: leave out {listed(list(asked))}, or give its config")
    if other := list(_other_options(snapshot.convention, convention)):
        raise _problem(item, f"was counted in another way: give {listed(other)}")
    if replacements is None:
        return snapshot
    for text in (each.text for each in replacements):
        if text not in snapshot.replaced:
            known = listed(list(snapshot.replaced)) or "no replacement"
            hint = did_you_mean(text, snapshot.replaced)
            raise _problem(item, f"was counted with {known}, not with {text}{hint}")
    return snapshot.under(*(each.text for each in replacements))


def _other_options(before: Convention, now: Convention) -> Iterator[str]:
    """The options that would make both alike."""
    for field in ("flops_per_mac", "batch", "dtype"):
        if getattr(before, field) != getattr(now, field) and not (field == "dtype" and before.is_own and now.is_own):
            yield f"--{field.replace('_', '-')} {getattr(before, field)}"


def _problem(item: Item, message: str) -> ConfigError:
    return ConfigError.of(item.file, f"{item.name}: {message}")
