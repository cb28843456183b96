"""A file as a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import sepcost
from sepcost import Network
from tests.sources.tflite.files import File, Load


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """The network of a file, with these inputs and outputs."""

    def loaded(file: File, given: Sequence[int], made: Sequence[int], **options: Any) -> Network:
        return sepcost.load(file.saved(tmp_path / "net.tflite", given, made), **options)

    return loaded
