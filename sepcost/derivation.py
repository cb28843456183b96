"""Derivation: how the numbers of one convolution come about, formula by formula, as the articles do it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from sepcost.comparison import Comparison, Part
from sepcost.cost import Cost, ratio
from sepcost.errors import SepcostError
from sepcost.layers import Conv
from sepcost.units import as_ratio, exact

AXES = {1: "L", 2: "HW", 3: "DHW"}
POWERS = {1: "", 2: "²", 3: "³"}


@dataclass(frozen=True, slots=True)
class Step:
    """One formula: in symbols, with the numbers in place, and its value."""

    name: str
    symbols: str
    numbers: str
    value: str


@dataclass(frozen=True, slots=True)
class Section:
    """Steps that belong together, and a remark where the steps alone do not say why."""

    heading: str
    steps: tuple[Step, ...]
    remark: str = ""
    """Text with its formulas in backticks."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula in symbols, and the same with the numbers in place."""

    symbols: str
    numbers: str

    def __mul__(self, other: Expression) -> Expression:
        return Expression(f"{self.symbols}·{other.symbols}", f"{self.numbers}·{other.numbers}")

    def __add__(self, other: Expression) -> Expression:
        return Expression(f"{self.symbols} + {other.symbols}", f"{self.numbers} + {other.numbers}")

    def step(self, name: str, value: str) -> Step:
        return Step(name, self.symbols, self.numbers, value)


def derivation(comparison: Comparison) -> list[Section]:
    """The derivation of a comparison of one convolution; a SepcostError for anything else.

    >>> from sepcost import Conv, compare
    >>> for step in derivation(compare(Conv((112, 112), 32, 64, 3)))[-1].steps:
    ...     print(f"{step.name}: {step.symbols} = {step.numbers} = {step.value}")
    params: standard / separable = 18,432 / 2,336 = 7.89×
    MACs: standard / separable = 231,211,008 / 29,302,784 = 7.89×
    what is left: K²·O / (K² + O) = 576 / 73 = 7.89×
    for large O: K² = 3² = 9.00×
    """
    layer = comparison.layers[0]
    conv = layer.layer
    if len(comparison.layers) > 1 or not isinstance(conv, Conv):
        raise SepcostError("--explain derives a single convolution: give -C, -K and -O (and -H)")
    per_position = comparison.network.per_position
    sections = [] if per_position else [Section("Output map", tuple(_output_map(conv)))]
    channels = Expression("C", str(conv.in_channels)), Expression("O", str(conv.out_channels))
    standard = tuple(_conv_steps("", conv, layer.standard, *channels, _positions(conv, conv, per_position)))
    sections.append(Section("standard", standard))
    for text, variant in layer.variants.items():
        if variant.kept:
            sections.append(Section(f"{text}: kept, because {variant.kept}", ()))
            continue
        steps = tuple(_parts_steps(variant.parts, conv, per_position))
        total = (_sum("params", steps, variant.cost.params), _sum("MACs", steps, variant.cost.macs))
        names = ", then ".join(part.name for part in variant.parts)
        sections.append(Section(f"{text}: {names}{_hidden_channels(conv, variant.parts)}", steps + total))
        sections.append(_reduction(text, conv, variant.parts, layer.standard, variant.cost))
    return sections


def _output_map(conv: Conv) -> Iterator[Step]:
    axes = AXES[len(conv.input_size)]
    for axis, name in enumerate(axes):
        size, kernel, stride = conv.input_size[axis], conv.kernel_size[axis], conv.stride[axis]
        value = exact(conv.output_size[axis])
        if conv.padding == "same":
            symbols, numbers = (
                (f"{name}·stride", f"{size}·{stride}")
                if conv.transposed
                else (f"⌈{name} / stride⌉", f"⌈{size} / {stride}⌉")
            )
            yield Step(f"{name}'", symbols, numbers, value)
            continue
        padding, dilation, added = conv.padding[axis], conv.dilation[axis], conv.output_padding[axis]
        if conv.transposed:
            symbols = f"({name} − 1)·stride − 2·p + d·(K − 1) + p_out + 1"
            numbers = f"({size} − 1)·{stride} − 2·{padding} + {dilation}·({kernel} − 1) + {added} + 1"
        else:
            symbols = f"⌊({name} + 2·p − d·(K − 1) − 1) / stride⌋ + 1"
            numbers = f"⌊({size} + 2·{padding} − {dilation}·({kernel} − 1) − 1) / {stride}⌋ + 1"
        yield Step(f"{name}'", symbols, numbers, value)


def _positions(part: Conv, conv: Conv, per_position: bool) -> Expression | None:
    """The positions at which a part's weights are used, in the symbols of the whole; None where there is only one."""
    sizes = part.input_size if part.transposed else part.output_size
    names = AXES[len(sizes)]
    if per_position:
        strides = [(f"stride_{name.lower()}", size) for name, size in zip(names, sizes) if size > 1]
        if len(strides) == len(sizes) and len(set(sizes)) == 1:
            return Expression(f"stride{POWERS[len(sizes)]}", f"{sizes[0]}{POWERS[len(sizes)]}")
        return _product(strides)
    axes = zip(names, sizes, conv.input_size, conv.output_size)
    return _product([(name if _is_input(part, *extents) else f"{name}'", extents[0]) for name, *extents in axes])


def _is_input(part: Conv, size: int, before: int, after: int) -> bool:
    """Whether an axis of this size is called H, as the input's, rather than H'."""
    return size == before and (part.transposed or size != after)


