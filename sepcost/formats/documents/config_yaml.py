"""Writing: a network as a config that is read back to the same numbers, with a line for each layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import TypeAlias

from sepcost.blocks.plan import KEEP, Plan
from sepcost.blocks.replacements import Replacement
from sepcost.count.figure import REDUCTION, is_reduction, kind_of
from sepcost.errors import LayerProblem, NetworkError, ReplacementError, SepcostError
from sepcost.layers import Conv, Other, Shape, Takes
from sepcost.network.budget import Budget, Quantity
from sepcost.network.network import INPUT, Network, Node
from sepcost.sources.yaml.reading.quota import LONGEST_NAME
from sepcost.text.kind import Kind
from sepcost.text.model_text import HOLDS_WEIGHTS
from sepcost.text.quantities import Allowance
from sepcost.text.units import LONGEST_NUMBER, factor_text, shortened

Keys: TypeAlias = Mapping[str, str]
"""The keys of a mapping, in order, and their values as they are written."""

BELOW = "\n  "
"""How each line of a value begins that is on lines of its own."""
SCHEMA = "config.schema.json"
"""Where editors look for the JSON Schema unless another is given: next to the config."""

WORD = r"[A-Za-z0-9_][A-Za-z0-9_.#/+-]*"
UNQUOTED = re.compile(rf"(?![0-9]){WORD}(?: {WORD})*")
"""Text without quotes that is the same text to every reader of YAML, unless it is one of these:"""
NO_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
ESCAPES: Mapping[str, str] = {"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t"}


def written(network: Network, comment: str = "Written by sepcost.", schema: str = SCHEMA) -> str:
    """The network as a config, from which sepcost reads the same names and numbers.

    >>> from sepcost import load
    >>> print(written(load("configs/m5.yaml", alpha="0.5")), end="")  # doctest: +ELLIPSIS
    # yaml-language-server: $schema=config.schema.json
    # Written by sepcost. It is scaled: alpha 0.5.
    name: M5
    input: {C: 1, size: 8000}
    layers:
      - {name: conv1, K: 80, O: 16, stride: 16, padding: 0, bias: true, norm: batch}
      - {name: pool1, type: pool, K: 4}
      ...

    Layers are written as they are now: scaled, and each repetition by itself. A reason to keep one becomes
    ``keep: true``. Raises SepcostError for what a config cannot say: a convolution without a map, two layers with the
    same name, a replacement that is not sepcost's own, a limit that is no decimal.
    """
    return "".join(chunks(network, comment, schema))


def chunks(network: Network, comment: str = "Written by sepcost.", schema: str = SCHEMA) -> Iterator[str]:
    """The same, line by line. What cannot be written is reported before the first line."""
    head = _head(network)
    if problems := list(_problems(network)):
        raise NetworkError(problems)
    yield f"# yaml-language-server: $schema={schema}\n"
    for line in _with_scaling(comment, network).splitlines():
        yield f"# {_escaped(line)}\n"
    for key, value in head.items():
        yield f"{key}:{'' if value.startswith(BELOW) else ' '}{value}\n"
    yield "layers:\n"
    for number, node in enumerate(network):
        yield f"  - {_mapping(_layer(network, number, node))}\n"


def _with_scaling(comment: str, network: Network) -> str:
    factors = {"alpha": Fraction(network.alpha), "rho": Fraction(network.rho)}
    scaled = ", ".join(f"{name} {factor_text(factor)}" for name, factor in factors.items() if factor != 1)
    return f"{comment} It is scaled: {scaled}." if scaled else comment


def _problems(network: Network) -> Iterator[LayerProblem]:
    """The names that the reader would refuse, or read as something else."""
    names: set[str] = set()
    for node in network:
        if not node.name:
            yield LayerProblem(node.index, node.name, "name", "is missing: a config calls each layer by one")
        elif not is_unicode(node.name):
            yield LayerProblem(node.index, ascii(node.name), "name", "has half of a character in it")
        elif len(node.name) > LONGEST_NAME:
            yield LayerProblem(node.index, shortened(node.name), "name", f"has more than {LONGEST_NAME} characters")
        elif node.name in names:
            yield LayerProblem(node.index, node.name, "name", "is the name of an earlier layer already")
        elif node.name == "input" and not network.independent:
            yield LayerProblem(node.index, node.name, "name", "is the name of the network's input")
        names.add(node.name)


def _head(network: Network) -> Keys:
    """All but the layers."""
    if network.only_params:
        raise SepcostError(f"{network.name} {HOLDS_WEIGHTS}")
    if network.per_position:
        raise SepcostError("a convolution without a map cannot be written as a config: give it one (-H)")
    if not is_unicode(network.name):
        raise SepcostError(f"the network's name, {network.name!a}, has half of a character in it")
    if len(network.name) > LONGEST_NAME:
        raise SepcostError(f"the network's name, {shortened(network.name)}, has more than {LONGEST_NAME} characters")
    head = {"name": scalar(network.name)} if network.name else {}
    if network.independent:
        head["independent"] = "true"
    elif network.input_shape is not None:
        channels, *size = network.input_shape
        head["input"] = _mapping({"C": str(channels), **_size(size)})
    if not network.inner_norm:
        head["inner_norm"] = "false"
    if network.replacements:
        head["replace"] = _replace(network.replacements)
    if network.budget is not None and (network.budget.limits or network.budget.growth):
        head["budget"] = _budget(network.budget)
    return head


def _replace(replacements: Sequence[Replacement]) -> str:
    """The list of them; or the plan, a line for each glob."""
    plan = next((each for each in replacements if isinstance(each, Plan)), None)
    if plan is None:
        return f"[{', '.join(map(_replacement, replacements))}]"
    if len(replacements) > 1:
        raise SepcostError("a config has a plan or a list of replacements, not both: leave out one of them")
    texts = {glob: KEEP if each.text == KEEP else _replacement(each) for glob, each in plan.choices}
    return "".join(f"{BELOW}{scalar(glob)}: {text}" for glob, text in (texts or {"*": KEEP}).items())


def _replacement(replacement: Replacement) -> str:
    try:
        known = Replacement.parse(replacement.text) == replacement
    except ReplacementError:
        known = False
    if not known:
        raise SepcostError(f"replacement {replacement.text!r} is not sepcost's own, and a config cannot name it")
    return _quoted(replacement.text)


def _budget(budget: Budget) -> str:
    bounds = [(limit.figure, _bound(limit.figure, limit.bound)) for limit in budget.limits]
    keys = [("replacement", _quoted(budget.replacement))] if budget.replacement is not None else []
    keys += [(figure, bound) for figure, bound in bounds if not is_reduction(figure)]
    reductions = [(figure.removeprefix(REDUCTION), bound) for figure, bound in bounds if is_reduction(figure)]
    if reductions:
        keys.append(("reduction", _mapping(dict(reductions))))
    if budget.growth:
        keys.append(("growth", _mapping({figure: _more(figure, more) for figure, more in budget.growth.items()})))
    return _mapping(dict(keys))


def _more(figure: str, more: Allowance) -> str:
    """By how much a figure may grow, as a config has it."""
    if more.share:
        return f"{_decimal(100 * more.share)}%"
    if kind_of(figure) is Kind.SECONDS:
        return f"{_decimal(Fraction(more.amount))}s"
    return f"{more.amount}B" if kind_of(figure) is Kind.BYTES else f"{_decimal(Fraction(more.amount, 1000))}k"


def _bound(figure: str, bound: Quantity) -> str:
    """The bound as a decimal; a SepcostError if the reader does not read the same from it."""
    text = f"{_decimal(Fraction(bound))}{'s' * (kind_of(figure) is Kind.SECONDS)}"
    try:
        if kind_of(figure).read(text) == bound:
            return text
    except SepcostError:
        pass
    raise SepcostError(f"the limit of {figure}, {shortened(str(bound))}, is no decimal that a config takes")


def _decimal(number: Fraction) -> str:
    """The number in decimal digits, cut off after as many as the reader takes.

    >>> _decimal(Fraction(15, 2)), _decimal(Fraction(1, 200)), _decimal(Fraction(8))
    ('7.5', '0.005', '8')
    """
    places = next(
        (places for places in range(LONGEST_NUMBER) if (number * 10**places).denominator == 1), LONGEST_NUMBER
    )
    digits = str(int(number * 10**places)).zfill(places + 1)
    return f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}" if places else digits


def _layer(network: Network, number: int, node: Node) -> Keys:
    """A layer's keys, without those that have their default.

    A layer with weights that are no parameters is written as figures: a config cannot describe it.
    """
    if isinstance(node.layer, Other) or (has_no_words(node) and network.independent):
        node = replace(node, layer=_as_figures(node), shared=False)
    kind = {} if isinstance(node.layer, Conv) else {"type": node.layer.type}
    unless_given = {argument.key: _text(argument.unless_given) for argument in node.layer.arguments}
    texts = {key: _text(value) for key, value in node.layer.config_arguments().items()}
    arguments = {key: text for key, text in texts.items() if text != unless_given[key]}
    added = {"add": _names(network, node.add)} if node.add else {}
    return {"name": scalar(node.name), **kind, **_reads(network, number, node), **arguments, **_marks(node), **added}


def has_no_words(node: Node) -> bool:
    """Whether its weights are no parameters and no other layer's: constants, or computed by its code."""
    return node.has_weights and node.shared and node.weights_of is None


