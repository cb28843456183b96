"""Document translation: what every document has, be it a network or a model: problems, replacements and a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from sepcost.blocks.plan import KEEP, PLAN, Plan, meant
from sepcost.blocks.replacements import Replacement
from sepcost.count.figure import BOUNDED, REDUCTION, SPEEDUP
from sepcost.errors import ConfigProblem, ReplacementError
from sepcost.network.architecture import MOST_PROBLEMS
from sepcost.network.budget import AS_GIVEN, Budget, Limit
from sepcost.network.network import Network
from sepcost.sources.validation import real_path
from sepcost.sources.yaml.reading.yaml_reader import Document, YamlDict, YamlList, place
from sepcost.sources.yaml.schema.messages import message_of
from sepcost.text.wording import Path, path_text


class DocumentTranslation:
    """One document, and every problem that is found in it."""

    _message_of = staticmethod(message_of)

    def __init__(self, document: Document, source: str, default_name: str) -> None:
        self.document = document
        self.source = source
        self.default_name = default_name
        self.problems: list[ConfigProblem] = list(document.problems)

    def _line(self, path: Path, *, key: bool = False) -> int:
        return (place(self.document.value, path, key=key) or self.document.mark)[0]

    def _limit_lines(self) -> dict[str, int]:
        """The line of each limit of the budget."""
        value = self.document.value
        budget = value.get("budget") if isinstance(value, YamlDict) else None
        lines = {
            name: self._line(("budget", name), key=True) for name in (budget if isinstance(budget, YamlDict) else ())
        }
        reduction = budget.get("reduction") if isinstance(budget, YamlDict) else None
        for name in reduction if isinstance(reduction, YamlDict) else ():
            lines[f"{REDUCTION}{name}"] = self._line(("budget", "reduction", name), key=True)
        return lines

    def _replacements(self, texts: Any) -> tuple[Replacement, ...]:
        if isinstance(texts, YamlDict):
            return tuple(filter(None, [self._plan(texts)]))
        chosen = []
        for number, text in enumerate(texts if isinstance(texts, YamlList) else ()):
            try:
                if isinstance(text, str):
                    chosen.append(Replacement.parse(str(text)))
            except ReplacementError as error:
                self._note(("replace", number), str(error))
        return tuple(chosen)

    def _plan(self, written: YamlDict) -> Plan | None:
        """The plan that a mapping of globs is, with what is right in it; None where none is."""
        choices: dict[str, Any] = dict.fromkeys(written, KEEP)
        for glob, text in written.items():
            try:
                if isinstance(text, str) and text != KEEP:
                    choices[glob] = Replacement.parse(str(text))
            except ReplacementError as error:
                self._note(("replace", glob), str(error))
        try:
            return Plan.of(choices) if choices else None
        except ReplacementError as error:
            self._note(("replace",), str(error))
            return None

    def _note_unmatched(self, network: Network) -> None:
        """Note the globs of its plan that match no convolution of the network."""
        names = network.names_of_convolutions if network.replacements else []
        for glob in (glob for each in network.replacements for glob in each.unmatched(names)):
            self._note(("replace", glob), f"no convolution has such a name{meant(glob, names)}", key=True)

    def _budget(self, given: Mapping[str, Any], written: Any) -> Budget | None:
        """The right limits, and the replacement that they are for."""
        if not isinstance(written, YamlDict):
            return None
        reductions = [(f"{REDUCTION}{name}", bound) for name, bound in given.get("reduction", {}).items()]
        figures = [(name, bound) for name, bound in given.items() if name in BOUNDED]
        replacement = written.get("replacement")
        if not [key for key, value in written.items() if key != "replacement" and value != {}]:
            self._note(("budget",), "must have at least one limit, such as `params: 4.3M`")
        if not isinstance(replacement, str):
            replacement = None
        elif replacement == AS_GIVEN and (gains := [key for key in ("reduction", SPEEDUP) if key in written]):
            self._note(("budget", gains[0]), "needs a replacement, and `replacement: none` is the network as given")
        elif replacement not in (AS_GIVEN, PLAN):
            try:
                Replacement.parse(str(replacement))
            except ReplacementError as error:
                self._note(("budget", "replacement"), str(error))
        return Budget(tuple(Limit(*limit) for limit in (*figures, *reductions)), replacement, given.get("growth", {}))

    def _note_all(self, error: ValidationError, value: Any, root: Path, index: int | None = None) -> None:
        """Note every detail of the error; ``index``: the value is a list of one layer, which has this number."""
        for detail in error.errors(include_url=False):
            if len(self.problems) > MOST_PROBLEMS:
                return
            path = real_path(detail["loc"], value)
            path = (*path, "type") if detail["type"] == "union_tag_invalid" else path
            path = path if index is None else (index, *path[1:])
            self._note((*root, *path), self._message_of(detail), key=detail["type"] == "extra_forbidden")

    def _at(self, path: Path) -> Any:
        value: Any = self.document.value
        for step in path:
            value = value[step]
        return value

    def _note(self, path: Path, message: str, *, key: bool = False) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(self._problem(path, message, key=key))
        elif len(self.problems) == MOST_PROBLEMS:
            self.problems.append(self._further())

    def _limited(self, problems: Sequence[ConfigProblem]) -> Sequence[ConfigProblem]:
        """The problems that are shown."""
        return problems if len(problems) <= MOST_PROBLEMS else [*problems[:MOST_PROBLEMS], self._further()]

    def _further(self) -> ConfigProblem:
        return self._problem((), "has more problems than are shown")

    def _problem(self, path: Path, message: str, *, key: bool = False) -> ConfigProblem:
        line, column = place(self.document.value, path, key=key) or self.document.mark
        return ConfigProblem(self.source, line, column, path_text(self._as_written(path)), message)

    def _as_written(self, path: Path) -> Path:
        """The path with the names that the file uses."""
        value: Any = self.document.value
        steps: list[str | int] = []
        for step in path:
            steps.append(value.written.get(str(step), step) if isinstance(value, YamlDict) else step)
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                value = None
        return tuple(steps)


def as_tuple(value: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several."""
    return (value,) if isinstance(value, str) else tuple(value)
