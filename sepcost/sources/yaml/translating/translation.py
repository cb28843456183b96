"""A YAML document as an Architecture, and problems of either with their places in the file."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from sepcost.errors import ConfigError, ConfigProblem, LayerProblem, NetworkError
from sepcost.layers import KINDS, Conv, Layer, Shape, Takes, Upsample
from sepcost.layers.layer import MOST_KNOWN
from sepcost.network.architecture import MOST_PROBLEMS, Architecture, LayerSpec
from sepcost.network.lines import Lines
from sepcost.network.network import Network
from sepcost.sources.validation import real_path
from sepcost.sources.yaml.reading.quota import LAYERS, Quota
from sepcost.sources.yaml.reading.yaml_reader import Document, YamlDict, YamlList
from sepcost.sources.yaml.schema.messages import message_of
from sepcost.sources.yaml.schema.schema import TORCH_NAMES, head_validator, is_group, layers_validator, torch_names
from sepcost.sources.yaml.schema.values import as_written
from sepcost.sources.yaml.translating.document_translation import DocumentTranslation, as_tuple
from sepcost.sources.yaml.translating.groups import INPUT, Group, unfolded
from sepcost.text.arguments import Extent
from sepcost.text.wording import Path

ARGUMENT_NAMES: Mapping[str, Mapping[str, str]] = {
    name: {argument.key: argument.name for argument in kind.arguments} for name, kind in KINDS.items()
}
"""The names of the arguments in the layer's class, by their keys."""

KEYS_OF_FIELD: Mapping[str, tuple[str, ...]] = {
    **{field: (key,) for kind in KINDS.values() for key, field in kind.weights.items()},
    **{field: (key,) for fields in ARGUMENT_NAMES.values() for key, field in fields.items()},
    "input_size": ("size", "H", "W"),
}
"""The keys of a layer's mapping that a wrong field may come from."""

KNOWN: dict[Hashable, LayerSpec] = {}
"""Layers that were read, in documents without a problem: equal ones are checked and translated once."""

IS_A_RESULT = "is an output of sepcost, not a network: sepcost diff compares with it"
IN_A_LIST = "the layers of a plain list are independent: make it a mapping with `layers` to connect them"
INDEPENDENT = "the layers of an independent network have no connections: leave out `independent` to connect them"


