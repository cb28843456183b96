"""Programs in files: what the formats have in common. A file is data, whoever made it; nothing in it runs."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sepcost.errors import ConfigError, ModelError
from sepcost.network.network import Network
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.source import Given, Item
from sepcost.text.foreign import HEAD, foreign_head
from sepcost.text.wording import in_one_line

LONGEST = 400
"""How many characters are said of a file, in which names may be anything."""
DAMAGED = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, struct.error)
"""What Python raises where a file is not what it should be."""


@dataclass
class Programs:
    """The files of one format, a source: each is one network.

    ``network_of`` reads a file, on inputs of the sizes in the options, and gives the network a name. ``what`` is what
    such a file is called, ``again`` how one is made.
    """

    suffix: str
    what: str
    again: str
    network_of: Callable[[str, str, ModelOptions], Network]
    takes: str = ""

    def path_of(self, source: str) -> Path | None:
        """The file that a source is, if it is of this format."""
        return Path(source) if source.lower().endswith(self.suffix) else None

    def read(self, given: Given, options: ModelOptions) -> Iterator[Item] | None:
        """The network of the file; None of other files."""
        path = self.path_of(given.value) if given.is_named else None
        if path is None:
            return None
        refuse_what_is_none(given.value, path)
        try:
            network = self.network_of(given.value, path.stem, options)
        except ModelError as error:
            said = str(error).removeprefix(f"{given.value}: ").removeprefix(f"{path}: ")
            raise ConfigError.of(given.value, in_one_line(said, LONGEST)) from None
        except OSError as error:
            raise ConfigError.of(given.value, f"cannot be read: {(error.strerror or str(error)).lower()}") from None
        except RecursionError:
            raise ConfigError.of(given.value, "is nested too deeply to be read") from None
        except DAMAGED as error:
            said = f" ({in_one_line(str(error))[:80]})" if type(error) is ValueError and str(error) else ""
            raise ConfigError.of(given.value, f"is no {self.what}, or is damaged{said}: {self.again}") from None
        return iter([Item(replace(network, source=given.value))])


def refuse_what_is_none(source: str, path: Path) -> None:
    """A ConfigError for what cannot be read, or is plainly no model: a device, a web page, a pointer of Git LFS."""
    try:
        if path.exists() and not path.is_file():
            raise ConfigError.of(source, f"is {'a folder' if path.is_dir() else 'a device or a pipe'}, not a file")
        with path.open("rb") as file:
            head = file.read(HEAD)
    except (OSError, ValueError) as error:
        said = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ConfigError.of(source, f"cannot be read: {said.lower()}") from None
    if what := foreign_head(head):
        raise ConfigError.of(source, what)
    if head.startswith(b"PK") and path.suffix.lower() in (".onnx", ".tflite"):
        raise ConfigError.of(source, "is an archive, as exported programs are: the name of one should end in .pt2")
