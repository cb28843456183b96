"""The text that names a PyTorch model: ``module:attribute``, ``module:factory(literals)``, ``file.py:attribute``."""

from __future__ import annotations

import ast
import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from sepcost.errors import ModelError
from sepcost.text.foreign import foreign_format
from sepcost.text.units import shortened
from sepcost.text.wording import in_one_line

STDIN = "<stdin>"
"""What messages call standard input."""
DRIVE = re.compile(r"[A-Za-z]:[\\/]")
PYTHON = ".py"
CONFIG_SUFFIXES = (".yaml", ".yml")
"""How the names of configs in a folder end."""
PROGRAM_SUFFIXES = (".pt2", ".onnx", ".tflite")
"""How the names of files end that hold a program: its operators, with the sizes of what they read and make."""
WEIGHT_SUFFIXES = (
    ".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".safetensors.index.json", ".bin.index.json",
)  # fmt: skip
"""How the names of files end that hold weights: tensors by name."""
HOLDS_WEIGHTS = "holds weights: name the code of the model, as in net.py:build, or give its .onnx"
"""What is said of such a file where a model is needed."""
SCHEMES = "//"
"""What follows the colon of an address in the web."""

LITERALS = "numbers, texts in quotes, True, False, None, and lists, tuples, sets and dicts of these"


Device: TypeAlias = Literal["meta", "cpu"]
"""Where a model is built and run: without memory (meta), or in real memory (cpu)."""


@dataclass(frozen=True, slots=True)
class ModelText:
    """A model by where it is and what it is called, and the literal arguments of its factory if it is called.

    >>> text = ModelText.parse("mynet.py:Net.small(32, act='relu')")
    >>> text.source, text.attribute, text.arguments, text.options
    ('mynet.py', 'Net.small', (32,), {'act': 'relu'})
    >>> text.is_file, text.called
    (True, True)

    As gunicorn reads an application: the arguments are literals, and nothing is evaluated.
    """

    text: str
    source: str
    attribute: str
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    called: bool = False

    @classmethod
    def parse(cls, text: str) -> ModelText:
        """Read such a text; raises ModelError.

        >>> ModelText.parse("mynet.py:build(big)")
        Traceback (most recent call last):
        sepcost.errors.ModelError: mynet.py:build(big): argument big is no literal; in quotes it is a text: 'big'
        """
        source, colon, expression = halves(text)
        foreign = foreign_format(source)
        if foreign and (not colon or not _is_module(source)):
            raise _error(text, foreign)
        if not source:
            raise _error(text, f"names no module: write MODULE:{expression} or FILE.py:{expression}")
        if not expression:
            raise _error(text, f"names no model: write {source}:NAME")
        if not _is_module(source) and not _is_python_file(source):
            raise _error(text, f"{shortened(source)} is neither a module, as pkg.nets is, nor a file that ends in .py")
        try:
            return cls(text, source, *_read(text, expression))
        except RecursionError:
            raise _error(text, "is nested too deep") from None

    @property
    def is_file(self) -> bool:
        """Whether the source is a file's name, not a module's."""
        return _is_python_file(self.source)

    def __str__(self) -> str:
        return self.text


def is_model_text(text: str) -> bool:
    r"""Whether a source on the command line names a model, well or badly, and not a file, a folder or a stream.

    >>> [is_model_text(text) for text in ("pkg.nets:UNet", "mynet.py", "model.h5")]
    [True, True, True]
    >>> [is_model_text(text) for text in ("net:v2.yaml", "-", r"C:\nets\net.yaml", "https://example.org/net.yaml")]
    [False, False, False, False]
    """
    source, colon, expression = halves(text)
    if is_weights(text):
        return False
    if not colon:
        return _is_python_file(source) or foreign_format(source) is not None
    if text.lower().endswith(CONFIG_SUFFIXES):
        return False
    return not expression.startswith(SCHEMES) and not _exists(text)


