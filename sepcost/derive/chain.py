"""Chain: convolutions that replace one and run one after the other, counted in the letters of that one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from sepcost.derive.algebra import Letter, Term, number
from sepcost.derive.formulas import Formulas
from sepcost.derive.symbolic import AXES, Named, along, term_of
from sepcost.layers import Conv

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def chain(
    conv: Conv, parts: Sequence[Conv], *, per_position: bool = False, times: int = 1, products: int = 1
) -> list[Formulas]:
    """The formulas of each part; ``parts`` come from a ``symbolic`` convolution, and may be ``conv`` alone.

    It runs ``times`` times on each sample. ``products`` is how many real products a complex one has.

    >>> from sepcost.derive.symbolic import symbolic
    >>> conv = symbolic(Conv((28, 28), 1, 32, 3))
    >>> [letter.name for letter, _ in chain(conv, [conv])[0].weights.powers]
    ['C', 'K', 'O']
    """
    often = Term.of(Letter("n", times)) if times > 1 else Term()
    real = Term.of(Letter("r", products)) if products > 1 else Term()
    channels, maps = _channels(parts), _maps(conv, parts, per_position)
    ends = zip(parts, pairwise(channels), pairwise(maps))
    return [_formulas(part, *between, *sizes, often, real) for part, between, sizes in ends]


def _formulas(part: Conv, inputs: Term, outputs: Term, before: Term, after: Term, often: Term, real: Term) -> Formulas:
    is_depthwise = _is_depthwise(part, inputs)
    kernel = Term()
    for size in part.kernel_size:
        kernel *= term_of(size)
    weights = outputs * kernel if is_depthwise else inputs * kernel * outputs / term_of(part.groups)
    positions = before if part.transposed else after
    biases = (outputs,) * (part.bias or part.norm == "folded")
    norms = (Term.of(number(2)) * outputs,) * (part.norm == "batch")
    reads, writes = often * before * inputs, often * after * outputs
    is_pointwise = not kernel.powers and part.groups == 1
    macs = often * real * positions * weights
    return Formulas(weights, biases, norms, macs, reads, writes, is_depthwise, is_pointwise)


def _is_depthwise(part: Conv, inputs: Term) -> bool:
    """Whether it is built as one; numbers that are equal by chance do not count."""
    if isinstance(part.groups, Named):
        return part.groups.term == inputs
    return part.is_depthwise


def _channels(parts: Sequence[Conv]) -> list[Term]:
    """The channels before the first part, between the parts, and after the last; M for a block's own number."""
    widths = [int(part.out_channels) for part in parts[:-1] if not isinstance(part.out_channels, Named)]
    letters = list(dict.fromkeys(widths))
    terms = [Term.of(Letter("C", parts[0].in_channels))]
    for part in parts[:-1]:
        if isinstance(part.out_channels, Named):
            terms.append(part.out_channels.term)
        elif part.is_depthwise and part.in_channels == part.out_channels:
            terms.append(terms[-1])
        else:
            which = _subscript(letters.index(part.out_channels) + 1) if len(letters) > 1 else ""
            terms.append(Term.of(Letter(f"M{which}", part.out_channels)))
    return [*terms, Term.of(Letter("O", parts[-1].out_channels))]


def _maps(conv: Conv, parts: Sequence[Conv], per_position: bool) -> list[Term]:
    """The positions of the map before the first part, between the parts, and after the last."""
    maps = [Term() for _ in range(len(parts) + 1)]
    for axis, name in enumerate(AXES[len(conv.input_size)]):
        before, after = _ends(conv, axis, per_position)
        resized = list(accumulate((not _keeps_size(part, axis) for part in parts), initial=0))
        for place, done in enumerate(resized):
            inner = Letter(f"{name}{_subscript(done)}", parts[place - 1].output_size[axis])
            maps[place] *= before if not done else after if done == resized[-1] else Term.of(inner)
    return maps


def _ends(conv: Conv, axis: int, per_position: bool) -> tuple[Term, Term]:
    """The letters of an axis of the convolution's own maps: H and H', or those of one position of a stride."""
    name = AXES[len(conv.input_size)][axis]
    size, output = conv.input_size[axis], conv.output_size[axis]
    if per_position:
        letter = Letter(along("stride", conv.stride, axis), conv.stride[axis])
        stride = Term.of(letter) if letter.value > 1 else Term()
        return (Term(), stride) if conv.transposed else (stride, Term())
    after = Term.of(Letter(f"{name}'", output))
    return (after if _keeps_size(conv, axis) else Term.of(Letter(name, size))), after


def _keeps_size(conv: Conv, axis: int) -> bool:
    """Whether an axis keeps its size, and would do so on any map."""
    return conv.stride[axis] == 1 and conv.input_size[axis] == conv.output_size[axis]


def _subscript(number: int) -> str:
    return str(number).translate(SUBSCRIPTS)
