"""The texts that describe a model's inputs: ``[NAME=]SHAPE[:dtype]`` each, or a function that returns all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sepcost.errors import ModelError
from sepcost.text.model_text import ModelText, names_python
from sepcost.text.units import NumberError, read_whole, shortened
from sepcost.text.wording import did_you_mean, listed

DTYPES = (
    "float32", "float16", "bfloat16", "float64",
    "int8", "uint8", "int16", "int32", "int64", "bool", "complex64",
)  # fmt: skip
USUAL_DTYPE = DTYPES[0]
SHAPED = re.compile(r"=(\d|scalar)[^=]*$")
"""How a text ends that gives a shape to a name."""
SCALAR = "scalar"
"""The shape of one number a sample."""


@dataclass(frozen=True, slots=True)
class InputText:
    """One sample of an input: its shape without the batch, its dtype, and its name in ``forward`` if it has one.

    A scalar has no axes.

    >>> InputText.parse("3x224x224")
    InputText(name=None, shape=(3, 224, 224), dtype='float32')
    >>> InputText.parse("tokens=77:int64")
    InputText(name='tokens', shape=(77,), dtype='int64')
    >>> InputText.parse("t=scalar:int64")
    InputText(name='t', shape=(), dtype='int64')
    """

    name: str | None
    shape: tuple[int, ...]
    dtype: str = USUAL_DTYPE

    @classmethod
    def parse(cls, text: str, *, any_name: bool = False) -> InputText:
        """Read such a text; raises ModelError. Only in a file an input may have ``any_name``.

        >>> InputText.parse("tokens=77:int46")
        Traceback (most recent call last):
        sepcost.errors.ModelError: tokens=77:int46: there is no dtype int46; did you mean `int64`?
        """
        name, equals, described = text.rpartition("=")
        shape, colon, dtype = described.partition(":")
        if equals and not (name.isidentifier() or (any_name and name)):
            raise _error(text, f"{shortened(name)} is no name of a parameter")
        if colon and dtype not in DTYPES:
            raise _error(text, _unknown(dtype))
        return cls(name or None, _shape(text, shape, least=0 if any_name else 1), dtype or USUAL_DTYPE)

    def __str__(self) -> str:
        """The text again, as short as it can be.

        >>> str(InputText("image", (1, 64, 64))), str(InputText(None, (77,), "int64"))
        ('image=1x64x64', '77:int64')
        """
        name = f"{self.name}=" if self.name else ""
        dtype = "" if self.dtype == USUAL_DTYPE else f":{self.dtype}"
        return f"{name}{shape_text(self.shape)}{dtype}"


InputTexts: TypeAlias = "Sequence[InputText] | ModelText"
"""Inputs that are described, each of zeros; or the function that returns all of them."""


def read_inputs(texts: Sequence[str], *, any_name: bool = False) -> InputTexts:
    """What was typed as inputs; raises ModelError. Only in a file an input may have ``any_name``.

    >>> read_inputs(["3x224x224"])
    (InputText(name=None, shape=(3, 224, 224), dtype='float32'),)
    >>> str(read_inputs(["nets.py:images"]))
    'nets.py:images'
    >>> read_inputs(["serving_default:0=32x32x3"], any_name=True)[0].name
    'serving_default:0'
    """
    for text in texts:
        if any_name and SHAPED.search(text):
            continue
        name, equals, function = text.partition("=")
        if equals and name.isidentifier() and names_function(function):
            raise _error(text, f"a function returns every input: leave out {name}=, and let it return a dict")
        if names_function(text):
            if len(texts) > 1:
                raise _error(text, "a function returns every input: leave out the others")
            return _function(text)
    return tuple(InputText.parse(text, any_name=any_name) for text in texts)


def _function(text: str) -> ModelText:
    if ":" not in text:
        raise _error(text, f"names no function: write {shortened(text)}:NAME")
    return ModelText.parse(text)


def names_function(text: str) -> bool:
    """Whether it names Python code, and does not describe an input, well or badly.

    >>> [names_function(text) for text in ("f.py:images", "pkg.mod:images(2)", "3x4:int64", "scalar:int", "x:int8")]
    [True, True, False, False, False]
    """
    source, _, attribute = text.partition(":")
    is_input = source == SCALAR or attribute in DTYPES or attribute[:1].isdigit()
    return names_python(text) and not is_input


def shape_text(shape: tuple[int, ...]) -> str:
    """Sizes with an x between them.

    >>> shape_text((3, 224, 224)), shape_text(())
    ('3x224x224', 'scalar')
    """
    return "x".join(map(str, shape)) or SCALAR


def _shape(text: str, shape: str, least: int) -> tuple[int, ...]:
    """The sizes of a sample: whole numbers by the rules of every other number, on as many axes as there are."""
    if shape == SCALAR:
        return ()
    try:
        sizes = tuple(map(read_whole, shape.replace("×", "x").split("x")))
    except NumberError:
        raise _error(text, f"the shape must be whole numbers, as in 3x224x224, got {shortened(shape)}") from None
    if min(sizes) < least:
        raise _error(text, f"every size must be at least 1, got {shortened(shape)}")
    return sizes


def _unknown(dtype: str) -> str:
    meant = did_you_mean(dtype, DTYPES) or f"; there are {listed(DTYPES)}"
    return f"there is no dtype {shortened(dtype)}{meant}" if dtype else f"names no dtype{meant}"


def _error(text: str, reason: str) -> ModelError:
    return ModelError(f"{shortened(text)}: {reason}")
