"""Configs: networks in YAML, and the models that they name, which run where the user trusts them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import index
from pathlib import Path
from typing import Any

from sepcost.blocks.plan import meant
from sepcost.errors import ConfigError, ConfigProblem, MissingTorchError, ModelError, NetworkError
from sepcost.network.lines import Lines
from sepcost.network.network import Network
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.models import LoadedModel, reason, run_model
from sepcost.sources.source import TEXT, Given, Item
from sepcost.sources.yaml.reading.quota import Quota
from sepcost.sources.yaml.reading.splitting import Piece, pieces
from sepcost.sources.yaml.reading.yaml_reader import Document, read_documents
from sepcost.sources.yaml.translating.model_translation import ModelTranslation, names_model
from sepcost.sources.yaml.translating.named_model import NamedModel
from sepcost.sources.yaml.translating.translation import Translation
from sepcost.text.wording import in_one_line

JSON_LINES = (".jsonl", ".ndjson")
EMPTY = "is empty: a config is a list of layers, or a mapping with `layers`"


class Loaded(Item):
    """A network, and the document that it comes from."""

    def __init__(self, network: Network, translation: Translation, lines_before: int) -> None:
        super().__init__(network)
        self._translation = translation
        self._lines_before = lines_before

    def lines(self) -> Lines:
        """The lines of the file on which the network, its layers and its limits are."""
        return self._translation.lines(self.network).further_down(self._lines_before)

    def located(self, error: NetworkError) -> ConfigError:
        """A later error of the network, as problems with a place in the file."""
        return self._translation.located(error).further_down(self._lines_before)


def read_networks(lines: Iterable[bytes], source: str) -> Iterator[Loaded | NamedModel | ConfigError]:
    """Each document's network, or the model that it names, or what is wrong with it; then the next one is read.

    Only as many ``lines`` are read as are needed: a stream may be endless. ``source`` is the file's name in messages.
    """
    number = 0
    quota = Quota()
    for piece in pieces(lines, json_lines=source.lower().endswith(JSON_LINES)):
        quota.read(len(piece.data))
        no_json = _json_error(piece, source)
        if no_json is not None:
            number += 1
            yield no_json.further_down(piece.lines_before)
            continue
        try:
            for document in read_documents(piece.data, source, quota, piece.lines_before):
                if document.value == "" and not document.problems:
                    continue
                number += 1
                name = Path(source).stem if number == 1 else f"{Path(source).stem}#{number}"
                try:
                    loaded = _read(document, source, name, piece.lines_before, quota)
                except ConfigError as error:
                    yield error.further_down(piece.lines_before)
                else:
                    yield loaded
        except ConfigError as error:
            number += 1
            yield error.further_down(piece.lines_before)
    if number == 0:
        yield ConfigError([ConfigProblem(source, 1, 1, "", EMPTY)])


def _read(document: Document, source: str, name: str, lines_before: int, quota: Quota) -> Loaded | NamedModel:
    """The document as a network or a named model; raises ConfigError with all its problems."""
    if names_model(document):
        return ModelTranslation(document, source, name).named_model().further_down(lines_before)
    translation = Translation(document, source, name)
    return Loaded(translation.network(quota), translation, lines_before)


def _json_error(piece: Piece, source: str) -> ConfigError | None:
    """What is wrong with a line that should be JSON, in JSON's words."""
    try:
        if piece.is_json:
            json.loads(piece.data)
    except json.JSONDecodeError as error:
        return ConfigError([ConfigProblem(source, 1, error.colno, "", f"is not JSON: {error.msg.lower()}")])
    except (ValueError, RecursionError):  # not UTF-8, or nested too deep: the reader of YAML reports where
        return None
    return None


