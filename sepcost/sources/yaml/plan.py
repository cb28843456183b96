"""Plans as files: ``replace:`` with a replacement for each glob of names, and nothing else."""

from __future__ import annotations

from sepcost.blocks.plan import Plan
from sepcost.errors import ConfigError
from sepcost.sources.source import file_lines
from sepcost.sources.yaml.reading.quota import Quota
from sepcost.sources.yaml.reading.yaml_reader import YamlDict, read_documents
from sepcost.sources.yaml.translating.document_translation import DocumentTranslation

KEY = "replace"
EXAMPLE = "such as replace: {'layer3.*': 'separable:multiplier=2'}"


def read_plan(path: str) -> Plan:
    """The plan in a file; a ConfigError with all that is wrong with it."""
    documents = list(read_documents(b"".join(file_lines(path)), path, Quota()))
    if len(documents) != 1:
        raise ConfigError.of(path, f"has {len(documents)} documents, and a plan is one: {EXAMPLE}")
    return _PlanTranslation(documents[0], path, "").plan()


class _PlanTranslation(DocumentTranslation):
    def plan(self) -> Plan:
        value = self.document.value
        if not isinstance(value, YamlDict) or KEY not in value:
            self._note((), f"is no plan: it has no `{KEY}`, {EXAMPLE}")
            raise ConfigError(self.problems)
        for key in value.keys() - {KEY}:
            self._note((key,), f"does not belong in a plan, which has only `{KEY}`", key=True)
        written = value[KEY]
        if not isinstance(written, YamlDict) or not written:
            self._note((KEY,), f"must be a mapping of globs to replacements, {EXAMPLE}")
            raise ConfigError(self.problems)
        plan = self._plan(written)
        if plan is None or self.problems:
            raise ConfigError(self.problems)
        return plan
