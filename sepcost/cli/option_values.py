"""Options as they were typed, read by the rules of ``units``: what is wrong names its option."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sepcost.errors import ConventionError, SepcostError
from sepcost.layers.cost import Convention
from sepcost.text.units import NumberError, read_whole

T = TypeVar("T")


def read_option(name: str, read: Callable[[str], T], text: str) -> T:
    """The value of an option as it was typed; a SepcostError that names the option."""
    try:
        return read(text)
    except NumberError as error:
        raise SepcostError(f"{name}: {error}") from None


def at_least_one(text: str) -> int:
    """A whole number from 1."""
    number = read_whole(text)
    if number < 1:
        raise NumberError(f"must be at least 1, got {number}")
    return number


def read_convention(flops_per_mac: str, dtype: str | None, batch: str = "1") -> Convention:
    """The convention that was typed; a SepcostError that names the option."""
    numbers = read_option("--flops-per-mac", read_whole, flops_per_mac), read_option("--batch", at_least_one, batch)
    try:
        return Convention.asked(*numbers, dtype)
    except ConventionError as error:
        raise SepcostError(f"--{error.field.replace('_', '-')}: {error.reason}") from None
