"""The values of a config's keys, as types that pydantic checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from sepcost.sources.yaml.reading.quota import LONGEST_NAME
from sepcost.sources.yaml.reading.yaml_reader import Text
from sepcost.text.arguments import LARGEST
from sepcost.text.input_text import DTYPES, SCALAR
from sepcost.text.kind import Kind
from sepcost.text.units import WHOLE_DIGITS, NumberError, read_padding, read_sizes, shortened

POSITIVE_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^[1-9][0-9]*([x×][1-9][0-9]*){1,2}$"})
NATURAL_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^(0|[1-9][0-9]*)([x×](0|[1-9][0-9]*)){1,2}$"})


def as_written(value: Any) -> Any:
    """The text in the file: a name may be any scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int)) else value


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "list"
    return "text" if isinstance(value, str) else "number"


def _is_slip(value: Any) -> bool:
    """Whether other readers of YAML take it for a flag."""
    return type(value) is str and value.lower() in ("yes", "no", "on", "off", "true", "false")


def _kind_of_padding(value: Any) -> str:
    return "same" if value == "same" else _kind(value)


def _sizes(read: Callable[[str], Any], least: int) -> BeforeValidator:
    """Reads a text such as 3x5 as numbers, each at least ``least``."""

    def checked(value: Any) -> Any:
        try:
            if isinstance(value, Text) and WHOLE_DIGITS.fullmatch(value):
                raise NumberError(f'must be a whole number, got the text "{shortened(value)}": write it without quotes')
            sizes = read(value)
            for number in sizes:
                if number < least:
                    raise NumberError(f"must be at least {least}, got {value}")
                if number > LARGEST:
                    raise NumberError(f"must be at most {LARGEST}, got {value}")
        except NumberError as error:
            raise PydanticCustomError("sizes", "{reason}", {"reason": str(error)}) from None
        return sizes

    return BeforeValidator(checked)


def _quantity(read_text: Callable[[str], Any]) -> BeforeValidator:
    """Reads the bound of a figure, from a number or a text."""

    def read(value: Any) -> Any:
        if type(value) is not int and not isinstance(value, str):
            raise PydanticCustomError("quantity_type", "must be a number")
        try:
            return read_text(str(value))
        except NumberError as error:
            raise PydanticCustomError("quantity", "{reason}", {"reason": str(error)}) from None

    return BeforeValidator(read)


def _quantity_schema(number: dict[str, Any], units: str, description: str) -> WithJsonSchema:
    """The schema of a number, or of a text with a unit."""
    text = {"type": "string", "pattern": rf"^(0|[1-9][0-9]*)(\.[0-9]+)? ?({units})?$"}
    return WithJsonSchema({"anyOf": [number, text], "description": description})


def _growth_schema(units: str, description: str) -> WithJsonSchema:
    pattern = rf"^(0|[1-9][0-9]*)(\.[0-9]+)? ?({units})$"
    return WithJsonSchema({"type": "string", "pattern": pattern, "description": description})


WHOLE_NUMBER = {"type": "integer", "minimum": 0}
QUOTIENT = {"type": "number", "exclusiveMinimum": 0}


Positive = Annotated[int, Field(strict=True, ge=1, le=LARGEST)]
Natural = Annotated[int, Field(strict=True, ge=0, le=LARGEST)]
WholeNumber = Annotated[int, Field(strict=True, ge=0)]
Flag = Annotated[bool, Field(strict=True)]
Name = Annotated[
    str,
    Field(max_length=LONGEST_NAME),
    BeforeValidator(as_written),
    WithJsonSchema({"type": ["string", "integer", "number", "boolean", "null"], "maxLength": LONGEST_NAME}),
]
FlagOrName = Annotated[
    Annotated[Flag, Tag("flag")] | Annotated[Name, Tag("text")],
    Discriminator(lambda value: "flag" if isinstance(value, bool) or _is_slip(value) else "text"),
    WithJsonSchema({"type": ["boolean", "string", "integer", "number", "null"]}),
]
"""true, false, or the name of a layer; a name such as true or yes is in quotes."""