class Translation(DocumentTranslation):
    """Makes one document a Network, and collects every problem."""

    def __init__(self, document: Document, source: str, default_name: str) -> None:
        super().__init__(document, source, default_name)
        self.root: Path = ()
        self.places: list[Path] = []
        self.input_readable = True
        self.defaults_readable = True

    def network(self, quota: Quota) -> Network:
        """The document as a network; raises ConfigError with all its problems."""
        if not self.document.complete:
            raise ConfigError(self.problems)
        architecture = self._architecture(self.document.value, quota)
        try:
            network = self._built(architecture, quota) if architecture else None
        except NetworkError as error:
            raise self.located(error) from None
        if network is not None:
            self._note_unmatched(network)
        if network is None or self.problems:
            raise ConfigError(self.problems)
        return network

    def _built(self, architecture: Architecture, quota: Quota) -> Network:
        replacements = len(set(architecture.replacements)) or 1
        architecture.refuse_more_than(quota.layers // replacements)
        quota.take(layers=architecture.size * replacements)
        return architecture.build()

    def located(self, error: NetworkError) -> ConfigError:
        """The error as problems of this document, each with its place; once for a layer that groups repeat."""
        reasons = {self._key_of(each): each for each in reversed(error.problems)}
        problems = map(self._layer_problem, reversed(reasons.values()))
        return ConfigError(self._limited([*self.problems, *problems]))

    def lines(self, network: Network) -> Lines:
        """The lines of the network, its layers and its limits."""
        layers = {node.name: self._line(self._place(node.index)) for node in network}
        return Lines(self.document.mark[0], layers, self._limit_lines())

    def _key_of(self, problem: LayerProblem) -> Hashable:
        """What two problems have in common that are reported once: the reasons of copies name each of them."""
        return (self._place(problem.number), problem.field, problem.item, None if self.places else problem.reason)

    def _place(self, index: int) -> Path:
        """Where the document has a layer of the architecture."""
        return self.places[index] if self.places else (*self.root, index)

    def _architecture(self, value: Any, quota: Quota) -> Architecture | None:
        if isinstance(value, YamlList):
            return Architecture(
                self.default_name, self._layers(value, {}, True, quota), source=self.source, independent=True
            )
        if not isinstance(value, YamlDict):
            self._note((), "must be a list of layers, or a mapping with `layers`")
            return None
        if "schema_version" in value:
            self._note((), IS_A_RESULT)
            return None
        self._use_letters(value.get("input"), ("input",), TORCH_NAMES)
        self._use_letters(value.get("defaults"), ("defaults",), TORCH_NAMES)
        head = self._valid_head(value)
        layers = value.get("layers")
        if not isinstance(layers, YamlList):
            return None
        self.root = ("layers",)
        defaults = head.get("defaults", {})
        shape = self._input_shape(head)
        independent = bool(head.get("independent"))
        if independent and "input" in value:
            self._note(("input",), "reaches no layer of a network that is independent: give each layer its own H and C")
        return Architecture(
            head.get("name") or self.default_name,
            self._layers(layers, defaults, independent, quota),
            shape,
            self._replacements(value.get("replace")),
            self.source,
            independent,
            input_readable=self.input_readable and ("input" not in value or shape is not None),
            budget=self._budget(head.get("budget", {}), value.get("budget")),
            inner_norm=head.get("inner_norm", True),
        )

    def _layers(
        self, layers: YamlList, defaults: Mapping[str, Any], independent: bool, quota: Quota
    ) -> tuple[LayerSpec, ...]:
        """The layers of the network; those of groups one after the other."""
        if not any(map(is_group, layers)):
            return self._specs(layers, self.root, defaults, independent)
        members = self._members(layers, self.root, defaults, independent)
        if (size := Group(None, 1, members).size) > quota.layers:
            reason = f"its groups make {size:,} layers, and the size of the file allows {quota.layers:,}"
            raise ConfigError([self._problem(self.root, reason)])
        placed = unfolded(members, independent=independent)
        self.places = [place for place, _ in placed]
        return tuple(spec for _, spec in placed)

    def _members(
        self, layers: YamlList, root: Path, defaults: Mapping[str, Any], independent: bool
    ) -> list[tuple[Path, LayerSpec | Group]]:
        """The layers and the groups of a list."""
        specs = self._specs(layers, root, defaults, independent)
        members: list[tuple[Path, LayerSpec | Group]] = []
        groups = {spec.name for layer, spec in zip(layers, specs) if is_group(layer)}
        for number, name in _twice([spec.name for spec in specs], groups):
            self._note((*root, number, "name"), f"{name!r} is the name of another layer or group already")
        for number, (layer, spec) in enumerate(zip(layers, specs)):
            path, inside = (*root, number), layer.get("layers") if isinstance(layer, YamlDict) else None
            member: LayerSpec | Group = spec
            if isinstance(inside, YamlList):
                member = Group(spec.name, spec.repeat, self._members(inside, (*path, "layers"), defaults, independent))
            members.append((path, member))
        return members

    def _specs(
        self, layers: YamlList, root: Path, defaults: Mapping[str, Any], independent: bool
    ) -> tuple[LayerSpec, ...]:
        """The layers of a list; of a group its name and how often it is repeated."""
        for index, layer in enumerate(layers):
            if isinstance(layer, YamlDict):
                self._use_letters(layer, (*root, index), torch_names(str(layer.get("type", Conv.type))))
        if not layers:
            self._note(root, "must have at least one layer")
        around = (repr(defaults), independent)
        specs = [KNOWN.get(_key(layer, around)) for layer in layers]
        new = [index for index, spec in enumerate(specs) if spec is None]
        valid = [self._valid_or_none(root, index, layers[index]) for index in new]
        for index, layer in zip(new, valid):
            specs[index] = spec = self._spec((*root, index), layer, layers[index], defaults, independent)
            if not self.problems:
                _remember(_key(layers[index], around), spec)
        return tuple(spec for spec in specs if spec is not None)

    def _valid_or_none(self, root: Path, index: int, layer: Any) -> Any:
        """The layer, checked; None if it is wrong."""
        if len(self.problems) > MOST_PROBLEMS:
            return None
        try:
            return layers_validator().validate_python([layer])[0]
        except ValidationError as error:
            self._note_all(error, [layer], root, index)
            return None

    def _spec(
        self, path: Path, layer: dict[str, Any] | None, written: Any, defaults: Mapping[str, Any], independent: bool
    ) -> LayerSpec:
        if layer is None:
            return _unreadable(written, independent)
        if is_group(layer):
            return LayerSpec(name=layer.get("name"), repeat=layer.get("repeat", 1))
        name = layer.get("type", Conv.type)
        kind = KINDS[name]
        if kind.defaults and defaults:
            layer = {**{key: value for key, value in defaults.items() if key in kind.defaults}, **layer}
        readable = self._has_all_keys(path, kind, layer, independent)
        fields = ARGUMENT_NAMES[name]
        options = {fields[key]: value for key, value in layer.items() if key in fields}
        return LayerSpec(
            name,
            layer.get("name"),
            options,
            layer.get("C"),
            self._size(layer, path),
            () if independent else as_tuple(layer.get("from", ())),
            () if independent else as_tuple(layer.get("add", ())),
            layer.get("repeat", 1),
            layer.get("keep", False),
            layer.get("round_to"),
            layer.get("times", 1),
            layer.get("shared", False),
            readable,
        )

    def _has_all_keys(self, path: Path, kind: type[Layer], layer: dict[str, Any], independent: bool) -> bool:
        if kind.takes is Takes.NOTHING:
            return True
        needed = [argument.key for argument in kind.arguments if argument.needed]
        if independent:
            needs_size = kind.takes is not Takes.FEATURES and not {"W", "size"} & layer.keys()
            needed = [*(["H"] if needs_size else []), "C", *needed]
            for key in ("from", "add"):
                if key in layer:
                    self._note((*path, key), INDEPENDENT if self.root else IN_A_LIST, key=True)
        elif ("H" in layer or "size" in layer) and "from" not in layer:
            needed = ["C", *needed]
        missing = [key for key in needed if key not in layer]
        if missing and self.defaults_readable:
            keys = " and ".join(f"`{key}`" for key in missing)
            size = " (`size` is that of an input of its own; `output_size` is what comes out)"
            hint = size if kind is Upsample and missing == ["C"] else ""
            self._note(path, f"missing key{'s' if len(missing) > 1 else ''} {keys}{hint}")
        lone_width = independent and "W" in layer and {"H", "size"}.isdisjoint(layer)
        return not missing and not lone_width

    def _size(self, layer: Mapping[str, Any], path: Path) -> Extent | None:
        """The extent that H and W, or size, give; None if there is neither."""
        if "size" in layer:
            for key in ("H", "W"):
                if key in layer:
                    self._note((*path, key), "contradicts `size`: give one of them", key=True)
            size = layer["size"]
            return (size,) if isinstance(size, int) else tuple(size)
        if "H" in layer:
            return (layer["H"], layer.get("W", layer["H"]))
        if "W" in layer:
            self._note((*path, "W"), "needs `H` beside it", key=True)
        return None

    def _input_shape(self, head: Mapping[str, Any]) -> Shape | None:
        if "input" not in head:
            return None
        given = head["input"]
        size = self._size(given, ("input",))
        if "C" not in given:
            self._note(("input",), "missing key `C`")
            return None
        return (given["C"], *(size or ()))

    def _use_letters(self, block: Any, path: Path, names: Mapping[str, str]) -> None:
        """Replace torch's names by letters."""
        if not isinstance(block, YamlDict):
            return
        if names.keys().isdisjoint(block):
            return
        for name in [name for name in block if name in names]:
            letter = names[name]
            if letter in block:
                self._note(
                    (*path, name),
                    f"is another name of `{block.written.get(letter, letter)}`, which is given too",
                    key=True,
                )
            block.rename(name, letter)

    def _valid_head(self, value: YamlDict) -> dict[str, Any]:
        """The right keys of the mapping, without its layers."""
        try:
            return dict(head_validator().validate_python(value))
        except ValidationError as error:
            self._note_all(error, value, ())
            details = error.errors(include_url=False)
        wrong = {real_path(detail["loc"], value)[:2] for detail in details}
        wrong_keys = {path[:1] for path in wrong}
        meant = " ".join(message_of(detail) for detail in details if len(detail["loc"]) == 1)
        self.input_readable = "`input`" not in meant
        self.defaults_readable = "`defaults`" not in meant and ("defaults",) not in wrong_keys
        right: dict[str, Any] = {key: item for key, item in value.items() if (key,) not in wrong_keys}
        defaults = value.get("defaults")
        if isinstance(defaults, YamlDict):
            right["defaults"] = {key: item for key, item in defaults.items() if ("defaults", key) not in wrong}
        return dict(head_validator().validate_python({"layers": [], **right}))

    def _layer_problem(self, problem: LayerProblem) -> ConfigProblem:
        path = self._place(problem.number)
        layer = self._at(path)
        keys = KEYS_OF_FIELD.get(problem.field, (problem.field,))
        key = next((key for key in keys if isinstance(layer, YamlDict) and key in layer), None)
        if key is not None:
            reason = problem.reason
            path = (*path, key)
            if problem.item is not None and isinstance(self._at(path), YamlList):
                path = (*path, problem.item)
        else:
            reason = problem.reason if problem.field == "type" else f"{keys[0]} {problem.reason}"
        name = "" if problem.field == "name" else f" (layer {problem.name!r})"
        return self._problem(path, reason + name)


def _twice(names: Sequence[str | None], groups: Collection[str | None]) -> Iterator[tuple[int, str]]:
    """The names that are there before and are a group's, and their places; `input` is there from the beginning."""
    seen: set[str] = {INPUT}
    for number, name in enumerate(names):
        if name is not None and name in groups and name in seen:
            yield number, name
        elif name is not None:
            seen.add(name)


def _key(layer: Any, around: Hashable) -> Hashable:
    """All that the spec of a right layer depends on; None where that has no hash.

    True is equal to 1, and a text in quotes to one without: hence the types.
    """
    if not isinstance(layer, YamlDict):
        return None
    types = tuple(map(type, layer.values()))
    return None if YamlList in types or YamlDict in types else (tuple(layer), tuple(layer.values()), types, around)


def _remember(key: Hashable, spec: LayerSpec) -> None:
    if key is not None:
        if len(KNOWN) == MOST_KNOWN:
            KNOWN.clear()
        KNOWN[key] = spec


def _unreadable(written: Any, independent: bool) -> LayerSpec:
    """The place of a layer with a mistake in it: others can refer to it, and it to others."""
    if not isinstance(written, YamlDict):
        return LayerSpec(readable=False)
    names = _names_if_right(written.get("name"))
    repeat = written.get("repeat")
    return LayerSpec(
        name=names[0] if len(names) == 1 else None,
        sources=() if independent else _names_if_right(written.get("from")),
        add=() if independent else _names_if_right(written.get("add")),
        repeat=repeat if type(repeat) is int and 1 <= repeat <= LAYERS else 1,
        readable=False,
    )


def _names_if_right(value: Any) -> tuple[str, ...]:
    items = tuple(value) if isinstance(value, list) else (value,)
    return tuple(map(as_written, items)) if all(isinstance(item, (str, int)) for item in items) else ()
