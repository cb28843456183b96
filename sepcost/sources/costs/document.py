"""A document of costs: checked by its type, and what its networks have in common, whether compared or in a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError

from sepcost.count.contract import BASELINE
from sepcost.count.snapshot import Target
from sepcost.layers.cost import Convention
from sepcost.sources.costs.json_text import refuse, shown
from sepcost.sources.costs.schema import INCOMPLETE, costs_type, row_of
from sepcost.sources.validation import Detail, Messages, message_in, messages_of_both, must_be, real_path
from sepcost.text.units import LONGEST_NUMBER

WRITER = "sepcost compare --format json"
BASELINE_WRITER = "sepcost check --update-baseline"


def checked(value: Mapping[str, Any]) -> dict[str, Any]:
    """The document as its type has it; a ConfigError with the first thing that is wrong."""
    try:
        return dict(costs_type(row_of(value)).validate_python(value))
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        message = message_in(MESSAGES, detail)
        if message.startswith("missing key"):
            message += f": this is not what {BASELINE_WRITER if value.get('kind') == BASELINE else WRITER} writes"
        path = real_path(detail["loc"], value)
        refuse(message, path[:-1] if detail["type"] == INCOMPLETE else path)


def convention_of(document: Mapping[str, Any], network: Mapping[str, Any]) -> Convention:
    """How a network is counted, which may be stored in a dtype of its own."""
    own = network.get("own_dtype")
    flops_per_mac, batch, dtype = document["convention"]["flops_per_mac"], document["batch"], document["dtype"]
    return Convention(flops_per_mac, batch, own or dtype, in_own_dtype=own is not None)


def present(fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Those of these fields that are there."""
    return {name: fields[name] for name in names if name in fields}


def target_of(fields: Mapping[str, Any]) -> Target | None:
    """What the times of a network are for; None where it has none."""
    return Target(**present(fields["target"], Target._fields)) if "target" in fields else None


def _no_choice(detail: Detail) -> str:
    known, value = detail["ctx"]["expected"].replace("'", ""), detail["input"]
    if detail["loc"][-1] == "schema_version" and value > int(known):
        return f"{shown(value)} is newer than this sepcost, which reads {known}: update sepcost"
    return f"must be {known}, got {shown(value)}"


def _lengths(detail: Detail) -> str:
    return str(detail["ctx"]["expected_tags"]).replace("'", "").replace(", ", " or ")


_must_be = partial(must_be, shown)
FACTOR = _must_be("a number above 0 and at most 1000")
MESSAGES: Messages = {
    **messages_of_both(shown),
    "literal_error": _no_choice,
    "must_be": lambda detail: f"{detail['msg']}, got {shown(detail['input'])}",
    "int_type": _must_be("a whole number"),
    "bool_type": _must_be("true or false"),
    "tuple_type": _must_be("a list"),
    "dict_type": _must_be("an object"),
    "none_required": _must_be("null without a map"),
    "float_type": FACTOR,
    "greater_than": FACTOR,
    "less_than_equal": FACTOR,
    "less_than": _must_be(f"a number of at most {LONGEST_NUMBER} digits"),
    "too_short": lambda detail: f"must have at least one {str(detail['loc'][-1]).removesuffix('s')}",
    "union_tag_invalid": lambda detail: f"must have {_lengths(detail)} figures, got {len(detail['input'])}",
}
"""One line for each type of error, in words for who wrote the file."""
