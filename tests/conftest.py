"""Settings for every test."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("sepcost", deadline=None, max_examples=300)
settings.load_profile("sepcost")
