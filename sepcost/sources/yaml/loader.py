"""Loading: files and streams of YAML as networks."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

from sepcost.errors import ConfigError, ConfigProblem, NetworkError, SepcostError
from sepcost.network.lines import Lines
from sepcost.network.network import Network
from sepcost.sources.yaml.reading.allowance import Allowance
from sepcost.sources.yaml.reading.documents import Piece, pieces
from sepcost.sources.yaml.reading.yaml_reader import Document, read_documents
from sepcost.sources.yaml.translating.model_translation import ModelTranslation, names_model
from sepcost.sources.yaml.translating.named_model import NamedModel
from sepcost.sources.yaml.translating.translation import Translation
from sepcost.text.wording import in_one_line

JSON_LINES = (".jsonl", ".ndjson")
NOT_RUN = "names code, which is not run from here: sepcost compare --run-models does"
VALUE = "network"
"""The source in errors, and the name, of a network that is in no file."""
EMPTY = "is empty: a config is a list of layers, or a mapping with `layers`"


class Loaded:
    """A network, and the document that it comes from."""

    def __init__(self, network: Network, translation: Translation, lines_before: int) -> None:
        self.network = network
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
    allowance = Allowance()
    for piece in pieces(lines, json_lines=source.lower().endswith(JSON_LINES)):
        allowance.read(len(piece.data))
        no_json = _json_error(piece, source)
        if no_json is not None:
            number += 1
            yield no_json.further_down(piece.lines_before)
            continue
        try:
            for document in read_documents(piece.data, source, allowance, piece.lines_before):
                if document.value == "" and not document.problems:
                    continue
                number += 1
                name = Path(source).stem if number == 1 else f"{Path(source).stem}#{number}"
                try:
                    loaded = _read(document, source, name, piece.lines_before, allowance)
                except ConfigError as error:
                    yield error.further_down(piece.lines_before)
                else:
                    yield loaded
        except ConfigError as error:
            number += 1
            yield error.further_down(piece.lines_before)
    if number == 0:
        yield ConfigError([ConfigProblem(source, 1, 1, "", EMPTY)])


def _read(document: Document, source: str, name: str, lines_before: int, allowance: Allowance) -> Loaded | NamedModel:
    """The document as a network or a named model; raises ConfigError with all its problems."""
    if names_model(document):
        return ModelTranslation(document, source, name).named_model().further_down(lines_before)
    translation = Translation(document, source, name)
    return Loaded(translation.network(allowance), translation, lines_before)


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


def load_all(path: str | PathLike[str]) -> list[Network]:
    """The networks of a file, one for each document of its YAML stream; raises ConfigError with all problems.

    A document that names a model is a problem: no model is run from here.

    >>> [net.name for net in load_all("configs/vgg16.yaml")]
    ['VGG-16']
    """
    source = str(path)
    read = list(read_networks(read_lines(source), source))
    errors = [item.error(NOT_RUN) if isinstance(item, NamedModel) else item for item in read]
    problems = [problem for item in errors if isinstance(item, ConfigError) for problem in item.problems]
    if problems:
        raise ConfigError(problems)
    return [item.network for item in read if isinstance(item, Loaded)]


def load_value(value: Mapping[str, Any] | Sequence[Any]) -> Network:
    """The network that a value in the form of a YAML document describes; raises ConfigError.

    >>> load_value([{"H": 112, "C": 32, "K": 3, "O": 64}])
    <Network 'network': 1 layers>
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        why, *_ = str(error).split("; use sys.")  # without Python's advice on integers with thousands of digits
        raise ConfigError([ConfigProblem(VALUE, 0, 0, "", f"is not what YAML has: {in_one_line(why)}")]) from None
    (item,) = read_networks([text.encode("utf-8", "surrogatepass")], VALUE)
    if isinstance(item, NamedModel):
        item = item.error(f"{NOT_RUN}; compare({str(item.text)!r}, inputs=…) does")
    if isinstance(item, ConfigError):
        raise ConfigError([problem._replace(line=0, column=0) for problem in item.problems])
    return replace(item.network, source=None)


def load_one(path: str | PathLike[str]) -> Network:
    """The only network of a file; a ConfigError if there are more."""
    networks = load_all(path)
    if len(networks) > 1:
        message = f"holds {len(networks)} networks: sepcost.sources.yaml.load_all loads them all"
        raise ConfigError([ConfigProblem(str(path), 0, 0, "", message)])
    return networks[0]


def read_lines(source: str) -> Iterator[bytes]:
    """A file's lines; a ConfigError if it cannot be read, or may have no end."""
    try:
        with Path(source).open("rb") as file:
            if _is_device(file):
                raise ConfigError.of(source, "is a device, not a file")
            yield from file
    except (OSError, ValueError) as error:
        reason = (error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else error
        raise ConfigError([ConfigProblem(source, 0, 0, "", f"cannot be read: {reason}")]) from None


def _is_device(file: BinaryIO) -> bool:
    """Whether it is a device, and no terminal."""
    mode = os.fstat(file.fileno()).st_mode
    return (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) and not file.isatty()


def stdin_lines() -> Iterable[bytes]:
    """Standard input, line by line as it comes; a SepcostError if it is closed."""
    if sys.stdin is None:
        raise SepcostError("standard input is closed")
    return sys.stdin.buffer
