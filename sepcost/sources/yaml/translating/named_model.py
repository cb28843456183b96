"""A model that a config names: a description; nothing of it is imported or run."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sepcost.blocks.replacements import Replacement
from sepcost.errors import ConfigError, ConfigProblem
from sepcost.network.budget import Budget
from sepcost.network.lines import Lines
from sepcost.network.selection import Selection
from sepcost.text.input_text import InputTexts
from sepcost.text.model_text import Device, ModelText

KEY = "model"
EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A config's description of a model: where its code is, its inputs, and its limits.

    ``place`` is the line and the column of the text that names it. ``lines`` are those of the document, which has no
    layers.
    """

    name: str
    source: str
    text: ModelText
    inputs: InputTexts
    place: tuple[int, int]
    lines: Lines
    device: Device = "meta"
    replacements: tuple[Replacement, ...] = ()
    selection: Selection = EVERYTHING
    budget: Budget | None = None

    def error(self, *messages: str) -> ConfigError:
        """Problems of the model, at the place where the config names it."""
        return ConfigError([ConfigProblem(self.source, *self.place, KEY, message) for message in messages])

    def further_down(self, lines: int) -> NamedModel:
        """The same model, this many lines further down in the file."""
        line, column = self.place
        return replace(self, place=(line + lines, column), lines=self.lines.further_down(lines))
