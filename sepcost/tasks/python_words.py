"""Messages for callers in Python: options of the command line become the arguments of functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from sepcost.errors import ConfigError, SepcostError

Error = TypeVar("Error", bound=SepcostError)
SAME = (
    "allow", "alpha", "backward", "baseline", "batch", "bias", "columns", "device", "dtype", "filter", "flops-per-mac",
    "fold-norms", "min-speedup", "min-time", "norm", "pareto", "plan", "replace-if", "resolution", "rho", "rows",
    "run-models", "runtime", "size", "sort", "target", "threads", "top", "verify", "whole",
)  # fmt: skip
"""The options that are arguments of the same name."""
FLAGS = ("backward", "bias", "fold-norms", "run-models", "verify", "whole")
ARGUMENTS = {
    **{f"--{name}": name.replace("-", "_") + "=True" * (name in FLAGS) for name in SAME},
    **{f"-{letter}": letter for letter in "CHKOW"},
    "-r": "replacements",
    "--dim": "dims",
    "--explain": "explain()",
    "--format": "to_",
    "--graph-limit": "graph_limit",
    "--include": "layer",
    "--input": "inputs",
    "--max-growth": "growth",
    "--value": "values",
}
MAPPINGS = ("--dim", "--value")
"""The options whose values are NAME=NUMBER."""
_VALUE = (
    r"(?:SHAPE|NAME|cpu|none|separable|uncounted|zeros|gone|totals|faster|csv|json"
    r"|'[^'\n]*'|[^\s,;()]*[\d=.](?:[^\s,;():.]|[:.](?=\w))*)"
)
_OPTION = re.compile(
    rf"(?<![\w-])(?P<option>{'|'.join(ARGUMENTS)})(?![\w-])(?: (?P<values>{_VALUE}(?: (?P=option) {_VALUE})*))?"
)


@contextmanager
def in_python_words() -> Iterator[None]:
    """Whatever SepcostError is raised, its message names arguments of Python."""
    try:
        yield
    except SepcostError as error:
        raise reworded(error)  # noqa: B904 (it is the same error)


def reworded(error: Error) -> Error:
    """The error itself, with other words."""
    if isinstance(error, ConfigError):
        error.problems = tuple(each._replace(message=python_words(each.message)) for each in error.problems)
    error.args = tuple(map(python_words, map(str, error.args)))
    return error


def python_words(text: str) -> str:
    """A message with the arguments of Python instead of options.

    >>> python_words("give --input x=SHAPE --input y=SHAPE; --device cpu runs it")
    'give inputs=["x=SHAPE", "y=SHAPE"]; device="cpu" runs it'
    >>> python_words("use --format csv, or --top 20")
    'use to_csv(), or top=20'
    >>> python_words("give --dim s53=64"), python_words("give --dim '8*h=64' or --input x=3x64")
    ('give dims={"s53": 64}', 'give dims={"8*h": 64} or inputs="x=3x64"')
    """
    return _OPTION.sub(_argument, text)


def _argument(option: re.Match[str]) -> str:
    name = ARGUMENTS[option["option"]]
    if option["values"] is None:
        return name
    if option["option"] in MAPPINGS:
        key, _, value = option["values"].strip("'").rpartition("=")
        return f'{name}={{"{key}": {value}}}'
    if name == ARGUMENTS["--format"]:
        return f"{name}{option['values']}()"
    values = [
        each if each.isdigit() or each == "NAME" else '"' + each.strip("'") + '"'
        for each in option["values"].split(f" {option['option']} ")
    ]
    return f"{name}={values[0]}" if len(values) == 1 else f"{name}=[{', '.join(values)}]"
