"""Derivation: the numbers of one convolution, formula by formula, as the articles derive them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sepcost.count.comparison import Comparison
from sepcost.count.layer_comparison import Variant
from sepcost.derive.algebra import Expression, Letter, Product, Quotient, Rounded, Sum, number
from sepcost.derive.chain import chain
from sepcost.derive.formulas import DerivationStep, Formulas, step
from sepcost.derive.reduction import Reduction
from sepcost.derive.steps import Basis
from sepcost.derive.symbolic import AXES, OPTION_LETTERS, along, symbolic, with_letters
from sepcost.errors import SepcostError
from sepcost.layers import Conv
from sepcost.layers.cost import HALF_A_BYTE
from sepcost.text.model_text import HOLDS_WEIGHTS
from sepcost.text.units import exact

MEANINGS = {
    "M": ("hidden channel", "hidden channels"),
    "g": ("group", "groups"),
    "n": ("run", "runs on each sample"),
    "r": ("", "real products for each complex one"),
}


class Section(NamedTuple):
    """Steps that belong together, and a remark that says why: sentences with formulas."""

    heading: str
    steps: tuple[DerivationStep, ...]
    remark: tuple[str | Expression, ...] = ()


def derivation(comparison: Comparison) -> list[Section]:
    """The derivation of the only layer of a comparison; a SepcostError if that is no convolution.

    >>> from sepcost import Conv, compare
    >>> from sepcost.formats.drawing.notation import plain_numbers, plain_symbols
    >>> for step in derivation(compare(Conv((112, 112), 32, 64, 3)))[-1].steps[-3:]:
    ...     print(f"{step.name}: {plain_symbols(step.symbols)} = {plain_numbers(step.numbers)} = {step.value}")
    what is left: K²·O / (K² + O) = 576 / 73 = 7.89×
    for large O: K² = 3² = 9.00×
    as a share: 1/O + 1/K² = 1/64 + 1/9 = 0.127
    """
    layer = comparison.layers[0]
    if len(comparison.layers) > 1 or not isinstance(layer.layer, Conv):
        raise SepcostError("--explain derives one convolution")
    if comparison.network.only_params:
        raise SepcostError(f"--explain derives counts on a map, and {comparison.name} {HOLDS_WEIGHTS}")
    conv, convention = symbolic(layer.layer), comparison.convention
    if HALF_A_BYTE in convention.bits:
        raise SepcostError("--explain derives whole bytes an element: give another dtype than int4")
    basis = Basis(convention, layer.node.widths_under(convention), comparison.network.has_map)
    sections = [Section("Output map", tuple(_output_map(conv)))] if basis.has_map else []

    def formulas(parts: Sequence[Conv]) -> list[Formulas]:
        node = layer.node
        return chain(conv, parts, per_position=not basis.has_map, times=node.times, products=node.products)

    (standard,) = formulas([conv])
    shared = ("Its weights are another layer's, and count there.",) if layer.node.shared else ()
    steps = tuple(basis.figures(standard, layer.standard))
    sections.append(Section(f"standard{_letters([standard])}", steps, shared))
    for replacement in comparison.acting_on(layer.name):
        text, variant = replacement.text, layer.variants[replacement.text]
        if variant.kept:
            sections.append(Section(f"{text}: kept, because {variant.kept}", ()))
            continue
        parts = formulas([part for _, part in with_letters(replacement)(conv)])
        names = f"{replacement.title}: {', then '.join(part.name for part in variant.parts)}"
        sections.append(Section(f"{names}{_letters(parts)}", tuple(_replaced(basis, parts, variant))))
        compared = tuple(basis.compared(layer.standard, variant.cost))
        reduction = Reduction(text, conv, compared, standard, parts, layer.standard, variant.cost)
        sections.append(Section(f"reduction by {text}", tuple(reduction.steps()), tuple(reduction.remark())))
    return sections


def _output_map(conv: Conv) -> Iterator[DerivationStep]:
    for axis, name in enumerate(AXES[len(conv.input_size)]):
        yield step(f"{name}'", _output_size(conv, axis, name), exact(conv.output_size[axis]))


def _output_size(conv: Conv, axis: int, name: str) -> Expression:
    """The formula of an axis of the output (sepcost.layers.formulas)."""

    def letter(name: str, values: Sequence[int]) -> Letter:
        return Letter(along(name, values, axis), values[axis])

    size, stride = Letter(name, conv.input_size[axis]), letter("stride", conv.stride)
    if conv.padding == "same":
        return Product((size, stride)) if conv.transposed else Rounded(Quotient(size, stride), up=True)
    padding = Product((number(2), letter("p", conv.padding)))
    reach = Product((letter("d", conv.dilation), Sum((letter("K", conv.kernel_size),), (number(1),))))
    if conv.transposed:
        spread = Product((Sum((size,), (number(1),)), stride))
        return Sum((spread, reach, letter("p_out", conv.output_padding), number(1)), (padding,))
    return Sum((Rounded(Quotient(Sum((size, padding), (reach, number(1))), stride)), number(1)))


def _letters(parts: Sequence[Formulas]) -> str:
    """The letters that the convolution's own numbers do not explain, for a heading."""
    letters = dict.fromkeys(letter for part in parts for letter in part.letters)
    shown = [
        f"{letter.name} = {exact(letter.value)} {MEANINGS.get(letter.name[0], ('', ''))[letter.value > 1]}".rstrip()
        for letter in letters
        if letter.name[0] in {*MEANINGS, *OPTION_LETTERS.values()} or letter.name[1:].isdigit()
    ]
    return f" ({', '.join(shown)})" if shown else ""


def _replaced(basis: Basis, parts: Sequence[Formulas], variant: Variant) -> Iterator[DerivationStep]:
    """The figures of each part, and of all together if there are several."""
    if len(parts) == 1:
        yield from basis.figures(parts[0], variant.cost)
        return
    for part, formulas in zip(variant.parts, parts):
        yield from basis.figures_of_part(part.name, formulas, part.cost)
    yield from basis.sums(parts, variant)