def _as_figures(node: Node) -> Other:
    """The layer's figures, of all its runs."""
    layer, cost = node.layer, node.cost
    if isinstance(layer, Other):
        operator, reads, writes = layer.operator, layer.reads, layer.writes
    else:
        operator, reads, writes = layer.type, prod(layer.input_shape) + node.reads, prod(layer.output_shape)
    return Other(operator, cost.params, cost.macs, node.times * reads, node.times * writes)


def _reads(network: Network, number: int, node: Node) -> Keys:
    """Where the layer's input comes from, unless that is the layer before it."""
    layer = node.layer
    if layer.takes is Takes.NOTHING or node.sources == (number - 1,):  # INPUT is the number before the first
        return {}
    if node.sources:
        return {"from": _names(network, node.sources)}
    channels, *size = layer.input_shape
    comes_first = number == 0 and network.input_shape is None
    is_vector = layer.takes is Takes.FEATURES if network.independent else comes_first
    return {**_size(size or ([] if is_vector else [1])), "C": str(channels)}


def _marks(node: Node) -> Keys:
    """The marks that an author gives to a layer with weights; others cannot have them."""
    marks: dict[str, str] = {}
    if isinstance(node.layer, Conv) and node.keep:
        marks["keep"] = "true"
    if node.round_to is not None and node.has_weights:
        marks["round_to"] = str(node.round_to)
    if node.times != 1 and node.layer.can_run_again():
        marks["times"] = str(node.times)
    if node.shared and node.has_weights:
        marks["shared"] = "true" if node.weights_of is None else scalar(node.weights_of)
    return marks


