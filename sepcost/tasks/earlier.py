"""Figures that were counted earlier: shown and judged again, if they were counted in the way that is asked for now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from sepcost.blocks.replacements import ReplaceIf, Replacement
from sepcost.count.snapshot import Snapshot
from sepcost.errors import ConfigError
from sepcost.layers.cost import Convention
from sepcost.network.selection import Selection
from sepcost.text.wording import did_you_mean, listed

if TYPE_CHECKING:
    from sepcost.sources.source import Item

TOO_LOW = "sepcost 0.1 counted bytes and peaks of models too low: write it again"


def counted_earlier(
    item: Item,
    snapshot: Snapshot,
    replacements: Sequence[Replacement] | None,
    convention: Convention,
    scaled: Iterable[str],
    selection: Selection,
    replace_if: ReplaceIf,
) -> Snapshot:
    """The item's figures under these replacements, or all that are known; a ConfigError if they are not known.

    ``scaled`` are the multipliers and sweeps that were typed: for these, and for what selects layers, it would have to
    be counted again.
    """
    anew = [f"--{name}" for name in scaled] + ["--include and --exclude"] * any(selection)
    anew += ["--replace-if"] * (replace_if is not ReplaceIf.ALWAYS)
    if anew:
        raise _problem(item, f"was counted earlier: leave out {listed(anew)}, or give its config")
    if snapshot.bytes_too_low:
        raise _problem(item, TOO_LOW)
    if other := list(_other_options(snapshot.convention, convention)):
        raise _problem(item, f"was counted in another way: {listed(other)}")
    if replacements is None:
        return snapshot
    for text in (each.text for each in replacements):
        if text not in snapshot.replaced:
            known = listed(list(snapshot.replaced)) or "no replacement"
            hint = did_you_mean(text, snapshot.replaced)
            raise _problem(item, f"was counted with {known}, not with {text}{hint}")
    return snapshot.under(*(each.text for each in replacements))


def _other_options(before: Convention, now: Convention) -> Iterator[str]:
    """What would make both alike."""
    for field in ("flops_per_mac", "batch", "dtype"):
        option, was = f"--{field.replace('_', '-')}", getattr(before, field)
        own = field == "dtype" and before.in_own_dtype
        if was != getattr(now, field) and not (own and now.in_own_dtype):
            yield f"leave out {option}" if own else f"give {option} {was}"


def _problem(item: Item, message: str) -> ConfigError:
    return ConfigError.of(item.file, f"{item.name}: {message}")
