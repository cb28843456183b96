"""Algebra: as much as costs need, from letters to quotients; any notation can write it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import ceil, floor, prod
from typing import NamedTuple, TypeAlias


class Letter(NamedTuple):
    """A letter and its number; a number without a letter is its own name (``number``)."""

    name: str
    value: int


class Word(NamedTuple):
    """A value that was derived before, under its name: ``params``, ``standard``."""

    name: str
    value: int


class Power(NamedTuple):
    """A letter to a whole power above 1."""

    base: Letter
    exponent: int


class Product(NamedTuple):
    """Factors; no factors are 1."""

    factors: tuple[Expression, ...]


class Sum(NamedTuple):
    """Terms that are added, and then terms that are subtracted."""

    terms: tuple[Expression, ...]
    less: tuple[Expression, ...] = ()


class Quotient(NamedTuple):
    """One expression over another."""

    above: Expression
    below: Expression


class Rounded(NamedTuple):
    """An expression rounded down to a whole number, or up."""

    of: Expression
    up: bool = False


Expression: TypeAlias = Letter | Word | Power | Product | Sum | Quotient | Rounded


def number(value: int) -> Letter:
    """A number as a letter of its own."""
    return Letter(str(value), value)


def value_of(expression: Expression) -> Fraction:
    """The exact value of an expression.

    >>> value_of(Sum((Quotient(number(1), number(64)), Quotient(number(1), number(9)))))
    Fraction(73, 576)
    """
    match expression:
        case Letter(_, value) | Word(_, value):
            return Fraction(value)
        case Power(base, exponent):
            return Fraction(base.value) ** exponent
        case Product(factors):
            return prod(map(value_of, factors), start=Fraction(1))
        case Sum(terms, less):
            return sum(map(value_of, terms), Fraction(0)) - sum(map(value_of, less), Fraction(0))
        case Quotient(above, below):
            return value_of(above) / value_of(below)
        case Rounded(of, up):
            return Fraction(ceil(value_of(of)) if up else floor(value_of(of)))


@dataclass(frozen=True, slots=True)
class Term:
    """Letters, each to a power other than 0; terms multiply, divide and cancel.

    >>> C, K, O = Letter("C", 32), Letter("K", 3), Letter("O", 64)
    >>> depthwise = Term.of(C, K, K)
    >>> (depthwise / Term.of(C, K, K, O)).value
    Fraction(1, 64)
    """

    powers: tuple[tuple[Letter, int], ...] = ()

    @classmethod
    def of(cls, *letters: Letter) -> Term:
        """The product of letters, without any 1."""
        return reduce(Term.__mul__, (cls(((letter, 1),)) for letter in letters if letter.name != "1"), cls())

    def __mul__(self, other: Term) -> Term:
        powers = dict(self.powers)
        for letter, power in other.powers:
            powers[letter] = powers.get(letter, 0) + power
        return Term(tuple((letter, power) for letter, power in powers.items() if power))

    def __truediv__(self, other: Term) -> Term:
        """Letters above are in the order of this term, letters below in the order of the other."""
        powers = dict((self * Term(tuple((letter, -power) for letter, power in other.powers))).powers)
        letters = [letter for letter, _ in (*other.powers, *self.powers)]
        below = {letter: powers[letter] for letter in letters if powers.get(letter, 0) < 0}
        return Term(tuple(({letter: power for letter, power in powers.items() if power > 0} | below).items()))

    @property
    def above(self) -> Term:
        """The letters that multiply."""
        return Term(tuple((letter, power) for letter, power in self.powers if power > 0))

    @property
    def below(self) -> Term:
        """The letters that divide, with positive powers."""
        return Term(tuple((letter, -power) for letter, power in self.powers if power < 0))

    @property
    def value(self) -> Fraction:
        return value_of(self.expression)

    @property
    def whole(self) -> int:
        """The value of a term without letters below."""
        return int(self.value)

    @property
    def expression(self) -> Expression:
        above, below = _product(self.above.powers), self.below.powers
        return Quotient(above, _product(below)) if below else above


def common(terms: Sequence[Term]) -> Term:
    """The largest term that divides each of them.

    >>> C, O = Letter("C", 32), Letter("O", 64)
    >>> common([Term.of(C, C, O), Term.of(C, C)]) == Term.of(C, C)
    True
    """
    powers = [dict(term.powers) for term in terms]
    letters = dict.fromkeys(letter for term in terms for letter, _ in term.powers)
    least = ((letter, min(other.get(letter, 0) for other in powers)) for letter in letters)
    return Term(tuple((letter, power) for letter, power in least if power))


def total(terms: Sequence[Term]) -> Expression:
    """The sum of terms; no terms are 0."""
    expressions = tuple(term.expression for term in terms)
    return expressions[0] if len(expressions) == 1 else Sum(expressions) if expressions else number(0)


def factored(terms: Sequence[Term]) -> Expression:
    """The sum of terms, with their common factor in front: m·(K² + O)."""
    shared = common(terms)
    rest = total([term / shared for term in terms])
    return Product((*_factors(shared.powers), rest)) if shared.powers and len(terms) > 1 else total(terms)


def as_numbers(expression: Expression) -> Expression:
    """The expression with one number above each line and one below."""
    match expression:
        case Sum(terms, ()):
            return Sum(tuple(map(as_numbers, terms)))
        case Quotient(above, below):
            return Quotient(number(int(value_of(above))), number(int(value_of(below))))
        case _:
            return number(int(value_of(expression)))


def _product(powers: Iterable[tuple[Letter, int]]) -> Expression:
    factors = tuple(_factors(powers))
    return factors[0] if len(factors) == 1 else Product(factors) if factors else number(1)


def _factors(powers: Iterable[tuple[Letter, int]]) -> Iterator[Expression]:
    return (letter if power == 1 else Power(letter, power) for letter, power in powers)