def read_value(value: Mapping[str, Any] | Sequence[Any]) -> Iterator[Loaded | NamedModel | ConfigError]:
    """The same of a value in the form of a document: nothing has a place in it.

    >>> [item.network for item in read_value([{"H": 112, "C": 32, "K": 3, "O": 64}])]
    [<Network 'network': 1 layers>]
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_whole)
    except (TypeError, ValueError, RecursionError) as error:
        why, *_ = str(error).split("; use sys.")  # without Python's advice on integers with thousands of digits
        raise ConfigError.of(TEXT, f"has what YAML does not have: {in_one_line(why)}") from None
    for item in read_networks([text.encode("utf-8", "surrogatepass")], TEXT):
        if isinstance(item, ConfigError):
            yield ConfigError([problem._replace(line=0, column=0) for problem in item.problems])
        elif isinstance(item, NamedModel):
            yield replace(item, place=(0, 0))
        else:
            yield item


def _whole(value: Any) -> int:
    """A whole number of NumPy or torch; a TypeError for what YAML does not have."""
    try:
        return index(value)
    except TypeError:
        name = (value if isinstance(value, type) else type(value)).__name__
        raise TypeError(f"{name} (give one source, or a dict or a list as in YAML)") from None


class ConfiguredModel(LoadedModel):
    """A model that a config names: its network has the config's name, replacements and budget.

    ``given``: its inputs were typed; those of the config are part of what is held to a baseline.
    """

    def __init__(self, named: NamedModel, loaded: LoadedModel, *, given: bool) -> None:
        network = replace(
            named.selection.of(loaded.network),
            name=named.name,
            source=named.source,
            replacements=named.replacements,
            budget=named.budget,
            given=loaded.network.given if given else None,
        )
        super().__init__(network, loaded.model, loaded.inputs, loaded.device)
        self._named = named

    def located(self, error: NetworkError) -> ConfigError:
        """A later error of the network, on the line where the config names the model."""
        problems = [f"{problem.reason} (layer {problem.name!r})" for problem in error.problems]
        return self._named.error(*problems)

    def lines(self) -> Lines:
        """The config's lines: every layer is on the line that names the model."""
        line, _ = self._named.place
        return replace(self._named.lines, layers={node.name: line for node in self.network})


class Configs:
    """YAML: files, standard input, texts, and values in the form of a document."""

    takes = "a file's name, YAML as text, a dict or a list as in YAML"

    def read(self, given: Given, options: ModelOptions) -> Iterator[Item | ConfigError] | None:
        """What each document describes; the models that it names are run, or refused."""
        if given.is_text:
            return _items(read_networks(given.lines(), given.name), options, in_file=not given.is_yaml)
        is_document = isinstance(given.value, (Mapping, list, tuple))
        return _items(read_value(given.value), options, in_file=False) if is_document else None


CONFIGS = Configs()


def _items(
    documents: Iterable[Loaded | NamedModel | ConfigError], options: ModelOptions, *, in_file: bool
) -> Iterator[Item | ConfigError]:
    for document in documents:
        if isinstance(document, NamedModel):
            try:
                yield run_named(document, options)
            except ConfigError as error:
                yield error
        elif in_file or isinstance(document, ConfigError):
            yield document
        else:
            yield Item(replace(document.network, source=None))


def run_named(named: NamedModel, options: ModelOptions) -> ConfiguredModel:
    """Run the model if configs may name any; raises ConfigError with a place in the config.

    Inputs that were typed replace the config's; it runs on the cpu if either says so.
    """
    if not options.from_configs:
        raise named.error(options.refusal)
    device = options.device if named.device == "meta" else named.device
    try:
        loaded = run_model(named.text, options.inputs or named.inputs, device)
    except ModelError as error:
        raise named.error(reason(str(named.text), error)) from None
    except MissingTorchError as error:
        raise named.error(str(error)) from None
    names = loaded.network.names_of_convolutions
    left = [(key, glob) for key, globs in named.selection.unmatched(loaded.network)._asdict().items() for glob in globs]
    left += [("replace", glob) for each in named.replacements for glob in each.unmatched(names)]
    if unmatched := [f"{key} {glob}: no convolution has such a name{meant(glob, names)}" for key, glob in left]:
        raise named.error(*unmatched)
    return ConfiguredModel(named, loaded, given=bool(options.inputs))
