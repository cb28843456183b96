"""What is given to a source, and the items that it gives."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from sepcost.count.comparison import Comparison
from sepcost.count.snapshot import Snapshot, only_figures
from sepcost.count.verification import Mismatch
from sepcost.errors import ConfigError, NetworkError, SepcostError
from sepcost.layers import Layer
from sepcost.network.lines import Lines
from sepcost.network.network import Network
from sepcost.text.model_text import STDIN, is_model_text

if TYPE_CHECKING:
    from torch import dtype, nn

AnySource: TypeAlias = (
    "Layer | Network | Comparison | nn.Module | str | PathLike[str] | Mapping[str, Any] | Sequence[Any]"
)
"""What a caller in Python gives as one source."""
AnyDtype: TypeAlias = "str | dtype | None"
STANDARD_INPUT = "-"
BEGINS = re.compile(r"\{|\[|- |\w+: ")
"""How YAML in one line begins."""
TEXT = "network"
"""The source in errors, and the name, of a network that is in no file."""


class YamlText(str):
    """A text that is YAML itself, not the name of something."""

    __slots__ = ()


def in_python(source: AnySource) -> AnySource:
    r"""A source as a caller in Python gives it: text in several lines is YAML, as is text that begins like it.

    >>> [type(in_python(text)).__name__ for text in ("net.yaml", "layers:\n- {K: 3}")]
    ['str', 'YamlText']
    """
    is_yaml = isinstance(source, str) and ("\n" in source or (BEGINS.match(source) and not os.path.lexists(source)))
    return YamlText(source) if is_yaml else source


def several_in_python(sources: AnySource | Sequence[AnySource]) -> list[AnySource]:
    """The sources of a list; a list of layers is one source, in the form of YAML.

    >>> len(several_in_python(["a.yaml", "b.yaml"])), len(several_in_python([{"H": 8}, {"H": 9}]))
    (2, 1)
    """
    if not isinstance(sources, (list, tuple)):
        return [in_python(sources)]
    is_layers = sources and all(isinstance(each, Mapping) and not {"layers", "model"} & each.keys() for each in sources)
    return [sources] if is_layers else list(map(in_python, sources))


class Given:
    r"""A value, and its lines if it is a text: a source may look at the first ones and leave them to the next source.

    >>> given = Given(YamlText("- {H: 8, C: 3, K: 3, O: 8}\n"))
    >>> given.head(lambda line: True), list(given.lines())
    ([b'- {H: 8, C: 3, K: 3, O: 8}\n'], [b'- {H: 8, C: 3, K: 3, O: 8}\n'])
    """

    def __init__(self, value: Any) -> None:
        self.value = fspath(value) if isinstance(value, PathLike) else value
        self._seen: list[bytes] = []
        self._rest: Iterator[bytes] | None = None

    @property
    def is_text(self) -> bool:
        return isinstance(self.value, str)

    @property
    def is_yaml(self) -> bool:
        """Whether the text is YAML itself, not the name of something."""
        return isinstance(self.value, YamlText)

    @property
    def is_named(self) -> bool:
        """Whether the text is the name of something."""
        return self.is_text and not self.is_yaml

    @property
    def names_model(self) -> bool:
        """Whether the text names a model."""
        return self.is_named and is_model_text(self.value)

    @property
    def is_module(self) -> bool:
        """Whether it is a model of torch; without an import of torch there is none."""
        torch = sys.modules.get("torch")
        return torch is not None and isinstance(self.value, torch.nn.Module)

    @property
    def name(self) -> str:
        """The text as messages name it; of what is in no file, what networks without a name are called."""
        if self.is_yaml or not self.is_text:
            return TEXT
        return STDIN if self.value == STANDARD_INPUT else str(self.value)

    def head(self, is_last: Callable[[bytes], object]) -> list[bytes]:
        """The first lines, up to the first one for which this is true."""
        for line in self._more():
            self._seen.append(line)
            if is_last(line):
                break
        return self._seen

    def lines(self) -> Iterator[bytes]:
        """All lines; a ConfigError if they cannot be read."""
        return chain(self._seen, self._more())

    def _more(self) -> Iterator[bytes]:
        if self._rest is None:
            self._rest = iter(self._opened())
        return self._rest

    def _opened(self) -> Iterable[bytes]:
        if self.is_yaml:
            return str(self.value).encode("utf-8", "surrogatepass").splitlines(keepends=True)
        return stdin_lines() if self.value == STANDARD_INPUT else file_lines(str(self.value))


def file_lines(source: str) -> Iterator[bytes]:
    """A file's lines; a ConfigError if it cannot be read, or may have no end."""
    if not source:
        raise ConfigError.of(source, "the name of a source is empty")
    try:
        with Path(source).open("rb") as file:
            if _is_device(file):
                raise ConfigError.of(source, "is a device, not a file")
            yield from file
    except (OSError, ValueError) as error:
        reason = (error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else error
        raise ConfigError.of(source, f"cannot be read: {reason}") from None


def stdin_lines() -> Iterable[bytes]:
    """Standard input, line by line as it comes; a SepcostError if it is closed."""
    if sys.stdin is None:
        raise SepcostError("standard input is closed")
    return sys.stdin.buffer


def _is_device(file: BinaryIO) -> bool:
    """Whether it is a device, and no terminal."""
    mode = os.fstat(file.fileno()).st_mode
    return (stat.S_ISCHR(mode) or stat.S_ISBLK(mode)) and not file.isatty()


class Item:
    """A network; or, if it was counted ``earlier``, its figures alone, as ``file`` has them.

    >>> from sepcost import Conv
    >>> Item(Network.of(Conv((8, 8), 3, 8, 3))).name
    'conv'
    """

    def __init__(self, network: Network | None = None, earlier: Snapshot | None = None, file: str = "") -> None:
        self._network = network
        self.earlier = earlier
        self.file = file
        self.is_folded = False

    @property
    def network(self) -> Network:
        """The network itself; a ConfigError if there are only figures."""
        if self._network is None:
            raise ConfigError.of(self.file, f"{only_figures(self.name)} (sweep, check and diff take figures)")
        return self._network

    @property
    def name(self) -> str:
        return self._network.name if self._network else self.earlier.name if self.earlier else ""

    @property
    def source(self) -> str | None:
        return self._network.source if self._network else self.earlier.source if self.earlier else None

    def fold_norms(self) -> None:
        """Count batch norms as folded into their convolutions, as at inference."""
        self._network, self.is_folded = self.network.with_norms_folded(), True

    @property
    def is_model(self) -> bool:
        """Whether a model ran for it."""
        return False

    def lines(self) -> Lines:
        """The lines of its file; none unless the network is written there."""
        return Lines(0, {}, {})

    def located(self, error: NetworkError) -> ConfigError:
        """A later error of the network, with a place in its source."""
        return ConfigError.of(self.source or "", str(error))

    def recounted(self, comparison: Comparison) -> Sequence[Mismatch]:
        """What differs from the comparison if the replacements are really made: of models only."""
        return ()
