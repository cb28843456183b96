"""The registry of replacements, how one is written (NAME, or NAME:option=value,…), and which layers are replaced."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from sepcost.blocks.blocks import (
    Parts,
    blueprint,
    blueprint_subspace,
    bottleneck,
    grouped,
    inverted,
    separable,
    spatial,
)
from sepcost.errors import LayerError, ReplacementError, SepcostError
from sepcost.layers import Conv
from sepcost.text.arguments import LARGEST, times
from sepcost.text.options import read_options, split_options
from sepcost.text.units import NumberError, as_text, list_items, read_factor, read_whole
from sepcost.text.wording import did_you_mean, in_one_line, listed

if TYPE_CHECKING:
    from fractions import Fraction
    from inspect import Parameter

NOT_FEWER = "it would not have fewer MACs"
"""Why a layer is kept under ``fewer-macs``."""
NOT_FASTER, NO_TIME = "it is not predicted to be faster", "its time is not known"
"""Why a layer is kept under ``faster``."""


class ReplaceIf(str, Enum):
    """When a layer that can be replaced is replaced."""

    ALWAYS = "always"
    FEWER_MACS = "fewer-macs"
    FASTER = "faster"

    @classmethod
    def read(cls, value: object) -> ReplaceIf:
        """The choice of this name; a SepcostError if there is none.

        >>> ReplaceIf.read("fewer")
        Traceback (most recent call last):
        sepcost.errors.SepcostError: replace_if must be always, fewer-macs or faster, got 'fewer'; did you mean \
