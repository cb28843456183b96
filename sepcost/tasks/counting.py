"""How networks are counted, as it was typed; and whether what was counted earlier fits that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any

from sepcost.blocks.plan import Plan
from sepcost.blocks.replacements import ReplaceIf, Replacement
from sepcost.count.comparison import Comparison
from sepcost.count.snapshot import NOTHING, Snapshot
from sepcost.count.sweep import Sweep
from sepcost.errors import ConfigError, SepcostError
from sepcost.layers.cost import Convention
from sepcost.network.network import Network
from sepcost.network.selection import Selection
from sepcost.sources.model_options import ModelOptions
from sepcost.text.wording import did_you_mean, listed

if TYPE_CHECKING:
    from sepcost.sources.source import Item
    from sepcost.targets.profile import Profile

MULTIPLIERS = ("alpha", "rho", "resolution")
TOO_LOW = "sepcost 0.1 counted bytes and peaks of models too low: write it again"


@dataclass
class Counting:
    """How networks are counted: ``replacements`` is None where none was typed, and empty for ``-r none``.

    ``sweep`` has the multipliers and the batch, as far as they were given. ``target`` is what times are for.
    """

    replacements: Sequence[Replacement] | None
    convention: Convention
    sweep: Sweep = field(default_factory=Sweep)
    selection: Selection = field(default_factory=Selection)
    models: ModelOptions = field(default_factory=ModelOptions)
    replace_if: ReplaceIf = ReplaceIf.ALWAYS
    target: Profile | None = None

    @property
    def globs(self) -> Selection:
        """The globs that were typed, each of which must match a convolution; many replacements have no plan."""
        few = self.replacements if isinstance(self.replacements, list) else ()
        return self.selection._replace(
            plan=tuple(glob for each in few if isinstance(each, Plan) for glob in each.globs)
        )

    def refuse_unmatched(self, networks: Sequence[Network]) -> None:
        """A SepcostError where a glob matches no convolution of any of these networks."""
        unmatched = reduce(Selection.unmatched, networks, self.globs)
        if any(unmatched):
            raise SepcostError(unmatched.complaint(networks[0].names_of_convolutions if networks else ()))

    def of(self, network: Network, values: Mapping[str, Any] = NOTHING) -> Network:
        """The network, scaled by these values, in which only selected layers are replaced. Raises NetworkError."""
        multipliers = {name: values[name] for name in MULTIPLIERS if name in values}
        if multipliers:
            from sepcost.network.scaling import scale  # slow to import: fractions

            network = scale(network, **multipliers)
        return self.selection.of(network)

    def compared(
        self,
        network: Network,
        chosen: Sequence[Replacement] | None,
        convention: Convention,
        swept: Mapping[str, Any] = NOTHING,
    ) -> Comparison:
        """The network compared; a SepcostError if it does not fit the target."""
        comparison = Comparison.of(network, chosen, convention, swept, self.replace_if)
        if self.target is None:
            return comparison
        from sepcost.count.timed import targeted  # needs NumPy

        return targeted(comparison, self.target, self.replace_if)

    def earlier(self, item: Item, snapshot: Snapshot) -> Snapshot:
        """What was counted earlier, under the replacements; a ConfigError if that is not known.

        For multipliers, sweeps, and what selects layers, it would have to be counted again.
        """
        scaled = [axis.name for axis in self.sweep.axes if axis.name in MULTIPLIERS or len(axis.values) > 1]
        anew = [f"--{name}" for name in scaled] + ["--include and --exclude"] * any(self.selection)
        anew += ["--replace-if"] * (self.replace_if is not ReplaceIf.ALWAYS) + ["--plan"] * bool(self.globs.plan)
        if anew:
            raise _problem(item, f"was counted earlier: leave out {listed(anew)}, or give its config")
        if snapshot.bytes_too_low:
            raise _problem(item, TOO_LOW)
        if self.target is not None and (snapshot.target is None or snapshot.target.id != self.target.id):
            has = f"times for {snapshot.target.name} ({snapshot.target.id})" if snapshot.target else "no times"
            raise _problem(item, f"was counted earlier, and has {has}: leave out --target, or give its config")
        if other := list(_other_options(snapshot.convention, self.convention)):
            raise _problem(item, f"was counted in another way: {listed(other)}")
        if self.replacements is None:
            return snapshot
        for text in (each.text for each in self.replacements):
            if text not in snapshot.replaced:
                known = listed(list(snapshot.replaced)) or "no replacement"
                hint = did_you_mean(text, snapshot.replaced)
                raise _problem(item, f"was counted with {known}, not with {text}{hint}")
        return snapshot.under(*(each.text for each in self.replacements))


def _other_options(before: Convention, now: Convention) -> Iterator[str]:
    """What would make both alike."""
    for name in ("flops_per_mac", "batch", "dtype"):
        option, was = f"--{name.replace('_', '-')}", getattr(before, name)
        own = name == "dtype" and before.in_own_dtype
        if was != getattr(now, name) and not (own and now.in_own_dtype):
            yield f"leave out {option}" if own else f"give {option} {was}"


def _problem(item: Item, message: str) -> ConfigError:
    return ConfigError.of(item.file, f"{item.name}: {message}")
