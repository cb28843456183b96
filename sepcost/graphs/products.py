"""Products: the MACs of operators that multiply maps and matrices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from math import prod

from sepcost.layers import Shape

LONGEST = 1000
"""Of more characters is no equation that is read: some of these would take hours."""


def matmul(left: Shape, right: Shape) -> int:
    """The MACs of a product of (batches of) matrices, which broadcast as in NumPy.

    >>> matmul((8, 196, 64), (8, 64, 196)), matmul((5,), (5,)), matmul((1, 5, 4), (0, 4, 3))
    (19668992, 5, 0)
    """
    *batch, rows, inner = left if len(left) > 1 else (1, *left)
    *others, _, columns = right if len(right) > 1 else (*right, 1)
    pairs = zip_longest(reversed(batch), reversed(others), fillvalue=1)
    return prod(max(pair) if min(pair) else 0 for pair in pairs) * rows * inner * columns


def einsum(equation: str, shapes: Sequence[Shape]) -> int:
    """The MACs of an einsum whose operands are multiplied from left to right, as torch does.

    >>> einsum("bqhd,bkhd->bhqk", [(2, 10, 4, 16), (2, 12, 4, 16)])
    15360

    What one operand has alone, and the result has not, is summed before the product. Without anything to sum over the
    product is element by element, and counts nothing. Raises ValueError for what is no equation of these shapes.
    """
    if len(equation) > LONGEST:
        raise ValueError(f"an equation of {len(equation):,} characters")
    inputs, _, output = equation.replace(" ", "").partition("->")
    terms = [_letters(term, len(shape)) for term, shape in zip(inputs.split(","), shapes, strict=True)]
    size: dict[str, int] = {}
    for letter, extent in (pair for term, shape in zip(terms, shapes) for pair in zip(term, shape)):
        if extent > 1 and size.setdefault(letter, extent) != extent:
            raise ValueError(f"{letter} is {size[letter]} and {extent}")
    letters = [letter for term in terms for letter in term]
    implied = [each for each in dict.fromkeys(letters) if letters.count(each) == 1 or each.isdigit()]
    hidden = [each for each in letters if each.isdigit()]
    wanted = {*output.replace("...", ""), *hidden * ("..." in output)} if "->" in equation else set(implied)
    macs, left = 0, set(terms[0])
    for number, term in enumerate(terms[1:], start=1):
        right, later = set(term), wanted.union(*terms[number + 1 :])
        both = {each for each in left | right if each in later or (each in left and each in right)}
        if both - later:
            macs += prod(size.get(letter, 1) for letter in both)
        left = both & later
    return macs


def _letters(term: str, rank: int) -> list[str]:
    """The letters of a term; an ellipsis is digits, the last axis first."""
    before, dots, after = term.partition("...")
    if len(before) + len(after) > rank or (not dots and len(before) < rank):
        raise ValueError(f"no term for {rank} axes: {term}")
    hidden = [str(number) for number in reversed(range(rank - len(before) - len(after)))] if dots else []
    return [*before, *hidden, *after]


def recurrent(weights: Iterable[Shape], steps: int) -> int:
    """The MACs of a recurrent layer, each of whose matrices is used in every step; ``steps`` are those of all samples.

    >>> recurrent([(20, 8), (20, 5)], steps=10)
    2600
    """
    return steps * sum(prod(shape) for shape in weights if len(shape) > 1)
