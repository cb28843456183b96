"""Expressions of an exported program: sizes, ``Add(Symbol('s53'), Integer(-2))``, and guards, ``8 % 2 == 0``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from math import ceil, floor, trunc
from operator import add, eq, ge, gt, le, lt, mod, mul, ne, sub
from typing import Any

from sepcost.sources.graph_limit import GraphLimit
from sepcost.text.units import shortened

TOKEN = re.compile(r"'[^']*'|\d[\d.]*(?:e-?\d+)?|[A-Za-z_][\w.]*|//|\*\*|[<>=!]=|\S")
NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,40})?(e-?\d\d?)?")
"""No more digits than these: a short text may be a number of millions of them."""
SYMBOL = re.compile(r"Symbol\('(\w+)'")
UNREADABLE = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
EFFORT = 16
"""What a character of an expression spends of the limit: it takes longer than one of JSON."""
LARGEST = 2**63
"""No size is larger."""


def _over(one: Any, other: Any) -> Any:
    return Fraction(one) / other


def _power(base: Any, exponent: Any) -> Any:
    if abs(exponent) > 64:
        raise ValueError
    return Fraction(base) ** exponent


def _each(of: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda *terms: reduce(lambda one, other: _bounded(of(one, other)), terms)


def _bounded(value: Any) -> Any:
    """The number; a ValueError if it has too many digits to go on with."""
    if not isinstance(value, (int, Fraction)):
        value = Fraction(value)
    if max(abs(value.numerator), value.denominator) >= LARGEST**4:
        raise ValueError
    return value


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "Add": _each(add),
    "Mul": _each(mul),
    **dict.fromkeys(("Pow", "PowByNatural", "FloatPow"), _power),
    **dict.fromkeys(("Max", "max"), max),
    **dict.fromkeys(("Min", "min"), min),
    **dict.fromkeys(("Abs", "abs"), abs),
    "FloorDiv": lambda one, other: one // other,
    **dict.fromkeys(("CleanDiv", "IntTrueDiv", "FloatTrueDiv", "Rational"), _over),
    **dict.fromkeys(("Mod", "PythonMod"), mod),
    "ModularIndexing": lambda base, divisor, modulus: base // divisor % modulus,
    **dict.fromkeys(("floor", "FloorToInt", "math.floor"), floor),
    **dict.fromkeys(("ceiling", "CeilToInt", "math.ceil"), ceil),
    **dict.fromkeys(("TruncToInt", "math.trunc"), trunc),
    **dict.fromkeys(("RoundToInt", "round"), round),
    **dict.fromkeys(("Symbol", "Integer", "Float", "ToFloat", "Identity", "torch.sym_float"), lambda number: number),
}  # fmt: skip
"""Sympy's functions, and torch's own, which export writes; no other is called."""
COMPARISON, MINUS = 4, 7
OPERATORS: Mapping[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "or": (1, lambda one, other: one or other), "and": (2, lambda one, other: one and other),
    "==": (COMPARISON, eq), "!=": (COMPARISON, ne), "<": (COMPARISON, lt), "<=": (COMPARISON, le),
    ">": (COMPARISON, gt), ">=": (COMPARISON, ge),
    "+": (5, add), "-": (5, sub), "*": (6, mul), "/": (6, _over), "//": (6, lambda one, other: one // other),
    "%": (6, mod), "**": (8, _power),
}  # fmt: skip
"""Python's operators, and how strongly each binds."""


