"""The golden cases, and what sepcost prints for them."""

from __future__ import annotations

import re
from pathlib import Path

from sepcost.formats.format import FormatOptions
from sepcost.formats.registry import AskedFormat, writing
from sepcost.version import __version__
from tests.commands import sepcost
from tests.golden.fits import FITS

TIME = re.compile(r' time="[0-9.]+"')
CASES = sorted(Path(__file__).parent.glob("*.args"))


def printed(case: Path) -> str:
    """What it prints, whatever the version and the times; a check is one that fails, a fit is a fixed one."""
    arguments = case.read_text(encoding="utf-8").split()
    if arguments[0] == "fit":
        asked = AskedFormat.read(arguments[-1], writing("fits"))
        out = asked.format.fits(FITS, FormatOptions(**asked.options))
    else:
        run = sepcost(*arguments)
        assert run.code == case.stem.startswith("check")
        out = run.out
    return TIME.sub(' time="…"', out.replace(f'"{__version__}"', '"…"'))
