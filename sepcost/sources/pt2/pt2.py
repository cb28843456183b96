"""Exported programs as sources: files that end in .pt2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath

from sepcost.errors import ConfigError, ModelError
from sepcost.sources.model_options import ModelOptions
from sepcost.sources.pt2.archive import AGAIN, program_in
from sepcost.sources.pt2.program import network_of
from sepcost.sources.source import Given, Item
from sepcost.text.wording import in_one_line

SUFFIX = ".pt2"


class ExportedPrograms:
    """Files that torch.export has saved. They are data: torch, which runs code in them, never sees them."""

    takes = ""

    def read(self, given: Given, options: ModelOptions) -> Iterator[Item] | None:
        """The program's network; None of other files."""
        if not given.is_named or PurePath(given.value).suffix.lower() != SUFFIX:
            return None
        name = PurePath(given.value).name.removesuffix(SUFFIX)
        try:
            network = network_of(program_in(given.value, options.file.limit), name, options)
        except ModelError as error:
            raise ConfigError.of(given.value, str(error)) from None
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            what = in_one_line(f"{type(error).__name__}: {error}")[:80]
            raise ConfigError.of(given.value, f"is no exported program, or is damaged ({what}); {AGAIN}") from None
        return iter([Item(replace(network, source=given.value))])


EXPORTED_PROGRAMS = ExportedPrograms()
