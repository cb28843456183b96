"""What else can be swept, for networks and convolutions alike: the multipliers and the batch."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from sepcost.cli.option_values import at_least_one, read_option
from sepcost.count.sweep import Axis, Sweep
from sepcost.tasks.convolution import read_size
from sepcost.text.units import read_list


def multiplier_sweep(alpha: str, rho: str, resolution: str | None, batch: str) -> Sweep:
    """The axes that were typed; a SepcostError names the option that is wrong."""
    return Sweep(tuple(_axes(alpha, rho, resolution, batch)))


def _axes(alpha: str, rho: str, resolution: str | None, batch: str) -> Iterator[Axis]:
    for name, text in (("alpha", alpha), ("rho", rho)):
        if text != "1":
            yield Axis(name, _factors(f"--{name}", text))
    if resolution is not None:
        yield Axis("resolution", read_option("--resolution", lambda text: read_list(text, read_size), resolution))
    if batch != "1":
        yield Axis("batch", read_option("--batch", lambda text: read_list(text, at_least_one), batch))


def _factors(option: str, text: str) -> list[Fraction]:
    from sepcost.network.scaling import as_factor  # needs the standard library's fractions, which take their time

    return read_option(option, lambda text: read_list(text, lambda item: as_factor(option, item)), text)
