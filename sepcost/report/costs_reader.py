"""Costs that ``sepcost compare`` wrote earlier as JSON or JSON Lines, read back strictly, whoever wrote them.

Only what the contract of ``schema_version`` 1 promises is read (docs/json.md); fields that it does not know are
left alone, since a later version may have added them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from sepcost.cost import COUNTS, Convention
from sepcost.costed import CostedLayer, CostedNetwork, Figures
from sepcost.errors import ConfigError, ConfigProblem, ConventionError
from sepcost.figures import FACTS, NEED_A_MAP
from sepcost.report.json import SCHEMA_VERSION
from sepcost.units import exact, shortened

LONGEST = 1100
"""Digits that no count has: the numbers of a config have a thousand at most."""
PEAK = "peak_activation_bytes"
"""Null where nobody can know it."""
MOST_AXES = 4
"""Channels, and three axes of a map."""


def read_costs(data: bytes, source: str) -> list[CostedNetwork] | None:
    """The networks of the output of ``compare``; None where the data is something else, such as a config.

    ``source`` is the file's name as messages show it. Raises ConfigError with the first thing that is wrong.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if text.lstrip()[:1] not in ("{", "["):
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and _is_whole(lines[0]):
        return [network for number, line in enumerate(lines) for network in _line_networks(line, number, source)]
    try:
        value = _parsed(text, source)
    except ConfigError:
        if '"schema_version"' in text:
            raise
        return None
    if isinstance(value, list) and value and isinstance(value[0], dict) and "schema_version" in value[0]:
        _refuse(source, "is a list: give one output of sepcost compare --format json, not several in one file")
    if not isinstance(value, dict) or ("layers" in value and "schema_version" not in value):
        return None
    return list(_networks(_Place(value, source, "")))


def _is_whole(line: str) -> bool:
    """Whether the first line of a file is costs by itself, so that the others must be too."""
    if not line.startswith("{") or '"schema_version"' not in line:
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _line_networks(line: str, number: int, source: str) -> list[CostedNetwork]:
    try:
        return list(_networks(_Place(_parsed(line, source), source, "")))
    except ConfigError as error:
        raise ConfigError([problem._replace(line=number + 1) for problem in error.problems]) from None