def is_program(text: str) -> bool:
    """Whether a text is the name of a file that holds a program.

    >>> [is_program(name) for name in ("net.onnx", "NET.PT2", "net.yaml", "net.py:build")]
    [True, True, False, False]
    """
    return text.lower().endswith(PROGRAM_SUFFIXES)


def is_weights(text: str) -> bool:
    """Whether a text is the name of a file that holds weights, perhaps with a key of it behind a colon.

    >>> [is_weights(name) for name in ("w.pt", "model.safetensors", "ckpt.pth:ema", "net.pt2", "pkg.pt:build")]
    [True, True, True, False, False]

    A module may be called pt, or bin: before a colon, only a file that is there is none.
    """
    source, colon, _ = halves(text)
    may_be_module = colon and source.endswith((".pt", ".bin")) and _is_module(source)
    return source.lower().endswith(WEIGHT_SUFFIXES) and not (may_be_module and not _exists(source))


def names_python(text: str) -> bool:
    """Whether a text names something in Python code: after a module and a colon, or in a file that ends in .py.

    >>> [names_python(text) for text in ("pkg.nets:images", "nets.py:images(2)", "nets.py", "3x4:int64", "pkg")]
    [True, True, True, False, False]
    """
    source, colon, _ = halves(text)
    return _is_python_file(source) or (bool(colon) and _is_module(source))


def halves(text: str) -> tuple[str, str, str]:
    """The text before and after the first colon that is not a drive's."""
    drive = text[:2] if DRIVE.match(text) else ""
    source, colon, expression = text[len(drive) :].partition(":")
    return drive + source, colon, expression.strip()


def _is_python_file(source: str) -> bool:
    return source.lower().endswith(PYTHON)


def _is_module(source: str) -> bool:
    return all(part.isidentifier() for part in source.split(".")) and not _is_python_file(source)


def _exists(text: str) -> bool:
    """Whether something has this name: a link that leads nowhere, too."""
    try:
        return os.path.lexists(text)
    except ValueError:  # a character that no name may have
        return False


def _read(text: str, expression: str) -> tuple[str, tuple[Any, ...], dict[str, Any], bool]:
    """Attribute, arguments, options, and whether it is a call at all."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of invalid escapes in quoted texts
            found = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _neither(text, expression) from None
    if not isinstance(found, ast.Call):
        return _dotted(text, expression, found), (), {}, False
    arguments = tuple(_literal(text, expression, argument, argument) for argument in found.args)
    return _dotted(text, expression, found.func), arguments, _options(text, expression, found.keywords), True


def _dotted(text: str, expression: str, node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(text, expression, node.value)}.{node.attr}"
    raise _neither(text, expression)


def _options(text: str, expression: str, keywords: list[ast.keyword]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for keyword in keywords:
        if keyword.arg is None:
            raise _no_literal(text, expression, keyword.value, keyword)
        if keyword.arg in options:
            raise _error(text, f"argument {keyword.arg} is given twice")
        options[keyword.arg] = _literal(text, expression, keyword.value, keyword)
    return options


def _literal(text: str, expression: str, node: ast.expr, argument: ast.expr | ast.keyword) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, OverflowError, RecursionError, MemoryError):
        raise _no_literal(text, expression, node, argument) from None


def _no_literal(text: str, expression: str, node: ast.expr, argument: ast.expr | ast.keyword) -> ModelError:
    """The argument is shown as it was typed: Python does not write every number that it reads."""
    shown = in_one_line(ast.get_source_segment(expression, argument) or "")
    quoted = f"in quotes it is a text: {node.id!r}" if isinstance(node, ast.Name) else f"literals are {LITERALS}"
    return _error(text, f"argument {shortened(shown)} is no literal; {quoted}")


def _neither(text: str, expression: str) -> ModelError:
    return _error(text, f"{shortened(expression)} is neither a name, as UNet is, nor a call, as build('small') is")


def _error(text: str, reason: str) -> ModelError:
    return ModelError(f"{in_one_line(text)}: {reason}")
