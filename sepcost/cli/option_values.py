"""Options as they were typed, read by the rules of ``units``: what is wrong names its option."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from sepcost.count.sweep import Axis, Sweep
from sepcost.errors import ConventionError, SepcostError
from sepcost.layers.cost import Convention
from sepcost.tasks.convolution import read_size
from sepcost.text.units import at_least_one, read_as, read_list, read_whole

T = TypeVar("T")


def read_several(option: str, read: Callable[[str], T], text: str) -> list[T]:
    """The values of an option that takes a list or a range; a SepcostError that names the option."""
    return read_as(option, lambda text: read_list(text, read), text)


def read_convention(flops_per_mac: str, dtype: str | None, batch: str = "1") -> Convention:
    """The convention that was typed; a SepcostError that names the option."""
    numbers = read_as("--flops-per-mac", read_whole, flops_per_mac), read_as("--batch", at_least_one, batch)
    try:
        return Convention.asked(*numbers, dtype)
    except ConventionError as error:
        raise SepcostError(f"--{error.field.replace('_', '-')}: {error.reason}") from None


def multiplier_sweep(alpha: str, rho: str, resolution: str | None, batch: str) -> Sweep:
    """What else can be swept, for networks and convolutions alike; a SepcostError names the option that is wrong."""
    return Sweep(tuple(_axes(alpha, rho, resolution, batch)))


def _axes(alpha: str, rho: str, resolution: str | None, batch: str) -> Iterator[Axis]:
    for name, text in (("alpha", alpha), ("rho", rho)):
        if text != "1":
            from sepcost.network.scaling import as_factor  # needs fractions, which take their time to import

            yield Axis(name, read_several(f"--{name}", partial(as_factor, f"--{name}"), text))
    if resolution is not None:
        yield Axis("resolution", read_several("--resolution", read_size, resolution))
    if batch != "1":
        yield Axis("batch", read_several("--batch", at_least_one, batch))
