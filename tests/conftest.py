"""Settings for every test."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("sepcost", deadline=None, max_examples=300)
settings.load_profile("sepcost")

for name in [name for name in os.environ if name.startswith(("GITHUB_", "SEPCOST_"))]:
    del os.environ[name]  # whatever runs the tests, sepcost writes as it does on anybody's machine
