"""Everything that sepcost raises on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple


class SepcostError(Exception):
    """Base of every error that a caller of sepcost may want to catch.

    >>> from sepcost import Conv
    >>> try:
    ...     Conv((112, 112), in_channels=32, out_channels=64, kernel_size=0)
    ... except SepcostError as error:
    ...     print(error)
    kernel_size: must be at least 1, got 0
    """


def refuse(*cases: tuple[object, str]) -> None:
    """A SepcostError with the message of the first case that is so."""
    for is_so, message in cases:
        if is_so:
            raise SepcostError(message)


class Notice(NamedTuple):
    """Something that the user should know and that is no error, in a sentence."""

    message: str


class ArgumentError(SepcostError):
    """Something cannot have such an argument: ``field`` names it, ``reason`` says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class LayerError(ArgumentError):
    """A layer cannot have such an argument.

    >>> raise LayerError("stride", "must be at least 1, got 0")
    Traceback (most recent call last):
    sepcost.errors.LayerError: stride: must be at least 1, got 0
    """


class ConventionError(ArgumentError):
    """The convention cannot have such an argument."""


class ReplacementError(SepcostError):
    """A replacement is unknown, or does not take the options that it was given.

    >>> from sepcost import Replacement
    >>> Replacement.parse("separable:multiplier=0")
    Traceback (most recent call last):
    sepcost.errors.ReplacementError: separable: option multiplier must be between 1 and 2147483647, got 0
    """


class CannotReplaceError(SepcostError):
    """A block does not take this convolution: its text is the reason why the convolution is kept."""


INSTALL = "pip install 'torch>=2.13,<2.15'"


class MissingTorchError(SepcostError, ImportError):
    """torch is needed and cannot be imported: the text says why, and what to do.

    >>> print(MissingTorchError(ModuleNotFoundError(name="torch")))
    torch is not installed: pip install 'torch>=2.13,<2.15'
    """

    def __init__(self, reason: Exception) -> None:
        if isinstance(reason, ModuleNotFoundError) and reason.name == "torch":
            super().__init__(f"torch is not installed: {INSTALL}")
        else:
            said = (str(reason).splitlines() or ["no reason given"])[0]
            super().__init__(f"torch cannot be imported ({said}): {INSTALL}")


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """What is imported inside comes with this extra; a SepcostError that says what to install, where it is missing.

    >>> with needs("plot"):
    ...     raise ModuleNotFoundError(name="altair")
    Traceback (most recent call last):
    sepcost.errors.SepcostError: altair is not installed: pip install 'sepcost[plot]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "a package").partition(".")[0]
        raise SepcostError(f"{package} is not installed: pip install 'sepcost[{extra}]'") from None


class LayerProblem(NamedTuple):
    """What is wrong with the layer that its author wrote as ``number`` (from 0), or with an item of its field."""

    number: int
    name: str
    field: str
    reason: str
    item: int | None = None


class NetworkError(SepcostError):
    """Layers do not fit together; ``problems`` lists every problem that can be found at once.

    >>> print(NetworkError([LayerProblem(1, "conv2", "groups", "must divide in_channels, got 4 groups of 6 channels")]))
    conv2: groups: must divide in_channels, got 4 groups of 6 channels
    """

    def __init__(self, problems: Sequence[LayerProblem]) -> None:
        super().__init__("\n".join(f"{problem.name}: {problem.field}: {problem.reason}" for problem in problems))
        self.problems = tuple(problems)


class ConfigProblem(NamedTuple):
    """One thing wrong in a config: line and column count from 1; 0 where there is none to name.

    >>> print(ConfigProblem("net.yaml", 14, 9, "layers[3].K", "must be at least 1, got 0"))
    net.yaml:14:9: layers[3].K: must be at least 1, got 0
    """

    source: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}:{self.column}" if self.line else self.source
        return ": ".join(part for part in (place, self.path, self.message) if part)


class ConfigError(SepcostError):
    """A config cannot be read; ``problems`` lists every one found in the file, in the file's order.

    >>> from sepcost import load
    >>> load("missing.yaml")
    Traceback (most recent call last):
    sepcost.errors.ConfigError: missing.yaml: cannot be read: no such file or directory
    """

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(map(str, self.problems)))

    @classmethod
    def of(cls, source: str, message: str) -> ConfigError:
        """A problem with a source as a whole.

        >>> print(ConfigError.of("net.yaml", "is empty"))
        net.yaml: is empty
        """
        return cls([ConfigProblem(source, 0, 0, "", message)])

    def further_down(self, lines: int) -> ConfigError:
        """The same problems, this many lines further down."""
        return ConfigError([problem._replace(line=problem.line and problem.line + lines) for problem in self.problems])


class MiscountError(SepcostError):
    """The layers that were found in a model do not add up to what torch counts: sepcost itself is wrong."""


class ModelError(SepcostError):
    """A PyTorch model cannot be loaded, or cannot run on these inputs: one line that says why, and what to do."""
