"""A profile as JSON, read strictly: it is data from elsewhere, and never executed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import lru_cache, partial
from typing import Annotated, Any, Literal, get_type_hints

import numpy as np
from pydantic import AfterValidator, FailFast, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from typing_extensions import Required

from sepcost.errors import ConfigError, LayerError
from sepcost.layers.cost import BITS
from sepcost.sources.costs.document import MESSAGES
from sepcost.sources.costs.json_text import line_of, parsed, refuse, shown
from sepcost.sources.targets.rows import COLUMNS, FASTEST, SECONDS, SLOWEST, layer_of
from sepcost.sources.validation import OPEN, Messages, mapping_type, message_in, must_be, real_path
from sepcost.targets.law import CONSTANTS, Law, features
from sepcost.targets.profile import Accuracy, Point, Profile, work_in
from sepcost.targets.setup import Setup
from sepcost.targets.work import kind_of
from sepcost.text.wording import did_you_mean, listed

TARGET = "target"
LARGEST = 4 << 20
"""Bytes of a file."""
MOST_POINTS, MOST_OF_A_KIND = 20_000, 4_000
"""A law takes memory by the square of its points, and time by their cube."""
MOST_AT_ONCE = 1_000_000
"""Threads, samples of a batch."""
FURTHEST = 50.0
"""By how much the log of a time may be off what the constants say."""
NAME = r"^\w[\w.-]{0,59}$"
PROFILE_COLUMNS = [*COLUMNS, SECONDS]
_must_be = partial(must_be, shown)
_dict: Any = dict


def read_profile(data: bytes, source: str) -> Profile:
    """The profile of such a file; ``source`` is its name in messages. Raises ConfigError, with the line."""
    try:
        if len(data) > LARGEST:
            refuse(f"is larger than {LARGEST >> 20} MiB, as no profile is")
        return _profile(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ConfigError.of(source, "is no text, and so no profile of a target") from None
    except ConfigError as error:
        raise ConfigError([problem._replace(source=source) for problem in error.problems]) from None


def _profile(text: str) -> Profile:
    value = parsed(text, constant=float)
    if not isinstance(value, dict) or value.get("kind") != TARGET:
        refuse("is no profile of a target: sepcost target learn writes one")
    try:
        document = _type().validate_python(value)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        path = real_path(detail["loc"], value)
        refuse(message_in(MESSAGES_OF_PROFILES, detail), path, line_of(text, path))
    points: Sequence[Point] = document["points"]
    setup = Setup(**document["setup"])
    by_kind: dict[str, list[Point]] = {}
    for point in points:
        by_kind.setdefault(kind_of(point.layer), []).append(point)
    laws = {}
    for kind, constants in document["laws"].items():
        try:
            laws[kind] = _law(constants, by_kind.get(kind, []), setup)
        except LayerError as error:
            path = ("laws", kind, error.field) if error.field in constants else ("laws", kind)
            refuse(error.reason, path, line_of(text, path))
        if kind not in document["accuracy"]:
            refuse(f"missing key `{kind}`", ("accuracy",), line_of(text, ("accuracy",)))
    accuracy = {kind: Accuracy(**document["accuracy"][kind]) for kind in laws}
    return Profile(document["name"], setup, tuple(points), laws, accuracy, document["learned"])


def _law(constants: Mapping[str, Any], points: Sequence[Point], setup: Setup) -> Law:
    """The law of these points; raises LayerError, which names the key."""
    if not 0 < len(points) <= MOST_OF_A_KIND:
        raise LayerError("", f"must have 1 to {MOST_OF_A_KIND:,} points of this kind, and there are {len(points):,}")
    work, seconds = work_in(setup, [point.layer for point in points]), np.array([point.seconds for point in points])
    known, lengths = features(work), constants["lengths"]
    for name in lengths:
        if name not in known:
            raise LayerError("lengths", f"there is no feature {shown(name)}{did_you_mean(name, known)}")
    by_term = {term: constants[name] for term, name in CONSTANTS.items()}
    law = Law(by_term, lengths, constants["amplitude"], constants["noise"], constants["mean"], work, seconds)
    expected = law.physics(work).sum(axis=1)
    if not (expected > 0).all() or (np.abs(np.log(seconds / expected)) > FURTHEST).any():
        raise LayerError("", "its constants have nothing to do with its points")
    return law


def _point(cells: list[Any]) -> Point:
    if len(cells) != len(PROFILE_COLUMNS):
        raise _wrong(f"must have {len(PROFILE_COLUMNS)} values, one for each column, got {len(cells)}")
    *of_layer, seconds = cells
    if type(seconds) not in (int, float) or not FASTEST <= seconds <= SLOWEST:
        raise _wrong(f"{SECONDS}: must be a number from {FASTEST:g} to {SLOWEST:g}, got {shown(seconds)}")
    try:
        return Point(layer_of(dict(zip(COLUMNS, of_layer))), float(seconds))
    except LayerError as error:
        raise _wrong(str(error)) from None


def _checked(wrong: str, is_right: Callable[[Any], bool]) -> AfterValidator:
    """A validator that says what a value must be."""

    def check(value: Any) -> Any:
        if not is_right(value):
            raise _wrong(f"must be {wrong}, got {shown(value)}")
        return value

    return AfterValidator(check)


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("wrong", "{message}", {"message": message})


def _number(low: float, high: float) -> Any:
    return Annotated[float, Field(strict=True, ge=low, le=high, allow_inf_nan=False)]


@lru_cache(maxsize=1)
def _type() -> TypeAdapter[Any]:
    """The type of a profile, made when one is read. Later versions may add keys, but none that decides a time."""
    of_setup = {
        str: Annotated[str, Field(strict=True, max_length=200)],
        int: Annotated[int, Field(strict=True, ge=1, le=MOST_AT_ONCE)],
        bool: Annotated[bool, Field(strict=True)],
    }
    types = {name: of_setup[kind] for name, kind in get_type_hints(Setup).items()}
    whole_bytes = [name for name, bits in BITS.items() if bits >= 8]
    types["dtype"] = Annotated[of_setup[str], _checked(listed(whole_bytes, "or"), whole_bytes.__contains__)]
    needed = {field.name for field in fields(Setup) if field.default is MISSING}
    setup = {name: Required[type_] if name in needed else type_ for name, type_ in types.items()}
    law = {
        **dict.fromkeys(CONSTANTS.values(), Required[_number(0, 1)]),
        "amplitude": Required[_number(1e-6, 20)],
        "noise": Required[_number(1e-3, 10)],
        "mean": Required[_number(-FURTHEST, FURTHEST)],
        "lengths": Required[Annotated[_dict[str, _number(1e-9, 1e9)], Field(min_length=1)]],
    }
    share = Required[_number(0, 1)]
    accuracy = {"points": Required[of_setup[int]], "error": Required[_number(0, 1e6)], "within": share, "held": share}
    row = Annotated[list[Any], AfterValidator(_point)]
    keys = {
        "schema_version": Required[Literal[1]],
        "name": Required[Annotated[str, Field(strict=True, pattern=NAME)]],
        "learned": Required[Annotated[str, Field(strict=True, pattern=r"^(\d{4}-\d\d-\d\d)?$")]],
        "setup": Required[mapping_type("Setup", "What decides a time.", setup)],
        "accuracy": Required[_dict[str, mapping_type("Accuracy", "How far off it is.", accuracy, OPEN)]],
        "laws": Required[Annotated[_dict[str, mapping_type("Law", "The law of a kind.", law)], Field(max_length=50)]],
        "columns": Required[Annotated[list[str], _checked(", ".join(PROFILE_COLUMNS), PROFILE_COLUMNS.__eq__)]],
        "points": Required[Annotated[list[row], Field(min_length=1, max_length=MOST_POINTS), FailFast()]],
    }
    return TypeAdapter(mapping_type("Target", "What was learned of a target.", keys, OPEN))


MESSAGES_OF_PROFILES: Messages = {
    **MESSAGES,
    "float_type": _must_be("a number"),
    "finite_number": _must_be("a finite number"),
    "less_than_equal": lambda detail: f"must be at most {detail['ctx']['le']:g}, got {shown(detail['input'])}",
    "too_long": lambda detail: f"must be at most {detail['ctx']['max_length']:,}, got {len(detail['input']):,}",
    "too_short": lambda detail: "is empty",
    "string_too_long": lambda detail: f"must have at most {detail['ctx']['max_length']} letters",
    "string_pattern_mismatch": lambda detail: f"has a form that it cannot have: {shown(detail['input'])}",
    "extra_forbidden": lambda detail: "is not known: a later sepcost may have written it",
}
"""What is said of profiles, where that is not what is said of costs."""