def _names(network: Network, numbers: Sequence[int]) -> str:
    names = [scalar("input" if number == INPUT else network.nodes[number].name) for number in numbers]
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _size(size: Sequence[int]) -> Keys:
    """The extent of a map: H and W, or size if it has not two axes; W only if it is not H."""
    if len(size) == 2:
        height, width = size
        return {"H": str(height)} if height == width else {"H": str(height), "W": str(width)}
    return {"size": "x".join(map(str, size))} if size else {}


def _extent(extent: Shape) -> str:
    """One number if it is the same for all axes.

    >>> _extent((3, 3)), _extent((3, 5))
    ('3', '3x5')
    """
    return str(extent[0]) if len(set(extent)) == 1 else "x".join(map(str, extent))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return _extent(value)
    return scalar(value) if isinstance(value, str) else str(value)


def _mapping(keys: Keys) -> str:
    return f"{{{', '.join(f'{key}: {value}' for key, value in keys.items())}}}"


def scalar(text: str) -> str:
    r"""A text as every reader of YAML reads it, in quotes if it needs them.

    >>> print(scalar("layer1.0.conv1"), scalar("block 1"), scalar("true"), scalar("007"), scalar("a: b\n"))
    layer1.0.conv1 block 1 "true" "007" "a: b\n"
    """
    return text if UNQUOTED.fullmatch(text) and text.lower() not in NO_TEXT else _quoted(text)


def _quoted(text: str) -> str:
    return f'"{"".join(ESCAPES.get(letter) or _escaped(letter) for letter in text)}"'


def _escaped(text: str) -> str:
    """The text with invisible characters as numbers."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(letter: str) -> str:
    if letter.isprintable():
        return letter
    number = ord(letter)
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def is_unicode(text: str) -> bool:
    """Whether it can be written: halves of surrogate pairs cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
