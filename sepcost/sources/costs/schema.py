"""Costs as types, made of the figures and of the facts of layers: pydantic checks costs with them.

The JSON Schema of the contract is theirs. Keys that they do not have are left alone, since a later version may have
added them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial, reduce
from operator import or_
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    FailFast,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError
from typing_extensions import Required, TypeAliasType

from sepcost.count.contract import BASELINE, BASELINE_VERSION, NOTES, ROW, SCHEMA_VERSION, short
from sepcost.count.facts import FACTS, PEAK_PARTS
from sepcost.count.figure import BY_NAME, COUNTS, HEADLINES, NEED_A_MAP, NOT_IN_WEIGHTS, OF_TARGET, PEAK, WHOLE, names
from sepcost.count.verification import STANDARD
from sepcost.errors import ConventionError
from sepcost.layers.cost import BITS, MODEL_DTYPES, read_dtype
from sepcost.sources.validation import OPEN, mapping_type, schema_of
from sepcost.text.kind import Kind
from sepcost.text.units import LONGEST_NUMBER, shortened
from sepcost.text.wording import listed

INCOMPLETE = "incomplete"
"""The error of a key that documents have which are not complete."""
DTYPE = {"type": "string", "pattern": f"^({'|'.join(BITS)}|weights=.*)$"}
SELECTIONS = {"totals": "rows totals", "ascending": "sort"}
"""The options that selections of another name are from."""
Keys: TypeAlias = dict[str, Any]
_dict: Any = dict
_list: Any = list
_literal: Any = Literal
_tuple: Any = tuple


def _unread(**schema: Any) -> Any:
    """What only the JSON Schema describes."""
    return Annotated[Any, WithJsonSchema(schema)]


def _union(tag_of: Callable[[Any], str], types: Mapping[str, Any], *wrong: Any) -> Any:
    """The type that has the value's tag; ``wrong`` is pydantic's error where none has."""
    tagged = [Annotated[type_, Tag(tag)] for tag, type_ in types.items()]
    return Annotated[reduce(or_, tagged), Discriminator(tag_of, *wrong)]


def _one_of(what: str, **types: Any) -> Any:
    """One of these types, by the name that Python has for that of the value."""
    return _union(lambda value: type(value).__name__, types, "must_be", "must be {what}", {"what": what})


def _number_of(*known: int) -> Any:
    """One of these numbers, and no flag that equals one."""
    return Annotated[_literal[known], BeforeValidator(TypeAdapter(Count).validate_python)]


def _swept(_: Any) -> Any:
    raise PydanticCustomError(INCOMPLETE, "is a combination of a sweep: write the one that is meant by itself")


def _dtype(text: str) -> str:
    try:
        return read_dtype(text)[0]
    except ConventionError as error:
        raise PydanticCustomError("must_be", "{reason}", {"reason": error.reason.partition(", got ")[0]}) from None


def _selected(wishes: Any) -> Any:
    options = ", ".join(dict.fromkeys(f"--{SELECTIONS.get(wish, shortened(str(wish)))}" for wish in wishes or ()))
    message = "was written with {options}, which leaves things out: write it again without"
    raise PydanticCustomError(INCOMPLETE, message, {"options": options})


def _with_headlines(row: tuple[str, ...]) -> tuple[str, ...]:
    if not {*HEADLINES} <= {*row}:
        raise PydanticCustomError("must_be", "must have {names}", {"names": listed(HEADLINES)})
    return row


def _unique(layers: list[Keys]) -> list[Keys]:
    name, times = Counter(layer["name"] for layer in layers).most_common(1)[0]
    if times > 1:
        context = {"times": times, "name": repr(shortened(name))}
        raise PydanticCustomError("twins", "has {times} layers called {name}", context)
    return layers


Count = Annotated[int, Field(strict=True, ge=0)]
Text = Annotated[str, Field(strict=True)]
RowFigures: Any = Annotated[tuple[Text, ...], AfterValidator(_with_headlines)]
Flag = Annotated[bool, Field(strict=True)]
Factor = Annotated[float, Field(strict=True, gt=0, le=1000)]
Batch = Annotated[
    int, Field(strict=True, ge=1, lt=10**LONGEST_NUMBER), WithJsonSchema({"type": "integer", "minimum": 1})
]
Axes = Annotated[tuple[Annotated[int, Field(strict=True)] | None, ...], Field(max_length=4)]
"""Channels, and at most three axes of a map."""
_fact = _one_of("true, false, a whole number, a text or a list", bool=bool, int=int, str=str, NoneType=None, list=Axes)
Fact: Any = TypeAliasType("Fact", _fact)
Option = _one_of("true, false, a number or a text", bool=bool, int=int, float=float, str=str)
QUOTIENT = {"type": ["number", "null"]}
ABSENT: Keys = {"not": {}}
"""The JSON Schema of what is never there."""
ABSENT_KEY = _unread(**ABSENT)
Peak: Any = mapping_type(
    "Peak", "Where the peak is.", {"at": Required[Text], **dict.fromkeys(PEAK_PARTS, Required[Count])}, OPEN
)

_positive: Any = Annotated[float, Field(ge=0)]
Number: Any = Annotated[
    _one_of("a number", float=_positive, int=Count), WithJsonSchema({"type": "number", "minimum": 0})
]
NumberOrNone: Any = Annotated[
    _one_of("a number or null", float=_positive, int=Count, NoneType=None),
    WithJsonSchema({"type": ["number", "null"], "minimum": 0}),
]
TARGET: Keys = {
    "name": Required[Text],
    "id": Required[Text],
    "setup": Required[Text],
    "error": _dict[str, Number],
    "without": tuple[Text, ...],
    "outside": dict[str, Text],
    "unknown": dict[str, Text],
}
_target = mapping_type("Target", "What times are predicted for.", TARGET, OPEN)
NETWORK: Keys = {
    "name": Required[Text],
    "source": Required[Text | None],
    "alpha": Required[Factor],
    "rho": Required[Factor],
    "resolution": Annotated[tuple[Count, ...], Field(min_length=1)],
    "given": Text,
    "target": _target,
    "own_dtype": _literal[tuple(MODEL_DTYPES)],
    "lower_bound": Flag,
    "read_zeros": Flag,
}
"""What a network has in costs and in a baseline."""
COMPARED: Keys = NETWORK | {
    "input": Required[Fact],
    "independent": Flag,
    "no_peak": Text,
    "unread": tuple[Text, ...],
    "uncounted": dict[str, Count],
    "unconfirmed": tuple[Text, ...],
    "inputs": Text,
    "swept": Annotated[Any, AfterValidator(_swept), WithJsonSchema(ABSENT)],
    "verified": _unread(type="object"),
}
"""What it has in costs besides its layers and its total."""
PART: Keys = {"name": Required[Text], **dict.fromkeys(FACTS, Fact)}
LAYER: Keys = PART | {"type": Required[Text], "input": Required[Fact], "output": Required[Fact]}
REPLACED: Keys = {"costs_more": Flag, "reduction": _unread(type="object", additionalProperties=QUOTIENT)}


def _head(version: int, networks: Keys) -> Keys:
    """The keys of a document: pydantic looks at them in this order."""
    flops = {"flops_per_mac": Required[_number_of(*NOTES)], "note": _unread(type="string")}
    return {
        "schema_version": Required[_number_of(version)],
        "selection": Annotated[Any, AfterValidator(_selected), WithJsonSchema(ABSENT)],
        **networks,
        "version": _unread(type="string"),
        "convention": Required[mapping_type("Convention", "How FLOPs are counted.", flops, OPEN)],
        "batch": Required[Batch],
        "dtype": Required[Annotated[str, AfterValidator(_dtype), WithJsonSchema(DTYPE)]],
    }


def _predicted(name: str) -> Any:
    """A figure of a target: null where it is not known."""
    value = Text | None if BY_NAME[name].kind is Kind.TEXT else NumberOrNone
    return Annotated[value, Field(description=BY_NAME[name].header)]


OF_TARGETS: Keys = {name: _predicted(name) for name in OF_TARGET}


class _About(NamedTuple):
    """What networks have figures of: the ``unknown`` ones are null, and ``marks`` say so."""

    suffix: str
    title: str
    unknown: Sequence[str]
    marks: Keys


ABOUT: Mapping[str, _About] = {
    "with a map": _About("", "A network.", (), {"per": ABSENT_KEY, "only_params": ABSENT_KEY}),
    "without": _About("WithoutMap", "A convolution without a map.", NEED_A_MAP, {"per": Required[Text]}),
    "of weights": _About("OfWeights", "A file of weights.", NOT_IN_WEIGHTS, {"only_params": Required[_literal[True]]}),
}


def _figure(name: str, about: _About) -> Any:
    """A figure: null where it needs what is not there, or where it is not known."""
    is_there = name not in about.unknown
    count = None if not is_there else Count if name in HEADLINES else Count | None
    return Annotated[count, Field(description=BY_NAME[name].header if name in BY_NAME else None)]


def _figures(of: Sequence[str], about: _About) -> Keys:
    """Those that are not there are not known, as those that a later version counts."""
    quotients = dict.fromkeys(names(lambda figure: figure.quotient), _unread(**QUOTIENT))
    figures = {name: _figure(name, about) for name in of} | OF_TARGETS
    return figures | {name: Required[figures[name]] for name in HEADLINES} | quotients


def _type(about: _About, name: str, description: str, keys: Keys) -> Any:
    return mapping_type(f"{name}{about.suffix}", description, keys, OPEN)


def _layers(about: _About, name: str, keys: Keys) -> Any:
    layer = _type(about, name, "A layer, as it is and replaced.", keys)
    return Annotated[_list[layer], Field(min_length=1), FailFast(), AfterValidator(_unique)]


def _compared(about: _About) -> Keys:
    """The keys of a network in costs."""
    make = partial(_type, about)
    cost, whole = _figures(COUNTS, about), _figures(WHOLE, about) | {"peak": Peak | None}
    part = make("Part", "A layer that is a part of what replaces another.", PART | cost)
    of_layer = cost | REPLACED | {"kept": Text | None, "replaced_by": Text, "parts": _list[part]}
    if_all = mapping_type("IfAll", "The speed-up if all layers were replaced.", OF_TARGETS, OPEN)
    of_network = {"options": _dict[str, Option], "if_all": if_all} | whole | REPLACED
    layer = LAYER | {
        "kept": Text | None,
        "standard": Required[make("LayerCost", "What a layer costs.", cost)],
        "replacements": Required[_dict[str, make("ReplacedLayer", "A layer under a replacement.", of_layer)]],
    }
    total = {
        "standard": Required[make("NetworkCost", "What a network costs.", whole)],
        "replacements": Required[_dict[str, make("ReplacedNetwork", "A network under a replacement.", of_network)]],
    }
    return COMPARED | {
        "layers": Required[_layers(about, "Layer", layer)],
        "total": Required[make("Total", "A network, as it is and replaced.", total)],
    }


def _held(row: Sequence[str], about: _About) -> Keys:
    """The keys of a network in a baseline."""
    least = short(row)
    rows = {str(len(each)): _tuple[tuple(_figure(name, about) for name in each)] for each in (least, row)}
    values = _union(lambda value: str(len(value if isinstance(value, list) else least)), rows)
    layer = LAYER | {"costs": Required[_by_replacement(values)], "seconds": _dict[str, NumberOrNone]}
    return NETWORK | {
        "predicted": _dict[str, mapping_type("Predicted", "What a target predicts.", OF_TARGETS, OPEN)],
        "layers": Required[_layers(about, "BaselineLayer", layer)],
        PEAK: Required[_by_replacement(_figure(PEAK, about))],
    }


def _by_replacement(value: Any) -> Any:
    """Something as it is, and under replacements."""
    needed = Field(json_schema_extra={"required": [STANDARD]})
    return Annotated[_dict[str, value], AfterValidator(_with_standard), needed]


def _with_standard(values: Keys) -> Keys:
    if STANDARD not in values:
        raise PydanticCustomError("no_standard", "missing key `{key}`", {"key": STANDARD})
    return values


def _network(name: str, keys: Callable[[_About], Keys], head: Keys) -> Any:
    """What has a map, or what has none, and says what its counts are ``per``, or that they are only of weights."""
    return _union(
        _tag_of_network,
        {tag: _type(about, name, about.title, head | about.marks | keys(about)) for tag, about in ABOUT.items()},
    )


def _tag_of_network(value: Any) -> str:
    marks = value if isinstance(value, dict) else {}
    return "of weights" if "only_params" in marks else "without" if "per" in marks else "with a map"


def _tag_of_document(value: Any) -> str:
    if value.get("kind") == BASELINE:
        return "baseline"
    return "line" if "networks" not in value and "name" in value and "total" in value else "document"


def _several(name: str, keys: Callable[[_About], Keys]) -> Keys:
    return {"networks": Required[Annotated[_list[_network(name, keys, {})], Field(min_length=1), FailFast()]]}


_document_keys = _head(SCHEMA_VERSION, _several("Network", _compared))
_row_figures: TypeAdapter[tuple[str, ...]] = TypeAdapter(RowFigures)


@lru_cache(maxsize=8)
def costs_type(row: tuple[str, ...] = ROW) -> TypeAdapter[Any]:
    """The type of all that is read as costs, where the rows of a baseline have these figures."""
    networks = _several("BaselineNetwork", partial(_held, row))
    baseline = _head(BASELINE_VERSION, {"kind": Required[_unread(const=BASELINE)], "figures": RowFigures, **networks})
    types = {
        "document": mapping_type("Document", "Networks compared.", _document_keys, OPEN),
        "line": _network("Line", _compared, _head(SCHEMA_VERSION, {})),
        "baseline": mapping_type("Baseline", "What later counts are held against.", baseline, OPEN),
    }
    return TypeAdapter(_union(_tag_of_document, types))


def row_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The figures that a row has in this document; the usual ones where it does not say."""
    try:
        return _row_figures.validate_python(document["figures"])
    except (KeyError, ValidationError):
        return ROW


def json_schema() -> dict[str, Any]:
    """The JSON Schema of all that is read as costs."""
    about = "What sepcost compare writes as JSON, without `selection` and `swept`; a line of jsonl; a baseline."
    return schema_of(costs_type(), "sepcost costs", about)
