"""A setup names all that decides a time."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from sepcost.targets.setup import NAMES, Setup

SETUP = Setup(runtime="torch", version="2.13.0", processor="AMD EPYC", instructions="AVX2", system="Linux x86_64")


@pytest.mark.parametrize("name", [field.name for field in fields(Setup) if field.name != "system"])
def test_each_field_that_decides_is_a_difference_and_in_the_title(name: str) -> None:
    value = getattr(SETUP, name)
    changed: Any = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"9.9{value}"
    other = replace(SETUP, **{name: changed})
    assert SETUP.differences(other)[0].startswith(f"{NAMES.get(name, name)}: ")
    assert other.title != SETUP.title


def test_systems_and_the_last_number_of_a_version_decide_nothing() -> None:
    assert SETUP.differences(replace(SETUP, system="Darwin arm64", version="2.13.1")) == []


@pytest.mark.parametrize("unknown", [{"instructions": ""}, {"processor": "unknown processor"}])
def test_what_one_side_does_not_know_is_no_difference(unknown: dict[str, Any]) -> None:
    other = replace(SETUP, **unknown)
    assert (SETUP.differences(other), other.differences(SETUP)) == ([], [])
    assert other.differences(replace(SETUP, threads=2)) == ["threads: 1, not 2"]


def test_a_gpu_has_no_threads() -> None:
    gpu = replace(SETUP, device="cuda", processor="NVIDIA H100", instructions="")
    assert gpu.title == "torch 2.13.0 eager, cuda, float32, batch 1, NVIDIA H100"
    assert gpu.differences(replace(gpu, threads=8)) == []
