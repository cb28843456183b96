"""The YAML format as types: pydantic checks configs with them, and makes the JSON Schema of them.

Keys are the letters of the literature. The names of ``torch.nn.Conv2d`` may be written for them (TORCH_NAMES).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, TypeAdapter, with_config
from typing_extensions import Required, TypedDict

from sepcost.count.figure import BOUNDED, BY_NAME, GROWING, OWN
from sepcost.layers import KINDS, Conv, Layer, Takes
from sepcost.layers.layer import Argument, Form
from sepcost.sources.validation import STRICT, mapping_type, schema_of
from sepcost.sources.yaml.schema.values import (
    GROWTH,
    LIMITS,
    Flag,
    FlagOrName,
    ModelInputs,
    Name,
    Names,
    NaturalSizes,
    Padding,
    Positive,
    Sizes,
    WholeNumber,
)
from sepcost.text.kind import Kind
from sepcost.text.model_text import Device

TORCH_NAMES: Mapping[str, str] = {
    "in_channels": "C",
    "out_channels": "O",
    "kernel_size": "K",
    "height": "H",
    "width": "W",
}
"""Names that may be written instead of a letter."""

LINEAR_NAMES: Mapping[str, str] = {**TORCH_NAMES, "in_features": "C", "out_features": "O"}


class Input(TypedDict, total=False):
    """A map: its channels, and either H (and W, which defaults to H) or the size of every axis."""

    C: Annotated[Positive, Field(description="channels")]
    H: Annotated[Positive, Field(description="height")]
    W: Annotated[Positive, Field(description="width; H unless given")]
    size: Annotated[Sizes, Field(description="the size of every axis: 16000, 224x224 or [16, 112, 112]")]


ANYWHERE: Mapping[str, Any] = {
    "name": Annotated[Name, Field(description="what other layers and the output call it")],
    "C": Annotated[Positive, Field(description="input channels; what reaches the layer unless given")],
    "H": Annotated[Positive, Field(description="height of an input of the layer's own")],
    "W": Annotated[Positive, Field(description="width of an input of the layer's own; H unless given")],
    "size": Annotated[Sizes, Field(description="size of an input of the layer's own, every axis")],
    "repeat": Annotated[Positive, Field(description="how many of this layer follow each other: name.1, name.2, …")],
    "from": Annotated[Names, Field(description="the layer whose output this one reads; a list concatenates channels")],
    "add": Annotated[Names, Field(description="layers whose outputs are added to this one's")],
}
"""What every layer with an input may say."""
FORMS: Mapping[Form, Any] = {
    Form.POSITIVE: Positive,
    Form.WHOLE: WholeNumber,
    Form.FLAG: Flag,
    Form.NAME: Name,
    Form.SIZES: Sizes,
    Form.NATURAL_SIZES: NaturalSizes,
    Form.PADDING: Padding,
}
ROUND_TO = "under a width multiplier, round O to a multiple of this"
SHARED = "the layer whose weights it has, and where they count; true: the nearest earlier one with such"
_literal: Any = Literal


def _form(argument: Argument) -> Any:
    return FORMS[argument.form] if isinstance(argument.form, Form) else _literal[argument.form]


def _marks(kind: type[Layer]) -> Iterator[tuple[str, Any]]:
    """The keys that a layer of this kind may have besides its arguments."""
    if kind is Conv:
        yield "keep", Annotated[Flag, Field(description="never replace this layer")]
    if kind.weights:
        yield "round_to", Annotated[Positive, Field(description=ROUND_TO)]
    if kind.can_run_again():
        weights = ", with the same weights" if kind.weights else ""
        times = f"how often it runs on each sample{weights}; 1 unless given"
        yield "times", Annotated[Positive, Field(description=times)]
    if kind.weights:
        yield "shared", Annotated[FlagOrName, Field(description=SHARED)]


def _fields(kind: type[Layer]) -> dict[str, Any]:
    """Every key of a layer of this kind, and its type."""
    has_input = kind.takes is not Takes.NOTHING
    alone = {} if has_input else {"name": Annotated[Name, Field(description="what the output calls the layer")]}
    tag = _literal[kind.type]
    return {
        **(ANYWHERE if has_input else {}),
        "type": tag if kind is Conv else Required[tag],
        **alone,
        **{each.key: Annotated[_form(each), Field(description=each.description)] for each in kind.arguments},
        **dict(_marks(kind)),
    }


def is_group(layer: Any) -> bool:
    """Whether it is a group of layers.

    >>> is_group({"repeat": 3, "layers": [{"K": 3, "O": 8}]}), is_group({"K": 3, "O": 8})
    (True, False)
    """
    return isinstance(layer, dict) and "layers" in layer


def _layer_type(value: Any) -> Any:
    if is_group(value):
        return GROUP
    return value.get("type", Conv.type) if isinstance(value, dict) else Conv.type


GROUP = "group"
FIELDS: Mapping[str, dict[str, Any]] = {name: _fields(kind) for name, kind in KINDS.items()}
GROUP_FIELDS: Mapping[str, Any] = {
    "name": Annotated[Name, Field(description="what the names of its layers begin with")],
    "repeat": Annotated[Positive, Field(description="how often the whole follows itself: name.1.…, name.2.…")],
    "layers": Required[list[Any]],
}
if TYPE_CHECKING:
    LayerMapping: TypeAlias = Any
    Defaults: TypeAlias = Any
else:
    _mappings = {name: mapping_type(f"{name.title()}Layer", KINDS[name].summary, FIELDS[name]) for name in KINDS}
    _mappings[GROUP] = mapping_type("LayerGroup", "Layers under a common name, one or several times.", GROUP_FIELDS)
    _tagged = (Annotated[mapping, Tag(name)] for name, mapping in _mappings.items())
    LayerMapping = Annotated[reduce(or_, _tagged), Discriminator(_layer_type)]
    Defaults = mapping_type(
        "Defaults",
        "What holds for every convolution of the network that does not say otherwise; bias for linear layers too.",
        {
            **{each.key: _form(each) for each in Conv.arguments if each.key in Conv.defaults},
            "keep": Flag,
            "round_to": Positive,
        },
    )


@with_config(STRICT)
class NetworkInput(Input, total=False):
    """The map that the network begins with."""


if TYPE_CHECKING:
    BudgetMapping: TypeAlias = Mapping[str, Any]
else:
    Reductions = mapping_type(
        "Reductions", "Standard ÷ replacement: at least this much.", dict.fromkeys(OWN, LIMITS[Kind.RATIO])
    )
    GrowthMapping = mapping_type(
        "GrowthMapping",
        "By how much figures may be above those of a baseline.",
        {name: GROWTH[BY_NAME[name].kind] for name in GROWING},
    )
    BudgetMapping = mapping_type(
        "BudgetMapping",
        "What sepcost check holds the network's total to: at most this much of it as it is, or replaced.",
        {
            "replacement": Annotated[
                str, Field(strict=True, description="the replacement that it is for; the network as it is unless given")
            ],
            **{name: LIMITS[BY_NAME[name].kind] for name in BOUNDED},
            "reduction": Annotated[Reductions, Field(description="standard ÷ replacement: at least this much")],
            "growth": Annotated[GrowthMapping, Field(description="above a baseline: at most this much more")],
        },
    )

ReplacementText = Annotated[str, Field(strict=True)]
Choices = Annotated[dict[str, ReplacementText], Field(min_length=1)]
Replace = Annotated[
    Annotated[list[ReplacementText], Field(min_length=1), Tag("list")] | Annotated[Choices, Tag("plan")],
    Discriminator(lambda value: "plan" if isinstance(value, dict) else "list"),
    Field(
        description="replacements, as -r takes them: separable:multiplier=2; or a plan, by globs of names in their "
        "order: {stem: none, 'layer3.*': blueprint}"
    ),
]


@with_config(STRICT)
class Head(TypedDict, total=False):
    """A network: layers that follow each other."""

    name: Name
    input: NetworkInput
    independent: Annotated[Flag, Field(description="true: every layer has an input of its own, as in a plain list")]
    inner_norm: Annotated[
        Flag, Field(description="false: replacements put no norm between their parts, as in a model; true unless given")
    ]
    defaults: Defaults
    replace: Replace
    budget: BudgetMapping
    layers: Required[list[Any]]


class NetworkMapping(Head, total=False):
    """A network: layers that follow each other."""

    layers: Required[Annotated[list[LayerMapping], Field(min_length=1)]]


@with_config(STRICT)
class ModelMapping(TypedDict, total=False):
    """A PyTorch model, whose code is run to count it: only with --run-models."""

    name: Name
    model: Required[
        Annotated[str, Field(strict=True, description="pkg.nets:UNet, mynet.py:build or mynet.py:build(32)")]
    ]
    input: Required[
        Annotated[ModelInputs, Field(description="a sample: 3x224x224; a list of several; or inputs.py:function")]
    ]
    device: Annotated[Device, Field(description="cpu for a model that reads values; meta unless given")]
    replace: Replace
    include: Annotated[Names, Field(description="globs: replace only layers with such a name")]
    exclude: Annotated[Names, Field(description="globs: replace no layer with such a name")]
    budget: BudgetMapping


@with_config(STRICT)
class PlanMapping(TypedDict, total=False):
    """A plan in a file of its own."""

    replace: Required[Choices]


@cache
def plan_validator() -> TypeAdapter[Any]:
    """Checks a plan in a file of its own."""
    return TypeAdapter(PlanMapping)


@cache
def layers_validator() -> TypeAdapter[Any]:
    """Checks a list of layers."""
    return TypeAdapter(Annotated[list[LayerMapping], Field(min_length=1)])


@cache
def head_validator() -> TypeAdapter[Any]:
    """Checks all of a mapping but its layers."""
    return TypeAdapter(Head)


@cache
def model_validator() -> TypeAdapter[Any]:
    """Checks a mapping that names a model."""
    return TypeAdapter(ModelMapping)


@cache
def keys_of(layer_type: str) -> dict[str, str]:
    """Every key that a layer of this type may have, torch's names too, and the letter or word that it means."""
    keys = FIELDS[layer_type]
    return {key: key for key in keys} | {
        name: letter for name, letter in torch_names(layer_type).items() if letter in keys
    }


def torch_names(layer_type: str) -> Mapping[str, str]:
    """The names that may be written instead of a letter."""
    kind = KINDS.get(layer_type)
    return LINEAR_NAMES if kind is not None and kind.takes is Takes.FEATURES else TORCH_NAMES


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a config file: one network, as a mapping, a plain list or the name of a model."""
    schema = schema_of(
        TypeAdapter(Annotated[NetworkMapping | ModelMapping | list[LayerMapping], Field()]),
        "sepcost config",
        "Networks whose cost sepcost calculates: a mapping, a plain list of layers, or a model.",
    )
    definitions = schema["$defs"]
    definitions["LayerGroup"]["properties"]["layers"] = definitions["NetworkMapping"]["properties"]["layers"]
    for name, definition in definitions.items():
        _add_aliases(definition["properties"], LINEAR_NAMES if name == "LinearLayer" else TORCH_NAMES)
    return schema


def _add_aliases(properties: dict[str, Any], aliases: Mapping[str, str]) -> None:
    for alias, letter in aliases.items():
        if letter in properties:
            properties[alias] = {**properties[letter], "description": f"another name for {letter}"}
