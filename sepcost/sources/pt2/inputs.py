"""Inputs of an exported program: their sizes, and whether the program runs on these."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sepcost.errors import ModelError
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.pt2.archive import Program
from sepcost.sources.pt2.expressions import Expressions, evaluated, plain, symbol_of
from sepcost.sources.sizes import Declared, Sized, sizes
from sepcost.text.units import exact
from sepcost.text.wording import in_one_line

DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64",
    9: "complex32", 10: "complex64", 11: "complex128", 12: "bool", 13: "bfloat16", 28: "uint16", 29: "float8_e4m3fn",
    30: "float8_e5m2", 31: "float8_e4m3fnuz", 32: "float8_e5m2fnuz", 33: "float8_e8m0fnu", 34: "uint32", 35: "uint64",
}  # fmt: skip
"""The numbers that the schema gives to dtypes."""
UNKNOWN = "unknown"
"""A dtype that has none of these."""
LONGEST = 200
"""How many characters of a guard are shown."""
OPEN = 2
"""The least size that export writes where nothing says another: it sets 0 and 1 apart."""
SIZE = re.compile(r"L((?:\['?\w+'?\])+)\.size\(\)\[(\d+)\]")
"""How a guard writes a size of an input: ``L['x'].size()[2]``, ``L['images'][0].size()[2]``."""


def sizes_of(program: Program, names: Sequence[str], options: ModelOptions) -> tuple[Sized, Expressions]:
    """The sizes of the inputs, and of what follows from them; a ModelError for those on which it does not run."""
    tensors = program.fields["graph_module"]["graph"]["tensor_values"]
    declared, usual = [], dict[str, int]()
    for name in (name for name in names if name in tensors):
        declared.append(_declared(name, tensors[name], usual))
    sized = sizes(declared, options, usual)
    expressions = Expressions(sized.symbols, program.limit)
    for name, shape in sized.shapes.items():
        for axis, (size, given) in enumerate(zip(tensors[name]["sizes"], shape)):
            if "as_expr" in size and not expressions.solve(text := size["as_expr"]["expr_str"], given):
                raise ModelError(f"axis {axis} of {name} was exported as {plain(text)}, which is never {exact(given)}")
    _check_ranges(program.fields["range_constraints"], expressions.symbols, declared)
    _check_guards(program, declared, sized)
    return sized, expressions


def _declared(name: str, tensor: Mapping[str, Any], usual: dict[str, int]) -> Declared:
    """An input; the export's own sizes are examples for messages."""
    shape: list[int | str] = []
    for size in tensor["sizes"]:
        expression = size.get("as_expr")
        shape.append(int(size["as_int"]) if expression is None else symbol_of(expression["expr_str"]) or "")
        if expression and expression.get("hint"):
            usual[str(shape[-1])] = int(expression["hint"]["as_int"])
    return Declared(name, tuple(shape), DTYPES.get(tensor["dtype"], UNKNOWN))


def _check_ranges(ranges: Mapping[str, Any], symbols: Mapping[str, int], declared: Sequence[Declared]) -> None:
    where = {size: f" (axis {axis} of {each.name})" for each in declared for axis, size in enumerate(each.shape)}
    for symbol, size in symbols.items():
        least, most = (ranges.get(symbol, {}).get(side) for side in ("min_val", "max_val"))
        least = 1 if least == OPEN else least
        if (least is not None and size < least) or (most is not None and size > most):
            upto = f"from {least} to {exact(most)}" if most is not None else f"at least {least}"
            raise ModelError(f"the size {symbol}{where.get(symbol, '')} was exported for {upto}, got {exact(size)}")


def _check_guards(program: Program, declared: Sequence[Declared], sized: Sized) -> None:
    """Export treats 1 separately: for a batch of one, a guard that is no equation is also tried with two."""
    once, twice = dict[str, int](), dict[str, int]()
    batch = declared[0].shape[:1] if sized.batch == 1 and declared else ()
    for each in declared:
        for axis, (size, given) in enumerate(zip(each.shape, sized.shapes[each.name])):
            key = f"{each.name.lower()}[{axis}]"
            once[key], twice[key] = given, OPEN if size and size in batch and isinstance(size, str) else given
    for guard in program.fields.get("guards_code", ()):
        if not any(_holds(guard, each, program) for each in ((once,) if "==" in guard else (once, twice))):
            wanted = in_one_line(SIZE.sub(_read, guard), LONGEST)
            raise ModelError(f"does not run on {sized.given}: it was exported for sizes with {wanted}")


def _holds(guard: str, known: Mapping[str, int], program: Program) -> bool:
    """Whether a guard holds for these sizes; one about anything else does."""
    filled = SIZE.sub(lambda size: str(known.get(_read(size), size[0])), guard)
    return evaluated(filled, {}, program.limit) is not False


def _read(size: re.Match[str]) -> str:
    """A size as people write it: ``x[2]``. The name of an input has the keys that lead to it."""
    name = "_".join(re.findall(r"\w+", size[1]))
    return f"{name}[{size[2]}]".lower()