class _Place:
    """A value of the file, and where it stands; each method gives it as what it must be, or refuses it."""

    def __init__(self, value: Any, source: str, path: str) -> None:
        self.value = value
        self.source = source
        self.path = path

    def refuse(self, message: str) -> NoReturn:
        _refuse(self.source, message, self.path)

    def at(self, key: str) -> _Place:
        """The value under this key."""
        if not isinstance(self.value, dict):
            self.refuse(f"must be an object, got {_shown(self.value)}")
        if key not in self.value:
            self.refuse(f"missing key `{key}`: this is not what sepcost compare --format json writes")
        return _Place(self.value[key], self.source, f"{self.path}.{key}".lstrip("."))

    def has(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def names(self) -> list[str]:
        return [shortened(key) for key in self.value] if isinstance(self.value, dict) else []

    def items(self, what: str) -> Iterator[_Place]:
        """The items of a list, of which there must be one."""
        if not isinstance(self.value, list):
            self.refuse(f"must be a list, got {_shown(self.value)}")
        if not self.value:
            self.refuse(f"must have at least one {what}")
        for number, item in enumerate(self.value):
            yield _Place(item, self.source, f"{self.path}[{number}]")

    def entries(self) -> Iterator[tuple[str, _Place]]:
        """The values of an object under their keys."""
        if not isinstance(self.value, dict):
            self.refuse(f"must be an object, got {_shown(self.value)}")
        for key in self.value:
            yield key, self.at(key)

    def text(self) -> str:
        if not isinstance(self.value, str):
            self.refuse(f"must be a text, got {_shown(self.value)}")
        return self.value

    def count(self) -> int:
        if type(self.value) is not int:
            self.refuse(f"must be a whole number, got {_shown(self.value)}")
        if self.value < 0:
            self.refuse(f"must not be negative, got {_shown(self.value)}")
        return self.value

    def factor(self) -> float:
        if type(self.value) not in (int, float) or not 0 < self.value <= 1000:
            self.refuse(f"must be a number above 0 and at most 1000, got {_shown(self.value)}")
        return float(self.value)

    def fact(self) -> Any:
        """An argument or a shape: a flag, a number, a word, or a number for each axis."""
        if isinstance(self.value, list):
            if len(self.value) > MOST_AXES or not all(item is None or type(item) is int for item in self.value):
                self.refuse(f"must be a list of at most {MOST_AXES} whole numbers, got {_shown(self.value)}")
            return tuple(self.value)
        if not (self.value is None or isinstance(self.value, (bool, int, str))):
            self.refuse(f"must be true, false, a whole number, a text or a list, got {_shown(self.value)}")
        return self.value


def _networks(place: _Place) -> Iterator[CostedNetwork]:
    if not place.has("schema_version"):
        place.refuse("is neither a config (it has no `layers`) nor costs (it has no `schema_version`)")
    version = place.at("schema_version")
    if type(version.value) is int and version.value > SCHEMA_VERSION:
        version.refuse(
            f"{_shown(version.value)} is newer than this sepcost, which reads {SCHEMA_VERSION}: update sepcost"
        )
    if type(version.value) is not int or version.value != SCHEMA_VERSION:
        version.refuse(f"must be {SCHEMA_VERSION}, got {_shown(version.value)}")
    if place.has("selection"):
        wishes = ", ".join(f"--{name}" for name in place.at("selection").names())
        place.refuse(f"was written with {wishes}, which leaves things out: write it again without")
    is_line = not place.has("networks") and place.has("name") and place.has("total")
    networks = [place] if is_line else list(place.at("networks").items("network"))
    for network in networks:
        if network.has("swept"):
            network.refuse("is a combination of a sweep: write the one that is meant by itself")
    convention = _convention(place)
    for network in networks:
        yield _network(network, convention)


def _convention(place: _Place) -> Convention:
    values = (place.at("convention").at("flops_per_mac"), place.at("batch"), place.at("dtype"))
    try:
        return Convention(values[0].count(), values[1].count(), values[2].text())
    except ConventionError as error:
        where = values[("flops_per_mac", "batch", "dtype").index(error.field)]
        where.refuse(shortened(error.reason))


def _own(place: _Place, convention: Convention) -> Convention:
    """The convention of a network that is stored in a dtype of its own."""
    dtype = place.at("own_dtype")
    try:
        return replace(convention, dtype=dtype.text(), is_own=True)
    except ConventionError as error:
        dtype.refuse(shortened(error.reason))


def _network(place: _Place, convention: Convention) -> CostedNetwork:
    if place.has("own_dtype"):
        convention = _own(place, convention)
    name, source = place.at("name").text(), place.at("source")
    per = place.at("per").text() if place.has("per") else None
    layers: list[CostedLayer] = []
    names: set[str] = set()
    for item in place.at("layers").items("layer"):
        layer = _layer(item, has_map=per is None)
        if layer.name in names:
            item.at("name").refuse(f"{shortened(layer.name)!r} is the name of an earlier layer already")
        names.add(layer.name)
        layers.append(layer)
    standard = place.at("total").at("standard")
    total = _figures(standard, (*COUNTS, PEAK), has_map=per is None)
    _check_totals(standard, total, layers, convention)
    replaced = {
        text: _figures(each, (*COUNTS, PEAK), has_map=per is None)
        for text, each in place.at("total").at("replacements").entries()
    }
    for text, figures in replaced.items():
        added = [layer.replaced.get(text, layer.figures) for layer in layers]
        _check_sums(place.at("total").at("replacements").at(text), figures, added)
    return CostedNetwork(
        name,
        tuple(layers),
        total,
        convention,
        None if source.value is None else source.text(),
        per,
        place.at("alpha").factor(),
        place.at("rho").factor(),
        replaced,
        lower_bound=place.has("lower_bound") and place.at("lower_bound").value is True,
    )


def _layer(place: _Place, *, has_map: bool) -> CostedLayer:
    facts = {fact: place.at(fact).fact() for fact in FACTS if place.has(fact) or fact in ("type", "input", "output")}
    place.at("type").text()
    standard = _figures(place.at("standard"), COUNTS, has_map=has_map)
    replaced = {
        text: _figures(variant, COUNTS, has_map=has_map) for text, variant in place.at("replacements").entries()
    }
    return CostedLayer(place.at("name").text(), facts, standard, replaced)


def _figures(place: _Place, names: Sequence[str], *, has_map: bool) -> Figures:
    figures: dict[str, int | None] = {}
    for name in names:
        figure = place.at(name)
        if name == PEAK and figure.value is None:
            figures[name] = None
        elif name in NEED_A_MAP and not has_map:
            if figure.value is not None:
                figure.refuse(f"must be null without a map, got {_shown(figure.value)}")
            figures[name] = None
        else:
            figures[name] = figure.count()
    return figures


def _check_totals(place: _Place, total: Figures, layers: Sequence[CostedLayer], convention: Convention) -> None:
    """Figures that contradict each other cannot be compared with anything."""
    _check_sums(place, total, [layer.figures for layer in layers])
    flops = (total["macs"] or 0) * convention.flops_per_mac
    if total["flops"] != flops:
        place.at("flops").refuse(f"must be flops_per_mac × macs ({exact(flops)}), got {exact(total['flops'] or 0)}")


def _check_sums(place: _Place, total: Figures, layers: Sequence[Figures]) -> None:
    for name in COUNTS:
        added = sum(figures[name] or 0 for figures in layers)
        if (total[name] or 0) != added:
            place.at(name).refuse(f"is {exact(total[name] or 0)}, but the layers add up to {exact(added)}")


def _parsed(text: str, source: str) -> Any:
    def whole(digits: str) -> int:
        if len(digits) > LONGEST:
            _refuse(source, f"has a number that no count can be: {shortened(digits)}")
        return int(digits)

    def constant(word: str) -> NoReturn:
        _refuse(source, f"has {word} in it, which is no number of JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) < len(pairs):
            twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
            _refuse(source, f"gives the key `{shortened(twice)}` twice in one object")
        return mapping

    try:
        return json.loads(text, parse_int=whole, parse_constant=constant, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        what = f"is not JSON: {error.msg[0].lower()}{error.msg[1:].removesuffix(' starting at')}"
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            what = "is not whole JSON, it ends too early: write it again"
        elif error.msg == "Extra data":
            what = "goes on behind its first object: give one output of sepcost compare --format json"
        raise ConfigError([ConfigProblem(source, error.lineno, error.colno, "", what)]) from None
    except RecursionError:
        _refuse(source, "is nested too deep")


def _refuse(source: str, message: str, path: str = "") -> NoReturn:
    raise ConfigError([ConfigProblem(source, 0, 0, path, message)])


def _shown(value: Any) -> str:
    """A value as a message shows it."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return shortened(json.dumps(value, ensure_ascii=False))
