"""Figures that were counted earlier: shown and judged again, if they were counted in the way that is asked for now."""

from __future__ import annotations

from collections.abc import Collection, Sequence

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
    for field in ("flops_per_mac", "batch", "dtype"):
        was, now = getattr(snapshot.convention, field), getattr(convention, field)
        if was != now and not (field == "dtype" and snapshot.convention.is_own and convention.is_own):
            option = f"--{field.replace('_', '-')}"
            raise _problem(item, f"was counted with {option} {was}, not {now}: give {option} {was}")
    if replacements is None:
        return snapshot
    for text in (each.text for each in replacements):
        if text not in snapshot.replaced:
            known = listed(list(snapshot.replaced)) or "no replacement"
            hint = did_you_mean(text, snapshot.replaced)
            raise _problem(item, f"was counted with {known}, not with {text}{hint}")
    return snapshot.under(*(each.text for each in replacements))


def _problem(item: Item, message: str) -> ConfigError:
    return ConfigError.of(item.file, f"{item.name}: {message}")