class Expressions:
    """The sizes that the texts of a program are: each is calculated once, and its characters are spent.

    >>> sizes = Expressions({"s53": 32}, GraphLimit(10_000))
    >>> sizes.of("Add(Mul(Integer(2), Symbol('s53', positive=True)), Integer(-2))"), sizes.of("Symbol('u0')")
    (62, None)

    Nothing is executed: a small whitelist of functions is called.
    """

    def __init__(self, symbols: Mapping[str, int], limit: GraphLimit) -> None:
        self.symbols, self.limit = dict(symbols), limit
        self._found: dict[str, int | None] = {}

    def of(self, text: str) -> int | None:
        """The whole number that an expression is; None where it cannot be calculated, or depends on values."""
        if text not in self._found:
            self._found[text] = _whole(evaluated(text, self.symbols, self.limit))
        return self._found[text]

    def solve(self, text: str, size: int) -> bool:
        """Whether an expression is this size; a symbol in it that is not known yet is that for which it is.

        >>> sizes = Expressions({}, GraphLimit(10_000))
        >>> sizes.solve("Mul(Integer(32), Symbol('s39'))", 64), sizes.symbols
        (True, {'s39': 2})
        """
        for name in set(SYMBOL.findall(text)) - self.symbols.keys():
            least, next_one = (_whole(evaluated(text, self.symbols | {name: at}, self.limit)) for at in (0, 1))
            if least is not None and next_one not in (None, least):
                self.symbols[name] = (size - least) // (next_one - least)
        return self.of(text) == size


def symbol_of(text: str) -> str | None:
    """The symbol that an expression is; None for more than that.

    >>> symbol_of("Symbol('s53', positive=True, integer=True)"), symbol_of("Integer(3)")
    ('s53', None)
    """
    found = SYMBOL.match(text)
    return found[1] if found and text.count("(") == 1 else None


def plain(text: str) -> str:
    """An expression as people read it.

    >>> plain("Add(Mul(Integer(2), Symbol('s53', positive=True)), Integer(-2))")
    'Add(Mul(2, s53), -2)'
    """
    return shortened(re.sub(r"(?:Integer|Symbol)\('?(-?\w+)\b[^()]*\)", r"\1", text))


def evaluated(text: str, symbols: Mapping[str, int], limit: GraphLimit) -> Any:
    """What an expression or a guard is: a number, or whether it holds; None where that is not known.

    >>> evaluated("(33 % 2) == 0 and 3 <= 33", {}, GraphLimit(10_000))
    False
    """
    limit.spend(EFFORT * len(text))
    tokens = ["", *reversed(TOKEN.findall(text))]
    try:
        value = _value(tokens, symbols)
    except UNREADABLE:
        return None
    return value if tokens == [""] else None


def _whole(value: Any) -> int | None:
    is_whole = value is not None and value == int(value) and abs(value) < LARGEST
    return int(value) if is_whole else None


def _value(tokens: list[str], symbols: Mapping[str, int], least: int = 0) -> Any:
    """What the next tokens are, to an operator that does not bind stronger than ``least``; these are taken."""
    value = _operand(tokens, symbols)
    while (operator := OPERATORS.get(tokens[-1])) and operator[0] > least:
        tokens.pop()
        rank, of = operator
        if isinstance(value, bool) and rank >= COMPARISON:
            raise ValueError
        value = _bounded(of(value, _value(tokens, symbols, rank)))
    return value


def _operand(tokens: list[str], symbols: Mapping[str, int]) -> Any:
    word = tokens.pop()
    text = word.strip("'")
    if word == "-":
        return -_value(tokens, symbols, MINUS)
    if word == "(":
        return _arguments(tokens, symbols)[0]
    if word in FUNCTIONS and tokens.pop() == "(":
        return _bounded(FUNCTIONS[word](*_arguments(tokens, symbols)))
    if NUMBER.fullmatch(text):
        return int(text) if text.isdecimal() else Fraction(text)
    return symbols[text]


def _arguments(tokens: list[str], symbols: Mapping[str, int]) -> list[Any]:
    """The arguments of a call, to its closing bracket; those with a name say what a symbol is, and are left out."""
    found = []
    while tokens[-1] != ")":
        if tokens[-2] == "=":
            del tokens[-3:]
        else:
            found.append(_value(tokens, symbols))
        if tokens[-1] == ",":
            tokens.pop()
        elif tokens[-1] != ")":
            raise ValueError
    tokens.pop()
    return found
