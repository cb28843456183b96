"""The JSON Schema: fresh, right about every config that loads, and of help with those that do not."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from sepcost.sources.yaml.schema.schema import json_schema
from tests.commands import ROOT, sepcost

GOOD = [
    file
    for folder in ("configs", "tests/configs/valid", "tests/configs/models")
    for file in (ROOT / folder).glob("*.yaml")
]
WRONG = [
    "unknown_key", "missing_layers", "wrong_type", "zero_and_negative", "list_of_scalars", "no_replacement",
    "model_beside_layers", "model_values", "model_unknown_keys", "model_without_input", "plan_empty",
    "plan_in_network", "plan_of_model",
]  # fmt: skip


def valid(document: Any) -> bool:
    return Draft202012Validator(json_schema()).is_valid(document)


def test_the_committed_schema_is_fresh() -> None:
    committed = (ROOT / "docs" / "config.schema.json").read_text(encoding="utf-8")
    assert sepcost("schema").out == committed


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_it_accepts_what_loads(file: Any) -> None:
    documents = [document for document in yaml.load_all(file.read_bytes(), Loader=yaml.BaseLoader) if document]
    assert documents
    assert all(valid(_typed(document)) for document in documents)


@pytest.mark.parametrize("name", WRONG)
def test_it_refuses_what_does_not(name: str) -> None:
    document = yaml.safe_load((ROOT / "tests/configs/invalid" / f"{name}.yaml").read_text(encoding="utf-8"))
    assert not valid(document)


def _typed(value: Any) -> Any:
    """BaseLoader's texts as the format reads them, but names stay text."""
    if isinstance(value, dict):
        for merged in [value.pop("<<")] if "<<" in value else []:
            for other in merged if isinstance(merged, list) else [merged]:
                value = {**other, **value}
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if value in ("true", "false"):
        return value == "true"
    return int(value) if value.lstrip("-").isdigit() and (value == "0" or value.lstrip("-")[0] != "0") else value
