"""Expressions: the sizes of an exported program, as texts such as ``Add(Symbol('s53'), Integer(-2))``."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from math import ceil, floor, trunc
from operator import add, floordiv, mod, mul, sub
from typing import Any

from sepcost.errors import ModelError
from sepcost.text.units import shortened

NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,40})?(e-?\d\d?)?")
"""No more digits than these: a short text may be a number of millions of them."""
LONGEST = 20_000
UNREADABLE = (ArithmeticError, LookupError, MemoryError, RecursionError, SyntaxError, TypeError, ValueError)
OPERATORS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.FloorDiv: floordiv, ast.Mod: mod,
}  # fmt: skip
LARGEST = 2**63
"""No size is larger."""


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > 64:
        raise ValueError
    return Fraction(base) ** int(exponent)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "Add": lambda *terms: reduce(add, terms, Fraction(0)),
    "Mul": lambda *factors: reduce(mul, factors, Fraction(1)),
    "Pow": _power,
    "PowByNatural": _power,
    "Max": max,
    "Min": min,
    "Abs": abs,
    "FloorDiv": lambda one, other: Fraction(one // other),
    "CleanDiv": lambda one, other: one / other,
    "IntTrueDiv": lambda one, other: one / other,
    "FloatTrueDiv": lambda one, other: one / other,
    "Mod": lambda one, other: one % other,
    "PythonMod": lambda one, other: one % other,
    "ModularIndexing": lambda base, divisor, modulus: base // divisor % modulus,
    **dict.fromkeys(("floor", "FloorToInt"), lambda number: Fraction(floor(number))),
    **dict.fromkeys(("ceiling", "CeilToInt"), lambda number: Fraction(ceil(number))),
    "TruncToInt": lambda number: Fraction(trunc(number)),
    "RoundToInt": lambda number: Fraction(round(number)),
    **dict.fromkeys(("Integer", "ToFloat", "Identity"), lambda number: number),
    "Rational": lambda one, other: one / other,
    "Float": lambda number, **_: Fraction(number),
}
"""Sympy's functions, and torch's own, which export writes; no other is called."""


def size_of(text: str, symbols: Mapping[str, int]) -> int:
    """The whole number that an expression is.

    >>> size_of("Add(Mul(Integer(2), Symbol('s53', positive=True)), Integer(-2))", {"s53": 32})
    62

    Nothing is executed: a small whitelist of functions is called. Raises ModelError.
    """
    try:
        if len(text) > LONGEST:
            raise ValueError
        value = _value(ast.parse(text, mode="eval").body, symbols)
        if value.denominator != 1 or not -LARGEST < value < LARGEST:
            raise ValueError
    except UNREADABLE:
        raise ModelError(f"the size {shortened(text)} cannot be calculated") from None
    return int(value)


def symbol_of(text: str) -> str | None:
    """The symbol that an expression is; None for more than that.

    >>> symbol_of("Symbol('s53', positive=True, integer=True)"), symbol_of("Integer(3)")
    ('s53', None)
    """
    name = text.removeprefix("Symbol('").partition("'")[0]
    return name if text.startswith(f"Symbol('{name}'") and text.count("(") == 1 and name.isidentifier() else None


def holds(guard: str, shapes: Mapping[str, Sequence[int]]) -> bool:
    """Whether inputs of these shapes fulfil an equation that export has noted; what is no equation holds.

    >>> holds("L['x'].size()[2] == 2*(L['x'].size()[2] // 2)", {"x": (1, 3, 33, 32)})
    False

    Other guards are about sizes of 0 and 1, which export sets apart.
    """
    try:
        found = ast.parse(guard[:LONGEST], mode="eval").body
        if not isinstance(found, ast.Compare) or not isinstance(found.ops[0], ast.Eq):
            return True
        return _of_sizes(found.left, shapes) == _of_sizes(found.comparators[0], shapes)
    except UNREADABLE:
        return True


def _of_sizes(node: ast.expr, shapes: Mapping[str, Sequence[int]]) -> int:
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](_of_sizes(node.left, shapes), _of_sizes(node.right, shapes))
    match node:
        case ast.UnaryOp(ast.USub(), operand):
            return -_of_sizes(operand, shapes)
        case ast.Constant(int(value)):
            return value
        case ast.Subscript(
            ast.Call(ast.Attribute(ast.Subscript(_, ast.Constant(name)), "size")), ast.Constant(int(axis))
        ):
            return shapes[str(name)][axis]
    raise ValueError


def _value(node: ast.expr, symbols: Mapping[str, int]) -> Fraction:
    if isinstance(node, ast.Constant) and NUMBER.fullmatch(str(node.value)):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, symbols)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and not any(isinstance(argument, ast.Starred) for argument in node.args)
    ):
        if node.func.id == "Symbol":
            name = ast.literal_eval(node.args[0])
            if name not in symbols:
                raise ModelError(f"the size {shortened(str(name))} depends on values, and is not known")
            return Fraction(symbols[name])
        value = FUNCTIONS[node.func.id](*(_value(argument, symbols) for argument in node.args))
        if abs(value) >= LARGEST**4:
            raise ValueError
        return Fraction(value)
    raise ValueError