`fewer-macs`?
        """
        names = [choice.value for choice in cls]
        if isinstance(value, str) and value in names:
            return cls(value)
        hint = did_you_mean(as_text(value), names)
        raise SepcostError(f"replace_if must be {listed(names, 'or')}, got {as_text(value, repr)}{hint}")

    def reason_to_keep(self, macs: int, replaced: int) -> str | None:
        """Why a layer with this many MACs is kept, when its replacement has ``replaced``; None if it is replaced.

        >>> ReplaceIf.FEWER_MACS.reason_to_keep(256, 272), ReplaceIf.ALWAYS.reason_to_keep(256, 272)
        ('it would not have fewer MACs', None)
        """
        return NOT_FEWER if self is ReplaceIf.FEWER_MACS and replaced >= macs else None


CONDITIONS = {NOT_FEWER: ReplaceIf.FEWER_MACS, NOT_FASTER: ReplaceIf.FASTER, NO_TIME: ReplaceIf.FASTER}
"""Why a layer is kept that could be replaced, and under which condition."""

Block: TypeAlias = Callable[..., Parts]
OptionValue: TypeAlias = "int | bool | Fraction | Enum"

REPLACEMENTS: Mapping[str, Block] = {
    "separable": separable,
    "blueprint": blueprint,
    "blueprint_subspace": blueprint_subspace,
    "grouped": grouped,
    "bottleneck": bottleneck,
    "inverted": inverted,
    "spatial": spatial,
}


@dataclass(frozen=True, slots=True)
class Replacement:
    """A replacement with its options set; ``text`` is how its user wrote it, and its key in every output.

    ``by`` is how a plan writes it, which is the text of all that it chooses.

    >>> double = Replacement.parse("separable:multiplier=2")
    >>> [part.out_channels for name, part in double(Conv((14, 14), 8, 16, 3))]
    [16, 16]

    Any function from a Conv to named Convs that follow each other will do:

    >>> def halves(conv):
    ...     return [("grouped", Conv(conv.input_size, conv.in_channels, conv.out_channels, 3, groups=2))]
    >>> [part.groups for name, part in Replacement("halves", halves)(Conv((14, 14), 8, 16, 3))]
    [2]
    """

    text: str
    block: Block
    options: tuple[tuple[str, OptionValue], ...] = ()
    by: str | None = None

    @classmethod
    def parse(cls, text: str) -> Replacement:
        """Read ``NAME`` or ``NAME:option=value,…``; raises ReplacementError."""
        if not isinstance(text, str):
            raise ReplacementError(
                f"a replacement is a text, such as 'separable:multiplier=2', got {as_text(text, repr)}"
            )
        name, colon, given = text.partition(":")
        block = known_block(name)
        return cls.with_options(name, block, given) if colon else cls(name, block)

    @classmethod
    def with_options(cls, name: str, block: Block, given: str) -> Replacement:
        """A block with its options as they were typed: ``option=value,…``; raises ReplacementError."""
        options = _typed(name, split_options(given)).items()
        return cls(f"{name}:{given}", block, tuple(_option(name, block, *option) for option in options))

    @property
    def name(self) -> str:
        """What it is called without its options."""
        written = self.by or self.text
        return written.rpartition(":")[0] if self.options else written

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.text} ({self.by})" if self.by else self.text

    @property
    def wants_inner_norm(self) -> bool:
        """Whether its user has asked for norms between the parts.

        >>> [Replacement.parse(text).wants_inner_norm for text in ("separable", "separable:inner_norm=true")]
        [False, True]
        """
        return dict(self.options).get("inner_norm") is True

    def of_layer(self, names: Iterable[str]) -> Replacement:
        """What replaces the layer of these names; only a plan looks at them."""
        return self

    def matching(self, names: Collection[str]) -> Replacement:
        """The same for a network whose layers have these names; of a plan, only the globs that match some."""
        return self

    def unmatched(self, names: Collection[str]) -> list[str]:
        """The globs that match none of these names; only a plan has some."""
        return []

    def __call__(self, conv: Conv) -> Parts:
        """The parts; raises CannotReplaceError where the block does not take this convolution."""
        try:
            parts = self.block(conv, **dict(self.options))
        except LayerError as error:
            raise LayerError(error.field, f"{error.reason} in a part of its replacement {self.title}") from None
        return _checked(self.title, parts, conv)


@dataclass(frozen=True, slots=True)
class InPlace(Replacement):
    """A replacement in a model, where norms are layers that stay: the convolution's is after the last part.

    >>> conv = Conv((56, 56), 64, 64, 3, norm="batch")
    >>> usual = Replacement.parse("separable")
    >>> [part.norm for _, part in usual(conv)], [part.norm for _, part in InPlace.of(usual)(conv)]
    (['batch', 'batch'], ['none', 'batch'])

    With ``inner_norm`` (as its user wrote it, unless it is given) the other parts are as the block makes them where
    there is a norm.
    """

    inner_norm: bool = False

    @classmethod
    def of(cls, replacement: Replacement, *, inner_norm: bool | None = None) -> InPlace:
        wanted = replacement.wants_inner_norm if inner_norm is None else inner_norm
        return cls(replacement.text, replacement.block, replacement.options, replacement.by, wanted)

    def __call__(self, conv: Conv) -> Parts:
        norm = "none" if not self.inner_norm else "batch" if conv.norm == "none" else conv.norm
        parts = Replacement.__call__(self, replace(conv, norm=norm))
        name, last = parts[-1]
        return (*parts[:-1], (name, replace(last, norm=conv.norm)))


def known_block(name: str) -> Block:
    """The block of this name; a ReplacementError if there is none."""
    block = REPLACEMENTS.get(name)
    if block is None:
        hint = f"{did_you_mean(name, REPLACEMENTS)} (there are: {', '.join(REPLACEMENTS)})"
        raise ReplacementError(f"no replacement is called {in_one_line(name, 60)!r}{hint}")
    return block


def option_values(name: str, given: str, block: Block) -> Mapping[str, list[str]]:
    """Options as they were typed, some of them with several values: each option with each of its values.

    >>> option_values("grouped", "groups=2,4,pointwise=true", grouped)
    {'groups': ['groups=2', 'groups=4'], 'pointwise': ['pointwise=true']}
    """
    known = options_of(block)
    options: list[str] = []
    for item in split_options(given):
        if options and "=" not in item and item not in known:
            options[-1] += f",{item}"
        else:
            options.append(item)
    return dict(zip(_typed(name, options), map(_one_by_one, options)))


def _typed(name: str, options: Sequence[str]) -> Mapping[str, str | None]:
    try:
        return read_options(options)
    except NumberError as error:
        raise ReplacementError(f"{name} {error}") from None


def _one_by_one(option: str) -> list[str]:
    key, equals, values = option.partition("=")
    try:
        return [f"{key}{equals}{value}" for value in dict.fromkeys(list_items(values))]
    except NumberError as error:
        raise ReplacementError(f"option {key}: {error}") from None


def reason_to_keep(conv: Conv) -> str | None:
    """Why this convolution has nothing to gain from a replacement; None if it can be replaced.

    >>> reason_to_keep(Conv.pointwise((14, 14), 512, 512))
    '1×1'
    >>> reason_to_keep(Conv((14, 14), 512, 512, 3))
    """
    if conv.is_depthwise:
        return "already depthwise"
    if conv.groups > 1:
        return "grouped"
    if conv.is_pointwise:
        return "×".join("1" * len(conv.kernel_size))
    return None


def options_of(block: Block) -> Mapping[str, Parameter]:
    """The options of a block: its arguments, without the convolution.

    >>> {name: option.default for name, option in options_of(separable).items()}
    {'multiplier': 1, 'inner_norm': True, 'inner_bias': True, 'inner_activation': <Activation.NONE: 'none'>}
    """
    from inspect import signature

    return {option.name: option for option in list(signature(block).parameters.values())[1:]}


def typed(value: object) -> str:
    """The value of an option as it is typed.

    >>> typed(True), typed(options_of(separable)["inner_activation"].default)
    ('true', 'none')
    """
    return str(value.value) if isinstance(value, Enum) else str(value).lower()


def _checked(text: str, parts: Parts, conv: Conv) -> Parts:
    """The parts, if they are named convolutions that follow each other from the input to the output."""
    if not isinstance(parts, (tuple, list)) or not parts:
        raise ReplacementError(f"{text} must return (name, Conv) pairs, got {parts!r:.60}")
    shape = conv.input_shape
    for item in parts:
        if not (isinstance(item, (tuple, list)) and len(item) == 2 and type(item[1]) is Conv):
            raise ReplacementError(f"{text} must return (name, Conv) pairs, got {item!r:.60} among them")
        name, part = item
        if part.input_shape != shape:
            raise ReplacementError(
                f"{text}: part {name!r} takes {times(part.input_shape)}, but {times(shape)} reaches it"
            )
        shape = part.output_shape
    if shape != conv.output_shape:
        raise ReplacementError(f"{text} makes {times(shape)} out of {times(conv.output_shape)}")
    if len({name for name, _ in parts}) < len(parts):
        raise ReplacementError(f"{text} gives two parts the same name: {', '.join(name for name, _ in parts)}")
    return tuple(parts)


def _option(name: str, block: Block, key: str, value: str | None) -> tuple[str, OptionValue]:
    known = options_of(block)
    if key not in known:
        hint = f"{did_you_mean(key, known)} (its options: {', '.join(known) or 'none'})"
        raise ReplacementError(f"{name} has no option {in_one_line(key, 60)!r}{hint}")
    default = known[key].default
    if value is None:
        raise ReplacementError(f"{name}: option {key} needs a value, such as {key}={typed(default)}")
    try:
        return key, _value(value, default)
    except NumberError as error:
        raise ReplacementError(f"{name}: option {key} {error}") from None


def _value(text: str, default: object) -> OptionValue:
    if isinstance(default, bool):
        if text not in ("true", "false"):
            raise NumberError(f"must be true or false, got {text}")
        return text == "true"
    if isinstance(default, Enum):
        return _choice(text, type(default))
    if isinstance(default, float):
        factor = read_factor(text)
        if not 0 < factor <= 1:
            raise NumberError(f"must be above 0 and at most 1, got {text}")
        return factor
    number = read_whole(text)
    if not 1 <= number <= LARGEST:
        raise NumberError(f"must be between 1 and {LARGEST}, got {number}")
    return number


def _choice(text: str, kind: type[Enum]) -> Enum:
    names = {typed(choice): choice for choice in kind}
    if text not in names:
        hint = did_you_mean(text, names)
        raise NumberError(f"must be {listed(list(names), 'or')}, got {in_one_line(text, 60)}{hint}")
    return names[text]
