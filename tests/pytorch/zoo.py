"""Models of pytorchcv, whose metadata asks for torchvision, and with that for another torch: it is installed apart."""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import pytest


def of_pytorchcv(module: str) -> ModuleType:
    """One of its modules; on a machine without it the test is skipped, but never in CI (.ci/run installs it)."""
    if find_spec("pytorchcv") is None and "CI" not in os.environ:
        pytest.skip("needs: pip install requests && pip install --no-deps pytorchcv")
    return import_module(f"pytorchcv.models.{module}")
