"""The golden cases, and what sepcost prints for them."""

from __future__ import annotations

import re
from pathlib import Path

from sepcost.version import __version__
from tests.commands import sepcost

TIME = re.compile(r' time="[0-9.]+"')
CASES = sorted(Path(__file__).parent.glob("*.args"))


def printed(case: Path) -> str:
    """What it prints, whatever the version and the times; a check is one that fails."""
    run = sepcost(*case.read_text(encoding="utf-8").split())
    assert run.code == case.stem.startswith("check")
    return TIME.sub(' time="…"', run.out.replace(f'"{__version__}"', '"…"'))
