"""Plans as files: ``replace:`` with a replacement for each glob of names, and nothing else."""

from __future__ import annotations

from pydantic import ValidationError

from sepcost.blocks.plan import Plan
from sepcost.errors import ConfigError
from sepcost.sources.source import file_lines
from sepcost.sources.yaml.reading.quota import Quota
from sepcost.sources.yaml.reading.yaml_reader import YamlDict, read_documents
from sepcost.sources.yaml.schema.messages import message_in_plan
from sepcost.sources.yaml.schema.schema import plan_validator
from sepcost.sources.yaml.translating.document_translation import DocumentTranslation

EXAMPLE = "such as replace: {'layer3.*': 'separable:multiplier=2'}"


def read_plan(path: str) -> Plan:
    """The plan in a file; a ConfigError with all that is wrong with it."""
    data = b"".join(file_lines(path))
    quota = Quota()
    quota.read(len(data))
    documents = list(read_documents(data, path, quota))
    if len(documents) != 1:
        raise ConfigError.of(path, f"a plan is one document, {EXAMPLE}, got {len(documents)}")
    return _PlanTranslation(documents[0], path, "").plan()


class _PlanTranslation(DocumentTranslation):
    """Makes one document a Plan, and collects every problem."""

    _message_of = staticmethod(message_in_plan)

    def plan(self) -> Plan:
        """Raises ConfigError with all problems of the document."""
        value = self.document.value
        if not self.document.complete:
            raise ConfigError(self.problems)
        if not isinstance(value, YamlDict) or "replace" not in value or {"layers", "model"} & value.keys():
            what = "a network" if isinstance(value, YamlDict) and {"layers", "model"} & value.keys() else "no plan"
            self._note((), f"is {what}: a plan has `replace` alone, {EXAMPLE}")
            raise ConfigError(self.problems)
        try:
            plan_validator().validate_python(value)
        except ValidationError as error:
            self._note_all(error, value, ())
        written = value["replace"]
        plan = self._plan(written) if isinstance(written, YamlDict) else None
        if plan is None or self.problems:
            raise ConfigError(self.problems)
        return plan