def _product(factors: Sequence[tuple[str, int]]) -> Expression | None:
    if not factors:
        return None
    return Expression("·".join(name for name, _ in factors), "·".join(str(number) for _, number in factors))


def _kernel(conv: Conv) -> Expression:
    sizes, rank = conv.kernel_size, len(conv.kernel_size)
    if len(set(sizes)) == 1:
        return Expression(f"K{POWERS[rank]}", f"{sizes[0]}{POWERS[rank]}")
    axes = [(f"K_{name.lower()}", size) for name, size in zip(AXES[rank], sizes) if size > 1]
    return _product(axes) or Expression("1", "1")


def _conv_steps(
    name: str, conv: Conv, cost: Cost, inputs: Expression, outputs: Expression, positions: Expression | None
) -> Iterator[Step]:
    weights = _weights(conv, inputs, outputs)
    params = weights
    if conv.bias:
        params = params + outputs
    if conv.norm == "batch":
        params = params + Expression("2", "2") * outputs
    prefix = f"{name} " if name else ""
    yield params.step(f"{prefix}params", exact(cost.params))
    yield (positions * weights if positions else weights).step(f"{prefix}MACs", exact(cost.macs))


def _weights(conv: Conv, inputs: Expression, outputs: Expression) -> Expression:
    if conv.is_depthwise:
        return outputs * _kernel(conv)
    if conv.groups > 1:
        inputs = Expression(f"({inputs.symbols} / g)", f"({inputs.numbers} / {conv.groups})")
    return inputs * outputs if conv.is_pointwise else inputs * _kernel(conv) * outputs


def _hidden_channels(conv: Conv, parts: Sequence[Part]) -> str:
    """How many there are, for a heading, where a letter stands for them."""
    inputs = Expression("C", str(conv.in_channels))
    for number, part in enumerate(parts):
        inputs = _hidden(part.layer, inputs, parts[number + 1 :])
        if inputs.symbols == "M":
            return f" (M = {inputs.numbers} hidden channels)"
    return ""


def _parts_steps(parts: Sequence[Part], conv: Conv, per_position: bool) -> Iterator[Step]:
    inputs = Expression("C", str(conv.in_channels))
    for number, part in enumerate(parts):
        outputs = _hidden(part.layer, inputs, parts[number + 1 :])
        positions = _positions(part.layer, conv, per_position)
        yield from _conv_steps(part.name, part.layer, part.cost, inputs, outputs, positions)
        inputs = outputs


def _hidden(part: Conv, inputs: Expression, rest: Sequence[Part]) -> Expression:
    """The symbol of a part's output channels."""
    if all(other.layer.is_depthwise and other.layer.in_channels == other.layer.out_channels for other in rest):
        return Expression("O", str(part.out_channels))
    multiplier, remainder = divmod(part.out_channels, part.in_channels)
    if part.groups == part.in_channels and not remainder:
        return inputs if multiplier == 1 else inputs * Expression("m", str(multiplier))
    return Expression("M", str(part.out_channels))


def _sum(name: str, steps: Sequence[Step], value: int) -> Step:
    chosen = [step for step in steps if step.name.endswith(name)]
    symbols = " + ".join(step.symbols for step in chosen)
    return Step(name, symbols, " + ".join(step.value for step in chosen), exact(value))


def _reduction(text: str, conv: Conv, parts: Sequence[Part], standard: Cost, cost: Cost) -> Section:
    steps = [
        Step(name, f"standard / {text}", f"{exact(before)} / {exact(after)}", as_ratio(ratio(before, after)))
        for name, before, after in (
            ("params", standard.params, cost.params),
            ("MACs", standard.macs, cost.macs),
        )
    ]
    costs_more = "It costs more MACs than the standard." if cost.macs > standard.macs else ""
    if not _is_depthwise_then_pointwise(conv, parts):
        return Section(f"reduction by {text}", tuple(steps), costs_more)
    kernel, positions = _kernel(conv), prod(conv.kernel_size)
    outputs, multiplier = conv.out_channels, parts[0].layer.out_channels // conv.in_channels
    shared, below = f"{kernel.symbols} + O", exact(positions + outputs)
    limit = kernel.step("for large O", as_ratio(positions))
    if multiplier > 1:
        shared, below = f"m·({shared})", exact(multiplier * (positions + outputs))
        limit = Expression(f"{kernel.symbols} / m", f"{kernel.numbers} / {multiplier}").step(
            "for large O", as_ratio(positions / multiplier)
        )
    value = as_ratio(ratio(positions * outputs, multiplier * (positions + outputs)))
    left = Expression(f"{kernel.symbols}·O / ({shared})", f"{exact(positions * outputs)} / {below}")
    steps += [left.step("what is left", value), limit]
    positions_of_both = _positions(conv, conv, prod(conv.output_size) == 1)
    both = (positions_of_both * Expression("C", "")).symbols if positions_of_both else "C"
    remark = (
        f"Both sides share `{both}`. What is left is `{kernel.symbols}·O` against `{shared}`: however many output "
        f"channels there are, the reduction stays below `{limit.symbols}`."
    )
    return Section(f"reduction by {text}", tuple(steps), f"{remark} {costs_more}".rstrip())


def _is_depthwise_then_pointwise(conv: Conv, parts: Sequence[Part]) -> bool:
    """Whether the MACs are those of the articles, so that the map and C cancel out."""
    if conv.transposed or len(parts) != 2:
        return False
    depthwise, pointwise = parts[0].layer, parts[1].layer
    return depthwise.groups == conv.in_channels and pointwise.is_pointwise and pointwise.groups == 1
