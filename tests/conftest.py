"""Settings for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from sepcost.count.layer_comparison import compared_once
from tests.commands import SHAPES_OUTPUT, Run, Sepcost, Spoil

settings.register_profile("sepcost", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=2000)  # pytest --hypothesis-profile thorough
settings.load_profile("sepcost")

for name in [name for name in os.environ if name.startswith(SHAPES_OUTPUT)]:
    del os.environ[name]  # whatever runs the tests, sepcost writes as it does on anybody's machine

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # sepcost is started hundreds of times, and compiled once
os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch's threads, and those of several test processes, would wait


@pytest.fixture
def in_process(capsys: pytest.CaptureFixture[str]) -> Sepcost:
    """The command in this process, in whatever folder that is in."""
    from sepcost.cli.app import run

    def command(*arguments: str | Path) -> Run:
        code = run(list(map(str, arguments)))
        return Run(code, *capsys.readouterr())

    return command


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spoil]:
    """Put another formula instead of that for the MACs of a convolution; what was counted is forgotten."""
    compared_once.cache_clear()
    yield lambda formula: monkeypatch.setattr("sepcost.layers.conv.conv_macs", formula)
    compared_once.cache_clear()


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Locks are not left in the cache of whoever runs the tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