Names = Annotated[
    Annotated[Name, Tag("text")] | Annotated[list[Name], Field(min_length=1), Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "text"),
]

SHAPE = "[1-9][0-9]*([x×][1-9][0-9]*)*"
FUNCTION = r"^([A-Za-z_][A-Za-z0-9_.]*|[^=:]+\.py):[A-Za-z_].*$"
INPUT_SCHEMA: Any = {
    "anyOf": [
        {"type": "integer", "minimum": 1},
        {"type": "string", "pattern": rf"^([^=:]+=)?({SCALAR}|{SHAPE})(:({'|'.join(DTYPES)}))?$"},
    ]
}
ModelInputs = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [
                *INPUT_SCHEMA["anyOf"],
                {"type": "array", "items": INPUT_SCHEMA, "minItems": 1},
                {"type": "string", "pattern": FUNCTION},
            ]
        }
    ),
]
"""3x224x224, tokens=77:int64, a list of such texts, or inputs.py:function; their reader checks them."""

COUNT_UNITS, BYTE_UNITS, TIME_UNITS = "[kMGTPE]", "B|[kMGTPE]B|[KMGTPE]iB", "s|ms|us|µs"
LIMITS: Mapping[Kind, Any] = {
    Kind.COUNT: Annotated[
        Any, _quantity(Kind.COUNT.read), _quantity_schema(WHOLE_NUMBER, COUNT_UNITS, "4300000, 600k or 4.3M")
    ],
    Kind.BYTES: Annotated[
        Any, _quantity(Kind.BYTES.read), _quantity_schema(WHOLE_NUMBER, BYTE_UNITS, "17000000, 17MB or 16MiB")
    ],
    Kind.SECONDS: Annotated[Any, _quantity(Kind.SECONDS.read), _growth_schema(TIME_UNITS, "40ms, 250us or 1.5s")],
    **dict.fromkeys(
        (Kind.RATIO, Kind.INTENSITY),
        Annotated[Any, _quantity(Kind.RATIO.read), _quantity_schema(QUOTIENT, "[x×]", "8 or 7.5×")],
    ),
}
"""The limits of a figure of this kind."""
GROWTH: Mapping[Kind, Any] = {
    Kind.COUNT: Annotated[Any, _quantity(Kind.COUNT.read_growth), _growth_schema(f"%|{COUNT_UNITS}", "2% or 10k")],
    Kind.BYTES: Annotated[Any, _quantity(Kind.BYTES.read_growth), _growth_schema(f"%|{BYTE_UNITS}", "2% or 10kB")],
    Kind.SECONDS: Annotated[Any, _quantity(Kind.SECONDS.read_growth), _growth_schema(f"%|{TIME_UNITS}", "2% or 1ms")],
}
"""By how much a figure of this kind may grow."""

PositiveText = Annotated[tuple[int, ...], _sizes(read_sizes, 1), POSITIVE_SCHEMA]
NaturalText = Annotated[tuple[int, ...], _sizes(read_sizes, 0), NATURAL_SCHEMA]
PaddingText = Annotated[tuple[int, ...], _sizes(read_padding, 0), NATURAL_SCHEMA]
PositiveList = Annotated[list[Positive], Field(min_length=1, max_length=3)]
NaturalList = Annotated[list[Natural], Field(min_length=1, max_length=3)]

Sizes = Annotated[
    Annotated[Positive, Tag("number")] | Annotated[PositiveList, Tag("list")] | Annotated[PositiveText, Tag("text")],
    Discriminator(_kind),
]
"""One number, a list of one to three, or a text such as 3x5."""

NaturalSizes = Annotated[
    Annotated[Natural, Tag("number")] | Annotated[NaturalList, Tag("list")] | Annotated[NaturalText, Tag("text")],
    Discriminator(_kind),
]
"""The same, and 0 is allowed."""

Padding = Annotated[
    Annotated[Literal["same"], Tag("same")]
    | Annotated[Natural, Tag("number")]
    | Annotated[NaturalList, Tag("list")]
    | Annotated[PaddingText, Tag("text")],
    Discriminator(_kind_of_padding),
]
