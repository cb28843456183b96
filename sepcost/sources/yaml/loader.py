"""Loading: files and streams of YAML as networks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import index
from pathlib import Path
from typing import Any

from sepcost.errors import ConfigError, ConfigProblem, NetworkError
from sepcost.network.lines import Lines
from sepcost.network.network import Network
from sepcost.sources.item import Item
from sepcost.sources.yaml.reading.quota import Quota
from sepcost.sources.yaml.reading.splitting import Piece, pieces
from sepcost.sources.yaml.reading.yaml_reader import Document, read_documents
from sepcost.sources.yaml.translating.model_translation import ModelTranslation, names_model
from sepcost.sources.yaml.translating.named_model import NamedModel
from sepcost.sources.yaml.translating.translation import Translation
from sepcost.text.wording import in_one_line

JSON_LINES = (".jsonl", ".ndjson")
VALUE = "network"
"""The source in errors, and the name, of a network that is in no file."""
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
        raise ConfigError.of(VALUE, f"has what YAML does not have: {in_one_line(why)}") from None
    for item in read_networks([text.encode("utf-8", "surrogatepass")], VALUE):
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
