"""What configs and costs have in common where pydantic checks them: types made of tables, paths, and JSON Schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import ConfigDict, TypeAdapter, with_config
from typing_extensions import TypedDict

from sepcost.text.wording import Path

Detail: TypeAlias = "Mapping[str, Any]"
"""One of pydantic's errors."""
Messages: TypeAlias = "Mapping[str, Callable[[Detail], str]]"
"""What to say of errors, by their types."""
STRICT = ConfigDict(extra="forbid")
OPEN = ConfigDict(extra="ignore")
"""Keys that it does not know are left alone."""


def mapping_type(name: str, description: str, keys: Mapping[str, Any], config: ConfigDict = STRICT) -> Any:
    """The type of a mapping whose keys follow from a table: each may be missing that is not ``Required``."""
    make: Any = TypedDict
    made = make(name, dict(keys), total=False)
    made.__doc__ = description
    return with_config(config)(made)


def schema_of(type_: TypeAdapter[Any], title: str, description: str) -> dict[str, Any]:
    """The JSON Schema of a document of this type."""
    schema = type_.json_schema()
    definitions = schema.pop("$defs")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, "description": description}
    return {**head, **schema, "$defs": definitions}


def must_be(shown: Callable[[Any], str], what: str) -> Callable[[Detail], str]:
    """The message that a value must be something, and is not; ``shown`` is how it is shown."""
    return lambda detail: f"must be {what}, got {shown(detail['input'])}"


def messages_of_both(shown: Callable[[Any], str]) -> Messages:
    """What is said of configs and costs alike."""
    return {
        "missing": lambda detail: f"missing key `{detail['loc'][-1]}`",
        "string_type": must_be(shown, "a text"),
        "list_type": must_be(shown, "a list"),
        "greater_than_equal": lambda detail: f"must be at least {detail['ctx']['ge']}, got {shown(detail['input'])}",
        "too_long": lambda detail: (
            f"must have at most {detail['ctx']['max_length']} numbers, got {len(detail['input'])}"
        ),
    }


def message_in(messages: Messages, detail: Detail) -> str:
    """What is said of one of pydantic's errors."""
    say = messages.get(detail["type"])
    return say(detail) if say else str(detail["msg"])


def real_path(location: Sequence[str | int], value: Any) -> Path:
    """The location without the tags that pydantic puts between the steps for the members of a union."""
    path: list[str | int] = []
    for step in location:
        if isinstance(value, dict) and step in value:
            path.append(step)
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int):
            path.append(step)
            value = value[step] if step < len(value) else None
    return tuple(path)
