"""A YAML document that names a model, as a NamedModel. This is data: nothing is imported or run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from sepcost.errors import ConfigError, ModelError
from sepcost.network.lines import Lines
from sepcost.network.selection import Selection
from sepcost.sources.validation import real_path
from sepcost.sources.yaml.reading.yaml_reader import Document, YamlDict, YamlList, place
from sepcost.sources.yaml.schema.messages import message_in_model, shown
from sepcost.sources.yaml.schema.schema import model_validator
from sepcost.sources.yaml.translating.document_translation import DocumentTranslation, as_tuple
from sepcost.sources.yaml.translating.named_model import KEY, NamedModel
from sepcost.text.input_text import InputText, InputTexts, names_function, read_inputs
from sepcost.text.model_text import ModelText
from sepcost.text.units import shortened
from sepcost.text.wording import did_you_mean, in_one_line

EXAMPLES = "such as 3x224x224 or tokens=77:int64"
ONE_SHAPE = "is a list of inputs, not of sizes: one shape is written {}"


def names_model(document: Document) -> bool:
    """Whether the document names a model, and does not list layers."""
    value = document.value
    if not isinstance(value, YamlDict) or "schema_version" in value:
        return False
    if KEY in value or "layers" in value:
        return KEY in value
    return any(did_you_mean(key, [KEY]) and isinstance(text, str) and ":" in text for key, text in value.items())


class ModelTranslation(DocumentTranslation):
    """Makes one document a NamedModel, and collects every problem."""

    _message_of = staticmethod(message_in_model)

    def named_model(self) -> NamedModel:
        """Raises ConfigError with all problems of the document."""
        value = self.document.value
        if not self.document.complete or not isinstance(value, YamlDict):
            raise ConfigError(self.problems)
        right = self._right(value)
        text, inputs = self._text(right.get(KEY)), self._inputs(value.get("input"))
        replacements = self._replacements(value.get("replace"))
        budget = self._budget(right.get("budget", {}), value.get("budget"))
        if text is None or self.problems:
            raise ConfigError(self.problems)
        return NamedModel(
            right.get("name") or self.default_name,
            self.source,
            text,
            inputs,
            place(value, (KEY,)) or self.document.mark,
            Lines(self.document.mark[0], {}, self._limit_lines()),
            right.get("device", "meta"),
            replacements,
            Selection(as_tuple(right.get("include", ())), as_tuple(right.get("exclude", ()))),
            budget,
        )

    def _right(self, value: YamlDict) -> dict[str, Any]:
        """The right keys of the mapping."""
        try:
            return dict(model_validator().validate_python(value))
        except ValidationError as error:
            self._note_all(error, value, ())
            wrong = {real_path(detail["loc"], value)[:1] for detail in error.errors(include_url=False)}
        return {key: item for key, item in value.items() if (key,) not in wrong and key != "budget"}

    def _text(self, text: Any) -> ModelText | None:
        if not isinstance(text, str):
            return None
        text = str(text).strip()
        try:
            if text:
                return ModelText.parse(text)
            self._note((KEY,), "must name a model, as pkg.nets:UNet does")
        except ModelError as error:
            self._note((KEY,), str(error).removeprefix(f"{in_one_line(text)}: "))
        return None

    def _inputs(self, given: Any) -> InputTexts:
        if given is None:
            return ()
        if isinstance(given, str) and names_function(given):
            return self._function(str(given))
        if not isinstance(given, YamlList):
            return self._input(given, ("input",))
        if not given:
            self._note(("input",), f"must have at least one input, {EXAMPLES}")
        if len(given) > 1 and all(type(item) is int for item in given):
            self._note(("input",), ONE_SHAPE.format(shortened("x".join(map(str, given)))))
            return ()
        return tuple(read for number, item in enumerate(given) for read in self._input(item, ("input", number)))

    def _function(self, text: str) -> InputTexts:
        """The function that returns the inputs; it is run with the model, not here."""
        try:
            return read_inputs([text])
        except ModelError as error:
            message = str(error).removeprefix(f"{shortened(text)}: ").removeprefix(f"{in_one_line(text)}: ")
            self._note(("input",), message)
        return ()

    def _input(self, given: Any, path: Sequence[str | int]) -> tuple[InputText, ...]:
        """The input; none, and a problem, if it is wrong."""
        if isinstance(given, bool) or not isinstance(given, (int, str)) or not given:
            got = "nothing" if given == "" else shown(given)
            self._note(tuple(path), f"must be the shape of one sample, {EXAMPLES}, got {got}")
            return ()
        if names_function(str(given)):
            self._note(tuple(path), "a function returns every input: give it alone, not in a list")
            return ()
        try:
            return (InputText.parse(str(given)),)
        except ModelError as error:
            self._note(tuple(path), str(error).removeprefix(f"{shortened(str(given))}: "))
            return ()
