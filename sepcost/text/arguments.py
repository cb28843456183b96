"""Checks of the arguments of layers: each gives the value in its full form, or names the field and says why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex, TypeAlias, cast

from sepcost.errors import LayerError
from sepcost.text.units import as_text

LARGEST = 2**31 - 1
"""No size, channel count or option may be larger: the largest that torch and the data sheets can index."""

MOST_DIGITS = 1000
"""No given figure has more: Python writes at most 4,300 digits of an integer, and totals have a few more than these."""
TOO_LARGE = 10**MOST_DIGITS

Extent: TypeAlias = tuple[int, ...]
"""One whole number for each axis of a map, such as (224, 224)."""


def times(sizes: Sequence[int]) -> str:
    """Sizes as people write them.

    >>> times((3, 224, 224))
    '3×224×224'
    """
    return "×".join(map(str, sizes))


def whole(name: str, value: object, least: int) -> int:
    """The value as an int between ``least`` and LARGEST, or a LayerError that names the field."""
    if type(value) is int and least <= value <= LARGEST:
        return value
    if type(value) is not int:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise LayerError(name, f"must be a whole number, got {as_text(value, repr)}")
        value = cast(SupportsIndex, value).__index__()  # not operator.index: many integers at once give themselves
    if value < least:
        raise LayerError(name, f"must be at least {least}, got {as_text(value)}")
    if value > LARGEST:
        raise LayerError(name, f"must be at most {LARGEST}, got {as_text(value)}")
    return value


def natural(name: str, value: object) -> int:
    """The value as a count of any size, or a LayerError that names the field."""
    if type(value) is not int:
        raise LayerError(name, f"must be a whole number, got {as_text(value, repr)}")
    if value < 0:
        raise LayerError(name, f"must not be negative, got {as_text(value)}")
    if value >= TOO_LARGE:
        raise LayerError(name, f"must have at most {MOST_DIGITS:,} digits, got {as_text(value)}")
    return value


def extent(name: str, value: object, rank: int, least: int) -> Extent:
    """One checked number for each of ``rank`` axes; a single number is for all of them."""
    if type(value) is int:
        return (whole(name, value, least),) * rank
    if type(value) is tuple and len(value) == rank:
        for number in value:
            if type(number) is not int or not least <= number <= LARGEST:
                break
        else:  # as nearly always: parts of a convolution take its sizes as they are
            return value
    if isinstance(value, (tuple, list)):
        if len(value) != rank:
            raise LayerError(name, f"needs one number for each of {rank} axes, got {as_text(value, times)}")
        return tuple([whole(name, number, least) for number in value])
    return (whole(name, value, least),) * rank


def map_size(value: Sequence[int]) -> Extent:
    """A checked map of one to three axes."""
    if not isinstance(value, (tuple, list)) or not 1 <= len(value) <= 3:
        raise LayerError(
            "input_size", f"must be one, two or three sizes such as (224, 224), got {as_text(value, repr)}"
        )
    return extent("input_size", value, len(value), 1)


def flag(name: str, value: bool) -> bool:
    """The value, if it is a bool."""
    if not isinstance(value, bool):
        raise LayerError(name, f"must be true or false, got {as_text(value, repr)}")
    return value


def one_of(name: str, value: str, choices: tuple[str, ...]) -> str:
    """The choice that the value is equal to."""
    if value not in choices:
        raise LayerError(name, f"must be one of {', '.join(choices)}, got {as_text(value, repr)}")
    return choices[choices.index(value)]


def short_times(sizes: Sequence[int]) -> str:
    """One number where all axes have the same.

    >>> short_times((2, 2)), short_times((2, 1))
    ('2', '2×1')
    """
    return str(sizes[0]) if len(set(sizes)) == 1 else times(sizes)
