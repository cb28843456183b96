"""Sources: whatever stands on the command line, as networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sepcost.cli.models import LoadedModel, ModelOptions, read_model
from sepcost.cli.named_models import read_items
from sepcost.cli.streams import config_error, stdin_lines
from sepcost.config import Loaded, read_lines
from sepcost.errors import ConfigError
from sepcost.model_text import is_model_text

SUFFIXES = (".yaml", ".yml")
STDIN = "<stdin>"


def networks(sources: Sequence[str], models: ModelOptions) -> Iterator[Loaded | LoadedModel | ConfigError]:
    """The networks of files, folders, models and ``-``, or what is wrong with them, one by one."""
    for source in sources:
        try:
            if is_model_text(source):
                yield read_model(source, models)
                continue
            for name in _files(source):
                lines = stdin_lines() if name == STDIN else read_lines(name)
                yield from read_items(lines, name, models)
        except ConfigError as error:
            yield error


def is_one_file(source: str) -> bool:
    """Whether the source is a file, which most likely holds one network."""
    return source != "-" and Path(source).is_file()


def _files(source: str) -> list[str]:
    if source == "-":
        return [STDIN]
    path = Path(source)
    try:
        if not path.is_dir():
            return [source]
        found = sorted(file for file in path.rglob("*") if _is_config(file, path))
    except OSError as error:
        raise config_error(source, f"cannot be read: {(error.strerror or str(error)).lower()}") from None
    if not found:
        raise config_error(source, "the folder has no .yaml or .yml file in it")
    return list(map(str, found))


def _is_config(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return file.suffix.lower() in SUFFIXES and not hidden and file.is_file()
